package io.callstream.kafka;

import static java.util.Objects.requireNonNull;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.source.OpenTransactions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Creates and describes topics. Thread-safe. Close it after use.
 *
 * <p>Every method throws {@link CallstreamException} with {@link ErrorCode#BROKER_UNAVAILABLE} if
 * no broker answers within ten seconds, or if the broker rejects the client.
 */
public final class TopicAdmin implements AutoCloseable {
  /**
   * The maximum size in bytes of a record batch in a topic created here. A call has up to 1 MiB.
   */
  static final int MAX_MESSAGE_BYTES = 2 << 20;

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final KafkaCluster cluster;
  private final Admin admin;

  private TopicAdmin(KafkaCluster cluster, Admin admin) {
    this.cluster = cluster;
    this.admin = admin;
  }

  /** Creates a client of a cluster. The first request shows whether a broker answers. */
  public static TopicAdmin connect(KafkaCluster cluster) {
    Map<String, Object> settings = cluster.settingsFor(AdminClientConfig.configNames());
    settings.put(
        AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, String.valueOf(TIMEOUT.toMillis()));
    settings.put(
        AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, String.valueOf(TIMEOUT.toMillis() / 2));
    try {
      return new TopicAdmin(cluster, Admin.create(settings));
    } catch (KafkaException e) {
      throw cluster.refused(e);
    }
  }

  /**
   * Ensures that a topic with this many partitions exists, and creates it if necessary. A new topic
   * accepts records of 1 MiB. An existing topic keeps its settings and replicas.
   *
   * @param replicas the number of brokers that hold each partition of a new topic
   * @throws CallstreamException with {@link ErrorCode#TOPIC} if the topic exists with another
   *     number of partitions, or if Kafka does not create it
   */
  public TopicInfo ensure(String topic, int partitions, int replicas) {
    if (partitions < 1 || replicas < 1 || replicas > Short.MAX_VALUE) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          String.format(
              "Topic %s with %d partitions on %d brokers each: at least 1 of both is needed",
              topic, partitions, replicas));
    }
    Optional<TopicDescription> existing = description(topic);
    if (existing.isEmpty()) {
      create(topic, partitions, (short) replicas, MAX_MESSAGE_BYTES, Map.of());
      existing = Optional.of(awaitLeaders(topic));
    }
    int actual = existing.get().partitions().size();
    if (actual != partitions) {
      throw new CallstreamException(
          ErrorCode.TOPIC,
          String.format(
              "Topic %s at %s has %d partitions, not %d. Ask for %d, name another topic, or delete"
                  + " this one.",
              topic, cluster.bootstrapServers(), actual, partitions, actual));
    }
    return info(existing.get());
  }

  /**
   * Ensures that a compacted topic exists, and creates it if necessary.
   *
   * @param partitions the number of partitions of a new topic; an existing topic may have another
   *     number
   * @throws CallstreamException with {@link ErrorCode#TOPIC} if the topic exists and is not
   *     compacted
   */
  TopicInfo ensureCompacted(String topic, int partitions, int replicas) {
    TopicDescription found =
        ensureForSink(
            topic,
            partitions,
            replicas,
            Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));
    if (!isCompacted(topic)) {
      throw new CallstreamException(
          ErrorCode.TOPIC,
          String.format(
              "Topic %s at %s is not compacted: it would forget results that do not change. Name"
                  + " another topic, or set cleanup.policy=compact: kafka-configs.sh --alter --topic"
                  + " %s --add-config cleanup.policy=compact --bootstrap-server %s",
              topic, cluster.bootstrapServers(), topic, cluster.bootstrapServers()));
    }
    return info(found);
  }

  /**
   * Ensures that a topic exists. A new topic is not compacted.
   *
   * @return whether the topic is compacted
   */
  boolean ensureExists(String topic, int partitions, int replicas) {
    TopicDescription ignored =
        ensureForSink(
            topic,
            partitions,
            replicas,
            Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE));
    return isCompacted(topic);
  }

  private TopicDescription ensureForSink(
      String topic, int partitions, int replicas, Map<String, String> configs) {
    Optional<TopicDescription> existing = description(topic);
    if (existing.isPresent()) {
      return existing.get();
    }
    create(topic, partitions, (short) replicas, KafkaSinks.MAX_MESSAGE_BYTES, configs);
    return awaitLeaders(topic);
  }

  private boolean isCompacted(String topic) {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try {
      Config config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
      ConfigEntry policy = config == null ? null : config.get(TopicConfig.CLEANUP_POLICY_CONFIG);
      return policy != null && policy.value().contains(TopicConfig.CLEANUP_POLICY_COMPACT);
    } catch (ExecutionException e) {
      throw refused(topic, e);
    }
  }

  private void create(
      String topic,
      int partitions,
      short replicas,
      int maxMessageBytes,
      Map<String, String> configs) {
    Map<String, String> all = new HashMap<>(configs);
    all.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, String.valueOf(maxMessageBytes));
    NewTopic request = new NewTopic(topic, partitions, replicas).configs(all);
    try {
      get(admin.createTopics(List.of(request)).all());
    } catch (ExecutionException e) {
      // Another client may have created the topic in the meantime.
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw new CallstreamException(
            ErrorCode.TOPIC,
            String.format(
                "Topic %s cannot be created at %s with %d partitions on %d brokers each: %s%s",
                topic,
                cluster.bootstrapServers(),
                partitions,
                replicas,
                KafkaErrors.reason(e),
                e.getCause() instanceof InvalidReplicationFactorException
                    ? " Ask for as many replicas as there are brokers, or fewer."
                    : ""),
            e);
      }
    }
  }

  private TopicDescription awaitLeaders(String topic) {
    long end = System.nanoTime() + TIMEOUT.toNanos();
    while (System.nanoTime() < end) {
      Optional<TopicDescription> created = description(topic);
      if (created.isPresent() && created.get().partitions().stream().allMatch(this::hasLeader)) {
        return created.get();
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
    throw new CallstreamException(
        ErrorCode.TOPIC,
        String.format(
            "Topic %s was created at %s, but no broker leads all its partitions after %d s. See"
                + " that the brokers are well.",
            topic, cluster.bootstrapServers(), TIMEOUT.toSeconds()));
  }

  private boolean hasLeader(TopicPartitionInfo partition) {
    Node leader = partition.leader();
    return leader != null && !leader.isEmpty();
  }

  /** Returns a description of a topic, or empty if there is no topic with this name. */
  public Optional<TopicInfo> describe(String topic) {
    return description(topic).map(this::info);
  }

  /**
   * Returns a description of a topic.
   *
   * @throws CallstreamException with {@link ErrorCode#TOPIC} if there is no topic with this name
   */
  public TopicInfo require(String topic) {
    return info(requireDescription(topic));
  }

  TopicDescription requireDescription(String topic) {
    return description(topic)
        .orElseThrow(
            () ->
                new CallstreamException(
                    ErrorCode.TOPIC,
                    String.format(
                        "There is no topic %s at %s. Correct the name, or create it: 'callstream"
                            + " produce' does, and TopicAdmin.ensure in a program.",
                        topic, cluster.bootstrapServers())));
  }

  /** Requests the description of a topic, without waiting for the answer. */
  Future<Map<String, TopicDescription>> askFor(String topic) {
    return admin.describeTopics(List.of(topic)).allTopicNames();
  }

  private Optional<TopicDescription> description(String topic) {
    try {
      return Optional.ofNullable(
          get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        return Optional.empty();
      }
      throw refused(topic, e);
    }
  }

  private TopicInfo info(TopicDescription description) {
    Map<TopicPartition, OffsetSpec> first = new HashMap<>();
    Map<TopicPartition, OffsetSpec> next = new HashMap<>();
    for (TopicPartitionInfo partition : description.partitions()) {
      TopicPartition id = new TopicPartition(description.name(), partition.partition());
      first.put(id, OffsetSpec.earliest());
      next.put(id, OffsetSpec.latest());
    }
    List<TopicInfo.PartitionInfo> partitions = new ArrayList<>();
    try {
      var beginnings = get(admin.listOffsets(first).all());
      // Keep this order. Otherwise new records in between would look as if a transaction held them
      // back.
      var written = get(admin.listOffsets(next).all());
      var ends = get(admin.listOffsets(next, new ListOffsetsOptions(isolation())).all());
      beginnings.forEach(
          (id, beginning) -> {
            var end = ends.get(id);
            var last = written.get(id);
            long readable = end == null ? beginning.offset() : end.offset();
            partitions.add(
                new TopicInfo.PartitionInfo(
                    id.partition(),
                    beginning.offset(),
                    readable,
                    last == null ? readable : Math.max(readable, last.offset())));
          });
    } catch (ExecutionException e) {
      throw refused(description.name(), e);
    }
    partitions.sort(Comparator.comparingInt(TopicInfo.PartitionInfo::partition));
    int replicas = description.partitions().get(0).replicas().size();
    return new TopicInfo(description.name(), replicas, partitions);
  }

  /**
   * Returns the ends of partitions: the end for readers of committed records, and the end of all
   * records.
   */
  Map<Integer, OpenTransactions.Ends> ends(Collection<TopicPartition> partitions)
      throws ExecutionException {
    Map<TopicPartition, OffsetSpec> next = new HashMap<>();
    partitions.forEach(id -> next.put(id, OffsetSpec.latest()));
    // Keep this order. Otherwise new records in between would look as if a transaction held them
    // back.
    var written = get(admin.listOffsets(next).all());
    var stable =
        get(admin.listOffsets(next, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all());
    Map<Integer, OpenTransactions.Ends> ends = new HashMap<>();
    stable.forEach(
        (id, end) ->
            ends.put(
                id.partition(),
                new OpenTransactions.Ends(end.offset(), requireNonNull(written.get(id)).offset())));
    return ends;
  }

  private IsolationLevel isolation() {
    return switch (cluster.isolation()) {
      case READ_COMMITTED -> IsolationLevel.READ_COMMITTED;
      case READ_UNCOMMITTED -> IsolationLevel.READ_UNCOMMITTED;
    };
  }

  /**
   * Throws if an open transaction hides a part of a topic from readers.
   *
   * @param consequence what would happen if the topic were read nevertheless; becomes the end of a
   *     sentence
   * @throws CallstreamException with {@link ErrorCode#TOPIC}
   */
  void requireNothingHeldBack(TopicInfo info, String consequence) {
    for (TopicInfo.PartitionInfo partition : info.partitions()) {
      if (partition.heldBack() > 0) {
        throw new CallstreamException(
            ErrorCode.TOPIC,
            String.format(
                "Topic %s at %s has an open transaction in partition %d, which hides %d offsets from"
                    + " offset %d on: %s. Wait until its producer commits or aborts it, and start"
                    + " again; 'kafka-transactions.sh --bootstrap-server %s find-hanging --topic %s'"
                    + " finds one whose producer is gone.",
                info.name(),
                cluster.bootstrapServers(),
                partition.partition(),
                partition.heldBack(),
                partition.end(),
                consequence,
                cluster.bootstrapServers(),
                info.name()));
      }
    }
  }

  private CallstreamException refused(String topic, ExecutionException e) {
    return new CallstreamException(
        ErrorCode.TOPIC,
        String.format(
            "Kafka at %s did not describe topic %s: %s",
            cluster.bootstrapServers(), topic, KafkaErrors.reason(e)),
        e);
  }

  private <T> T get(KafkaFuture<T> future) throws ExecutionException {
    try {
      return future.get(2 * TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof org.apache.kafka.common.errors.TimeoutException) {
        throw cluster.unavailable(e);
      }
      if (e.getCause() instanceof AuthenticationException) {
        throw cluster.refused(e);
      }
      throw e;
    } catch (TimeoutException e) {
      throw cluster.unavailable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw cluster.unavailable(e);
    }
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(5));
  }
}
