package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * A Kafka cluster and how to talk to it.
 *
 * @param bootstrapServers {@code host:port} of one or more brokers, with commas in between
 * @param settings further Kafka client settings, such as TLS and SASL; one map serves producers,
 *     consumers and admin clients, each of which takes what it knows. May hold secrets, which
 *     {@link #toString} does not show
 */
public record KafkaCluster(String bootstrapServers, Map<String, String> settings) {
  /**
   * @throws CallstreamException with {@link ErrorCode#INVALID_ARGUMENT} if there are no bootstrap
   *     servers, or if no Kafka client has a setting of one of the names
   */
  public KafkaCluster {
    if (bootstrapServers.isBlank()) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          "No bootstrap servers are given; name one broker at least, as in localhost:9092");
    }
    settings = Map.copyOf(settings);
    Set<String> unknown = new TreeSet<>(settings.keySet());
    unknown.removeAll(ProducerConfig.configNames());
    unknown.removeAll(ConsumerConfig.configNames());
    unknown.removeAll(AdminClientConfig.configNames());
    if (!unknown.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          "No Kafka client has a setting named "
              + String.join(", ", unknown)
              + "; correct the name, or leave it out");
    }
    String others =
        settings.getOrDefault(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    if (!others.equals(bootstrapServers)) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          "The bootstrap servers are "
              + bootstrapServers
              + ", but the Kafka settings say bootstrap.servers="
              + others
              + "; give them once");
    }
  }

  /** Returns the cluster of some brokers, with Kafka's own settings. */
  public static KafkaCluster at(String bootstrapServers) {
    return new KafkaCluster(bootstrapServers, Map.of());
  }

  /** Returns the same cluster with these settings instead. */
  public KafkaCluster with(Map<String, String> settings) {
    return new KafkaCluster(bootstrapServers, settings);
  }

  /** Returns the settings for a client that knows {@code names}. */
  Map<String, Object> settingsFor(Set<String> names) {
    Map<String, Object> known = new HashMap<>();
    settings.forEach(
        (name, value) -> {
          if (names.contains(name)) {
            known.put(name, value);
          }
        });
    known.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    return known;
  }

  CallstreamException unavailable(Throwable cause) {
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        "No Kafka broker answered at "
            + bootstrapServers
            + ". Start one, correct the address, or, if the broker wants TLS or SASL, give the"
            + " client its settings.",
        cause);
  }

  /** Returns the servers and the names of the settings, not their values. */
  @Override
  public String toString() {
    return settings.isEmpty()
        ? bootstrapServers
        : bootstrapServers
            + settings.keySet().stream().sorted().collect(Collectors.joining(", ", " with ", ""));
  }
}
