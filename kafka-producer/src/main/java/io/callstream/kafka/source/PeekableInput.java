package io.callstream.kafka.source;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A buffered stream with look-ahead. It keeps the failure that ended it. */
final class PeekableInput extends InputStream {
  /** The maximum number of bytes ahead that can be examined. */
  static final int LOOK_AHEAD = 1 << 16;

  private final InputStream in;
  private final boolean isUnpacked;
  private final byte[] buffer = new byte[LOOK_AHEAD];
  private int start;
  private int end;
  private long position;
  private boolean ended;
  private @Nullable IOException failure;

  PeekableInput(InputStream in) {
    this(in, false);
  }

  private PeekableInput(InputStream in, boolean isUnpacked) {
    this.in = in;
    this.isUnpacked = isUnpacked;
  }

  /** Returns a stream of decompressed content. */
  static PeekableInput unpacked(InputStream in) {
    return new PeekableInput(in, true);
  }

  /** Returns the number of bytes that have been read. */
  long position() {
    return position;
  }

  /** Returns an offset as text for messages. */
  String place(long offset) {
    return "byte " + offset + (isUnpacked ? " of the unpacked content" : "");
  }

  /**
   * Returns the byte that is {@code index} bytes ahead. Returns -1 if the stream ends or fails
   * before it, or if it is further ahead than {@link #LOOK_AHEAD}. The read that reaches a failure
   * throws it.
   */
  int lookAt(int index) {
    return isAhead(index) ? buffer[start + index] & 0xff : -1;
  }

  /** Copies at least one of the bytes ahead, or returns -1 where {@link #lookAt(int)} does. */
  int lookAt(int index, byte[] b, int off, int len) {
    if (!isAhead(index)) {
      return -1;
    }
    int count = Math.min(len, end - start - index);
    System.arraycopy(buffer, start + index, b, off, count);
    return count;
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
    if (start == end && !fill()) {
      return -1;
    }
    position++;
    return buffer[start++] & 0xff;
  }

  @Override
  public int read(byte[] b, int off, int len) throws IOException {
    Objects.checkFromIndexSize(off, len, b.length);
    if (len == 0) {
      return 0;
    }
    if (start == end) {
      if (len >= buffer.length) {
        return readThrough(b, off, len);
      }
      if (!fill()) {
        return -1;
      }
    }
    int count = Math.min(len, end - start);
    System.arraycopy(buffer, start, b, off, count);
    start += count;
    position += count;
    return count;
  }

  /** Reads directly from the stream. The buffer is empty. */
  private int readThrough(byte[] b, int off, int len) throws IOException {
    int count = readOn(b, off, len);
    position += Math.max(0, count);
    return count;
  }

  /** Reads at least one more byte, or returns false at the end. */
  private boolean fill() throws IOException {
    if (start > 0) {
      System.arraycopy(buffer, start, buffer, 0, end - start);
      end -= start;
      start = 0;
    }
    int count = readOn(buffer, end, buffer.length - end);
    end += Math.max(0, count);
    return count >= 0;
  }

  private int readOn(byte[] b, int off, int len) throws IOException {
    if (failure != null) {
      throw failure;
    }
    if (ended) {
      return -1;
    }
    try {
      int count = in.read(b, off, len);
      ended = count < 0;
      return count;
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
