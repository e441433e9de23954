package io.callstream.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Reads and compares bytes eight at a time. The first byte is the lowest of a word. */
final class Words {
  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Words() {}

  /** Returns the eight bytes from an index on. */
  static long at(byte[] b, int i) {
    return (long) WORDS.get(b, i);
  }

  /** Returns the 1 to 7 bytes from an index to an end, and zeros after them. */
  static long upTo(byte[] b, int i, int end) {
    if (i + Long.BYTES <= b.length) {
      return at(b, i) & (-1L >>> (Long.SIZE - (end - i) * Byte.SIZE));
    }
    long word = 0;
    for (int last = end - 1; last >= i; last--) {
      word = (word << Byte.SIZE) | (b[last] & 0xff);
    }
    return word;
  }

  /**
   * Returns whether an array has the expected bytes from an index on. It must not end before them.
   */
  static boolean isAt(byte[] expected, byte[] b, int from) {
    int length = expected.length;
    int i = 0;
    for (; i + Long.BYTES <= length; i += Long.BYTES) {
      if (at(b, from + i) != at(expected, i)) {
        return false;
      }
    }
    if (length >= Long.BYTES) {
      int last = length - Long.BYTES;
      return at(b, from + last) == at(expected, last);
    }
    for (; i < length; i++) {
      if (b[from + i] != expected[i]) {
        return false;
      }
    }
    return true;
  }
}
