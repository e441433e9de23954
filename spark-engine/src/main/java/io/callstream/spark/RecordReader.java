package io.callstream.spark;

import static java.util.Objects.requireNonNull;

import io.callstream.CallstreamException;
import io.callstream.internal.source.InputRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.commons.pool2.BaseKeyedPooledObjectFactory;
import org.apache.commons.pool2.PooledObject;
import org.apache.commons.pool2.impl.DefaultPooledObject;
import org.apache.commons.pool2.impl.GenericKeyedObjectPool;
import org.apache.commons.pool2.impl.GenericKeyedObjectPoolConfig;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.spark.TaskContext;
import org.apache.spark.kafka010.KafkaConfigUpdater;
import org.apache.spark.sql.kafka010.KafkaBatchInputPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Reads a partition of a topic, range after range, in the tasks of an executor. A reader keeps its
 * partition from batch to batch. So it fetches the next range while the last one is counted.
 * (Spark's own reader asks the broker for the first and the last offset after each poll, and
 * thereby discards the records that it fetched ahead.) Readers that are unused for some minutes are
 * closed.
 */
final class RecordReader {
  private static final Logger LOG = LoggerFactory.getLogger(RecordReader.class);
  private static final Duration IDLE = Duration.ofMinutes(2);
  private static final Duration POLL = Duration.ofSeconds(1);

  private static final GenericKeyedObjectPool<Place, RecordReader> READERS = pool();

  private final Consumer<byte @Nullable [], byte[]> consumer;
  private final TopicPartition partition;

  /** All records before this offset were delivered; the next record may already be fetched. */
  private long position = -1;

  private @Nullable ConsumerRecord<byte @Nullable [], byte[]> head;
  private Iterator<ConsumerRecord<byte @Nullable [], byte[]>> rest = Collections.emptyIterator();

  private RecordReader(Place place) {
    partition = place.partition();
    consumer =
        new KafkaConsumer<>(
            authenticated(place.settings()), new NoKey(), new ByteArrayDeserializer());
    consumer.assign(List.of(partition));
  }

  /** The key of a reader: a partition and the settings of the consumer. */
  private record Place(TopicPartition partition, Map<String, Object> settings) {
    /** Returns the partition only, because settings may contain secrets. */
    @Override
    public String toString() {
      return partition.toString();
    }
  }

  /** Skips the keys of records: callstream does not use them, so they are not copied. */
  private static final class NoKey implements Deserializer<byte @Nullable []> {
    @Override
    public byte @Nullable [] deserialize(String topic, byte[] data) {
      return null;
    }

    @Override
    public byte @Nullable [] deserialize(String topic, Headers headers, ByteBuffer data) {
      return null;
    }
  }

  /** Returns settings with Spark's delegation token for the brokers, if it has one. */
  private static Map<String, Object> authenticated(Map<String, Object> settings) {
    scala.collection.immutable.Map<String, Object> all = new scala.collection.immutable.HashMap<>();
    for (Map.Entry<String, Object> setting : settings.entrySet()) {
      all = all.updated(setting.getKey(), setting.getValue());
    }
    return new KafkaConfigUpdater("executor", all).setAuthenticationConfigIfNeeded().build();
  }

  /** Receives records. */
  @FunctionalInterface
  interface Records {
    /** Receives one record. */
    void record(InputRecord record) throws IOException;
  }

  private static GenericKeyedObjectPool<Place, RecordReader> pool() {
    GenericKeyedObjectPoolConfig<RecordReader> config = new GenericKeyedObjectPoolConfig<>();
    config.setMaxTotal(-1);
    config.setMaxTotalPerKey(-1);
    config.setMaxIdlePerKey(1);
    config.setMinEvictableIdleTime(IDLE);
    config.setTimeBetweenEvictionRuns(IDLE.dividedBy(2));
    config.setNumTestsPerEvictionRun(-1);
    config.setJmxEnabled(false);
    return new GenericKeyedObjectPool<>(
        new BaseKeyedPooledObjectFactory<Place, RecordReader>() {
          @Override
          public RecordReader create(Place place) {
            return new RecordReader(place);
          }

          @Override
          public PooledObject<RecordReader> wrap(RecordReader reader) {
            return new DefaultPooledObject<>(reader);
          }

          @Override
          public void destroyObject(Place place, PooledObject<RecordReader> reader) {
            reader.getObject().consumer.close(Duration.ZERO);
          }
        },
        config);
  }

