package io.callstream.benchmarks.tune;

import io.callstream.spark.SparkSettings.StateStore;
import java.util.ArrayList;
import java.util.List;

/** Command-line options and Java code that apply a recommended configuration. */
final class Snippets {
  private Snippets() {}

  /**
   * Returns the options of the command {@code statistics}; an empty list if a setting has no
   * option.
   */
  static List<String> commandLine(Configuration configuration) {
    List<String> options = new ArrayList<>();
    boolean complete = !configuration.values().containsKey(Setting.MIN_PARTITIONS);
    if (configuration.value(Setting.STATE_STORE).isPresent()) {
      complete &= configuration.values().containsValue(StateStore.ROCKSDB.name());
    }
    configuration
        .values()
        .forEach(
            (setting, value) -> {
              switch (setting) {
                case SHUFFLE_PARTITIONS ->
                    options.add("--conf spark.sql.shuffle.partitions=" + value);
                case BATCH_LIMIT -> options.add("--max-offsets-per-trigger " + value);
                case TRIGGER -> options.add("--trigger " + value + "ms");
                case CORES -> options.add("--master local[" + value + "]");
                case STATE_STORE ->
                    options.add(
                        "--conf spark.sql.streaming.stateStore.providerClass=org.apache.spark.sql"
                            + ".execution.streaming.state.RocksDBStateStoreProvider");
                case KAFKA_FETCH ->
                    options.add(
                        "--kafka-config FILE   # with "
                            + FetchSettings.valueOf(value).description());
                case MIN_PARTITIONS, TOPIC_PARTITIONS, PROPERTY -> {
                  // The command has no such option.
                }
              }
            });
    return complete ? options : List.of();
  }

  /** Returns lines of Java; an empty list for the defaults. */
  static List<String> java(Configuration configuration) {
    StringBuilder settings = new StringBuilder();
    StringBuilder options = new StringBuilder();
    List<String> comments = new ArrayList<>();
    configuration
        .values()
        .forEach(
            (setting, value) -> {
              switch (setting) {
                case SHUFFLE_PARTITIONS ->
                    settings.append(".shufflePartitions(").append(value).append(')');
                case MIN_PARTITIONS -> settings.append(".minPartitions(").append(value).append(')');
                case STATE_STORE ->
                    settings.append(".stateStore(StateStore.").append(value).append(')');
                case CORES -> settings.append(".master(\"local[").append(value).append("]\")");
                case BATCH_LIMIT -> options.append(".readingAtMost(").append(value).append(')');
                case TRIGGER ->
                    options
                        .append(".triggeringEvery(Duration.ofMillis(")
                        .append(value)
                        .append("))");
                case TOPIC_PARTITIONS ->
                    comments.add("// a topic with this option: produce --partitions " + value);
                case KAFKA_FETCH ->
                    comments.add(
                        "// KafkaTopic.with(...): " + FetchSettings.valueOf(value).description());
                case PROPERTY -> comments.add("// a property of the session: " + value);
              }
            });
    List<String> lines = new ArrayList<>();
    if (!settings.isEmpty()) {
      lines.add("Engine engine = SparkEngine.with(SparkSettings.defaults()" + settings + ");");
    }
    if (!options.isEmpty()) {
      lines.add("RunOptions options = RunOptions.continuous()" + options + ";");
    }
    lines.addAll(comments);
    return lines;
  }
}
