package io.callstream.kafka;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A record as it stands in a topic. The arrays are not copied.
 *
 * @param timestamp the record's Kafka timestamp
 * @param key null if it has none
 * @param value null if it has none, which in Kafka is not the same as no bytes
 */
public record TopicRecord(
    int partition, long offset, Instant timestamp, byte @Nullable [] key, byte @Nullable [] value) {
  /** Returns where the record stands: nothing of what it says. */
  @Override
  public String toString() {
    return "TopicRecord[partition " + partition + ", offset " + offset + " at " + timestamp + "]";
  }
}
