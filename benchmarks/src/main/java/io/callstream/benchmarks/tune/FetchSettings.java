package io.callstream.benchmarks.tune;

import java.util.Map;
import java.util.stream.Collectors;

/** Settings with which the Kafka client fetches records. */
enum FetchSettings {
  /** Kafka's own defaults. */
  KAFKA_DEFAULTS,
  /** callstream's defaults with few records per poll. */
  FEW_RECORDS,
  /** callstream's defaults with few bytes per fetch. */
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

  String description() {
    return properties().entrySet().stream()
        .map(Object::toString)
        .sorted()
        .collect(Collectors.joining(", "));
  }
}
