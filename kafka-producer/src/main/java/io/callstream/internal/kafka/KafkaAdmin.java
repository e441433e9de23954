package io.callstream.internal.kafka;

import static java.util.Objects.requireNonNull;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.source.OpenTransactions;
import io.callstream.kafka.KafkaCluster;
import io.callstream.pipeline.KafkaTopic;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/**
 * Queries topics. Thread-safe.
 *
 * <p>Every method throws {@link CallstreamException} with {@link ErrorCode#BROKER_UNAVAILABLE} if
 * no broker answers within at most ten seconds, if the broker rejects the client, or if a partition
 * has no leader for thirty seconds.
 */
public final class KafkaAdmin implements AutoCloseable {
  /** The time limit of a request, unless {@code default.api.timeout.ms} is shorter. */
  public static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** How long a partition may be without a leader: longer than brokers need to choose another. */
  private static final Duration LEADER_TIMEOUT = Duration.ofSeconds(30);

  private static final Duration LEADER_RETRY = Duration.ofSeconds(5);

  /** How long it takes at most until all brokers know a new topic. */
  private static final Duration PROPAGATION = Duration.ofSeconds(2);

  private static final Duration PAUSE = Duration.ofMillis(50);

  private final KafkaCluster cluster;
  private final Admin admin;

  private KafkaAdmin(KafkaCluster cluster, Admin admin) {
    this.cluster = cluster;
    this.admin = admin;
  }

