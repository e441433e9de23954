package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.source.InputRecord;
import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.OpenTransactions;
import io.callstream.internal.source.SpanReader;
import io.callstream.pipeline.KafkaTopic;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.ConcurrentModificationException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A topic that a run of the local engine reads. The run assigns partitions instead of subscribing
 * to them: it has no consumer group and commits nothing to Kafka.
 *
 * <p>A thread that waits for records or asks for offsets checks once a second whether the topic is
 * still the same and whether it has more partitions. It does not wait for the answer.
 */
final class OpenTopic implements OpenSource {
  private static final Logger LOG = LoggerFactory.getLogger(OpenTopic.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration POLL = Duration.ofMillis(500);

  /** Closing must not wait for a fetch that waits for records. */
  private static final Duration CLOSE = Duration.ZERO;

  private static final String DEFAULT_PATIENCE = "60000";

  /** Larger reads than Kafka's defaults; the same values as in the Spark engine. */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "10000",
          ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Integer.toString(8 << 20),
          ConsumerConfig.FETCH_MAX_BYTES_CONFIG, Integer.toString(64 << 20),
          ConsumerConfig.RECEIVE_BUFFER_CONFIG, Integer.toString(1 << 20));

  private final KafkaTopic topic;
  private final KafkaCluster cluster;
  private final TopicAdmin admin;
  private final Uuid id;
  private final Duration patience;
  private final KafkaConsumer<Void, byte[]> offsets;
  private final List<Reader> readers = new ArrayList<>();
  private final OpenTransactions transactions;
  private volatile List<TopicPartition> partitions;
  private volatile boolean stopped;

  private @Nullable Future<Map<String, TopicDescription>> asked;
  private long lastLook = System.nanoTime();
  private boolean missed;

  /** Skips the keys, which nobody reads, so that they are not copied. */
  private static final class NoKey implements Deserializer<Void> {
    @Override
    @SuppressWarnings("NullAway") // Kafka accepts null for a key that is not read.
    public Void deserialize(String topic, byte[] data) {
      return null;
    }

    @Override
    @SuppressWarnings("NullAway")
    public Void deserialize(String topic, Headers headers, ByteBuffer data) {
      return null;
    }
  }

  private OpenTopic(
      KafkaTopic topic, KafkaCluster cluster, TopicAdmin admin, TopicDescription found) {
    this.topic = topic;
    this.cluster = cluster;
    this.admin = admin;
    id = found.topicId();
    partitions = partitions(found);
    offsets = consumer();
    patience =
        Duration.ofMillis(
            Long.parseLong(
                topic
                    .properties()
                    .getOrDefault(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, DEFAULT_PATIENCE)
                    .trim()));
    transactions = OpenTransactions.watch(topic, () -> admin.ends(partitions));
  }

  static OpenTopic open(KafkaTopic topic) {
    KafkaCluster cluster = KafkaCluster.at(topic.bootstrapServers()).with(topic.properties());
    TopicAdmin admin = TopicAdmin.connect(cluster);
    try {
      return new OpenTopic(topic, cluster, admin, admin.requireDescription(topic.name()));
    } catch (KafkaException e) {
      admin.close();
      throw cluster.refused(e);
    } catch (RuntimeException e) {
      admin.close();
      throw e;
    }
  }

  private KafkaConsumer<Void, byte[]> consumer() {
    Map<String, Object> settings = cluster.settingsFor(ConsumerConfig.configNames());
    DEFAULTS.forEach(settings::putIfAbsent);
    settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    return new KafkaConsumer<>(settings, new NoKey(), new ByteArrayDeserializer());
  }

  private static List<TopicPartition> partitions(TopicDescription description) {
    return description.partitions().stream()
        .map(partition -> new TopicPartition(description.name(), partition.partition()))
        .toList();
  }

  @Override
  public String id() {
    return id.toString();
  }

  @Override
  public Map<Integer, Long> firstOffsets() {
    return ask(() -> offsets.beginningOffsets(partitions, LOOK));
  }

  @Override
  public Map<Integer, Long> endOffsets() {
    return ask(() -> offsets.endOffsets(partitions, LOOK));
  }

