package io.callstream.internal.kafka;

import io.callstream.CallstreamException;
import io.callstream.call.CallRecord;
import io.callstream.call.CallRecord.Header;
import io.callstream.internal.source.SpanReader.Span;
import java.time.Duration;
import java.util.ArrayList;
import java.util.ConcurrentModificationException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads ranges of offsets of a topic's partitions. It keeps the partitions and the records that it
 * has fetched from one read to the next. So the consumer fetches the next range while the last one
 * is processed.
 *
 * <p>After an exception, close the reader. For one thread, except for {@link #wakeUp}.
 */
public final class RangeReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RangeReader.class);
  private static final Duration POLL = Duration.ofMillis(500);

  private final String topic;
  private final String servers;
  private final String afterLoss;
  private final KafkaConsumer<byte @Nullable [], byte @Nullable []> consumer;
  private final Map<Integer, Lane> lanes = new HashMap<>();

  /** The partitions of the current ranges. The others are paused. */
  private Set<Integer> current = Set.of();

  /** Receives records. */
  @FunctionalInterface
  public interface Records<E extends Exception> {
    /** Receives a record. */
    void take(ConsumerRecord<byte @Nullable [], byte @Nullable []> record) throws E;
  }

  /** A partition, with the records that were fetched and not handed over yet. */
  private static final class Lane {
    final TopicPartition id;

    /** The offset at which the next range starts if the reader does not have to seek. */
    long position = -1;

    private List<ConsumerRecord<byte @Nullable [], byte @Nullable []>> fetched = List.of();
    private int next;

    Lane(TopicPartition id) {
      this.id = id;
    }

    void put(List<ConsumerRecord<byte @Nullable [], byte @Nullable []>> more) {
      fetched = more;
      next = 0;
    }

    boolean isEmpty() {
      return next == fetched.size();
    }

    <E extends Exception> void handOver(long to, Records<E> records) throws E {
      while (next < fetched.size()) {
        ConsumerRecord<byte @Nullable [], byte @Nullable []> record = fetched.get(next);
        if (record.offset() >= to) {
          return;
        }
        next++;
        records.take(record);
      }
      put(List.of());
    }
  }

  /**
   * Creates a reader.
   *
   * @param settings the settings of the consumer, without deserializers
   * @param afterLoss the sentences about what to do if records were deleted before they were read
   */
  public RangeReader(String topic, Map<String, Object> settings, String afterLoss) {
    this.topic = topic;
    this.afterLoss = afterLoss;
    servers = String.valueOf(settings.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG));
    consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** Returns a record as the engines process it. */
  public static CallRecord callRecord(ConsumerRecord<byte @Nullable [], byte @Nullable []> record) {
    return new CallRecord(
        record.topic(),
        record.partition(),
        record.offset(),
        record.timestamp(),
        record.key(),
        () -> headers(record),
        record.value());
  }

  private static List<Header> headers(ConsumerRecord<byte @Nullable [], byte @Nullable []> record) {
    List<Header> headers = new ArrayList<>();
    record.headers().forEach(header -> headers.add(new Header(header.key(), header.value())));
    return headers;
  }

  /**
   * Hands over the records of some ranges, and returns when all ranges are read. The records of a
   * partition are in order. Offsets can lack a record: those of transaction markers, aborted
   * transactions and compacted records.
   *
   * @param patience the maximum time in which no partition moves forward
   * @param beforePoll runs before the reader waits for records, at least twice a second while it
   *     waits. An exception ends the read
   * @throws CallstreamException if records of a range were deleted, and the consumer's settings do
   *     not skip them
   * @throws TimeoutException if the broker returns nothing for longer than {@code patience}
   */
  public <E extends Exception> void read(
      List<Span> ranges, Duration patience, Runnable beforePoll, Records<E> records) throws E {
    assign(ranges);
    List<Span> open = new ArrayList<>(ranges);
    long lastMove = System.nanoTime();
    long reached = 0;
    while (true) {
      for (Iterator<Span> some = open.iterator(); some.hasNext(); ) {
        if (isDone(some.next(), records)) {
          some.remove();
        }
      }
      if (open.isEmpty()) {
        return;
      }
      beforePoll.run();
      if (poll(POLL)) {
        lastMove = System.nanoTime();
        continue;
      }
      // After aborted transactions the position moves forward without a record.
      long now = ranges.stream().mapToLong(range -> position(lane(range).id)).sum();
      if (now > reached) {
        lastMove = System.nanoTime();
        reached = now;
      } else if (Duration.ofNanos(System.nanoTime() - lastMove).compareTo(patience) > 0) {
        throw stuck(open, patience);
      }
    }
  }

  private <E extends Exception> boolean isDone(Span range, Records<E> records) throws E {
    Lane lane = lane(range);
    lane.handOver(range.to(), records);
    if (lane.isEmpty() && position(lane.id) < range.to()) {
      return false;
    }
    lane.position = range.to();
    return true;
  }

  private Lane lane(Span range) {
    return lanes.computeIfAbsent(
        range.partition(), partition -> new Lane(new TopicPartition(topic, partition)));
  }

  /** Returns the offset up to which records were fetched, or -1 if the offset is unknown now. */
  private long position(TopicPartition partition) {
    try {
      return consumer.position(partition, POLL);
    } catch (OffsetOutOfRangeException e) {
      throw lost(e);
    } catch (TimeoutException | WakeupException e) {
      // Another broker has just taken over the partition, or the reader was woken.
      return -1;
    }
  }

  /** Assigns the partitions of the ranges to the consumer, and seeks where it is elsewhere. */
  private void assign(List<Span> ranges) {
    current = ranges.stream().map(Span::partition).collect(Collectors.toSet());
    int before = lanes.size();
    ranges.forEach(this::lane);
    if (lanes.size() > before) {
      consumer.assign(lanes(lane -> true));
    }
    for (Span range : ranges) {
      Lane lane = lane(range);
      if (lane.position != range.from()) {
        consumer.seek(lane.id, range.from());
        lane.position = range.from();
        lane.put(List.of());
      }
    }
  }

  /**
   * Fetches once and returns whether records arrived. A partition with fetched records is paused
   * until they are read. The partitions of earlier ranges are paused, too.
   */
  private boolean poll(Duration wait) {
    Predicate<Lane> needed = lane -> lane.isEmpty() && current.contains(lane.id.partition());
    consumer.resume(lanes(needed));
    consumer.pause(lanes(needed.negate()));
    ConsumerRecords<byte @Nullable [], byte @Nullable []> records;
    try {
      records = consumer.poll(wait);
    } catch (OffsetOutOfRangeException e) {
      throw lost(e);
    } catch (WakeupException e) {
      return false;
    }
    for (TopicPartition partition : records.partitions()) {
      Lane lane = lanes.get(partition.partition());
      if (lane != null) {
        lane.put(records.records(partition));
      }
    }
    return !records.isEmpty();
  }

  private List<TopicPartition> lanes(Predicate<Lane> which) {
    return lanes.values().stream().filter(which).map(lane -> lane.id).toList();
  }

  private CallstreamException lost(OffsetOutOfRangeException e) {
    Map.Entry<TopicPartition, Long> first =
        e.offsetOutOfRangePartitions().entrySet().iterator().next();
    return KafkaErrors.lost(
        first.getKey() + " no longer has offset " + first.getValue(), afterLoss, e);
  }

  private RuntimeException stuck(List<Span> open, Duration patience) {
    TopicPartition first = lane(open.get(0)).id;
    TimeoutException timeout =
        new TimeoutException(
            String.format(
                "no broker at %s gave records of %s from offset %d on for %d s",
                servers, first, position(first), patience.toSeconds()));
    Map<TopicPartition, Long> ends;
    try {
      ends = consumer.endOffsets(open.stream().map(range -> lane(range).id).toList(), POLL);
    } catch (TimeoutException | WakeupException e) {
      return timeout;
    }
    for (Span range : open) {
      Long end = ends.get(lane(range).id);
      if (end != null && end < range.to()) {
        String how = lane(range).id + " ends at offset " + end + " and not at " + range.to();
        return KafkaErrors.lost(how, afterLoss, timeout);
      }
    }
    return timeout;
  }

  /**
   * Waits until a partition has a new record, until {@link #wakeUp} is called, or until {@code
   * wait} has elapsed.
   *
   * @param positions empty ranges at the current positions of partitions
   */
  public void await(List<Span> positions, Duration wait) {
    assign(positions);
    if (lanes.values().stream().allMatch(Lane::isEmpty)) {
      boolean ignored = poll(wait);
    }
  }

  /** Ends the current wait, or the next one. May be called from any thread. */
  public void wakeUp() {
    consumer.wakeup();
  }

  /**
   * Closes the consumer without waiting for its requests, and ignores failures. A consumer that is
   * still in use is released with its thread.
   */
  @Override
  public void close() {
    close(consumer);
  }

  /** Closes a consumer as {@link #close()} does. */
  public static void close(KafkaConsumer<?, ?> consumer) {
    try {
      consumer.close(Duration.ZERO);
    } catch (KafkaException | ConcurrentModificationException e) {
      LOG.debug("A consumer did not close", e);
    }
  }
}
