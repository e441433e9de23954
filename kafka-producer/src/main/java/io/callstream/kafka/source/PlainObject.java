package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/*
 * Nearly every element of an array of calls is an object of names and strings, all printable ASCII
 * without an escape. Its compact form is its own bytes without the white space between tokens.
 * Therefore such an object can be copied without parsing it into tokens.
 *
 * Elements of one source look alike. The bytes between two values are called a bridge: for example,
 * the quote, comma, name and colon in `", "address": "`. A bridge usually occurred before. It is
 * compared as a whole with the bridge that came next last time, then with the other known ones, and
 * its compact form is written. Only a new bridge is examined byte by byte. A bridge starts at a quote
 * that ends a value, or at the object's brace, so the same bytes always have the same meaning.
 *
 * Values are copied eight bytes at a time, up to and including the word with the closing quote. Bytes
 * after the quote in that word are overwritten by the following bytes. In a little-endian word w, the
 * sign bit of a byte of (w ^ 0x2222...) - 0x0101... is set if the byte is a quote, which became 0 and
 * borrows. The same holds with 0x5c for a backslash, and with w - 0x2020... for a control character.
 * Bytes whose sign bit was already set are not ASCII. A borrow can cause a false match only above a
 * true one, and only the lowest match is used.
 *
 * Any other element is left unchanged, and Jackson reads it from its start.
 */
final class PlainObject {
  /** The object is not plain, or is not JSON. */
  static final int NOT_PLAIN = -1;

  /** The bytes end before the object ends. */
  static final int INCOMPLETE = -2;

  private static final int MAX_BRIDGES = 64;
  private static final int MAX_BRIDGE_BYTES = 256;

  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long SIGNS = 0x8080808080808080L;
  private static final long QUOTES = ONES * '"';
  private static final long BACKSLASHES = ONES * '\\';
  private static final long SPACES = ONES * ' ';

  /** The start of an object. */
  private final Bridge start = new Bridge(new byte[0], "");

  /** The known bridges; only the latest ones if there are very many. */
  private final List<Bridge> known = new ArrayList<>();

  private int oldest;

  private byte[] compact = {};
  private int size;

  /** The bytes between two values, before the first value, or after the last value. */
  private static final class Bridge {
    final byte[] spread;
    final byte[] compact;

    /** The bridge that followed the value last time. */
    Bridge next = this;

    Bridge(byte[] spread, String compact) {
      this.spread = spread;
      this.compact = compact.getBytes(US_ASCII);
    }

    boolean isAt(byte[] in, int from, int end) {
      int to = from + spread.length;
      return to <= end
          && spread.length > 0
          && Arrays.equals(in, from, to, spread, 0, spread.length);
    }

    boolean isLast() {
      return compact[compact.length - 1] == '}';
    }
  }

  /**
   * Copies the object that starts with its brace at {@code from}.
   *
   * @param in has at least eight bytes more than {@code end}
   * @return the end of the object, {@link #NOT_PLAIN} or {@link #INCOMPLETE}
   */
  int copy(byte[] in, int from, int end) {
    if (compact.length < in.length) {
      compact = new byte[in.length];
    }
    byte[] out = compact;
    int to = 0;
    int i = from;
    Bridge last = start;
    while (true) {
      if (!last.next.isAt(in, i, end)) {
        int problem = findNext(last, in, i, end, out, to);
        if (problem < 0) {
          return problem;
        }
      }
      last = last.next;
      i += last.spread.length;
      System.arraycopy(last.compact, 0, out, to, last.compact.length);
      to += last.compact.length;
      if (last.isLast()) {
        size = to;
        return i;
      }
      int quote = copyText(in, i, end, out, to);
      if (quote < 0) {
        return quote;
      }
      to += quote - i;
      i = quote;
    }
  }

  /** Returns the object that was copied last, as compact JSON. */
  byte[] bytes() {
    return Arrays.copyOf(compact, size);
  }

  /** Sets the bridge at {@code from} as the next one, or returns why there is no bridge. */
  private int findNext(Bridge last, byte[] in, int from, int end, byte[] scratch, int free) {
    for (Bridge bridge : known) {
      if (bridge.isAt(in, from, end)) {
        last.next = bridge;
        return 0;
      }
    }
    boolean first = last == start;
    int i = skipSpace(in, from + 1, end);
    if (i == end) {
      return INCOMPLETE;
    }
    if (!first && in[i] == '}') {
      return addNext(last, in, from, i + 1, "\"}");
    }
    if (!first) {
      if (in[i] != ',') {
        return NOT_PLAIN;
      }
      i = skipSpace(in, i + 1, end);
    }
    if (i == end) {
      return INCOMPLETE;
    }
    if (in[i] != '"') {
      return NOT_PLAIN;
    }
    int nameStart = i + 1;
    int nameEnd = copyText(in, nameStart, end, scratch, free);
    if (nameEnd < 0) {
      return nameEnd;
    }
    i = skipSpace(in, nameEnd + 1, end);
    if (i == end) {
      return INCOMPLETE;
    }
    if (in[i] != ':') {
      return NOT_PLAIN;
    }
    i = skipSpace(in, i + 1, end);
    if (i == end) {
      return INCOMPLETE;
    }
    if (in[i] != '"') {
      return NOT_PLAIN;
    }
    String name = new String(in, nameStart, nameEnd - nameStart, US_ASCII);
    return addNext(last, in, from, i + 1, (first ? "{\"" : "\",\"") + name + "\":\"");
  }

  private int addNext(Bridge last, byte[] in, int from, int to, String compact) {
    if (to - from > MAX_BRIDGE_BYTES) {
      return NOT_PLAIN;
    }
    last.next = new Bridge(Arrays.copyOfRange(in, from, to), compact);
    if (known.size() < MAX_BRIDGES) {
      known.add(last.next);
    } else {
      known.set(oldest, last.next);
      oldest = (oldest + 1) % MAX_BRIDGES;
    }
    return 0;
  }

  /** Returns the position of the next byte that is not white space, or {@code end}. */
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

  /** Copies a string up to its closing quote, and returns the position of the quote. */
  private static int copyText(byte[] in, int from, int end, byte[] out, int to) {
    int shift = to - from;
    for (int i = from; i < end; i += Long.BYTES) {
      long word = (long) WORDS.get(in, i);
      WORDS.set(out, i + shift, word);
      long alarms =
          (word | ((word ^ QUOTES) - ONES) | ((word ^ BACKSLASHES) - ONES) | (word - SPACES))
              & SIGNS;
      if (alarms != 0) {
        int at = i + (Long.numberOfTrailingZeros(alarms) >>> 3);
        return at >= end ? INCOMPLETE : in[at] == '"' ? at : NOT_PLAIN;
      }
    }
    return INCOMPLETE;
  }
}
