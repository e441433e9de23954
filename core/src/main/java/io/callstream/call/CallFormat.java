package io.callstream.call;

import java.io.Serializable;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A record format, which parses the bytes of records into calls and writes calls as records.
 * Implementations must be immutable, thread-safe and serializable, because engines send them to
 * their tasks.
 */
public interface CallFormat extends Serializable {
  /** Returns the formats of this library. {@link CallFormats} also finds those of others. */
  static List<CallFormat> all() {
    return CallFormats.SHIPPED;
  }

  /** Returns the name of the format, which is part of the pipeline's fingerprint. */
  String name();

  /**
   * Returns a text that differs between formats that give different calls. It is part of the
   * pipeline's fingerprint. Defaults to the name and the zone.
   */
  default String definition() {
    return name() + " in " + zone();
  }

  /**
   * Returns whether this format only adds fields to a format with a definition: every record that
   * both accept has the same values in the earlier fields. A run that {@linkplain
   * io.callstream.engine.RunOptions#evolving evolves} may then use this format. Defaults to whether
   * the definitions are equal.
   */
  default boolean addsFieldsTo(String earlier) {
    return earlier.equals(definition());
  }

  /**
   * Returns the time zone that applies to times without an offset and to the display of results.
   */
  ZoneId zone();

  /**
   * Returns the fields that calls of this format can have, in addition to the event time. A
   * pipeline refuses a statistic that reads another field.
   */
  Set<Field<?>> fields();

  /**
   * Returns the name of the record's field that holds the id of the call. Messages show this name.
   * Defaults to empty, for records that are not JSON objects or do not have an id.
   */
  default Optional<String> idField() {
    return Optional.empty();
  }

  /**
   * Returns the names of the record's fields that are part of a call. Defaults to the empty set,
   * for records that are not JSON objects.
   */
  default Set<String> fieldNames() {
    return Set.of();
  }

  /** Returns the name of the record's field that holds the event time. */
  String timeField();

  /**
   * Returns a new parser that builds only {@code fields} and the event time.
   *
   * <p>A parser that uses {@link Call#builder} may build more fields; the pipeline removes them.
   * The requested fields must not affect whether a record is accepted or rejected.
   *
   * @param fields the fields that the calls must have in addition to the event time; {@link
   *     Fields#ALL} for all fields of the format
   */
  CallParser parser(Set<Field<?>> fields);

  /**
   * Returns a call as a record of this format. Parsing the record returns an equal call if the
   * format has all fields that are set in the call.
   */
  byte[] write(Call call);
}
