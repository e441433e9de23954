package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.internal.failures.EnvironmentFailures;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Describes exceptions that Kafka throws. */
final class KafkaErrors {
  private KafkaErrors() {}

  /**
   * Returns the cause and the fix if the environment caused the failure, otherwise the class name
   * and the message of the innermost cause.
   */
  static String reason(Throwable failure) {
    Optional<CallstreamException> surroundings = EnvironmentFailures.failure(failure);
    if (surroundings.isPresent()) {
      return String.valueOf(surroundings.get().getMessage());
    }
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    @Nullable String message = cause.getMessage();
    return cause.getClass().getSimpleName()
        + (message == null || message.isBlank() ? "" : ": " + message);
  }
}
