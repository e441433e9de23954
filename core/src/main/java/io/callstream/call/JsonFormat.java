package io.callstream.call;

import java.time.ZoneId;
import java.util.Optional;
import java.util.Set;

/** A format whose records are JSON objects. Immutable and thread-safe. */
abstract sealed class JsonFormat implements CallFormat permits SanFranciscoCalls, DataSfCalls {
  static final ZoneId SAN_FRANCISCO = ZoneId.of("America/Los_Angeles");

  private static final long serialVersionUID = 1L;

  private final ZoneId zone;

  JsonFormat(ZoneId zone) {
    this.zone = zone;
  }

  /** Returns the fields of the records. They are constant, and not part of a serialized format. */
  abstract JsonFields fields();

  @Override
  public ZoneId zone() {
    return zone;
  }

  @Override
  public Optional<String> idField() {
    return Optional.of(fields().nameOf(CallField.ID));
  }

  @Override
  public Set<String> fieldNames() {
    return fields().fieldNames();
  }

  @Override
  public String timeField() {
    return fields().nameOf(CallField.TIME);
  }

  @Override
  public CallParser parser(Set<CallField> fields) {
    return new JsonCallParser(fields(), zone, fields);
  }

  @Override
  public byte[] write(Call call) {
    return fields().write(call, zone);
  }

  @Override
  public String toString() {
    return name() + " in " + zone;
  }
}