  @Override
  public Map<Integer, Long> startOffsets() {
    return switch (topic.startingOffsets()) {
      case EARLIEST -> firstOffsets();
      case LATEST -> endOffsets();
    };
  }

  private Map<Integer, Long> ask(Supplier<Map<TopicPartition, Long>> question) {
    long start = System.nanoTime();
    while (true) {
      requireNotStopped();
      look();
      try {
        Map<Integer, Long> answer = new TreeMap<>();
        question.get().forEach((partition, offset) -> answer.put(partition.partition(), offset));
        return answer;
      } catch (TimeoutException e) {
        requirePatience(start, e);
      } catch (WakeupException e) {
        // requireNotStopped() reports a stop. Otherwise the wakeup has no meaning.
      } catch (KafkaException e) {
        throw failure(e);
      }
    }
  }

  /**
   * Checks that the topic is still the one that was opened, and updates the number of partitions.
   */
  private synchronized void look() {
    Future<Map<String, TopicDescription>> pending = asked;
    if (pending == null) {
      if (System.nanoTime() - lastLook > LOOK.toNanos()) {
        asked = admin.askFor(topic.name());
      }
      return;
    }
    if (!pending.isDone()) {
      return;
    }
    asked = null;
    lastLook = System.nanoTime();
    try {
      TopicDescription found = pending.get().get(topic.name());
      missed = false;
      if (found == null) {
        return;
      }
      if (!found.topicId().equals(id)) {
        throw gone("was deleted and created again", null);
      }
      if (found.partitions().size() > partitions.size()) {
        partitions = partitions(found);
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        // A broker that has just started may not know its topics yet.
        if (missed) {
          throw gone("is gone", e);
        }
        missed = true;
      }
      // The next read reports other failures.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException(e.toString());
    }
  }

  private CallstreamException gone(String how, @Nullable Throwable cause) {
    return new CallstreamException(
        ErrorCode.TOPIC,
        "The topic "
            + topic.name()
            + " "
            + how
            + ". Create it again if it is missing, and start"
            + " with a new checkpoint.",
        cause == null ? new UnknownTopicOrPartitionException(topic.name()) : cause);
  }

  private void requireNotStopped() {
    if (stopped) {
      throw new CancellationException("the source was stopped");
    }
  }

