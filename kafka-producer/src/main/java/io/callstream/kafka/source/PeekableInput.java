package io.callstream.kafka.source;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A buffered stream with look-ahead. The bytes ahead are those from {@link #start} to {@link #end}
 * of {@link #bytes}. It keeps the failure that ended it.
 */
final class PeekableInput extends InputStream {
  /** The maximum number of bytes ahead that {@link #lookAt} examines. */
  static final int LOOK_AHEAD = 1 << 16;

  /** The number of bytes after {@link #end}: room to read whole words. */
  private static final int SLACK = Long.BYTES;

  private final InputStream in;
  private final boolean isUnpacked;
  private long discarded;
  private boolean ended;
  private @Nullable IOException failure;
  byte[] bytes = new byte[LOOK_AHEAD + SLACK];
  int start;
  int end;

  PeekableInput(InputStream in) {
    this(in, false);
  }

  private PeekableInput(InputStream in, boolean isUnpacked) {
    this.in = in;
    this.isUnpacked = isUnpacked;
  }

  static PeekableInput unpacked(InputStream in) {
    return new PeekableInput(in, true);
  }

  /** Returns the number of bytes that have been read. */
  long position() {
    return discarded + start;
  }

  /** Returns whether all bytes have been read, and a read or a look has shown it. */
  boolean isAtEnd() {
    return ended && start == end;
  }

  String place(long offset) {
    return "byte " + offset + (isUnpacked ? " of the unpacked content" : "");
  }

  /**
   * Returns the byte that is {@code index} bytes ahead. Returns -1 if the stream ends or fails
   * before it, or if it is further ahead than {@link #LOOK_AHEAD}. The read that reaches a failure
   * throws it.
   */
  int lookAt(int index) {
    return isAhead(index) ? bytes[start + index] & 0xff : -1;
  }

  private boolean isAhead(int index) {
    while (index < LOOK_AHEAD && end - start <= index) {
      try {
        if (!fill()) {
          return false;
        }
      } catch (IOException e) {
        // The failure is kept, and thrown after the bytes before it have been read.
        return false;
      }
    }
    return index < LOOK_AHEAD;
  }

  /** Returns whether the next bytes are these. A negative value matches any byte. */
  boolean startsWith(int... bytes) {
    for (int i = 0; i < bytes.length; i++) {
      int b = lookAt(i);
      if (b < 0 || (bytes[i] >= 0 && b != bytes[i])) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether the stream ends after at least one of these bytes, but before the last. */
  boolean endsWithin(int... bytes) {
    int i = 0;
    while (i < bytes.length && (bytes[i] < 0 ? lookAt(i) >= 0 : lookAt(i) == bytes[i])) {
      i++;
    }
    return i > 0 && i < bytes.length && lookAt(i) < 0;
  }

  @Override
  public int read() throws IOException {
    return start < end || fill() ? bytes[start++] & 0xff : -1;
  }

  @Override
  public int read(byte[] b, int off, int len) throws IOException {
    Objects.checkFromIndexSize(off, len, b.length);
    if (len > 0 && start == end && !fill()) {
      return -1;
    }
    int count = Math.min(len, end - start);
    System.arraycopy(bytes, start, b, off, count);
    start += count;
    return count;
  }

  /**
   * Adds at least one byte to the bytes ahead, or returns false at the end. This method moves
   * {@link #start} and {@link #end}.
   *
   * @throws RecordLimitException if there are as many bytes ahead as a record may have
   */
  boolean fill() throws IOException {
    int ahead = end - start;
    if (ahead >= CompactJson.MAX_BYTES) {
      throw new RecordLimitException();
    }
    if (failure != null) {
      throw failure;
    }
    if (ended) {
      return false;
    }
    if (start > 0) {
      System.arraycopy(bytes, start, bytes, 0, ahead);
      discarded += start;
      start = 0;
      end = ahead;
    }
    if (end + SLACK == bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * end + SLACK);
    }
    try {
      int count = in.read(bytes, end, bytes.length - SLACK - end);
      ended = count < 0;
      end += Math.max(0, count);
      return count >= 0;
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
