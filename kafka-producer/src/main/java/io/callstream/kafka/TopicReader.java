package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallRecord;
import io.callstream.internal.kafka.ClientSettings;
import io.callstream.internal.kafka.ClientSettings.DeletedRecords;
import io.callstream.internal.kafka.ClientSettings.Fetches;
import io.callstream.internal.kafka.KafkaErrors;
import io.callstream.internal.kafka.RangeReader;
import io.callstream.internal.source.SpanReader.Span;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
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
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String AFTER_FAILURE = "Read it again.";

  /** The minimum number of offsets by which to go back for further records. */
  private static final long MIN_STEP = 1_000;

  private static final Comparator<CallRecord> BY_TIME =
      Comparator.comparingLong(CallRecord::timestampMillis)
          .thenComparingInt(CallRecord::partition)
          .thenComparingLong(CallRecord::offset);

  private final KafkaCluster cluster;
  private final String topic;
  private long limit = Long.MAX_VALUE;
  private boolean fromBeginning;
  private boolean following;
  private long handedOver;
  private volatile boolean stopped;
  private volatile @Nullable RangeReader ranges;

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
   * @throws IllegalArgumentException if the number is negative
   */
  public TopicReader atMost(long records) {
    if (records < 0) {
      throw new IllegalArgumentException(
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
   *     within at most ten seconds or gives the next records within 30 seconds, {@link
   *     ErrorCode#TOPIC} if the topic does not exist, or {@link ErrorCode#SOURCE_FAILED} if the
   *     topic cannot be read further
   */
  public long read(Consumer<? super CallRecord> receiver) {
    TopicInfo info = describe();
    handedOver = 0;
    if (limit == 0 || (!following && info.offsets() == 0)) {
      return 0;
    }
    return reading(
        reader -> {
          if (fromBeginning || following) {
            readOn(reader, info, receiver);
          } else {
            readLast(reader, info, receiver);
          }
        });
  }

  private TopicInfo describe() {
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      return admin.require(topic);
    }
  }

  /** Hands over the records in {@code [start, end)} of a partition. */
  void readRange(int partition, long start, long end, Consumer<? super CallRecord> receiver) {
    long ignored =
        reading(reader -> read(reader, List.of(new Span(partition, start, end)), receiver));
  }

  private long reading(Consumer<RangeReader> work) {
    try (RangeReader reader =
        new RangeReader(
            topic,
            ClientSettings.ofConsumer(cluster, DeletedRecords.SKIP, Fetches.SMALL),
            AFTER_FAILURE)) {
      ranges = reader;
      work.accept(reader);
    } catch (CancellationException | InterruptException e) {
      // The reader was stopped or interrupted. Kafka keeps the interrupt flag.
      return handedOver;
    } catch (KafkaException e) {
      throw KafkaErrors.reading(topic, cluster, AFTER_FAILURE, e);
    } finally {
      ranges = null;
    }
    return handedOver;
  }

  private void readOn(RangeReader reader, TopicInfo info, Consumer<? super CallRecord> receiver) {
    List<Span> spans =
        info.partitions().stream()
            .map(
                partition ->
                    new Span(
                        partition.partition(),
                        fromBeginning ? partition.beginning() : partition.end(),
                        following ? Long.MAX_VALUE : partition.end()))
            .toList();
    read(
        reader,
        spans,
        row -> {
          if (handedOver < limit) {
            receiver.accept(row);
            handedOver++;
          }
        });
  }

  private void readLast(RangeReader reader, TopicInfo info, Consumer<? super CallRecord> receiver) {
    PriorityQueue<CallRecord> last = new PriorityQueue<>(BY_TIME);
    for (TopicInfo.PartitionInfo partition : info.partitions()) {
      readLast(reader, partition, last);
    }
    while (!last.isEmpty()) {
      receiver.accept(last.remove());
      handedOver++;
    }
  }

  /**
   * Adds the last records of a partition. The last offsets may hold fewer records than the limit.
   * Then this method also reads earlier offsets.
   */
  private void readLast(
      RangeReader reader, TopicInfo.PartitionInfo partition, PriorityQueue<CallRecord> last) {
    long end = partition.end();
    long step = limit;
    long[] found = {0};
    while (found[0] < limit && end > partition.beginning()) {
      long start = Math.max(partition.beginning(), end - Math.min(step, end));
      read(
          reader,
          List.of(new Span(partition.partition(), start, end)),
          row -> {
            found[0]++;
            last.add(row);
            if (last.size() > limit) {
              last.remove();
            }
          });
      end = start;
      step = Math.max(MIN_STEP, step > Long.MAX_VALUE / 4 ? step : step * 4);
    }
  }

  /**
   * Hands over the records of some spans.
   *
   * @throws CancellationException if the reader was stopped, or if no further record is needed
   */
  private void read(RangeReader reader, List<Span> spans, Consumer<? super CallRecord> receiver) {
    reader.read(
        spans,
        following ? ChronoUnit.FOREVER.getDuration() : PATIENCE,
        () -> {
          if (stopped || handedOver >= limit) {
            throw new CancellationException();
          }
        },
        row -> {
          if (!stopped) {
            receiver.accept(RangeReader.callRecord(row));
          }
        });
  }

  /** Ends a running read, from any thread. Later reads hand over nothing. */
  public void stop() {
    stopped = true;
    RangeReader reading = ranges;
    if (reading != null) {
      reading.wakeUp();
    }
  }
}
