package io.callstream.internal.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.failures.EnvironmentFailures;
import io.callstream.kafka.KafkaCluster;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;
import org.jspecify.annotations.Nullable;

/** Converts exceptions of Kafka's clients to callstream's. */
public final class KafkaErrors {
  /** What to do if a pipeline did not read records before they were deleted. */
  public static final String AFTER_LOSS =
      "Keep records longer than the pipeline may be down. To continue without them, start with a"
          + " new checkpoint.";

  private KafkaErrors() {}

  /**
   * Returns the cause and the fix if the environment caused the failure or the broker rejected the
   * client, otherwise the class name and the message of the innermost cause.
   */
  public static String reason(Throwable failure) {
    Optional<CallstreamException> environment = EnvironmentFailures.failure(failure);
    if (environment.isPresent()) {
      return String.valueOf(environment.get().getMessage());
    }
    return isRejection(failure) ? rejectionMessage(failure) : innermost(failure);
  }

  private static String rejectionMessage(Throwable failure) {
    return "Kafka rejected this client: " + innermost(failure) + ". " + advice(chain(failure));
  }

  /** Returns whether the broker did not accept the login or the certificate of the client. */
  private static boolean isRejection(Throwable failure) {
    return chain(failure).stream().anyMatch(AuthenticationException.class::isInstance);
  }

  private static List<Throwable> chain(Throwable failure) {
    return Stream.<@Nullable Throwable>iterate(failure, Objects::nonNull, Throwable::getCause)
        .map(Objects::requireNonNull)
        .toList();
  }

  private static String innermost(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    @Nullable String message = cause.getMessage();
    return cause.getClass().getSimpleName()
        + (message == null || message.isBlank() ? "" : ": " + message);
  }

  /** Returns the failure for a cluster in which no broker answered. */
  public static CallstreamException unavailable(KafkaCluster cluster, Throwable cause) {
    String protocol =
        cluster
            .settings()
            .getOrDefault(
                CommonClientConfigs.SECURITY_PROTOCOL_CONFIG,
                CommonClientConfigs.DEFAULT_SECURITY_PROTOCOL);
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        "No Kafka broker answered at "
            + cluster.bootstrapServers()
            + ". Start one ('callstream broker' does, for trying things out), or correct the address. "
            + "This client speaks "
            + protocol
            + " (security.protocol): a broker that requires TLS or SASL, or does not use it, gives no"
            + " answer either.",
        cause);
  }

  /**
   * Returns the failure for a client that could not be created or that the broker rejected. The
   * message contains no values of settings, which may be secret.
   */
  public static CallstreamException refused(KafkaCluster cluster, Throwable failure) {
    List<Throwable> chain = chain(failure);
    // Java parses the login configuration word by word, and its message quotes an unexpected word.
    boolean quotes = says(chain, "JAAS config");
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        "Cannot talk to Kafka at "
            + cluster.bootstrapServers()
            + ": "
            + (quotes
                ? "sasl.jaas.config is missing or can't be read. Write it as"
                    + " org.apache.kafka.common.security.scram.ScramLoginModule required"
                    + " username=\"...\" password=\"...\"; with the quotes and the semicolon"
                : isRejection(failure) ? reason(failure) : reason(failure) + ". " + advice(chain))
            + ".",
        quotes
            ? new IllegalArgumentException("sasl.jaas.config is no login configuration")
            : failure);
  }

  private static String advice(List<Throwable> chain) {
    if (chain.stream().anyMatch(UnsupportedSaslMechanismException.class::isInstance)) {
      return "Set sasl.mechanism to one that the broker has";
    }
    if (chain.stream().anyMatch(SaslAuthenticationException.class::isInstance)) {
      return "Check user name and password in sasl.jaas.config, and sasl.mechanism";
    }
    if (says(chain, "PKIX")) {
      return "This client does not trust the certificate of the broker: check"
          + " ssl.truststore.location";
    }
    if (says(chain, "No subject alternative") || says(chain, "No name matching")) {
      return "The broker's certificate is for another host: connect to the name that it is for";
    }
    if (says(chain, "fatal alert")) {
      return "The broker rejected the certificate of this client, or requires one: check"
          + " ssl.keystore.location";
    }
    if (chain.stream().anyMatch(KafkaErrors::isUnknownHost)) {
      return "No host of that name is known here: correct the address";
    }
    return "Check the address, and the settings of TLS (ssl...) and SASL (sasl...)";
  }

  /** Returns whether a host name of the brokers is unknown, which Kafka reports as a setting. */
  public static boolean isUnknownHost(Throwable failure) {
    return String.valueOf(failure.getMessage()).contains("No resolvable bootstrap urls");
  }

  private static boolean says(List<Throwable> chain, String words) {
    return chain.stream().anyMatch(e -> String.valueOf(e.getMessage()).contains(words));
  }

  /**
   * Returns the failure for records that were deleted before they were read.
   *
   * @param how becomes a part of the message
   * @param next the sentences about what to do
   */
  public static CallstreamException lost(String how, String next, Throwable cause) {
    return new CallstreamException(
        ErrorCode.SOURCE_FAILED,
        "Records that were not read yet are gone from the topic, most likely because retention"
            + " deleted them: "
            + how
            + ". "
            + next,
        cause);
  }

  /**
   * Returns the failure for a broker that stopped answering.
   *
   * @param how becomes a part of the message
   * @param next the sentence about what to do when the broker runs again
   */
  public static CallstreamException stoppedAnswering(String how, String next, Throwable cause) {
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE,
        "The Kafka broker stopped answering: " + how + ". Start it again. " + next,
        cause);
  }

  /**
   * Returns the failure for a client that the broker rejects during a run, for example because its
   * user was removed.
   *
   * @param next the sentence about what to do when the cause is corrected
   */
  public static CallstreamException rejected(String next, Throwable failure) {
    return new CallstreamException(
        ErrorCode.BROKER_UNAVAILABLE, rejectionMessage(failure) + ". " + next, failure);
  }

  /**
   * Returns the failure for a topic that cannot be read further.
   *
   * @param next the sentence about what to do when the cause is corrected
   */
  public static CallstreamException reading(
      String topic, KafkaCluster cluster, String next, KafkaException e) {
    if (isRejection(e)) {
      return rejected(next, e);
    }
    return e instanceof TimeoutException
        ? stoppedAnswering(String.valueOf(e.getMessage()), next, e)
        : new CallstreamException(
            ErrorCode.SOURCE_FAILED,
            String.format(
                "Topic %s at %s cannot be read further: %s. Correct the cause. %s",
                topic, cluster.bootstrapServers(), reason(e), next),
            e);
  }
}
