package io.callstream.kafka.source;

import java.io.IOException;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;

/**
 * Reads UTF-8. It returns all characters before the first bytes that are not UTF-8, and then fails.
 */
final class Utf8Reader extends Reader {
  private final PeekableInput in;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
  private final CharBuffer chars = CharBuffer.allocate(1 << 13).flip();
  private final int limit;
  private long sinceStart;

  /** Creates a reader for a stream of records with at most {@code limit} characters each. */
  Utf8Reader(PeekableInput in, int limit) {
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
    try {
      while (true) {
        ByteBuffer bytes = ByteBuffer.wrap(in.bytes, in.start, in.end - in.start);
        boolean isError = decoder.decode(bytes, chars, false).isError();
        in.start = bytes.position();
        if (chars.position() > 0) {
          return true;
        }
        if (isError || (!in.fill() && in.start < in.end)) {
          throw new IOException("the text is not UTF-8");
        }
        if (in.start == in.end) {
          return false;
        }
      }
    } finally {
      chars.flip();
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