  /** Creates a client of a cluster. The first request shows whether a broker answers. */
  public static KafkaAdmin connect(KafkaCluster cluster) {
    Map<String, Object> settings = ClientSettings.of(cluster, AdminClientConfig.configNames());
    long timeout = timeout(cluster).toMillis();
    settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, String.valueOf(timeout));
    settings.put(
        AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, String.valueOf(Math.max(1, timeout / 2)));
    try {
      return new KafkaAdmin(cluster, Admin.create(settings));
    } catch (KafkaException e) {
      throw KafkaErrors.refused(cluster, e);
    }
  }

  private static Duration timeout(KafkaCluster cluster) {
    try {
      String set =
          cluster.settings().getOrDefault(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, "");
      return Duration.ofMillis(Math.min(TIMEOUT.toMillis(), Long.parseLong(set.trim())));
    } catch (NumberFormatException e) {
      return TIMEOUT; // It is not set, or Kafka rejects it.
    }
  }

  /** Returns Kafka's client, for other requests. Pass their results to {@link #get}. */
  public Admin client() {
    return admin;
  }

  /** Returns the id of a topic. A topic that is deleted and created again has a different id. */
  public static String requireId(KafkaTopic topic) {
    try (KafkaAdmin admin = connect(ClientSettings.clusterOf(topic))) {
      return admin.requireDescription(topic.name()).topicId().toString();
    }
  }

  /**
   * Returns a description of a topic.
   *
   * @throws CallstreamException with {@link ErrorCode#TOPIC} if there is no topic with this name
   */
  public TopicDescription requireDescription(String topic) {
    Optional<TopicDescription> found = description(topic);
    long end = System.nanoTime() + PROPAGATION.toNanos();
    while (found.isEmpty() && hasSeveralBrokers() && System.nanoTime() < end) {
      LockSupport.parkNanos(PAUSE.toNanos()); // Another broker may know a new topic already.
      found = description(topic);
    }
    return found.orElseThrow(
        () ->
            new CallstreamException(
                ErrorCode.TOPIC,
                String.format(
                    "There is no topic %s at %s. Correct the name, or create it: 'callstream"
                        + " produce' does, and TopicAdmin.ensure in a program.",
                    topic, cluster.bootstrapServers())));
  }

  private boolean hasSeveralBrokers() {
    try {
      return get(admin.describeCluster().nodes()).size() > 1;
    } catch (ExecutionException e) {
      return false;
    }
  }

  /** Requests the description of a topic, without waiting for the answer. */
  public Future<Map<String, TopicDescription>> askFor(String topic) {
    return admin.describeTopics(List.of(topic)).allTopicNames();
  }

  /** Returns a description of a topic, or empty if there is no topic with this name. */
  public Optional<TopicDescription> description(String topic) {
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

  /** Returns the partitions of a topic. */
  public static List<TopicPartition> partitions(TopicDescription description) {
    return description.partitions().stream()
        .map(partition -> new TopicPartition(description.name(), partition.partition()))
        .toList();
  }

  /**
   * Returns the ends of partitions: the end for readers of committed records, and the end of all
   * records.
   */
  public Map<Integer, OpenTransactions.Ends> ends(Collection<TopicPartition> partitions)
      throws ExecutionException {
    Map<TopicPartition, OffsetSpec> next = new HashMap<>();
    partitions.forEach(id -> next.put(id, OffsetSpec.latest()));
    // Keep this order. Otherwise new records in between would look as if a transaction held them
    // back.
    var written = offsets(next, IsolationLevel.READ_UNCOMMITTED);
    var stable = offsets(next, IsolationLevel.READ_COMMITTED);
    Map<Integer, OpenTransactions.Ends> ends = new HashMap<>();
    stable.forEach(
        (id, end) ->
            ends.put(
                id.partition(),
                new OpenTransactions.Ends(end.offset(), requireNonNull(written.get(id)).offset())));
    return ends;
  }

  /**
   * Returns offsets of partitions. Waits for partitions that have no leader, and for brokers that
   * do not know a new topic yet.
   */
  public Map<TopicPartition, ListOffsetsResultInfo> offsets(
      Map<TopicPartition, OffsetSpec> partitions, IsolationLevel isolation)
      throws ExecutionException {
    // Kafka's client keeps waiting for a leader that has ended, unless the request is repeated.
    ListOffsetsOptions options =
        new ListOffsetsOptions(isolation).timeoutMs((int) LEADER_RETRY.toMillis());
    long start = System.nanoTime();
    while (true) {
      try {
        return admin.listOffsets(partitions, options).all().get();
      } catch (ExecutionException e) {
        Throwable cause = e.getCause();
        boolean isTimeout = cause instanceof org.apache.kafka.common.errors.TimeoutException;
        Duration patience =
            isTimeout
                ? LEADER_TIMEOUT
                : cause instanceof UnknownTopicOrPartitionException ? PROPAGATION : Duration.ZERO;
        if (System.nanoTime() - start >= patience.toNanos()) {
          if (isTimeout) {
            throw withoutLeader(partitions.keySet(), e);
          }
          if (cause instanceof AuthenticationException) {
            throw KafkaErrors.refused(cluster, e);
          }
          throw e;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw KafkaErrors.unavailable(cluster, e);
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private CallstreamException withoutLeader(Set<TopicPartition> partitions, Throwable cause) {
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        String.format(
            "Kafka at %s gave no offsets of %s for %d s. Start the brokers that lead these"
                + " partitions.",
            cluster.bootstrapServers(), partitions, LEADER_TIMEOUT.toSeconds()),
        cause);
  }

  /** Returns a query of the ends of a topic. It connects to a broker at the first call. */
  public static OpenTransactions.Look endsOf(KafkaTopic topic) {
    return new OpenTransactions.Look() {
      private @Nullable KafkaAdmin admin;

      @Override
      public Map<Integer, OpenTransactions.Ends> ends() throws ExecutionException {
        KafkaAdmin open = admin == null ? connect(ClientSettings.clusterOf(topic)) : admin;
        admin = open;
        return open.ends(partitions(open.requireDescription(topic.name())));
      }

      @Override
      public void close() {
        if (admin != null) {
          admin.close();
        }
      }
    };
  }

  /** Returns the failure of a request that concerns a topic. */
  public CallstreamException refused(String topic, ExecutionException e) {
    return new CallstreamException(
        ErrorCode.TOPIC,
        String.format(
            "Kafka at %s did not describe topic %s: %s",
            cluster.bootstrapServers(), topic, KafkaErrors.reason(e)),
        e);
  }

  /**
   * Waits for the result of a request.
   *
   * @throws ExecutionException if the broker rejected the request, but not the client
   */
  public <T> T get(KafkaFuture<T> future) throws ExecutionException {
    try {
      return future.get(2 * TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof org.apache.kafka.common.errors.TimeoutException) {
        throw KafkaErrors.unavailable(cluster, e);
      }
      if (e.getCause() instanceof AuthenticationException) {
        throw KafkaErrors.refused(cluster, e);
      }
      throw e;
    } catch (TimeoutException e) {
      throw KafkaErrors.unavailable(cluster, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw KafkaErrors.unavailable(cluster, e);
    }
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(5));
  }
}
