package io.callstream.call;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;

/*
 * Finds the end of a JSON string eight bytes at a time. In a little-endian word w, the sign bit of
 * a byte of (w ^ 0x2222…) - 0x0101… is set if the byte is a quote, because the xor yields 0 and
 * the subtraction borrows. The same applies to a backslash with 0x5c, and to control characters
 * with w - 0x2020…. Bytes whose sign bit is set in w itself are not ASCII and also end the search.
 * A borrow can set a false flag only in a byte above a true flag, and the code uses only the
 * lowest flag of a word.
 */
final class PlainStringScanner {
  private static final long ONES = 0x0101010101010101L;
  private static final long SIGNS = 0x8080808080808080L;
  private static final long QUOTES = ONES * '"';
  private static final long BACKSLASHES = ONES * '\\';
  private static final long SPACES = ONES * ' ';
  private static final byte[] TRUE = "true".getBytes(US_ASCII);
  private static final byte[] FALSE = "false".getBytes(US_ASCII);
  private static final byte[] NULL = "null".getBytes(US_ASCII);

  private PlainStringScanner() {}

  /**
   * Returns the index of the closing quote of the string that starts at {@code from}. Returns -1 if
   * there is none, or if the string contains an escape or anything but printable ASCII.
   */
  static int end(byte[] b, int from) {
    int i = from;
    for (; i + Long.BYTES <= b.length; i += Long.BYTES) {
      long word = Words.at(b, i);
      long flags =
          (word | ((word ^ QUOTES) - ONES) | ((word ^ BACKSLASHES) - ONES) | (word - SPACES))
              & SIGNS;
      if (flags != 0) {
        // Bytes below the lowest flag are plain, and the lowest flag is never false.
        int at = i + (Long.numberOfTrailingZeros(flags) >>> 3);
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
   * Returns the end, exclusive, of the {@code true}, {@code false}, {@code null} or number without
   * an exponent that starts at {@code from}, or -1. Does not check the bytes after it.
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
