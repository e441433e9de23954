package io.callstream.kafka.source;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The lines of a text as records. */
final class LineRecords extends ReadRecords {
  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long SIGNS = 0x8080808080808080L;

  private final PeekableInput in;

  LineRecords(String source, PeekableInput in) {
    super(source, in);
    this.in = in;
  }

  @Override
  byte @Nullable [] read() throws IOException {
    int length = 0;
    while (true) {
      int end = endOfLine(in.start + length);
      if (end < in.end) {
        byte[] line = line(end);
        in.start = end + 1;
        return line;
      }
      length = in.end - in.start;
      if (!in.fill()) {
        if (length == 0) {
          return null;
        }
        byte[] line = line(in.end);
        in.start = in.end;
        return line;
      }
    }
  }

  /**
   * Returns the position of the next line feed, or a position at or after the window's end. It
   * examines eight bytes at a time. XOR turns a line feed into zero, and the subtraction then
   * borrows and sets its sign bit. Bytes whose sign bit was already set are excluded. A borrow can
   * set a wrong sign bit only above the lowest line feed, so the lowest sign bit is always correct.
   */
  private int endOfLine(int from) {
    byte[] b = in.bytes;
    for (int i = from; i < in.end; i += Long.BYTES) {
      long word = (long) WORDS.get(b, i) ^ (ONES * '\n');
      long feeds = (word - ONES) & ~word & SIGNS;
      if (feeds != 0) {
        return i + (Long.numberOfTrailingZeros(feeds) >>> 3);
      }
    }
    return in.end;
  }

  private byte[] line(int lineEnd) {
    byte[] b = in.bytes;
    boolean carriageReturn = lineEnd < in.end && lineEnd > in.start && b[lineEnd - 1] == '\r';
    return Arrays.copyOfRange(b, in.start, carriageReturn ? lineEnd - 1 : lineEnd);
  }

  @Override
  String place() {
    return in.place(in.position());
  }
}
