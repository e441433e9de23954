package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.failures.SimilarNames;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.KafkaTopic.Isolation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.AbstractConfig;

/**
 * The address of a Kafka cluster and the settings for its clients. The settings are those of Kafka:
 * {@link org.apache.kafka.clients.producer.ProducerConfig}, {@link
 * org.apache.kafka.clients.consumer.ConsumerConfig}, {@link
 * org.apache.kafka.clients.admin.AdminClientConfig}.
 *
 * @param bootstrapServers {@code host:port} of one or more brokers, separated by commas
 * @param settings further settings of Kafka clients, such as TLS and SASL. Producers, consumers and
 *     admin clients share the map, and each uses the settings that it knows. The values may be
 *     secrets; {@link #toString} does not show them
 */
public record KafkaCluster(String bootstrapServers, Map<String, String> settings) {
  private static final List<String> PLUGIN_PREFIXES =
      List.of(AbstractConfig.CONFIG_PROVIDERS_CONFIG + ".", "metrics.context.");

  /**
   * @throws IllegalArgumentException if a bootstrap server is not {@code host:port}, or if Kafka
   *     does not know the value of the isolation level
   * @throws CallstreamException with {@link ErrorCode#INVALID_ARGUMENT} if no Kafka client has a
   *     setting with one of the names, or if the settings specify other bootstrap servers
   */
  public KafkaCluster {
    bootstrapServers = KafkaTopic.requireBrokers(bootstrapServers);
    settings = Map.copyOf(settings);
    requireKnown(settings.keySet());
    Isolation ignored = Isolation.in(settings);
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

  private static void requireKnown(Set<String> names) {
    Set<String> known = new TreeSet<>(ProducerConfig.configNames());
    known.addAll(ConsumerConfig.configNames());
    known.addAll(AdminClientConfig.configNames());
    for (String name : new TreeSet<>(names)) {
      if (!known.contains(name) && !isPluginSetting(name)) {
        throw new CallstreamException(
            ErrorCode.INVALID_ARGUMENT,
            "No Kafka client has a setting named "
                + name
                + SimilarNames.nearest(name, known)
                    .map(near -> "; did you mean " + near + "? Correct the name")
                    .orElse("; correct the name")
                + ", or leave it out");
      }
    }
  }

  /**
   * Returns whether Kafka's clients pass a setting to a plug-in. Kafka does not know the names of
   * such settings.
   */
  private static boolean isPluginSetting(String name) {
    return PLUGIN_PREFIXES.stream().anyMatch(name::startsWith);
  }

  /** Returns the cluster with these bootstrap servers and with Kafka's default settings. */
  public static KafkaCluster at(String bootstrapServers) {
    return new KafkaCluster(bootstrapServers, Map.of());
  }

  /** Returns the same cluster with these settings in place of the present ones. */
  public KafkaCluster with(Map<String, String> settings) {
    return new KafkaCluster(bootstrapServers, settings);
  }

  /**
   * Returns which records of transactions are read in this cluster. Only records of committed
   * transactions are read unless the settings have another {@code isolation.level}.
   */
  public Isolation isolation() {
    return Isolation.in(settings);
  }

  /**
   * Returns the settings for a client that knows {@code names}. A client that knows the isolation
   * level always gets one, because Kafka's default is to read uncommitted records.
   */
  Map<String, Object> settingsFor(Set<String> names) {
    Map<String, Object> known = new HashMap<>();
    settings.forEach(
        (name, value) -> {
          if (names.contains(name) || isPluginSetting(name)) {
            known.put(name, value);
          }
        });
    if (names.contains(Isolation.PROPERTY)) {
      known.put(Isolation.PROPERTY, isolation().value());
    }
    known.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    return known;
  }

  CallstreamException unavailable(Throwable cause) {
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        "No Kafka broker answered at "
            + bootstrapServers
            + ". Start one ('callstream broker' does, for trying things out), or correct the address. "
            + spoken(),
        cause);
  }

  /**
   * Returns the error for a client that could not be created or that the broker rejected. The
   * message contains no values of settings.
   */
  CallstreamException refused(Throwable cause) {
    Refusal refusal = Refusal.of(cause);
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        "Cannot talk to Kafka at " + bootstrapServers + ": " + refusal.message() + ".",
        refusal.cause());
  }

  private String spoken() {
    String protocol =
        settings.getOrDefault(
            CommonClientConfigs.SECURITY_PROTOCOL_CONFIG,
            CommonClientConfigs.DEFAULT_SECURITY_PROTOCOL);
    return "This client speaks "
        + protocol
        + " (security.protocol): a broker that wants TLS or SASL, or does not want it, gives no"
        + " answer either.";
  }

  /** Returns the servers and the names of the settings, without the values. */
  @Override
  public String toString() {
    return settings.isEmpty()
        ? bootstrapServers
        : bootstrapServers
            + settings.keySet().stream().sorted().collect(Collectors.joining(", ", " with ", ""));
  }
}
