package io.callstream.kafka.source;

import java.io.IOException;
import java.util.Arrays;

/**
 * A window on the part of a stream that is examined: the bytes from {@link #start} to {@link #end}
 * of an array. At least eight meaningless bytes follow {@link #end}, so that whole words can be
 * read.
 */
final class ByteWindow {
  private static final int SLACK = Long.BYTES;

  private final PeekableInput in;
  private final int limit;
  byte[] bytes;
  int start;
  int end;

  /**
   * Opens a window on a stream.
   *
   * @param size the initial size in bytes
   * @param limit the maximum size in bytes
   */
  ByteWindow(PeekableInput in, int size, int limit) {
    this.in = in;
    this.limit = limit;
    bytes = new byte[size + SLACK];
  }

  /** Returns the position of {@link #start} in the stream. */
  long position() {
    return in.position() - (end - start);
  }

  /** Returns whether there is no room for another byte. */
  boolean isFull() {
    return start == 0 && end >= limit;
  }

  /**
   * Reads at least one more byte and returns true, or returns false at the end of the stream. This
   * method discards the bytes before {@link #start} and moves {@code start}.
   *
   * @throws RecordLimitException if the window is full
   */
  boolean fill() throws IOException {
    if (isFull()) {
      throw new RecordLimitException();
    }
    if (start > 0) {
      System.arraycopy(bytes, start, bytes, 0, end - start);
      end -= start;
      start = 0;
    }
    if (end + SLACK == bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * end + SLACK);
    }
    int count = in.read(bytes, end, bytes.length - SLACK - end);
    end += Math.max(0, count);
    return count > 0;
  }

  /** Returns the byte at {@link #start}, or -1 at the end of the stream. */
  int peek() throws IOException {
    return start < end || fill() ? bytes[start] & 0xff : -1;
  }
}
