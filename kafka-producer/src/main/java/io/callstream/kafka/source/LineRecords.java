package io.callstream.kafka.source;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The lines of a text. */
final class LineRecords extends ReadRecords {
  private final PeekableInput in;
  private byte[] buffer = new byte[1 << 16];
  private int start;
  private int end;

  LineRecords(String source, PeekableInput in) {
    super(source, in);
    this.in = in;
  }

  @Override
  byte @Nullable [] read() throws IOException {
    int i = start;
    while (true) {
      for (; i < end; i++) {
        if (buffer[i] == '\n') {
          byte[] line = line(i);
          start = i + 1;
          return line;
        }
      }
      i -= start;
      if (!fill()) {
        if (start == end) {
          return null;
        }
        byte[] line = line(end);
        start = end;
        return line;
      }
      i += start;
    }
  }

  private byte[] line(int lineEnd) {
    boolean carriageReturn = lineEnd < end && lineEnd > start && buffer[lineEnd - 1] == '\r';
    return Arrays.copyOfRange(buffer, start, carriageReturn ? lineEnd - 1 : lineEnd);
  }

  private boolean fill() throws IOException {
    if (start > 0) {
      System.arraycopy(buffer, start, buffer, 0, end - start);
      end -= start;
      start = 0;
    }
    if (end == buffer.length) {
      if (end > CompactJson.MAX_BYTES) {
        throw new RecordLimitException();
      }
      buffer = Arrays.copyOf(buffer, 2 * end);
    }
    int count = in.read(buffer, end, buffer.length - end);
    end += Math.max(0, count);
    return count > 0;
  }

  @Override
  String place() {
    return in.place(in.position());
  }
}
