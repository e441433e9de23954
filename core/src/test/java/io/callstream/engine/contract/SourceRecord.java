package io.callstream.engine.contract;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;

/**
 * A record on its way into a source.
 *
 * @param partition where it goes, from 0
 * @param timestamp its timestamp, in whole milliseconds
 * @param value its bytes; null for a record without a value
 */
public record SourceRecord(int partition, Instant timestamp, byte[] value) {
  /** The timestamp of records for which it does not matter: after all event times of the kit. */
  static final Instant STAMP = Instant.parse("2020-01-01T00:00:00Z");

  /** Returns a record of any text. */
  static SourceRecord text(int partition, String value) {
    return new SourceRecord(partition, STAMP, value.getBytes(UTF_8));
  }

  /**
   * Returns a call.
   *
   * @param time as it stands in the record
   * @param more names of further fields, each with its JSON behind it
   */
  static SourceRecord call(int partition, String id, String type, String time, String... more) {
    StringBuilder json = new StringBuilder("{");
    json.append("\"crime_id\":\"").append(id).append('"');
    json.append(",\"original_crime_type_name\":\"").append(type).append('"');
    json.append(",\"call_date_time\":\"").append(time).append('"');
    for (int i = 0; i < more.length; i += 2) {
      json.append(",\"").append(more[i]).append("\":").append(more[i + 1]);
    }
    return text(partition, json.append('}').toString());
  }

  /** Returns the same record with another timestamp. */
  SourceRecord stamped(Instant other) {
    return new SourceRecord(partition, other, value);
  }
}
