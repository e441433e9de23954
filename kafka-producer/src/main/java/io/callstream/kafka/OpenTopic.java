package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.kafka.ClientSettings;
import io.callstream.internal.kafka.ClientSettings.DeletedRecords;
import io.callstream.internal.kafka.ClientSettings.Fetches;
import io.callstream.internal.kafka.KafkaAdmin;
import io.callstream.internal.kafka.KafkaErrors;
import io.callstream.internal.kafka.RangeReader;
import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.OpenTransactions;
import io.callstream.internal.source.SpanReader;
import io.callstream.pipeline.KafkaTopic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * A topic that a run reads: that of the local engine, or that of a lookup. The run assigns
 * partitions instead of subscribing to them: it has no consumer group and commits nothing to Kafka.
 *
 * <p>A thread that waits for records or asks for offsets checks once a second whether the topic is
 * still the same and whether it has more partitions. It does not wait for the answer.
 */
final class OpenTopic implements OpenSource {
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final String DEFAULT_PATIENCE = "60000";

  private final KafkaTopic topic;
  private final Advice advice;
  private final KafkaCluster cluster;
  private final KafkaAdmin admin;
  private final Uuid id;
  private final Duration patience;
  private final KafkaConsumer<byte[], byte[]> offsets;
  private final List<Reader> readers = new ArrayList<>();
  private final OpenTransactions transactions;
  private volatile List<TopicPartition> partitions;
  private volatile boolean stopped;

  private @Nullable Future<Map<String, TopicDescription>> asked;
  private long lastLook = System.nanoTime();
  private boolean missed;

  /**
   * The sentences about what to do.
   *
   * @param gone if the topic was deleted
   * @param lost if records were deleted that were not read yet
   * @param failed if the topic cannot be read for another reason
   */
  record Advice(String gone, String lost, String failed) {
    static final Advice FOR_SOURCE =
        new Advice(
            "Create it again if it is missing, and start with a new checkpoint.",
            KafkaErrors.AFTER_LOSS,
            "Start again: with a checkpoint nothing is lost.");
  }

  private OpenTopic(
      KafkaTopic topic,
      Advice advice,
      KafkaCluster cluster,
      KafkaAdmin admin,
      TopicDescription found) {
    this.topic = topic;
    this.advice = advice;
    this.cluster = cluster;
    this.admin = admin;
    id = found.topicId();
    partitions = partitions(found);
    if (partitions.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.TOPIC,
          ("Topic %s at %s has %s partitions, so there is none for part %s. Add partitions, or use"
                  + " fewer parts, each with a new checkpoint.")
              .formatted(
                  topic.name(),
                  topic.bootstrapServers(),
                  found.partitions().size(),
                  topic.part().map(Object::toString).orElse("1/1")));
    }
    offsets =
        new KafkaConsumer<>(
            consumerSettings(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    patience =
        Duration.ofMillis(
            Long.parseLong(
                topic
                    .properties()
                    .getOrDefault(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, DEFAULT_PATIENCE)
                    .trim()));
    transactions = OpenTransactions.watch(topic, () -> admin.ends(partitions));
  }

  static OpenTopic open(KafkaTopic topic, Advice advice) {
    KafkaCluster cluster = ClientSettings.clusterOf(topic);
    KafkaAdmin admin = KafkaAdmin.connect(cluster);
    try {
      return new OpenTopic(topic, advice, cluster, admin, admin.requireDescription(topic.name()));
    } catch (KafkaException e) {
      admin.close();
      throw KafkaErrors.refused(cluster, e);
    } catch (RuntimeException e) {
      admin.close();
      throw e;
    }
  }

  /** Returns the partitions that the run reads. */
  private List<TopicPartition> partitions(TopicDescription found) {
    List<TopicPartition> all = KafkaAdmin.partitions(found);
    return topic
        .part()
        .map(part -> all.stream().filter(id -> part.has(id.partition())).toList())
        .orElse(all);
  }

  private Map<String, Object> consumerSettings() {
    return ClientSettings.ofConsumer(cluster, DeletedRecords.FAIL, Fetches.LARGE);
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
        if (System.nanoTime() - start >= patience.toNanos()) {
          throw failure(
              new TimeoutException(
                  String.format(
                      "no broker at %s gave the offsets of topic %s for %d s",
                      topic.bootstrapServers(), topic.name(), patience.toSeconds()),
                  e));
        }
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
      List<TopicPartition> now = partitions(found);
      if (now.size() > partitions.size()) {
        partitions = now;
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
        "The topic " + topic.name() + " " + how + ". " + advice.gone(),
        cause == null ? new UnknownTopicOrPartitionException(topic.name()) : cause);
  }

  private void requireNotStopped() {
    if (stopped) {
      throw new CancellationException("the source was stopped");
    }
  }

  private CallstreamException failure(KafkaException e) {
    return KafkaErrors.reading(topic.name(), cluster, advice.failed(), e);
  }

  @Override
  public SpanReader newReader() {
    Reader reader = new Reader(new RangeReader(topic.name(), consumerSettings(), advice.lost()));
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
      readers.forEach(reader -> reader.ranges.close());
      RangeReader.close(offsets);
    }
  }

  private final class Reader implements SpanReader {
    private final RangeReader ranges;

    Reader(RangeReader ranges) {
      this.ranges = ranges;
    }

    @Override
    public void read(List<Span> spans, Records records) {
      try {
        ranges.read(
            spans,
            patience,
            this::beforePoll,
            record -> records.take(RangeReader.callRecord(record)));
      } catch (KafkaException e) {
        throw failure(e);
      }
    }

    private void beforePoll() {
      requireNotStopped();
      look();
    }

    @Override
    public void await(List<Span> positions, Duration wait) {
      try {
        requireNotStopped();
        ranges.await(positions, wait);
        requireNotStopped();
      } catch (KafkaException e) {
        throw failure(e);
      }
    }

    @Override
    public void wakeUp() {
      ranges.wakeUp();
    }
  }
}
