package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a topic for display. It joins no consumer group and commits nothing.
 *
 * <p>It reads committed records, unless the cluster's settings have {@code
 * isolation.level=read_uncommitted}. It skips records of aborted transactions. It hands over
 * records from the start of an open transaction on only after the transaction has ended.
 *
 * <p>Unless it follows, it stops at the offsets that were the ends of the partitions when it
 * started. Records of one partition arrive in order. Records of different partitions arrive in no
 * particular order, except that the last records of a topic are sorted by timestamp. Any thread may
 * call {@link #stop}; all other methods are for one thread.
 */
public final class TopicReader {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The minimum number of offsets by which to go back for further records. */
  private static final long MIN_STEP = 1_000;

  private static final Comparator<TopicRecord> BY_TIME =
      Comparator.comparing(TopicRecord::timestamp)
          .thenComparingInt(TopicRecord::partition)
          .thenComparingLong(TopicRecord::offset);

  private final KafkaCluster cluster;
  private final String topic;
  private long limit = Long.MAX_VALUE;
  private boolean fromBeginning;
  private boolean following;
  private long handedOver;
  private volatile boolean stopped;
  private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;

  private TopicReader(KafkaCluster cluster, String topic) {
    this.cluster = cluster;
    this.topic = topic;
  }

  /** Returns a reader for the last records of a topic. */
  public static TopicReader of(KafkaCluster cluster, String topic) {
    return new TopicReader(cluster, topic);
  }

  /** Sets the reader to start at the first available record. */
  public TopicReader fromBeginning() {
    fromBeginning = true;
    return this;
  }

  /**
   * Sets the maximum number of records: the first records when reading from the beginning,
   * otherwise the last. The reader holds the last records in memory until it has found all of them.
   *
   * @param records 0 or more
   */
  public TopicReader atMost(long records) {
    if (records < 0) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          "The maximum number of records is " + records + "; it must be 0 or more");
    }
    limit = records;
    return this;
  }

  /**
   * Sets the reader to wait for new records at the end until it reaches its maximum number of
   * records or is stopped. If it does not start at the beginning, it hands over new records only.
   */
  public TopicReader following() {
    following = true;
    return this;
  }

  /**
   * Hands over records on this thread until no more are due.
   *
   * @return the number of records that were handed over
   * @throws CallstreamException with {@link ErrorCode#BROKER_UNAVAILABLE} if no broker answers
   *     within ten seconds, {@link ErrorCode#TOPIC} if the topic does not exist, or {@link
   *     ErrorCode#SOURCE_FAILED} if the topic cannot be read further
   */
  public long read(Consumer<? super TopicRecord> receiver) {
    TopicInfo info = describe();
    handedOver = 0;
    if (limit == 0 || (!following && info.offsets() == 0)) {
      return 0;
    }
    return reading(
        kafka ->
            !fromBeginning && !following
                ? readLast(kafka, info, receiver)
                : readOn(kafka, info, receiver));
  }

  private TopicInfo describe() {
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      return admin.require(topic);
    }
  }

  /** Hands over the records in {@code [start, end)} of a partition. */
  void readRange(int partition, long start, long end, Consumer<? super TopicRecord> receiver) {
    TopicInfo range =
        new TopicInfo(topic, 1, List.of(new TopicInfo.PartitionInfo(partition, start, end, end)));
    long ignored =
        reading(
            kafka -> {
              readFrom(
                  kafka,
                  range,
                  Map.of(new TopicPartition(topic, partition), start),
                  row -> {
                    receiver.accept(row);
                    return true;
                  });
              return 0L;
            });
  }

  private long reading(ToLongFunction<KafkaConsumer<byte[], byte[]>> work) {
    Map<String, Object> settings = cluster.settingsFor(ConsumerConfig.configNames());
    settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    settings.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 5_000);
    settings.putIfAbsent(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
    try (KafkaConsumer<byte[], byte[]> kafka =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer = kafka;
      return work.applyAsLong(kafka);
    } catch (WakeupException | InterruptException e) {
      // The reader was stopped or interrupted. Kafka keeps the interrupt flag.
      return handedOver;
    } catch (KafkaException e) {
      throw new CallstreamException(
          ErrorCode.SOURCE_FAILED,
          String.format(
              "Topic %s at %s cannot be read further: %s",
              topic, cluster.bootstrapServers(), KafkaErrors.reason(e)),
          e);
    } finally {
      consumer = null;
    }
  }

  private long readOn(
      KafkaConsumer<byte[], byte[]> kafka, TopicInfo info, Consumer<? super TopicRecord> receiver) {
    Map<TopicPartition, Long> starts = new HashMap<>();
    for (TopicInfo.PartitionInfo partition : info.partitions()) {
      starts.put(
          new TopicPartition(topic, partition.partition()),
          fromBeginning ? partition.beginning() : partition.end());
    }
    readFrom(
        kafka,
        info,
        starts,
        row -> {
          receiver.accept(row);
          return ++handedOver < limit;
        });
    return handedOver;
  }

  private long readLast(
      KafkaConsumer<byte[], byte[]> kafka, TopicInfo info, Consumer<? super TopicRecord> receiver) {
    PriorityQueue<TopicRecord> last = new PriorityQueue<>(BY_TIME);
    for (TopicInfo.PartitionInfo partition : info.partitions()) {
      readLast(kafka, partition, last);
    }
    while (!last.isEmpty()) {
      receiver.accept(last.remove());
      handedOver++;
    }
    return handedOver;
  }

  /**
   * Adds the last records of a partition. The last offsets may hold fewer records than the limit.
   * Then this method also reads earlier offsets.
   */
  private void readLast(
      KafkaConsumer<byte[], byte[]> kafka,
      TopicInfo.PartitionInfo partition,
      PriorityQueue<TopicRecord> last) {
    TopicPartition id = new TopicPartition(topic, partition.partition());
    long end = partition.end();
    long step = limit;
    long[] found = {0};
    while (found[0] < limit && end > partition.beginning() && !stopped) {
      long start = Math.max(partition.beginning(), end - Math.min(step, end));
      TopicInfo.PartitionInfo range =
          new TopicInfo.PartitionInfo(partition.partition(), start, end, end);
      readFrom(
          kafka,
          new TopicInfo(topic, 1, List.of(range)),
          Map.of(id, start),
          row -> {
            found[0]++;
            last.add(row);
            if (last.size() > limit) {
              last.remove();
            }
            return true;
          });
      end = start;
      step = Math.max(MIN_STEP, step > Long.MAX_VALUE / 4 ? step : step * 4);
    }
  }

  /** Receives a record and returns whether it needs more. */
  private interface Taker {
    boolean take(TopicRecord row);
  }

  private void readFrom(
      KafkaConsumer<byte[], byte[]> kafka,
      TopicInfo info,
      Map<TopicPartition, Long> starts,
      Taker taker) {
    Map<TopicPartition, Long> ends = new HashMap<>();
    for (TopicInfo.PartitionInfo partition : info.partitions()) {
      ends.put(new TopicPartition(topic, partition.partition()), partition.end());
    }
    kafka.assign(starts.keySet());
    starts.forEach(kafka::seek);
    List<TopicPartition> open = new ArrayList<>(starts.keySet());
    long lastMove = System.nanoTime();
    long reached = 0;
    while (!stopped) {
      if (!following) {
        open.removeIf(id -> kafka.position(id) >= ends.getOrDefault(id, 0L));
        if (open.isEmpty()) {
          return;
        }
      }
      ConsumerRecords<byte[], byte[]> rows = kafka.poll(POLL);
      // After aborted transactions the position moves forward without a record.
      long now = following ? 0 : starts.keySet().stream().mapToLong(kafka::position).sum();
      if (!rows.isEmpty() || now > reached) {
        lastMove = System.nanoTime();
        reached = now;
      } else if (!following && System.nanoTime() - lastMove > PATIENCE.toNanos()) {
        throw new CallstreamException(
            ErrorCode.SOURCE_FAILED,
            String.format(
                "Topic %s at %s gave no record for %d s, and is not at its end. See that the broker"
                    + " runs.",
                topic, cluster.bootstrapServers(), PATIENCE.toSeconds()));
      }
      for (ConsumerRecord<byte[], byte[]> row : rows) {
        TopicPartition id = new TopicPartition(row.topic(), row.partition());
        if (!following && row.offset() >= ends.getOrDefault(id, 0L)) {
          continue;
        }
        TopicRecord handed =
            new TopicRecord(
                row.partition(),
                row.offset(),
                Instant.ofEpochMilli(row.timestamp()),
                row.key(),
                row.value());
        if (stopped || !taker.take(handed)) {
          return;
        }
      }
    }
  }

  /** Ends a running read, from any thread. Later reads hand over nothing. */
  public void stop() {
    stopped = true;
    KafkaConsumer<byte[], byte[]> reading = consumer;
    if (reading != null) {
      reading.wakeup();
    }
  }
}
