package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.KafkaTopic;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Looks for the topic before Spark does, which waits for minutes and then says little. */
final class TopicCheck {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private TopicCheck() {}

  /** Returns the topic's id, which a topic that is deleted and created again does not keep. */
  static String requireTopic(KafkaTopic topic) {
    Properties properties = new Properties();
    properties.putAll(topic.properties());
    properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, topic.bootstrapServers());
    properties.put(
        AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Long.toString(TIMEOUT.toMillis()));
    properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, "5000");
    try (Admin admin = Admin.create(properties)) {
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
    if (e instanceof AuthenticationException || e instanceof AuthorizationException) {
      return new CallstreamException(
          ErrorCode.BROKER_UNAVAILABLE,
          "The brokers at "
              + topic.bootstrapServers()
              + " refuse this client: "
              + e.getMessage()
              + ". Check the TLS and SASL settings.",
          e);
    }
    String why =
        e instanceof TimeoutException
            ? "within " + TIMEOUT.toSeconds() + " s"
            : "(" + root(e) + ")";
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        "No Kafka broker answered at "
            + topic.bootstrapServers()
            + " "
            + why
            + ". Start one, or name the right one.",
        e);
  }

  private static String root(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.toString() : root.getMessage();
  }
}
