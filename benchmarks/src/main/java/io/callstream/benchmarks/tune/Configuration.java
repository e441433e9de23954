package io.callstream.benchmarks.tune;

import io.callstream.engine.RunOptions;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.spark.SparkSettings;
import io.callstream.spark.SparkSettings.StateStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Settings that differ from callstream's defaults.
 *
 * @param values by setting; what is not there is left to callstream
 */
record Configuration(Map<Setting, String> values) {
  /** How many partitions the topic has if nothing is said. */
  static final int TOPIC_PARTITIONS = 2;

  /** Copies {@code values}, in the order of the settings. */
  Configuration {
    Map<Setting, String> copy = new EnumMap<>(Setting.class);
    copy.putAll(values);
    values = Collections.unmodifiableMap(copy);
  }

  /** Returns callstream's defaults, which everything is compared with. */
  static Configuration baseline() {
    return new Configuration(Map.of());
  }

  static Configuration of(Setting setting, Object value) {
    return baseline().with(setting, value);
  }

  Configuration with(Setting setting, Object value) {
    Map<Setting, String> more = new EnumMap<>(Setting.class);
    more.putAll(values);
    more.put(setting, value.toString());
    return new Configuration(more);
  }

  boolean isBaseline() {
    return values.isEmpty();
  }

  private int number(Setting setting, int otherwise) {
    String value = values.get(setting);
    return value == null ? otherwise : Integer.parseInt(value);
  }

  int topicPartitions() {
    return number(Setting.TOPIC_PARTITIONS, TOPIC_PARTITIONS);
  }

  String master() {
    String cores = values.get(Setting.CORES);
    return cores == null ? "local[*]" : "local[" + cores + "]";
  }

  /** Returns properties that a host would set on its session. */
  Map<String, String> hostProperties() {
    String property = values.get(Setting.PROPERTY);
    if (property == null) {
      return Map.of();
    }
    int equals = property.indexOf('=');
    return Map.of(property.substring(0, equals), property.substring(equals + 1));
  }

  SparkSettings sparkSettings() {
    SparkSettings settings = SparkSettings.defaults();
    if (values.containsKey(Setting.PROPERTY)) {
      // Said, for the engine would take spark.default.parallelism for the number of cores.
      settings = settings.shufflePartitions(Runtime.getRuntime().availableProcessors());
    }
    if (values.containsKey(Setting.SHUFFLE_PARTITIONS)) {
      settings = settings.shufflePartitions(number(Setting.SHUFFLE_PARTITIONS, 1));
    }
    if (values.containsKey(Setting.MIN_PARTITIONS)) {
      settings = settings.minPartitions(number(Setting.MIN_PARTITIONS, 1));
    }
    String store = values.get(Setting.STATE_STORE);
    return store == null ? settings : settings.stateStore(StateStore.valueOf(store));
  }

  RunOptions limited(RunOptions options) {
    String limit = values.get(Setting.BATCH_LIMIT);
    return limit == null ? options : options.readingAtMost(Long.parseLong(limit));
  }

  RunOptions continuous() {
    String trigger = values.get(Setting.TRIGGER);
    RunOptions options = RunOptions.continuous();
    return limited(
        trigger == null
            ? options
            : options.triggeringEvery(Duration.ofMillis(Long.parseLong(trigger))));
  }

  KafkaTopic reading(KafkaTopic topic) {
    String fetch = values.get(Setting.KAFKA_FETCH);
    return fetch == null ? topic : topic.with(Fetch.valueOf(fetch).properties());
  }

  /** Returns a name in one line. */
  String label() {
    if (isBaseline()) {
      return "defaults";
    }
    return values.entrySet().stream()
        .map(
            e ->
                e.getKey() == Setting.PROPERTY
                    ? e.getValue()
                    : e.getKey().title() + " " + e.getKey().words(e.getValue()))
        .collect(Collectors.joining(" + "));
  }

  /**
   * Returns the options of the command {@code statistics} that say the same; none if it has no
   * option for one of the settings.
   */
  List<String> commandLine() {
    if (values.containsKey(Setting.MIN_PARTITIONS)
        || StateStore.ROCKSDB_WITH_CHANGELOG.name().equals(values.get(Setting.STATE_STORE))) {
      return List.of();
    }
    List<String> options = new ArrayList<>();
    values.forEach(
        (setting, value) -> {
          switch (setting) {
            case SHUFFLE_PARTITIONS -> options.add("--conf spark.sql.shuffle.partitions=" + value);
            case BATCH_LIMIT -> options.add("--max-offsets-per-trigger " + value);
            case TRIGGER -> options.add("--trigger " + value + "ms");
            case CORES -> options.add("--master local[" + value + "]");
            case STATE_STORE -> options.addAll(storeOptions(StateStore.valueOf(value)));
            case KAFKA_FETCH -> options.add("--kafka-config FILE   # with " + fetch(value));
            case PROPERTY -> options.add("--conf " + value);
            case MIN_PARTITIONS, TOPIC_PARTITIONS -> {
              // Said in code, and where the topic is made.
            }
          }
        });
    return options;
  }

  private static List<String> storeOptions(StateStore store) {
    return store == StateStore.MEMORY
        ? List.of()
        : List.of(
            "--conf spark.sql.streaming.stateStore.providerClass="
                + "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider");
  }

  private static String fetch(String name) {
    return Fetch.valueOf(name).properties().entrySet().stream()
        .map(Object::toString)
        .sorted()
        .collect(Collectors.joining(", "));
  }

  /** Returns lines of Java that say the same; none for the defaults. */
  List<String> java() {
    List<String> settings = new ArrayList<>();
    List<String> options = new ArrayList<>();
    List<String> rest = new ArrayList<>();
    values.forEach(
        (setting, value) -> {
          switch (setting) {
            case SHUFFLE_PARTITIONS -> settings.add(".shufflePartitions(" + value + ")");
            case MIN_PARTITIONS -> settings.add(".minPartitions(" + value + ")");
            case STATE_STORE -> settings.add(".stateStore(StateStore." + value + ")");
            case CORES -> settings.add(".master(\"local[" + value + "]\")");
            case BATCH_LIMIT -> options.add(".readingAtMost(" + value + ")");
            case TRIGGER -> options.add(".triggeringEvery(Duration.ofMillis(" + value + "))");
            case TOPIC_PARTITIONS ->
                rest.add("// a topic of " + value + " partitions: produce --partitions " + value);
            case KAFKA_FETCH -> rest.add("// KafkaTopic.with(...): " + fetch(value));
            case PROPERTY -> rest.add("// on the session: " + value);
          }
        });
    List<String> lines = new ArrayList<>();
    if (!settings.isEmpty()) {
      lines.add(
          "Engine engine = SparkEngine.with(SparkSettings.defaults()"
              + String.join("", settings)
              + ");");
    }
    if (!options.isEmpty()) {
      lines.add("RunOptions options = RunOptions.continuous()" + String.join("", options) + ";");
    }
    lines.addAll(rest);
    return lines;
  }
}
