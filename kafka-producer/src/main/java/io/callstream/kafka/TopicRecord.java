package io.callstream.kafka;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A record in a topic. The arrays are not copied.
 *
 * @param timestamp the record's Kafka timestamp
 * @param key null if the record has none
 * @param value null if the record has none; Kafka distinguishes null from an empty value
 */
public record TopicRecord(
    int partition, long offset, Instant timestamp, byte @Nullable [] key, byte @Nullable [] value) {
  /** Returns the position of the record, without its content. */
  @Override
  public String toString() {
    return "TopicRecord[partition " + partition + ", offset " + offset + " at " + timestamp + "]";
  }
}
