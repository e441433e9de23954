package io.callstream.kafka;

import io.callstream.ErrorCode;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.ResultSink;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * Creates sinks that write results and dead letters to Kafka. Immutable and thread-safe. Each sink
 * belongs to one run of one pipeline at a time.
 *
 * <p>All in-sync replicas acknowledge every record before a batch is complete, and the sinks check
 * the outcome of every record. If the brokers are unavailable for longer than the sinks wait, the
 * pipeline fails with {@link ErrorCode#SINK_FAILED}. The sinks create missing topics and do not
 * change the settings of existing ones.
 */
public final class KafkaSinks {
  /**
   * The maximum size in bytes of a record in a topic that a sink creates. A call has up to 1 MiB,
   * and a result contains the texts of a call twice.
   */
  static final int MAX_MESSAGE_BYTES = 16 << 20;

  private static final int DEFAULT_PARTITIONS = 2;

  /** The value with which Kafka applies the default of its brokers. */
  private static final int BROKERS_DEFAULT = -1;

  /** The longest time from the first result of a task to its commit. Brokers allow 15 minutes. */
  private static final Duration TRANSACTION = Duration.ofMinutes(10);

  private static final Duration DEFAULT_DELIVERY = Duration.ofSeconds(30);

  private final KafkaCluster cluster;
  private final int partitions;
  private final int replicas;
  private final Duration delivery;
  private final boolean startsOver;

  private KafkaSinks(
      KafkaCluster cluster, int partitions, int replicas, Duration delivery, boolean startsOver) {
    this.cluster = cluster;
    this.partitions = partitions;
    this.replicas = replicas;
    this.delivery = delivery;
    this.startsOver = startsOver;
  }

  /**
   * Returns the sinks of a cluster. The calls may come from another cluster.
   *
   * @throws IllegalArgumentException if a setting of the cluster would break a guarantee of the
   *     producer, or if Kafka does not accept its value
   */
  public static KafkaSinks at(KafkaCluster cluster) {
    var ignored = ProducerSettings.of(cluster);
    return new KafkaSinks(cluster, DEFAULT_PARTITIONS, BROKERS_DEFAULT, DEFAULT_DELIVERY, false);
  }

  /**
   * Returns sinks that create missing topics with this many partitions and replicas. Defaults to 2
   * partitions and to the brokers' {@code default.replication.factor}.
   *
   * @throws IllegalArgumentException if either number is less than 1
   */
  public KafkaSinks creating(int partitions, int replicas) {
    if (partitions < 1 || replicas < 1 || replicas > Short.MAX_VALUE) {
      throw new IllegalArgumentException(
          partitions
              + " partitions on "
              + replicas
              + " brokers each: at least 1 of both is needed");
    }
    return new KafkaSinks(cluster, partitions, replicas, delivery, startsOver);
  }

  /**
   * Returns sinks that wait this long for an acknowledgement. Defaults to 30 seconds. The value
   * becomes Kafka's {@link
   * org.apache.kafka.clients.producer.ProducerConfig#DELIVERY_TIMEOUT_MS_CONFIG
   * delivery.timeout.ms} and takes precedence over the settings of the cluster.
   *
   * @throws IllegalArgumentException if the time is less than one second or more than one hour
   */
  public KafkaSinks deliveringWithin(Duration time) {
    if (time.compareTo(Duration.ofSeconds(1)) < 0 || time.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(
          "Kafka shall acknowledge within " + time + "; it must be from 1 s to 1 h");
    }
    return new KafkaSinks(cluster, partitions, replicas, time, startsOver);
  }

  /**
   * Returns sinks that take over a topic with the results of another run. When the pipeline opens
   * such a sink, the sink writes tombstones for the keys of the other run. By default the sink
   * fails instead.
   */
  public KafkaSinks startingOver() {
    return new KafkaSinks(cluster, partitions, replicas, delivery, true);
  }

  /**
   * Returns a sink that writes results to a compacted topic. The last record of a key is its
   * current value.
   *
   * <p>The key is JSON: {@code {"statistic":…,"window_start":…,"window_end":…,"dimensions":{…}}},
   * without the bounds if the statistic has no window. Equal groups have keys that are equal byte
   * for byte. The value is a JSON object of all columns, with {@code _batch} and {@code
   * _watermark}. After each batch the sink writes a record with the key {@code
   * {"batches":"callstream"}} to partition 0, which marks the batch as complete.
   *
   * <p>If Spark keeps the results in its executors, tasks write them in transactions, whose ids
   * start with {@code callstream-results-} and the topic. Readers must then use {@code
   * isolation.level=read_committed}. A task may take as long as {@code transaction.timeout.ms} from
   * its first result to its commit. Defaults to 10 minutes.
   *
   * @param topic created if it is missing. The sink rejects a topic that is not compacted when the
   *     pipeline starts, because such a topic would lose results that do not change
   * @throws IllegalArgumentException if {@code linger.ms} does not fit into the time of {@link
   *     #deliveringWithin}
   */
  public ResultSink results(String topic) {
    var ignored = senderSettings();
    return new KafkaResultSink(this, topic);
  }

  /**
   * Returns a sink that writes dead letters to a topic. The value is the original bytes of the
   * record, the key is {@code topic-partition-offset} of the record, and the headers contain the
   * rest.
   *
   * <p>A dead letter that is written again after a crash has the same key, so readers can remove
   * duplicates. The sink creates a missing topic with Kafka's default retention and without
   * compaction. It logs a warning if the topic is compacted, because a dead letter without a value
   * is a tombstone there.
   *
   * @throws IllegalArgumentException if {@code linger.ms} does not fit into the time of {@link
   *     #deliveringWithin}
   */
  public DeadLetterSink deadLetters(String topic) {
    var ignored = senderSettings();
    return new KafkaDeadLetterSink(this, topic);
  }

  KafkaCluster cluster() {
    return cluster;
  }

  int partitions() {
    return partitions;
  }

  int replicas() {
    return replicas;
  }

  boolean startsOver() {
    return startsOver;
  }

  CheckedSender sender(String topic) {
    return new CheckedSender(cluster, topic, senderSettings());
  }

  /** Returns a sender that sends in transactions. */
  CheckedSender sender(String topic, String transactionalId) {
    Map<String, Object> all = senderSettings();
    all.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
    all.putIfAbsent(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, (int) TRANSACTION.toMillis());
    return new CheckedSender(cluster, topic, all);
  }

  Duration delivery() {
    return delivery;
  }

  private Map<String, Object> senderSettings() {
    var settings = ProducerSettings.of(cluster);
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) delivery.toMillis());
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, delivery.toMillis());
    settings.put(
        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) Math.min(10_000, delivery.toMillis() / 2));
    if (!cluster.settings().containsKey(ProducerConfig.MAX_REQUEST_SIZE_CONFIG)) {
      settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_MESSAGE_BYTES);
    }
    ProducerSettings.requireTimeouts(
        settings, "Lower linger.ms, or raise the time of KafkaSinks.deliveringWithin");
    return settings;
  }

  @Override
  public String toString() {
    return "Kafka sinks at " + cluster;
  }
}
