package io.callstream.kafka;

import static java.util.Objects.requireNonNull;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.kafka.KafkaAdmin;
import io.callstream.internal.kafka.KafkaErrors;
import io.callstream.internal.source.OpenTransactions;
import io.callstream.pipeline.KafkaTopic.Isolation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Creates and describes topics. Thread-safe. Close it after use.
 *
 * <p>Every method throws {@link CallstreamException} with {@link ErrorCode#BROKER_UNAVAILABLE} if
 * no broker answers within at most ten seconds, or if the broker rejects the client.
 */
public final class TopicAdmin implements AutoCloseable {
  /**
   * The maximum size in bytes of a record batch in a topic created here. A call has up to 1 MiB.
   */
  static final int MAX_MESSAGE_BYTES = 2 << 20;

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final KafkaCluster cluster;
  private final KafkaAdmin admin;

  private TopicAdmin(KafkaCluster cluster, KafkaAdmin admin) {
    this.cluster = cluster;
    this.admin = admin;
  }

  /** Creates a client of a cluster. The first request shows whether a broker answers. */
  public static TopicAdmin connect(KafkaCluster cluster) {
    return new TopicAdmin(cluster, KafkaAdmin.connect(cluster));
  }

  /**
   * Ensures that a topic with this many partitions exists, and creates it if necessary. A new topic
   * accepts records of 1 MiB. An existing topic keeps its settings and replicas.
   *
   * @param replicas the number of brokers that hold each partition of a new topic
   * @throws IllegalArgumentException if either number is less than 1
   * @throws CallstreamException with {@link ErrorCode#TOPIC} if the topic exists with another
   *     number of partitions, or if Kafka does not create it
   */
  public TopicInfo ensure(String topic, int partitions, int replicas) {
    if (partitions < 1 || replicas < 1 || replicas > Short.MAX_VALUE) {
      throw new IllegalArgumentException(
          String.format(
              "Topic %s with %d partitions on %d brokers each: at least 1 of both is needed",
              topic, partitions, replicas));
    }
    TopicDescription found = find(topic, partitions, replicas, MAX_MESSAGE_BYTES, Map.of());
    int actual = found.partitions().size();
    if (actual != partitions) {
      throw new CallstreamException(
          ErrorCode.TOPIC,
          String.format(
              "Topic %s at %s has %d partitions, not %d. Ask for %d, name another topic, or delete"
                  + " this one.",
              topic, cluster.bootstrapServers(), actual, partitions, actual));
    }
    return info(found);
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
        findForSink(topic, partitions, replicas, TopicConfig.CLEANUP_POLICY_COMPACT);
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
    var ignored = findForSink(topic, partitions, replicas, TopicConfig.CLEANUP_POLICY_DELETE);
    return isCompacted(topic);
  }

  private TopicDescription findForSink(String topic, int partitions, int replicas, String cleanup) {
    Map<String, String> configs = Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, cleanup);
    return find(topic, partitions, replicas, KafkaSinks.MAX_MESSAGE_BYTES, configs);
  }

  /** Returns the description of a topic, and creates it if it does not exist. */
  private TopicDescription find(
      String topic, int partitions, int replicas, int maxBytes, Map<String, String> configs) {
    Optional<TopicDescription> existing = admin.description(topic);
    if (existing.isPresent()) {
      return existing.get();
    }
    create(topic, partitions, replicas, maxBytes, configs);
    return awaitLeaders(topic);
  }

  private boolean isCompacted(String topic) {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try {
      Config config =
          admin.get(admin.client().describeConfigs(List.of(resource)).all()).get(resource);
      ConfigEntry policy = config == null ? null : config.get(TopicConfig.CLEANUP_POLICY_CONFIG);
      return policy != null && policy.value().contains(TopicConfig.CLEANUP_POLICY_COMPACT);
    } catch (ExecutionException e) {
      throw admin.refused(topic, e);
    }
  }

  private void create(
      String topic, int partitions, int replicas, int maxBytes, Map<String, String> configs) {
    Map<String, String> all = new HashMap<>(configs);
    all.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, String.valueOf(maxBytes));
    NewTopic request = new NewTopic(topic, partitions, (short) replicas).configs(all);
    try {
      admin.get(admin.client().createTopics(List.of(request)).all());
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
    long end = System.nanoTime() + KafkaAdmin.TIMEOUT.toNanos();
    while (System.nanoTime() < end) {
      Optional<TopicDescription> created = admin.description(topic);
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
            topic, cluster.bootstrapServers(), KafkaAdmin.TIMEOUT.toSeconds()));
  }

  private boolean hasLeader(TopicPartitionInfo partition) {
    Node leader = partition.leader();
    return leader != null && !leader.isEmpty();
  }

  /** Returns a description of a topic, or empty if there is no topic with this name. */
  public Optional<TopicInfo> describe(String topic) {
    return admin.description(topic).map(this::info);
  }

  /**
   * Returns a description of a topic.
   *
   * @throws CallstreamException with {@link ErrorCode#TOPIC} if there is no topic with this name
   */
  public TopicInfo require(String topic) {
    return info(admin.requireDescription(topic));
  }

  private TopicInfo info(TopicDescription description) {
    List<TopicPartition> ids = KafkaAdmin.partitions(description);
    Map<TopicPartition, OffsetSpec> earliest = new HashMap<>();
    ids.forEach(id -> earliest.put(id, OffsetSpec.earliest()));
    List<TopicInfo.PartitionInfo> partitions = new ArrayList<>();
    try {
      var beginnings = admin.offsets(earliest, IsolationLevel.READ_UNCOMMITTED);
      var ends = admin.ends(ids);
      beginnings.forEach(
          (id, beginning) -> {
            OpenTransactions.Ends end = requireNonNull(ends.get(id.partition()));
            long written = Math.max(end.stable(), end.written());
            partitions.add(
                new TopicInfo.PartitionInfo(
                    id.partition(),
                    beginning.offset(),
                    cluster.isolation() == Isolation.READ_COMMITTED ? end.stable() : written,
                    written));
          });
    } catch (ExecutionException e) {
      throw admin.refused(description.name(), e);
    }
    partitions.sort(Comparator.comparingInt(TopicInfo.PartitionInfo::partition));
    int replicas = description.partitions().get(0).replicas().size();
    return new TopicInfo(description.name(), replicas, partitions);
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

  /**
   * Ends transactions whose producer is gone, and returns a new description. The producers can't
   * write anymore.
   *
   * @param ids matches the transactional ids
   */
  TopicInfo endTransactions(TopicInfo info, Predicate<String> ids) {
    try {
      ListTransactionsOptions open =
          new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING));
      List<String> abandoned =
          admin.get(admin.client().listTransactions(open).all()).stream()
              .map(TransactionListing::transactionalId)
              .filter(ids)
              .toList();
      if (abandoned.isEmpty()) {
        return info;
      }
      var ignored = admin.get(admin.client().fenceProducers(abandoned).all());
    } catch (ExecutionException e) {
      throw admin.refused(info.name(), e);
    }
    TopicInfo next = require(info.name());
    long end = System.nanoTime() + KafkaAdmin.TIMEOUT.toNanos();
    while (next.heldBack() > 0 && System.nanoTime() < end) {
      LockSupport.parkNanos(POLL_NANOS);
      next = require(info.name());
    }
    return next;
  }

  KafkaAdmin requests() {
    return admin;
  }

  @Override
  public void close() {
    admin.close();
  }
}
