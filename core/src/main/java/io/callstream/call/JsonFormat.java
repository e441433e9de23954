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
  abstract JsonFields definition();

  @Override
  public Set<Field<?>> fields() {
    return definition().fields();
  }

  @Override
  public ZoneId zone() {
    return zone;
  }

  @Override
  public Optional<String> idField() {
    return Optional.of(definition().nameOf(Fields.ID));
  }

  @Override
  public Set<String> fieldNames() {
    return definition().fieldNames();
  }

  @Override
  public String timeField() {
    return definition().nameOf(Fields.TIME);
  }

  @Override
  public CallParser parser(Set<Field<?>> fields) {
    return new JsonCallParser(
        definition(), zone, fields.containsAll(Fields.ALL) ? fields() : fields);
  }

  @Override
  public byte[] write(Call call) {
    return definition().write(call, zone);
  }

  @Override
  public String toString() {
    return name() + " in " + zone;
  }
}
