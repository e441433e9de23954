package io.callstream.call;

import java.io.Serializable;
import java.time.ZoneId;
import java.util.Optional;
import java.util.Set;

/**
 * A record format: how the bytes of a record spell a call. Immutable, thread-safe and serializable,
 * since engines send it to where the records are.
 */
public interface CallFormat extends Serializable {
  /** Returns the name of the format, which stands in the pipeline's fingerprint. */
  String name();

  /** Returns the zone in which times without an offset are read, and in which results are shown. */
  ZoneId zone();

  /**
   * Returns the name of the field that holds the call's id, if records are JSON objects and have
   * one. Messages use it. Defaults to empty.
   */
  default Optional<String> idField() {
    return Optional.empty();
  }

  /**
   * Returns the names that the fields of a call have in a record, if records are JSON objects.
   * Defaults to none.
   */
  default Set<String> fieldNames() {
    return Set.of();
  }

  /** Returns the name that the event time has in a record. */
  String timeField();

  /**
   * Returns a new parser that builds {@code fields} and no others. One that builds calls with
   * {@link Call#builder} may build more: a pipeline takes the others away. Which fields are asked
   * for never changes a verdict: a record is a call, or is rejected, whatever is asked of it.
   *
   * @param fields what {@link Call} shall show beyond the event time, which is always there
   */
  CallParser parser(Set<CallField> fields);

  /**
   * Returns a record of this format for a call. Parsing it gives the same call if the format has
   * all fields that are set.
   */
  byte[] write(Call call);
}
