package io.callstream.engine.contract;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.CallRecord.Header;
import java.time.Instant;
import java.util.List;

/**
 * A record to send to a source.
 *
 * @param partition the partition, from 0
 * @param timestamp the timestamp, in whole milliseconds
 * @param key the bytes of the key; null for a record without a key
 * @param headers the headers in their order; their values may be null
 * @param value the bytes; null for a record without a value
 */
public record SourceRecord(
    int partition, Instant timestamp, byte[] key, List<Header> headers, byte[] value) {
  /**
   * The timestamp of records for which it does not matter. It is after all event times of the kit.
   */
  static final Instant STAMP = Instant.parse("2020-01-01T00:00:00Z");

  /** Creates a record without a key and headers. */
  public SourceRecord(int partition, Instant timestamp, byte[] value) {
    this(partition, timestamp, null, List.of(), value);
  }

  /** Returns a record with a text. */
  static SourceRecord text(int partition, String value) {
    return new SourceRecord(partition, STAMP, value.getBytes(UTF_8));
  }

  /**
   * Returns a call.
   *
   * @param time the time as the record contains it
   * @param more names of further fields, each followed by its JSON value
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
    return new SourceRecord(partition, other, key, headers, value);
  }

  /** Returns the same record with another key and other headers. */
  SourceRecord with(byte[] otherKey, Header... others) {
    return new SourceRecord(partition, timestamp, otherKey, List.of(others), value);
  }
}
