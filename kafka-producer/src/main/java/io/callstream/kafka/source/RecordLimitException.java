package io.callstream.kafka.source;

import java.io.IOException;

/** A record has more bytes than the limit that keeps memory bounded. */
final class RecordLimitException extends IOException {
  private static final long serialVersionUID = 1L;

  static final String MESSAGE =
      "one record has more than the "
          + (CompactJson.MAX_BYTES >> 20)
          + " MiB that a record may have";

  RecordLimitException() {
    super(MESSAGE);
  }
}
