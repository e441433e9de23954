package io.callstream.call;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/*
 * Looks for the end of a JSON string eight bytes at a time. In a little-endian word w, the sign bit
 * of a byte of (w ^ 0x2222…) - 0x0101… is set where the byte is a quote (which became 0 and borrows),
 * likewise with 0x5c for a backslash and with w - 0x2020… for a control character; bytes that have
 * their own sign bit set are not ASCII and stop the walk too. A borrow can only raise a false alarm
 * in a byte above a true one, and the alarms of a word are looked at one byte at a time.
 */
final class PlainText {
  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long SIGNS = 0x8080808080808080L;
  private static final long QUOTES = ONES * '"';
  private static final long BACKSLASHES = ONES * '\\';
  private static final long SPACES = ONES * ' ';
  private static final byte[] TRUE = "true".getBytes(US_ASCII);
  private static final byte[] FALSE = "false".getBytes(US_ASCII);
  private static final byte[] NULL = "null".getBytes(US_ASCII);

  private PlainText() {}

  /**
   * Returns where the string that starts at {@code from} has its closing quote, or -1 if it has
   * none or contains anything but printable ASCII without escapes.
   */
  static int end(byte[] b, int from) {
    int i = from;
    for (; i + Long.BYTES <= b.length; i += Long.BYTES) {
      long word = (long) WORDS.get(b, i);
      long alarms =
          (word | ((word ^ QUOTES) - ONES) | ((word ^ BACKSLASHES) - ONES) | (word - SPACES))
              & SIGNS;
      if (alarms != 0) {
        // Below the lowest alarm nothing is special, and the lowest one is never false.
        int at = i + (Long.numberOfTrailingZeros(alarms) >>> 3);
        return b[at] == '"' ? at : -1;
      }
    }
    for (; i < b.length; i++) {
      if (b[i] == '"') {
        return i;
      }
      if (b[i] < ' ' || b[i] == '\\') {
        return -1;
      }
    }
    return -1;
  }

  /**
   * Returns where the number without an exponent, {@code true}, {@code false} or {@code null} that
   * starts at {@code from} ends, or -1 if none does. What may stand behind it is not looked at.
   */
  static int scalarEnd(byte[] b, int from) {
    return switch (b[from]) {
      case 't' -> wordEnd(TRUE, b, from);
      case 'f' -> wordEnd(FALSE, b, from);
      case 'n' -> wordEnd(NULL, b, from);
      default -> numberEnd(b, from);
    };
  }

  private static int numberEnd(byte[] b, int from) {
    int first = b[from] == '-' ? from + 1 : from;
    int end = digitsEnd(b, first);
    if (end == first || (b[first] == '0' && end > first + 1)) {
      return -1;
    }
    if (end == b.length || b[end] != '.') {
      return end;
    }
    int fraction = end + 1;
    end = digitsEnd(b, fraction);
    return end == fraction ? -1 : end;
  }

  private static int wordEnd(byte[] word, byte[] b, int from) {
    int end = from + word.length;
    return end <= b.length && Arrays.equals(b, from, end, word, 0, word.length) ? end : -1;
  }

  private static int digitsEnd(byte[] b, int from) {
    int i = from;
    while (i < b.length && b[i] >= '0' && b[i] <= '9') {
      i++;
    }
    return i;
  }
}
