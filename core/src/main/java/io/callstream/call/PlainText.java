package io.callstream.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

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
}
