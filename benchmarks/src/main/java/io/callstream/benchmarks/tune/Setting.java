package io.callstream.benchmarks.tune;

import io.callstream.spark.SparkSettings.StateStore;
import java.util.Locale;

/** The settings that the study varies. Values are strings as on a command line. */
enum Setting {
  /** The interval between batches, in milliseconds. It does not affect a backlog. */
  TRIGGER(
      "trigger interval",
      "1,000 ms",
      "Trigger.ProcessingTime",
      "a call waits for the next batch, on average half the interval. At 0, the next batch starts"
          + " immediately, which uses CPU even for few calls",
      "--trigger %sms",
      Setting.RUN_OPTIONS,
      ".triggeringEvery(Duration.ofMillis(%s))"),
  BATCH_LIMIT(
      "records per batch",
      "500,000",
      "maxOffsetsPerTrigger",
      "every batch has a fixed cost (planning, logs, commit), and small batches pay it more often."
          + " The limit bounds the memory of a batch",
      "--max-offsets-per-trigger %s",
      Setting.RUN_OPTIONS,
      ".readingAtMost(%s)"),
  SHUFFLE_PARTITIONS(
      "shuffle partitions",
      "one per core",
      "spark.sql.shuffle.partitions",
      "where tasks keep state, each partition is a task and a state file in every batch, and helps"
          + " only if a core is idle. Spark's own default is 200",
      "--conf spark.sql.shuffle.partitions=%s",
      Setting.SPARK_SETTINGS,
      ".shufflePartitions(%s)"),
  TOPIC_PARTITIONS(
      "topic partitions",
      "2",
      "partitions",
      "each partition is read by one task. Fewer partitions than cores leave cores idle; each"
          + " further partition costs a task and partial results in every batch",
      "",
      "",
      "// a topic with this option: produce --partitions %s"),
  MIN_PARTITIONS(
      "minimum reading tasks",
      "one per partition",
      "minPartitions",
      "splits the partitions of the topic into more tasks, for topics with fewer partitions than"
          + " cores. A task that does not start where its reader stopped must fetch again",
      "",
      Setting.SPARK_SETTINGS,
      ".minPartitions(%s)"),
  CORES(
      "cores",
      "all",
      "spark.master",
      "the number of tasks that run at the same time. In this study, the broker and the sender use"
          + " the same cores",
      "--master local[%s]",
      Setting.SPARK_SETTINGS,
      ".master(\"local[%s]\")"),
  /** The state store, a name of {@link StateStore}. */
  STATE_STORE(
      "state store",
      "memory",
      "spark.sql.streaming.stateStore.providerClass",
      "RocksDB is for state that does not fit into memory. callstream's state has few rows",
      "--conf spark.sql.streaming.stateStore.providerClass="
          + "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
      Setting.SPARK_SETTINGS,
      ".stateStore(StateStore.%s)"),
  /** The fetch settings of the Kafka client, a name of {@link FetchSettings}. */
  KAFKA_FETCH(
      "Kafka fetch",
      "callstream's",
      "max.poll.records and others",
      "Kafka's defaults are for small reads, and callstream's are for large ones",
      "--kafka-config FILE",
      "",
      "// with KafkaTopic.with(...), or in FILE: %s"),
  /** A Spark property of the application's session: {@code key=value}. */
  PROPERTY(
      "folklore",
      "not set",
      "the application's session",
      "many tuning guides recommend it",
      "",
      "",
      "%s");

  private static final String RUN_OPTIONS = "RunOptions options = RunOptions.continuous()";
  private static final String SPARK_SETTINGS = "SparkSettings settings = SparkSettings.defaults()";

  final String title;

  /** The default in words. */
  final String byDefault;

  /** The name in Spark or Kafka. */
  final String property;

  /** Why the setting has an effect. */
  final String explanation;

  /** Java code with an object that has a method for the setting; empty if there is none. */
  final String object;

  private final String option;
  private final String java;

  Setting(
      String title,
      String byDefault,
      String property,
      String explanation,
      String option,
      String object,
      String java) {
    this.title = title;
    this.byDefault = byDefault;
    this.property = property;
    this.explanation = explanation;
    this.option = option;
    this.object = object;
    this.java = java;
  }

  /** Returns the option of the command {@code statistics}; empty if it has none for the value. */
  String option(String value) {
    return value.equals(StateStore.ROCKSDB_WITH_CHANGELOG.name())
        ? "" // The property that adds the changelog can't be set.
        : option.replace("%s", value);
  }

  /** Returns the call of a method of {@link #object} that sets a value, or a comment. */
  String java(String value) {
    return java.replace(
        "%s", this == KAFKA_FETCH ? FetchSettings.valueOf(value).description() : value);
  }

  String display(String value) {
    if (this == TRIGGER) {
      return String.format(Locale.ROOT, "%,d ms", Long.parseLong(value));
    }
    if (value.matches("\\d{4,}")) {
      return String.format(Locale.ROOT, "%,d", Long.parseLong(value));
    }
    return switch (value) {
      case "ROCKSDB" -> "RocksDB";
      case "ROCKSDB_WITH_CHANGELOG" -> "RocksDB with changelog";
      case "KAFKA_DEFAULTS" -> "Kafka's defaults";
      default ->
          value.matches("[A-Z_]+") ? value.toLowerCase(Locale.ROOT).replace('_', ' ') : value;
    };
  }
}
