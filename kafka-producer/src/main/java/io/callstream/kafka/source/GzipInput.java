package io.callstream.kafka.source;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses all members of gzip data (RFC 1952), one after the other. Zero bytes after a member
 * are padding. The checksum and the length of every member are checked. All content before a
 * failure is returned first. A failure names the byte position in the compressed data.
 */
final class GzipInput extends InputStream {
  private static final int METHOD_DEFLATE = 8;
  private static final int HEADER_CHECKSUM = 1 << 1;
  private static final int EXTRA = 1 << 2;
  private static final int NAME = 1 << 3;
  private static final int COMMENT = 1 << 4;
  private static final int RESERVED = 0xe0;

  private final PeekableInput packed;
  private final Inflater inflater = new Inflater(true);
  private final CRC32 checksum = new CRC32();
  private boolean inMember;

  GzipInput(PeekableInput packed) {
    this.packed = packed;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] b, int off, int len) throws IOException {
    while (len > 0 && (inMember || startMember())) {
      int count = inflate(b, off, len);
      if (count > 0) {
        checksum.update(b, off, count);
        return count;
      }
      if (inflater.finished()) {
        endMember();
      } else if (packed.fill()) {
        setInput();
      } else {
        throw truncated();
      }
    }
    return len == 0 ? 0 : -1;
  }

  private int inflate(byte[] b, int off, int len) throws IOException {
    try {
      return inflater.inflate(b, off, len);
    } catch (DataFormatException e) {
      throw damaged("it cannot be unpacked");
    } finally {
      packed.start = packed.end - inflater.getRemaining();
    }
  }

  private void setInput() {
    inflater.setInput(packed.bytes, packed.start, packed.end - packed.start);
  }

  /** Advances to the data of the next member, or returns false if there is none. */
  private boolean startMember() throws IOException {
    boolean first = packed.position() == 0;
    int b = packed.read();
    while (b == 0 && !first) {
      b = packed.read();
    }
    if (b < 0) {
      return false;
    }
    long at = packed.position() - 1;
    if (b != 0x1f || next() != 0x8b) {
      throw new IOException(
          "the gzip data is followed by something else from byte " + at + " of the file on");
    }
    if (next() != METHOD_DEFLATE) {
      throw damaged("its header names an unknown method");
    }
    int flags = next();
    if ((flags & RESERVED) != 0) {
      throw damaged("its header has unknown flags");
    }
    skip(6); // Time, compression level and operating system.
    if ((flags & EXTRA) != 0) {
      skip(next() | next() << 8);
    }
    if ((flags & NAME) != 0) {
      skipText();
    }
    if ((flags & COMMENT) != 0) {
      skipText();
    }
    if ((flags & HEADER_CHECKSUM) != 0) {
      skip(2);
    }
    inflater.reset();
    setInput();
    checksum.reset();
    inMember = true;
    return true;
  }

  private void endMember() throws IOException {
    inMember = false;
    if (nextInt() != (int) checksum.getValue()) {
      throw damaged("the content does not have the checksum that it should have");
    }
    if (nextInt() != (int) inflater.getBytesWritten()) {
      throw damaged("the content does not have the length that it should have");
    }
  }

  private void skip(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      next();
    }
  }

  private void skipText() throws IOException {
    while (next() != 0) {
      // Skip to the zero byte that ends the name or the comment.
    }
  }

  private int nextInt() throws IOException {
    return next() | next() << 8 | next() << 16 | next() << 24;
  }

  private int next() throws IOException {
    int b = packed.read();
    if (b < 0) {
      throw truncated();
    }
    return b;
  }

  private IOException truncated() {
    return new IOException(
        "the gzip data is truncated: the file ends after byte "
            + packed.position()
            + ", before the data does");
  }

  private IOException damaged(String how) {
    return new IOException(
        "the gzip data is damaged before byte " + packed.position() + " of the file: " + how);
  }

  @Override
  public void close() throws IOException {
    inflater.end();
    packed.close();
  }
}