  /**
   * Delivers the records of a range, in order.
   *
   * @throws CallstreamException if records of the range were deleted from the topic
   * @throws TimeoutException if the broker returns nothing for longer than the range allows
   */
  static void read(KafkaBatchInputPartition range, Records records) throws IOException {
    Place place =
        new Place(range.offsetRange().topicPartition(), Map.copyOf(range.executorKafkaParams()));
    RecordReader reader = borrow(place);
    boolean whole = false;
    try {
      reader.read(
          range.offsetRange().fromOffset(),
          range.offsetRange().untilOffset(),
          Duration.ofMillis(range.pollTimeoutMs()),
          records);
      whole = true;
    } finally {
      if (whole) {
        READERS.returnObject(place, reader);
      } else {
        discard(place, reader);
      }
    }
  }

  private static RecordReader borrow(Place place) {
    try {
      return READERS.borrowObject(place);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("There is no reader of " + place.partition(), e);
    }
  }

  /** Closes a reader and ignores failures, because the failure of its task is the one to report. */
  private static void discard(Place place, RecordReader reader) {
    try {
      READERS.invalidateObject(place, reader);
    } catch (Exception e) {
      LOG.debug("The reader of {} did not close", place.partition(), e);
    }
  }

  private void read(long from, long until, Duration patience, Records records) throws IOException {
    if (position != from) {
      consumer.seek(partition, from);
      position = from;
      head = null;
      rest = Collections.emptyIterator();
    }
    while (position < until) {
      ConsumerRecord<byte @Nullable [], byte[]> record = head;
      head = null;
      if (record == null) {
        if (!rest.hasNext()) {
          poll(until, patience);
          continue;
        }
        record = rest.next();
      }
      if (record.offset() >= until) {
        head = record;
        position = until;
      } else {
        records.record(
            new InputRecord(
                record.partition(), record.offset(), record.timestamp(), record.value()));
        position = record.offset() + 1;
      }
    }
  }

  /**
   * Waits for records, or for the position to move: transaction markers take offsets, but are not
   * records.
   */
  private void poll(long until, Duration patience) {
    long start = System.nanoTime();
    TaskContext task = TaskContext.get();
    try {
      while (reached() <= position) {
        rest = consumer.poll(POLL).records(partition).iterator();
        task.killTaskIfInterrupted();
        if (rest.hasNext()) {
          return;
        }
        if (System.nanoTime() - start > patience.toNanos()) {
          throw stuck(until, patience);
        }
      }
      position = reached();
    } catch (OffsetOutOfRangeException e) {
      throw Failures.lost(partition + " no longer has offset " + position, e);
    }
  }

  /**
   * Returns the position of the consumer. A broker that has just taken over may not know it yet.
   */
  private long reached() {
    try {
      return consumer.position(partition, POLL);
    } catch (TimeoutException e) {
      return position;
    }
  }

  private long endOffset() {
    try {
      return requireNonNull(consumer.endOffsets(List.of(partition), POLL).get(partition));
    } catch (TimeoutException e) {
      return Long.MAX_VALUE;
    }
  }

  private RuntimeException stuck(long until, Duration patience) {
    long end = endOffset();
    TimeoutException timeout =
        new TimeoutException(
            partition
                + " gave nothing at offset "
                + position
                + " for "
                + patience.toSeconds()
                + " s");
    return end >= until
        ? timeout
        : Failures.lost(partition + " ends at offset " + end + " and not at " + until, timeout);
  }
}
