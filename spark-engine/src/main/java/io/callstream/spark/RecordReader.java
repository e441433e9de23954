package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.call.CallRecord;
import io.callstream.internal.kafka.KafkaErrors;
import io.callstream.internal.kafka.RangeReader;
import io.callstream.internal.source.SpanReader.Span;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.commons.pool2.BaseKeyedPooledObjectFactory;
import org.apache.commons.pool2.PooledObject;
import org.apache.commons.pool2.impl.DefaultPooledObject;
import org.apache.commons.pool2.impl.GenericKeyedObjectPool;
import org.apache.commons.pool2.impl.GenericKeyedObjectPoolConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.spark.TaskContext;
import org.apache.spark.kafka010.KafkaConfigUpdater;
import org.apache.spark.sql.kafka010.KafkaBatchInputPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * Reads ranges of a topic in the tasks of an executor. A reader keeps its partition from batch to
 * batch. So it fetches the next range while the last one is counted. (Spark's own reader asks the
 * broker for the first and the last offset after each poll, and thereby discards the records that
 * it fetched ahead.) Readers that are unused for some minutes are closed.
 */
final class RecordReader {
  private static final Logger LOG = LoggerFactory.getLogger(RecordReader.class);
  private static final Duration IDLE = Duration.ofMinutes(2);

  private static final GenericKeyedObjectPool<Place, RangeReader> READERS = pool();

  private RecordReader() {}

  /** The key of a reader: a partition and the settings of the consumer. */
  private record Place(TopicPartition partition, Map<String, Object> settings) {
    /** Returns the partition only, because settings may contain secrets. */
    @Override
    public String toString() {
      return partition.toString();
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
    void record(CallRecord record) throws IOException;
  }

  private static GenericKeyedObjectPool<Place, RangeReader> pool() {
    GenericKeyedObjectPoolConfig<RangeReader> config = new GenericKeyedObjectPoolConfig<>();
    config.setMaxTotal(-1);
    config.setMaxTotalPerKey(-1);
    config.setMaxIdlePerKey(1);
    config.setMinEvictableIdleTime(IDLE);
    config.setTimeBetweenEvictionRuns(IDLE.dividedBy(2));
    config.setNumTestsPerEvictionRun(-1);
    config.setJmxEnabled(false);
    return new GenericKeyedObjectPool<>(
        new BaseKeyedPooledObjectFactory<Place, RangeReader>() {
          @Override
          public RangeReader create(Place place) {
            return new RangeReader(
                place.partition().topic(), authenticated(place.settings()), KafkaErrors.AFTER_LOSS);
          }

          @Override
          public PooledObject<RangeReader> wrap(RangeReader reader) {
            return new DefaultPooledObject<>(reader);
          }

          @Override
          public void destroyObject(Place place, PooledObject<RangeReader> reader) {
            reader.getObject().close();
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
    RangeReader reader = borrow(place);
    boolean whole = false;
    try {
      reader.read(
          List.of(
              new Span(
                  range.offsetRange().topicPartition().partition(),
                  range.offsetRange().fromOffset(),
                  range.offsetRange().untilOffset())),
          Duration.ofMillis(range.pollTimeoutMs()),
          TaskContext.get()::killTaskIfInterrupted,
          record -> records.record(RangeReader.callRecord(record)));
      whole = true;
    } finally {
      if (whole) {
        READERS.returnObject(place, reader);
      } else {
        discard(place, reader);
      }
    }
  }

  private static RangeReader borrow(Place place) {
    try {
      return READERS.borrowObject(place);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("There is no reader of " + place.partition(), e);
    }
  }

  /** Closes a reader and ignores failures, because the failure of its task is the one to report. */
  private static void discard(Place place, RangeReader reader) {
    try {
      READERS.invalidateObject(place, reader);
    } catch (Exception e) {
      LOG.debug("The reader of {} did not close", place.partition(), e);
    }
  }
}
