package io.callstream.benchmarks.tune;

import java.util.Map;

/** How the Kafka client fetches. */
enum Fetch {
  /** As Kafka's own defaults say. */
  KAFKA_DEFAULTS,
  /** As callstream does, but few records at a time. */
  FEW_RECORDS,
  /** As callstream does, but few bytes at a time. */
  SMALL_FETCHES;

  Map<String, String> properties() {
    return switch (this) {
      case KAFKA_DEFAULTS ->
          Map.of(
              "max.poll.records", "500",
              "max.partition.fetch.bytes", Integer.toString(1 << 20),
              "fetch.max.bytes", Integer.toString(50 << 20),
              "receive.buffer.bytes", Integer.toString(64 << 10));
      case FEW_RECORDS -> Map.of("max.poll.records", "500");
      case SMALL_FETCHES -> Map.of("max.partition.fetch.bytes", Integer.toString(256 << 10));
    };
  }
}
