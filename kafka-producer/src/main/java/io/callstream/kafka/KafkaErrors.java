package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.internal.runtime.Surroundings;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Words for what Kafka throws. */
final class KafkaErrors {
  private KafkaErrors() {}

  /** Returns the cause and cure in the surroundings, or the innermost cause's name and message. */
  static String reason(Throwable failure) {
    Optional<CallstreamException> surroundings = Surroundings.failure(failure);
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
