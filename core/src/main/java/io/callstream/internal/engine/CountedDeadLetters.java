package io.callstream.internal.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.sink.DeadLetterCounts;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import java.util.Iterator;

/** Compares the number of dead letters with the accounting when the last one was read. */
final class CountedDeadLetters implements Iterator<DeadLetter> {
  private final BatchResults batch;
  private final Iterator<DeadLetter> letters;
  private final DeadLetterCounts counts = new DeadLetterCounts();

  CountedDeadLetters(BatchResults batch, Iterator<DeadLetter> letters) {
    this.batch = batch;
    this.letters = letters;
  }

  @Override
  public boolean hasNext() {
    if (letters.hasNext()) {
      return true;
    }
    DeadLetterCounts expected = DeadLetterCounts.of(batch.accounting());
    if (!counts.equals(expected)) {
      throw new CallstreamException(
          ErrorCode.ENGINE_FAILED,
          ("The dead letters of batch %s are %s, but its accounting has %s. Start again with the"
                  + " same checkpoint: the batch is repeated, and nothing is lost.")
              .formatted(batch.number(), counts, expected));
    }
    return false;
  }

  @Override
  public DeadLetter next() {
    DeadLetter letter = letters.next();
    counts.add(letter);
    return letter;
  }
}
