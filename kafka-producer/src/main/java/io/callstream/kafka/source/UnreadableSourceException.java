package io.callstream.kafka.source;

import java.io.IOException;

/**
 * Thrown if the content of a source is not supported. The message names the kind of content and the
 * fix.
 */
final class UnreadableSourceException extends IOException {
  private static final long serialVersionUID = 1L;

  UnreadableSourceException(String message) {
    super(message);
  }
}
