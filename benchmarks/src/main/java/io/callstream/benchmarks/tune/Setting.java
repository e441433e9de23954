package io.callstream.benchmarks.tune;

/** What the study varies. Values are texts, as one would write them on a command line. */
enum Setting {
  /** How many tasks merge results. */
  SHUFFLE_PARTITIONS("shuffle partitions", "spark.sql.shuffle.partitions"),
  /** The most records of a batch. */
  BATCH_LIMIT("records per batch", "maxOffsetsPerTrigger"),
  /** How many tasks read at least. */
  MIN_PARTITIONS("reading tasks at least", "minPartitions"),
  /** How often the engine looks for records, in milliseconds; without effect on a backlog. */
  TRIGGER("trigger interval, ms", "Trigger.ProcessingTime"),
  /** How many partitions the topic has. */
  TOPIC_PARTITIONS("topic partitions", "of the topic"),
  /** How many cores Spark uses. */
  CORES("cores", "spark.master"),
  /** Where state is kept: a name of {@link io.callstream.spark.SparkSettings.StateStore}. */
  STATE_STORE("state store", "spark.sql.streaming.stateStore.providerClass"),
  /** How the Kafka client fetches: a name of {@link Fetch}. */
  KAFKA_FETCH("Kafka fetch", "max.poll.records and others"),
  /** A property of Spark on the host's session: {@code key=value}. */
  PROPERTY("folklore", "the host's session");

  private final String title;
  private final String property;

  Setting(String title, String property) {
    this.title = title;
    this.property = property;
  }

  /** Returns what it is called in words. */
  String title() {
    return title;
  }

  /** Returns what Spark or Kafka call it. */
  String property() {
    return property;
  }
}
