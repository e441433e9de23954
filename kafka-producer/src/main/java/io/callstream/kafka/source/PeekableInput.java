package io.callstream.kafka.source;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A buffered stream whose next bytes can be looked at. Remembers the failure that ended it. */
final class PeekableInput extends InputStream {
  /** How many bytes can be looked at. */
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

  /** Returns the content of compressed data. */
  static PeekableInput unpacked(InputStream in) {
    return new PeekableInput(in, true);
  }

  /** Returns how many bytes have been read. */
  long position() {
    return position;
  }

  /** Returns an offset in words. */
  String place(long offset) {
    return "byte " + offset + (isUnpacked ? " of the unpacked content" : "");
  }

  /**
   * Returns the byte that is {@code index} bytes ahead; -1 if the stream ends or fails before it,
   * or it is further ahead than {@link #LOOK_AHEAD}. A failure is thrown by the read that meets it.
   */
  int lookAt(int index) {
    return isAhead(index) ? buffer[start + index] & 0xff : -1;
  }

  /** Copies bytes that are ahead, at least one; returns -1 where {@link #lookAt} does. */
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
        // It is kept, and thrown once the bytes before it are read.
        return false;
      }
    }
    return index < LOOK_AHEAD;
  }

  /** Returns whether the next bytes are these, of which a negative one stands for any. */
  boolean startsWith(int... bytes) {
    for (int i = 0; i < bytes.length; i++) {
      int b = lookAt(i);
      if (b < 0 || (bytes[i] >= 0 && b != bytes[i])) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether the stream ends after the first of these bytes, one or more, but not all. */
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

  /** Reads past the buffer, which is empty. */
  private int readThrough(byte[] b, int off, int len) throws IOException {
    int count = readOn(b, off, len);
    position += Math.max(0, count);
    return count;
  }

  /** Gets at least one more byte, or returns false at the end. */
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
