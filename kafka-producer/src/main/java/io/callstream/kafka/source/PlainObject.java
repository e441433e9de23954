package io.callstream.kafka.source;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/*
 * Nearly every element of an array of calls is an object of names and texts, all printable ASCII
 * without an escape. Its compact form is its own bytes without the space between them, so that no
 * token need be made of it: texts are copied eight bytes at a time, up to and with the word that holds
 * the quote. What may follow the quote in that word is overwritten by what comes next.
 *
 * In a little-endian word w, the sign bit of a byte of (w ^ 0x2222...) - 0x0101... is set where the byte
 * is a quote (which became 0 and borrows), likewise with 0x5c for a backslash and with w - 0x2020... for
 * a control character; bytes with a sign bit of their own are not ASCII. A borrow can raise a false
 * alarm only above a true one, and only the lowest is looked at.
 *
 * What is not of this kind in any way is left alone, and Jackson reads it from its start.
 */
final class PlainObject {
  /** The object is not plain, or is no JSON. */
  static final int NOT_PLAIN = -1;

  /** The bytes end before the object does. */
  static final int INCOMPLETE = -2;

  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long SIGNS = 0x8080808080808080L;
  private static final long QUOTES = ONES * '"';
  private static final long BACKSLASHES = ONES * '\\';
  private static final long SPACES = ONES * ' ';

  private byte[] compact = {};
  private int size;

  /**
   * Reads the object that starts at {@code from} with its brace.
   *
   * @param in has eight bytes more than {@code end} says
   * @return where it ends, {@link #NOT_PLAIN} or {@link #INCOMPLETE}
   */
  int read(byte[] in, int from, int end) {
    if (compact.length < in.length) {
      compact = new byte[in.length];
    }
    byte[] out = compact;
    int to = 0;
    int i = from;
    do {
      // The brace, or the comma.
      out[to++] = in[i];
      int name = skipSpace(in, i + 1, end);
      i = copyText(in, name, end, out, to);
      if (i < 0) {
        return i;
      }
      to += i - name;
      i = skipSpace(in, i, end);
      if (i == end) {
        return INCOMPLETE;
      }
      if (in[i] != ':') {
        return NOT_PLAIN;
      }
      out[to++] = ':';
      int value = skipSpace(in, i + 1, end);
      i = copyText(in, value, end, out, to);
      if (i < 0) {
        return i;
      }
      to += i - value;
      i = skipSpace(in, i, end);
      if (i == end) {
        return INCOMPLETE;
      }
    } while (in[i] == ',');
    if (in[i] != '}') {
      return NOT_PLAIN;
    }
    out[to++] = '}';
    size = to;
    return i + 1;
  }

  /** Returns the object that was read last, as compact JSON. */
  byte[] bytes() {
    return Arrays.copyOf(compact, size);
  }

  /** Returns where the next byte that is no white space is, or {@code end}. */
  static int skipSpace(byte[] in, int from, int end) {
    int i = from;
    while (i < end && in[i] <= ' ') {
      if (in[i] == ' ') {
        long others = (long) WORDS.get(in, i) ^ SPACES;
        i += others == 0 ? Long.BYTES : Long.numberOfTrailingZeros(others) >>> 3;
      } else if (in[i] == '\n' || in[i] == '\r' || in[i] == '\t') {
        i++;
      } else {
        return i;
      }
    }
    return Math.min(i, end);
  }

  /** Copies a text with its quotes, and returns where it ends. */
  private static int copyText(byte[] in, int from, int end, byte[] out, int to) {
    if (from == end) {
      return INCOMPLETE;
    }
    if (in[from] != '"') {
      return NOT_PLAIN;
    }
    out[to] = '"';
    int shift = to - from;
    for (int i = from + 1; i < end; i += Long.BYTES) {
      long word = (long) WORDS.get(in, i);
      WORDS.set(out, i + shift, word);
      long alarms =
          (word | ((word ^ QUOTES) - ONES) | ((word ^ BACKSLASHES) - ONES) | (word - SPACES))
              & SIGNS;
      if (alarms != 0) {
        int at = i + (Long.numberOfTrailingZeros(alarms) >>> 3);
        return at >= end ? INCOMPLETE : in[at] == '"' ? at + 1 : NOT_PLAIN;
      }
    }
    return INCOMPLETE;
  }
}
