package io.callstream.kafka.source;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/**
 * Reads UTF-8. It returns all characters before the first bytes that are not UTF-8, and then fails.
 */
final class Utf8Reader extends Reader {
  private final InputStream in;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
  private final ByteBuffer bytes = ByteBuffer.allocate(1 << 13).flip();
  private final CharBuffer chars = CharBuffer.allocate(1 << 13).flip();
  private final int limit;
  private long sinceStart;
  private boolean ended;

  /** Creates a reader for a stream of records with at most {@code limit} characters each. */
  Utf8Reader(InputStream in, int limit) {
    this.in = in;
    this.limit = limit;
  }

  /** Starts to count the characters of a record. */
  void startRecord() {
    sinceStart = 0;
  }

  @Override
  public int read(char[] target, int offset, int length) throws IOException {
    if (!chars.hasRemaining() && !decode()) {
      return -1;
    }
    if (sinceStart > limit) {
      throw new RecordLimitException(
          "one row has more than the " + limit + " characters that a row may have");
    }
    int count = Math.min(length, chars.remaining());
    sinceStart += count;
    chars.get(target, offset, count);
    return count;
  }

  private boolean decode() throws IOException {
    chars.clear();
    while (true) {
      CoderResult result = decoder.decode(bytes, chars, ended);
      if (chars.position() > 0) {
        chars.flip();
        return true;
      }
      if (result.isError()) {
        chars.flip();
        throw new IOException("the text is not UTF-8");
      }
      if (ended) {
        chars.flip();
        return false;
      }
      bytes.compact();
      int count;
      try {
        count = in.read(bytes.array(), bytes.position(), bytes.remaining());
        if (count > 0) {
          bytes.position(bytes.position() + count);
        }
      } finally {
        bytes.flip();
        chars.limit(0);
      }
      chars.clear();
      ended = count < 0;
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
