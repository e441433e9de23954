package io.callstream.sink;

import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Rejected;

/** The kinds of dead letters, each of which has a published file. */
enum DeadLetterKind {
  REJECTED("rejected.ndjson"),
  LATE("late.ndjson");

  final String file;

  DeadLetterKind(String file) {
    this.file = file;
  }

  static DeadLetterKind of(DeadLetter letter) {
    return letter instanceof Rejected ? REJECTED : LATE;
  }
}