  private void requirePatience(long since, @Nullable Throwable cause) {
    if (System.nanoTime() - since < patience.toNanos()) {
      return;
    }
    throw new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        "The Kafka broker stopped answering: none at "
            + topic.bootstrapServers()
            + " gave what is there for "
            + patience.toSeconds()
            + " s. Start it again, and then this: with a checkpoint nothing is lost.",
        cause == null ? new TimeoutException("no records") : cause);
  }

  private CallstreamException failure(KafkaException e) {
    if (e instanceof OffsetOutOfRangeException missing) {
      return new CallstreamException(
          ErrorCode.SOURCE_FAILED,
          "Records that were not read yet are gone from "
              + topic.description()
              + ": there are none at "
              + missing.offsetOutOfRangePartitions()
              + ". Most likely retention deleted them: keep records longer than the pipeline may be"
              + " down. To continue without them, start with a new checkpoint.",
          e);
    }
    return new CallstreamException(
        ErrorCode.SOURCE_FAILED,
        String.format(
            "Topic %s at %s cannot be read further: %s. Correct the cause and start again: with a"
                + " checkpoint nothing is lost.",
            topic.name(), topic.bootstrapServers(), KafkaErrors.reason(e)),
        e);
  }

  @Override
  public SpanReader newReader() {
    Reader reader = new Reader(consumer());
    readers.add(reader);
    return reader;
  }

  @Override
  public void stop() {
    stopped = true;
    offsets.wakeup();
    readers.forEach(Reader::wakeUp);
  }

  @Override
  public void close() {
    try (admin;
        transactions) {
      readers.forEach(reader -> close(reader.consumer));
      close(offsets);
    }
  }

  /**
   * Closes a consumer and ignores failures. A consumer that is still in use is released with its
   * thread.
   */
  private static void close(KafkaConsumer<Void, byte[]> consumer) {
    try {
      consumer.close(CLOSE);
    } catch (KafkaException | ConcurrentModificationException e) {
      LOG.debug("A consumer did not close", e);
    }
  }

  /** A partition of a reader, with the records that were fetched and not handed over yet. */
  private static final class Lane {
    final TopicPartition id;
    private List<ConsumerRecord<Void, byte[]>> fetched = List.of();
    private int next;

    Lane(TopicPartition id) {
      this.id = id;
    }

    void put(List<ConsumerRecord<Void, byte[]>> more) {
      fetched = more;
      next = 0;
    }

    boolean isEmpty() {
      return next == fetched.size();
    }

    void handOver(long to, SpanReader.Records records) {
      int partition = id.partition();
      while (next < fetched.size()) {
        ConsumerRecord<Void, byte[]> record = fetched.get(next);
        if (record.offset() >= to) {
          return;
        }
        next++;
        records.take(
            new InputRecord(partition, record.offset(), record.timestamp(), record.value()));
      }
      fetched = List.of();
      next = 0;
    }
  }

  private final class Reader implements SpanReader {
    private final KafkaConsumer<Void, byte[]> consumer;
    private final Map<Integer, Lane> lanes = new HashMap<>();

    Reader(KafkaConsumer<Void, byte[]> consumer) {
      this.consumer = consumer;
    }

    @Override
    public void read(List<Span> spans, Records records) {
      try {
        assign(spans);
        List<Span> open = new ArrayList<>(spans);
        open.removeIf(span -> isDone(span, records));
        long lastMove = System.nanoTime();
        long reached = 0;
        while (!open.isEmpty()) {
          requireNotStopped();
          if (poll(POLL)) {
            lastMove = System.nanoTime();
          } else {
            // After aborted transactions the position moves forward without a record.
            long now = spans.stream().mapToLong(span -> position(lane(span).id)).sum();
            if (now > reached) {
              lastMove = System.nanoTime();
              reached = now;
            }
            look();
            requirePatience(lastMove, null);
          }
          open.removeIf(span -> isDone(span, records));
        }
      } catch (KafkaException e) {
        throw failure(e);
      }
    }

    /**
     * Hands over the fetched records of a span and returns whether the span is complete. After the
     * last record there may be offsets without a record: transaction markers and compacted records.
     */
    private boolean isDone(Span span, Records records) {
      Lane lane = lane(span);
      lane.handOver(span.to(), records);
      return !lane.isEmpty() || isPast(lane.id, span.to());
    }

    private boolean isPast(TopicPartition partition, long offset) {
      return position(partition) >= offset;
    }

    /** Returns the offset up to which records were fetched, or -1 if the offset is unknown now. */
    private long position(TopicPartition partition) {
      try {
        return consumer.position(partition, POLL);
      } catch (TimeoutException | WakeupException e) {
        // Another broker has just taken over the partition, or the run is being stopped.
        return -1;
      }
    }

    private Lane lane(Span span) {
      return lanes.computeIfAbsent(
          span.partition(), partition -> new Lane(new TopicPartition(topic.name(), partition)));
    }

    /** Assigns the partitions of the spans to the consumer. */
    private void assign(List<Span> spans) {
      List<Span> more =
          spans.stream().filter(span -> !lanes.containsKey(span.partition())).toList();
      if (!more.isEmpty()) {
        more.forEach(this::lane);
        consumer.assign(lanes.values().stream().map(lane -> lane.id).toList());
        more.forEach(span -> consumer.seek(lane(span).id, span.from()));
      }
    }

    /**
     * Fetches once and returns whether records arrived. A partition with fetched records is paused
     * until they are read.
     */
    private boolean poll(Duration wait) {
      consumer.resume(lanes(Lane::isEmpty));
      consumer.pause(lanes(lane -> !lane.isEmpty()));
      ConsumerRecords<Void, byte[]> records;
      try {
        records = consumer.poll(wait);
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

    @Override
    public void await(List<Span> positions, Duration wait) {
      try {
        requireNotStopped();
        assign(positions);
        if (lanes.values().stream().allMatch(Lane::isEmpty)) {
          boolean ignored = poll(wait);
        }
        requireNotStopped();
      } catch (KafkaException e) {
        throw failure(e);
      }
    }

    @Override
    public void wakeUp() {
      consumer.wakeup();
    }
  }
}
