package io.callstream.kafka.source;

import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses all streams of bzip2 data, one after the other. Zero bytes after a stream are
 * padding. All content before a failure is returned first. A failure names the byte position in the
 * compressed data.
 */
final class Bzip2Input extends InputStream {
  private static final int[] MARK = {'B', 'Z', 'h'};

  private final PeekableInput packed;
  private @Nullable BZip2CompressorInputStream stream;
  private @Nullable IOException failure;
  private boolean ended;

  Bzip2Input(PeekableInput packed) {
    this.packed = packed;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] b, int off, int len) throws IOException {
    if (len == 0) {
      return 0;
    }
    while (!ended) {
      if (failure != null) {
        throw failure;
      }
      if (stream == null && !startStream()) {
        ended = true;
        break;
      }
      int count = unpack(b, off, len);
      if (count > 0) {
        return count;
      }
    }
    return -1;
  }

  /** Starts the next stream, or returns false if there is none. */
  private boolean startStream() throws IOException {
    if (packed.position() > 0) {
      while (packed.lookAt(0) == 0) {
        packed.read();
      }
      if (packed.lookAt(0) < 0) {
        return packed.read() >= 0; // Throws a failure of the input.
      }
      if (!packed.startsWith(MARK) && !packed.endsWithin(MARK)) {
        failure =
            new IOException(
                "the bzip2 data is followed by something else from byte "
                    + packed.position()
                    + " of the file on");
        throw failure;
      }
    }
    try {
      stream = new BZip2CompressorInputStream(packed, false);
    } catch (IOException | RuntimeException e) {
      failure = explained(e);
      throw failure;
    }
    return true;
  }

  /**
   * Returns the number of bytes that were decompressed; 0 if the stream has ended, or if the next
   * read fails.
   */
  private int unpack(byte[] b, int off, int len) {
    BZip2CompressorInputStream open = stream;
    if (open == null) {
      return 0;
    }
    long before = open.getBytesRead();
    try {
      int count = open.read(b, off, len);
      if (count < 0) {
        stream = null;
      }
      return Math.max(0, count);
    } catch (IOException | RuntimeException e) {
      // Damaged data can make the decompressor fail in any way, even after it has written content.
      failure = explained(e);
      return (int) (open.getBytesRead() - before);
    }
  }

  private IOException explained(Exception e) {
    // The end of the file is known only if the decompressor asks for more bytes.
    return packed.isAtEnd()
        ? new IOException(
            "the bzip2 data is truncated: the file ends after byte "
                + packed.position()
                + ", before the data does",
            e)
        : new IOException(
            "the bzip2 data is damaged before byte " + packed.position() + " of the file", e);
  }

  @Override
  public void close() throws IOException {
    packed.close();
  }
}
