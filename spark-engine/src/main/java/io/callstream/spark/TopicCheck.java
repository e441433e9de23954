package io.callstream.spark;

import static java.util.Objects.requireNonNull;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.failures.SimilarNames;
import io.callstream.internal.source.OpenTransactions;
import io.callstream.pipeline.KafkaTopic;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/**
 * Checks the topic before Spark does. Spark would wait for minutes and then give little
 * information.
 */
final class TopicCheck {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /**
   * Prefixes of settings that Kafka's clients pass to plug-ins. The clients do not know these
   * settings by name.
   */
  private static final List<String> PLUGIN_PREFIXES =
      List.of("config.providers.", "metrics.context.");

  private TopicCheck() {}

  /** Rejects properties that no Kafka client knows. The client itself would ignore them. */
  static void requireKnownProperties(KafkaTopic topic) {
    Set<String> known = new TreeSet<>(ConsumerConfig.configNames());
    known.addAll(AdminClientConfig.configNames());
    known.addAll(ProducerConfig.configNames());
    for (String name : new TreeSet<>(topic.properties().keySet())) {
      if (!known.contains(name) && PLUGIN_PREFIXES.stream().noneMatch(name::startsWith)) {
        throw new CallstreamException(
            ErrorCode.INVALID_ARGUMENT,
            "No Kafka client has a setting named "
                + name
                + SimilarNames.nearest(name, known)
                    .map(near -> "; did you mean " + near + "? Correct the name")
                    .orElse("; correct the name")
                + ", or leave it out.");
      }
    }
  }

  /** Returns the topic's id. A topic that is deleted and created again has a different id. */
  static String requireTopic(KafkaTopic topic) {
    requireKnownProperties(topic);
    try (Admin admin = admin(topic)) {
      return admin.describeTopics(List.of(topic.name())).allTopicNames().get().values().stream()
          .map(description -> description.topicId().toString())
          .findFirst()
          .orElseThrow();
    } catch (ExecutionException e) {
      throw failure(topic, e.getCause() == null ? e : e.getCause());
    } catch (KafkaException e) {
      throw failure(topic, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(topic, e);
    }
  }

  private static Admin admin(KafkaTopic topic) {
    Properties properties = new Properties();
    properties.putAll(topic.properties());
    properties.remove(KafkaTopic.Isolation.PROPERTY); // This setting is for consumers.
    properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, topic.bootstrapServers());
    properties.put(
        AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Long.toString(TIMEOUT.toMillis()));
    properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, "5000");
    return Admin.create(properties);
  }

  /** Reads the end offsets of partitions. Connects to the broker at the first call. */
  static final class Ends implements OpenTransactions.Look {
    private final KafkaTopic topic;
    private @Nullable Admin admin;

    Ends(KafkaTopic topic) {
      this.topic = topic;
    }

    @Override
    public Map<Integer, OpenTransactions.Ends> ends()
        throws ExecutionException, InterruptedException {
      Admin open = admin;
      if (open == null) {
        open = admin(topic);
        admin = open;
      }
      Map<TopicPartition, OffsetSpec> next = new HashMap<>();
      for (TopicDescription description :
          open.describeTopics(List.of(topic.name())).allTopicNames().get().values()) {
        description
            .partitions()
            .forEach(
                partition ->
                    next.put(
                        new TopicPartition(topic.name(), partition.partition()),
                        OffsetSpec.latest()));
      }
      // The order matters: records that arrive in between must not appear to be held back.
      var written = open.listOffsets(next).all().get();
      var stable =
          open.listOffsets(next, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all().get();
      Map<Integer, OpenTransactions.Ends> ends = new HashMap<>();
      stable.forEach(
          (id, end) ->
              ends.put(
                  id.partition(),
                  new OpenTransactions.Ends(
                      end.offset(), requireNonNull(written.get(id)).offset())));
      return ends;
    }

    @Override
    public void close() {
      if (admin != null) {
        admin.close(Duration.ZERO);
      }
    }
  }

  private static CallstreamException failure(KafkaTopic topic, Throwable e) {
    if (e instanceof UnknownTopicOrPartitionException) {
      return new CallstreamException(
          ErrorCode.TOPIC,
          "There is no topic '"
              + topic.name()
              + "' at "
              + topic.bootstrapServers()
              + ". Create it, or send calls to it with 'produce', which does.",
          e);
    }
    if (e instanceof TimeoutException) {
      return new CallstreamException(
          ErrorCode.BROKER_UNAVAILABLE,
          "No Kafka broker answered at "
              + topic.bootstrapServers()
              + " within "
              + TIMEOUT.toSeconds()
              + " s. Start one, or name the right one. This client speaks "
              + topic
                  .properties()
                  .getOrDefault(
                      CommonClientConfigs.SECURITY_PROTOCOL_CONFIG,
                      CommonClientConfigs.DEFAULT_SECURITY_PROTOCOL)
              + " (security.protocol): a broker that wants TLS or SASL, or does not want it, gives"
              + " no answer either.",
          e);
    }
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String reason = root.getMessage() == null ? root.toString() : root.getMessage();
    // Java parses the login configuration word by word, and quotes unexpected words in its message.
    boolean quotes = reason.contains("JAAS config");
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        "Cannot talk to Kafka at "
            + topic.bootstrapServers()
            + ": "
            + (quotes ? "sasl.jaas.config is missing or can't be read" : reason)
            + ". Check the address, and the settings of TLS (ssl.truststore.location,"
            + " ssl.keystore.location, and that the certificate is for this host) and of SASL"
            + " (sasl.mechanism, user name and password in sasl.jaas.config).",
        quotes ? new IllegalArgumentException("sasl.jaas.config is no login configuration") : e);
  }
}
