package io.callstream.benchmarks.tune;

import io.callstream.engine.RunOptions;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.spark.SparkSettings;
import io.callstream.spark.SparkSettings.StateStore;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Settings that differ from callstream's defaults.
 *
 * @param values the values by setting; a missing setting has its default
 */
record Configuration(Map<Setting, String> values) {
  private static final int DEFAULT_TOPIC_PARTITIONS = 2;

  Configuration {
    values = Collections.unmodifiableMap(new TreeMap<>(values));
  }

  /** Returns callstream's defaults, with which the study compares everything. */
  static Configuration baseline() {
    return new Configuration(Map.of());
  }

  static Configuration of(Setting setting, Object value) {
    return baseline().with(setting, value);
  }

  Configuration with(Setting setting, Object value) {
    Map<Setting, String> copy = new TreeMap<>(values);
    copy.put(setting, value.toString());
    return new Configuration(copy);
  }

  boolean isBaseline() {
    return values.isEmpty();
  }

  Optional<String> value(Setting setting) {
    return Optional.ofNullable(values.get(setting));
  }

  int topicPartitions() {
    return value(Setting.TOPIC_PARTITIONS).map(Integer::valueOf).orElse(DEFAULT_TOPIC_PARTITIONS);
  }

  String master() {
    return "local[" + value(Setting.CORES).orElse("*") + "]";
  }

  /** Returns properties that an application would set on its Spark session. */
  Map<String, String> sessionProperties() {
    return value(Setting.PROPERTY)
        .map(property -> property.split("=", 2))
        .map(parts -> Map.of(parts[0], parts[1]))
        .orElse(Map.of());
  }

  SparkSettings sparkSettings() {
    SparkSettings settings = SparkSettings.defaults();
    if (values.containsKey(Setting.PROPERTY)) {
      // Otherwise the engine derives the shuffle partitions from spark.default.parallelism.
      settings = settings.shufflePartitions(Runtime.getRuntime().availableProcessors());
    }
    if (values.containsKey(Setting.SHUFFLE_PARTITIONS)) {
      settings = settings.shufflePartitions(number(Setting.SHUFFLE_PARTITIONS));
    }
    if (values.containsKey(Setting.MIN_PARTITIONS)) {
      settings = settings.minPartitions(number(Setting.MIN_PARTITIONS));
    }
    return settings.stateStore(
        value(Setting.STATE_STORE).map(StateStore::valueOf).orElse(StateStore.MEMORY));
  }

  private int number(Setting setting) {
    return Integer.parseInt(value(setting).orElseThrow());
  }

  RunOptions limit(RunOptions options) {
    return value(Setting.BATCH_LIMIT)
        .map(limit -> options.readingAtMost(Long.parseLong(limit)))
        .orElse(options);
  }

  RunOptions continuous() {
    RunOptions options = limit(RunOptions.continuous());
    return value(Setting.TRIGGER)
        .map(millis -> options.triggeringEvery(Duration.ofMillis(Long.parseLong(millis))))
        .orElse(options);
  }

  KafkaTopic configure(KafkaTopic topic) {
    return value(Setting.KAFKA_FETCH)
        .map(fetch -> topic.with(FetchSettings.valueOf(fetch).properties()))
        .orElse(topic);
  }

  /** Returns a name in one line. */
  String label() {
    return isBaseline()
        ? "defaults"
        : values.entrySet().stream()
            .map(e -> label(e.getKey(), e.getValue()))
            .collect(Collectors.joining(" + "));
  }

  private static String label(Setting setting, String value) {
    return setting == Setting.PROPERTY ? value : setting.title + " " + setting.display(value);
  }
}
