package io.callstream.kafka;

import io.callstream.internal.kafka.ClientSettings;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.KafkaTopic.Isolation;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;

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
  /**
   * @throws IllegalArgumentException if a bootstrap server is not {@code host:port}, if no Kafka
   *     client has a setting with one of the names, if Kafka does not know the value of the
   *     isolation level, or if the settings specify other bootstrap servers
   */
  public KafkaCluster {
    bootstrapServers = KafkaTopic.requireBrokers(bootstrapServers);
    settings = Map.copyOf(settings);
    ClientSettings.requireKnown(settings.keySet());
    Isolation ignored = Isolation.in(settings);
    String others =
        settings.getOrDefault(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    if (!others.equals(bootstrapServers)) {
      throw new IllegalArgumentException(
          "The bootstrap servers are "
              + bootstrapServers
              + ", but the Kafka settings say bootstrap.servers="
              + others
              + "; give them once");
    }
  }

  /** Returns the cluster with these bootstrap servers and with Kafka's default settings. */
  public static KafkaCluster at(String bootstrapServers) {
    return new KafkaCluster(bootstrapServers, Map.of());
  }

  /**
   * Returns this cluster with additional settings. A setting with the name of a present one
   * replaces it.
   *
   * @throws IllegalArgumentException under the conditions of the constructor
   */
  public KafkaCluster with(Map<String, String> settings) {
    Map<String, String> all = new HashMap<>(this.settings);
    all.putAll(settings);
    return new KafkaCluster(bootstrapServers, all);
  }

  /**
   * Returns which records of transactions are read in this cluster. Only records of committed
   * transactions are read unless the settings have another {@code isolation.level}.
   */
  public Isolation isolation() {
    return Isolation.in(settings);
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
