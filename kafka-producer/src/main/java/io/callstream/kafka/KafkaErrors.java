package io.callstream.kafka;

import org.jspecify.annotations.Nullable;

/** Words for what Kafka throws. */
final class KafkaErrors {
  private KafkaErrors() {}

  /** Returns the innermost cause's name and message. */
  static String reason(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    @Nullable String message = cause.getMessage();
    return cause.getClass().getSimpleName()
        + (message == null || message.isBlank() ? "" : ": " + message);
  }
}
