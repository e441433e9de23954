package io.callstream.kafka.source;

import java.io.IOException;

/** Thrown if a record exceeds a limit that bounds memory. */
final class RecordLimitException extends IOException {
  private static final long serialVersionUID = 1L;

  static final String MESSAGE =
      "one record has more than the "
          + (CompactJson.MAX_BYTES >> 20)
          + " MiB that a record may have, or nests deeper than "
          + CompactJson.MAX_DEPTH;

  RecordLimitException() {
    this(MESSAGE);
  }

  RecordLimitException(String message) {
    super(message);
  }
}
