package io.callstream.benchmarks.tune;

import java.util.Locale;

/** What the study varies. Values are texts, as one would write them on a command line. */
enum Setting {
  /** How often the engine looks for records, in milliseconds; without effect on a backlog. */
  TRIGGER(
      "trigger interval",
      "Trigger.ProcessingTime",
      "calls wait for the next batch, half the interval on average; at 0 a batch follows the other"
          + " at once, and costs CPU even where little comes"),
  /** The most records of a batch. */
  BATCH_LIMIT(
      "records per batch",
      "maxOffsetsPerTrigger",
      "every batch has a fixed cost (planning, logs, commit), which small ones pay more often; the"
          + " limit bounds the memory of a batch"),
  /** How many tasks merge results. */
  SHUFFLE_PARTITIONS(
      "shuffle partitions",
      "spark.sql.shuffle.partitions",
      "each is a task and a state file in every batch, and pays only where a core is idle; Spark's"
          + " own default is 200"),
  /** How many partitions the topic has. */
  TOPIC_PARTITIONS(
      "topic partitions",
      "partitions",
      "as many tasks read at once: fewer than there are cores leave cores idle, more are a task"
          + " each in every batch, with rows of its own to merge"),
  /** How many tasks read at least. */
  MIN_PARTITIONS(
      "reading tasks at least",
      "minPartitions",
      "splits the partitions of the topic among more tasks, for topics of fewer partitions than"
          + " there are cores; a task that begins where its reader did not end fetches anew"),
  /** How many cores Spark uses. */
  CORES(
      "cores",
      "spark.master",
      "how many tasks run at once; here broker and sender want their part of the same cores"),
  /** Where state is kept: a name of {@link io.callstream.spark.SparkSettings.StateStore}. */
  STATE_STORE(
      "state store",
      "spark.sql.streaming.stateStore.providerClass",
      "RocksDB is for state that does not fit into memory; callstream's is a row for each open"
          + " window"),
  /** How the Kafka client fetches: a name of {@link Fetch}. */
  KAFKA_FETCH(
      "Kafka fetch",
      "max.poll.records and others",
      "Kafka's own defaults are for small reads; callstream asks for large ones"),
  /** A property of Spark on the host's session: {@code key=value}. */
  PROPERTY("folklore", "the host's session", "what many a tuning guide names");

  private final String title;
  private final String property;
  private final String why;

  Setting(String title, String property, String why) {
    this.title = title;
    this.property = property;
    this.why = why;
  }

  /** Returns what it is called in words. */
  String title() {
    return title;
  }

  /** Returns what Spark or Kafka call it. */
  String property() {
    return property;
  }

  /** Returns how it comes to have an effect. */
  String why() {
    return why;
  }

  /** Returns a value as people write it. */
  String words(String value) {
    if (this == TRIGGER) {
      return String.format(Locale.ROOT, "%,d ms", Long.parseLong(value));
    }
    if (value.matches("\\d{4,}")) {
      return String.format(Locale.ROOT, "%,d", Long.parseLong(value));
    }
    return switch (value) {
      case "ROCKSDB" -> "RocksDB";
      case "ROCKSDB_WITH_CHANGELOG" -> "RocksDB with changelog";
      case "KAFKA_DEFAULTS" -> "as Kafka's defaults";
      default ->
          value.matches("[A-Z_]+") ? value.toLowerCase(Locale.ROOT).replace('_', ' ') : value;
    };
  }
}
