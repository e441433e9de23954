package io.callstream.kafka.source;

import java.io.IOException;

/** The content of a source is of a kind that is not read. The message says which, and the cure. */
final class UnreadableSourceException extends IOException {
  private static final long serialVersionUID = 1L;

  UnreadableSourceException(String message) {
    super(message);
  }
}
