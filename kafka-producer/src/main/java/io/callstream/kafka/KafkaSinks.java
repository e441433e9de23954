package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.ResultSink;
import java.time.Duration;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * Sinks that carry results and dead letters to Kafka. Immutable and thread-safe; each sink that it
 * makes belongs to one run of one pipeline at a time.
 *
 * <p>Every record is acknowledged by all in-sync replicas before a batch is done, and no outcome
 * goes unseen. When the brokers are gone for longer than the sinks wait, the pipeline fails with
 * {@link ErrorCode#SINK_FAILED}. Topics that are missing are created; what exists keeps its
 * settings.
 */
public final class KafkaSinks {
  /**
   * The most bytes of a record in a topic that was created here: calls have up to 1 MiB, and a
   * result holds its texts twice.
   */
  static final int MAX_MESSAGE_BYTES = 16 << 20;

  private static final int DEFAULT_PARTITIONS = 2;

  /** What Kafka takes for the number that its brokers have as default. */
  private static final int BROKERS_DEFAULT = -1;

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

  /** Returns the sinks of a cluster; it need not be the one that calls come from. */
  public static KafkaSinks at(KafkaCluster cluster) {
    return new KafkaSinks(cluster, DEFAULT_PARTITIONS, BROKERS_DEFAULT, DEFAULT_DELIVERY, false);
  }

  /**
   * Returns sinks that create missing topics with so many partitions, each on so many brokers; 2 on
   * as many as the brokers' {@code default.replication.factor} says unless this is called.
   *
   * @throws CallstreamException with {@link ErrorCode#INVALID_ARGUMENT} if either is under 1
   */
  public KafkaSinks creating(int partitions, int replicas) {
    if (partitions < 1 || replicas < 1 || replicas > Short.MAX_VALUE) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          partitions
              + " partitions on "
              + replicas
              + " brokers each: at least 1 of both is needed");
    }
    return new KafkaSinks(cluster, partitions, replicas, delivery, startsOver);
  }

  /**
   * Returns sinks that wait for an acknowledgement so long; 30 seconds unless this is called. It is
   * Kafka's {@link org.apache.kafka.clients.producer.ProducerConfig#DELIVERY_TIMEOUT_MS_CONFIG
   * delivery.timeout.ms}, and goes before that of the cluster's settings.
   *
   * @throws CallstreamException with {@link ErrorCode#INVALID_ARGUMENT} if it is under a second or
   *     over an hour
   */
  public KafkaSinks deliveringWithin(Duration time) {
    if (time.compareTo(Duration.ofSeconds(1)) < 0 || time.compareTo(Duration.ofHours(1)) > 0) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          "Kafka shall acknowledge within " + time + "; it must be from 1 s to 1 h");
    }
    return new KafkaSinks(cluster, partitions, replicas, time, startsOver);
  }

  /**
   * Returns sinks that let a run take over a topic that holds the results of another run: their
   * keys get tombstones when it opens. Without this it refuses.
   */
  public KafkaSinks startingOver() {
    return new KafkaSinks(cluster, partitions, replicas, delivery, true);
  }

  /**
   * Returns a sink that keeps results in a compacted topic: the last record of a key is its current
   * value.
   *
   * <p>The key is JSON, equal byte for byte for equal groups: {@code
   * {"statistic":…,"window_start":…,"window_end":…,"dimensions":{…}}}, without the bounds where
   * there is no window. The value is a JSON object of all columns, with {@code _batch} and {@code
   * _watermark}. After each batch a record with the key {@code {"batches":"callstream"}} in
   * partition 0 says what is complete.
   *
   * @param topic created if it is missing; one that is not compacted is refused when the pipeline
   *     starts, for it would forget results that do not change
   */
  public ResultSink results(String topic) {
    return new KafkaResultSink(this, topic);
  }

  /**
   * Returns a sink that keeps dead letters in a topic: the value is the record's own bytes, the key
   * {@code topic-partition-offset} of the record, the rest stands in headers.
   *
   * <p>A letter that comes again after a crash has the same key: readers take one of each. A topic
   * that is missing is created with Kafka's own retention, and not compacted, for letters without a
   * value would be tombstones there.
   */
  public DeadLetterSink deadLetters(String topic) {
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
    var settings = ProducerSettings.of(cluster);
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) delivery.toMillis());
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, delivery.toMillis());
    settings.put(
        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) Math.min(10_000, delivery.toMillis() / 2));
    if (!cluster.settings().containsKey(ProducerConfig.MAX_REQUEST_SIZE_CONFIG)) {
      settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_MESSAGE_BYTES);
    }
    return new CheckedSender(cluster, topic, settings);
  }

  @Override
  public String toString() {
    return "Kafka sinks at " + cluster;
  }
}
