package io.callstream.kafka.source;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The content of bzip2 data: of all streams in it, one after the other. Zero bytes at the end are
 * padding. All content before a failure is returned first, and a failure names the byte of the
 * compressed data.
 */
final class Bzip2Input extends InputStream {
  /** How many bytes are read before a stream's start is seen not to be one. */
  private static final int STREAM_START = 3;

  private final PeekableInput packed;
  private final Counted counted;
  private @Nullable BZip2CompressorInputStream unpacked;
  private @Nullable IOException failure;
  private boolean ended;

  Bzip2Input(PeekableInput packed) {
    this.packed = packed;
    this.counted = new Counted(packed);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] b, int off, int len) throws IOException {
    if (failure != null) {
      throw failure;
    }
    if (ended) {
      return -1;
    }
    long before = unpacked == null ? 0 : unpacked.getBytesRead();
    try {
      if (unpacked == null) {
        unpacked = new BZip2CompressorInputStream(counted, true);
      }
      return unpacked.read(b, off, len);
    } catch (IOException | RuntimeException e) {
      // Damaged data can make the decompressor fail in any way, and after it has written content.
      if (isPadding(e)) {
        ended = true;
      } else {
        failure = explained(e);
      }
      int count = unpacked == null ? 0 : (int) (unpacked.getBytesRead() - before);
      if (count > 0) {
        return count;
      }
      if (failure != null) {
        throw failure;
      }
      return -1;
    }
  }

  private boolean isPadding(Exception e) {
    if (!isFollowed(e) || counted.zeros < STREAM_START) {
      return false;
    }
    int b = 0;
    while (b == 0) {
      try {
        b = packed.read();
      } catch (IOException another) {
        return false;
      }
    }
    return b < 0;
  }

  private IOException explained(Exception e) {
    long position = packed.position();
    if (isFollowed(e)) {
      return new IOException(
          "the bzip2 data is followed by something else before byte " + position + " of the file",
          e);
    }
    // What the decompressor asked for and did not get it asks for in vain.
    return counted.ended
        ? new IOException(
            "the bzip2 data is truncated: the file ends after byte "
                + position
                + ", before the data does",
            e)
        : new IOException("the bzip2 data is damaged before byte " + position + " of the file", e);
  }

  private static boolean isFollowed(Exception e) {
    return String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).startsWith("garbage after");
  }

  @Override
  public void close() throws IOException {
    packed.close();
  }

  /** Knows how many zero bytes were read last, and whether the end was met. */
  private static final class Counted extends FilterInputStream {
    private int zeros;
    private boolean ended;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = in.read();
      zeros = b == 0 ? zeros + 1 : 0;
      ended |= b < 0;
      return b;
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      int count = in.read(b, off, len);
      for (int i = 0; i < count; i++) {
        zeros = b[off + i] == 0 ? zeros + 1 : 0;
      }
      ended |= count < 0;
      return count;
    }
  }
}
