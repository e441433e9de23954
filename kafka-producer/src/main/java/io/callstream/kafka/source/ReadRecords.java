package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** Records that are read one ahead. A failure is kept, and thrown in place of the next record. */
abstract class ReadRecords implements CallRecords {
  private final String source;
  private final PeekableInput in;
  private long count;
  private byte @Nullable [] next;
  private boolean ended;
  private @Nullable CallstreamException failure;

  ReadRecords(String source, PeekableInput in) {
    this.source = source;
    this.in = in;
  }

  /** Reads a record, or returns null at the end. */
  abstract byte @Nullable [] read() throws IOException;

  /** Returns the current position in the source: a line or a byte. */
  abstract String place();

  /** Returns why the source could not be read, without content of the source. */
  String reason(IOException e) {
    String message = e.getMessage();
    return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
  }

  @Override
  public final boolean hasNext() {
    if (failure != null) {
      throw failure;
    }
    if (next == null && !ended) {
      try {
        next = read();
        ended = next == null;
      } catch (IOException e) {
        failure =
            e instanceof UnreadableSourceException
                ? refusal(source, e)
                : inputFailure(source, count, place() + ": " + reason(e), e);
        throw failure;
      }
    }
    return next != null;
  }

  @Override
  public final byte[] next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    byte[] value = next;
    next = null;
    count++;
    return value;
  }

  @Override
  public final void close() {
    ended = true;
    next = null;
    try {
      in.close();
    } catch (IOException e) {
      // Nothing was written, so no data is lost.
    }
  }

  /** Returns the exception for a source with unsupported content. */
  static CallstreamException refusal(String source, IOException e) {
    return new CallstreamException(
        ErrorCode.INPUT_FAILED,
        String.format("%s cannot be read as calls: %s", source, e.getMessage()),
        e);
  }

  static CallstreamException inputFailure(String source, long count, String what, Exception e) {
    return new CallstreamException(
        ErrorCode.INPUT_FAILED,
        count == 0
            ? String.format(
                "%s cannot be read at its first record, at %s. Check that the file is whole and is"
                    + " what its name says.",
                source, what)
            : String.format(
                "%s cannot be read after record %d, at %s. The records before that place were"
                    + " read. Check that the file is whole and is what its name says.",
                source, count, what),
        e);
  }
}
