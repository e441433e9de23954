package io.callstream.benchmarks.tune;

import java.util.Map;

/** How the Kafka client fetches. */
enum Fetch {
  /** As Kafka's own defaults say. */
  KAFKA_DEFAULTS(
      Map.of(
          "max.poll.records", "500",
          "max.partition.fetch.bytes", Integer.toString(1 << 20),
          "fetch.max.bytes", Integer.toString(50 << 20),
          "receive.buffer.bytes", Integer.toString(64 << 10))),
  /** As callstream does, but few records at a time. */
  FEW_RECORDS(Map.of("max.poll.records", "500")),
  /** As callstream does, but few bytes at a time. */
  SMALL_FETCHES(Map.of("max.partition.fetch.bytes", Integer.toString(256 << 10)));

  private final Map<String, String> properties;

  Fetch(Map<String, String> properties) {
    this.properties = properties;
  }

  Map<String, String> properties() {
    return properties;
  }
}
