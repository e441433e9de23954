package io.callstream.internal.kafka;

import io.callstream.internal.failures.SimilarNames;
import io.callstream.kafka.KafkaCluster;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.KafkaTopic.Isolation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.AbstractConfig;

/** Checks the settings of Kafka clients, and selects those of one client. */
public final class ClientSettings {
  private static final List<String> PLUGIN_PREFIXES =
      List.of(AbstractConfig.CONFIG_PROVIDERS_CONFIG + ".", "metrics.context.");

  /** Larger reads than Kafka's defaults, for the engines; see docs/operate.md#spark-settings. */
  public static final Map<String, String> CONSUMER_DEFAULTS =
      Map.of(
          ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "10000",
          ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Integer.toString(8 << 20),
          ConsumerConfig.FETCH_MAX_BYTES_CONFIG, Integer.toString(64 << 20),
          ConsumerConfig.RECEIVE_BUFFER_CONFIG, Integer.toString(1 << 20));

  /** What a consumer does at an offset whose record was deleted. */
  public enum DeletedRecords {
    /** It fails. */
    FAIL("none"),
    /** It continues at the first available record. */
    SKIP("earliest");

    private final String reset;

    DeletedRecords(String reset) {
      this.reset = reset;
    }
  }

  /** How much a consumer fetches at a time, unless the cluster's settings specify it. */
  public enum Fetches {
    /** As much as {@link #CONSUMER_DEFAULTS} specifies, for a reader of a whole topic. */
    LARGE,
    /** Kafka's defaults, for a reader that may need a few records only. */
    SMALL
  }

  private ClientSettings() {}

  /**
   * Checks that a Kafka client knows each setting. The clients would ignore the others.
   *
   * @throws IllegalArgumentException if no client has a setting with one of the names
   */
  public static void requireKnown(Set<String> names) {
    Set<String> known = new TreeSet<>(ProducerConfig.configNames());
    known.addAll(ConsumerConfig.configNames());
    known.addAll(AdminClientConfig.configNames());
    for (String name : new TreeSet<>(names)) {
      if (!known.contains(name) && !isPluginSetting(name)) {
        throw new IllegalArgumentException(
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

  /** Returns the cluster of a topic, with the topic's settings. */
  public static KafkaCluster clusterOf(KafkaTopic topic) {
    return KafkaCluster.at(topic.bootstrapServers()).with(topic.properties());
  }

  /**
   * Returns the settings for a client that knows {@code names}. A client that knows the isolation
   * level always gets one, because Kafka's default is to read uncommitted records.
   */
  public static Map<String, Object> of(KafkaCluster cluster, Set<String> names) {
    Map<String, Object> known = new HashMap<>();
    cluster
        .settings()
        .forEach(
            (name, value) -> {
              if (names.contains(name) || isPluginSetting(name)) {
                known.put(name, value);
              }
            });
    if (names.contains(Isolation.PROPERTY)) {
      known.put(Isolation.PROPERTY, cluster.isolation().value());
    }
    known.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, cluster.bootstrapServers());
    return known;
  }

  /** Returns the settings of a consumer that joins no group and commits nothing. */
  public static Map<String, Object> ofConsumer(
      KafkaCluster cluster, DeletedRecords deleted, Fetches fetches) {
    Map<String, Object> settings = of(cluster, ConsumerConfig.configNames());
    if (fetches == Fetches.LARGE) {
      CONSUMER_DEFAULTS.forEach(settings::putIfAbsent);
    }
    settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
    settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, deleted.reset);
    settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    return settings;
  }
}
