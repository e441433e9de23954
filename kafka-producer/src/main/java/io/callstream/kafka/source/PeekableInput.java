package io.callstream.kafka.source;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.apache.commons.compress.compressors.CompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A buffered stream whose next bytes can be looked at, and that loses none of the bytes before a
 * failure: decompressors throw in the middle of a read that has already delivered some.
 */
final class PeekableInput extends InputStream {
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private int start;
  private int end;
  private long position;
  private boolean ended;
  private @Nullable IOException failure;

  PeekableInput(InputStream in) {
    this.in = in;
  }

  /** Returns how many bytes have been read. */
  long position() {
    return position;
  }

  /** Says where a byte stands. */
  String place(long offset) {
    return "byte " + offset + (in instanceof CompressorInputStream ? " of what it unpacks to" : "");
  }

  /** Returns the byte that is {@code index} bytes ahead, or -1 if the stream ends before. */
  int peek(int index) throws IOException {
    Objects.checkIndex(index, buffer.length);
    while (end - start <= index) {
      if (!fill()) {
        return -1;
      }
    }
    return buffer[start + index] & 0xff;
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
    long before = unpackedBytes();
    try {
      int count = in.read(b, off, len);
      ended = count < 0;
      return count;
    } catch (IOException | RuntimeException e) {
      // A broken packed stream can make a decompressor fail in any way.
      IOException cause = e instanceof IOException io ? io : new IOException(e);
      failure = cause;
      int count = (int) (unpackedBytes() - before);
      if (count > 0) {
        return count;
      }
      throw cause;
    }
  }

  private long unpackedBytes() {
    return in instanceof CompressorInputStream unpacking ? unpacking.getBytesRead() : 0;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
