package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/*
 * Finds the values of a record in one pass over its bytes, if the record is an object of plain ASCII strings, numbers
 * without an exponent, true, false, null, and objects and arrays of these. The only escapes are \", \\ and \/ in a
 * value. Gives up otherwise.
 *
 * Records of one source look alike. Each value has a spot: the object or array that contains it, and its name or index
 * there. The spot determines all that JSON's syntax permits next. So each spot remembers the bytes from its value to the
 * next value, such as ,"address": with its punctuation, and the spot of that value. If a record has the same bytes
 * there, they need no scan.
 *
 * Memory is bounded: names beyond a limit share a spot, and records with too many objects and arrays are not plain.
 */
final class PlainJson {
  /** Returned instead of the start of a value: the record has ended. */
  private static final int END = -1;

  /** Returned instead of the start of a value: the record is not plain. */
  private static final int NOT_PLAIN = -2;

  private static final byte[] NO_BRIDGE = {};
  private static final int MAX_BRIDGE = 256;
  private static final int MAX_CHILDREN = 128;
  private static final int MAX_DEPTH = 16;
  private static final int MAX_CONTAINERS = 256;

  /**
   * The maximum length of a name that is remembered although it leads to no value of the format.
   */
  private static final int MAX_NAME = 256;

  /** The maximum length of a name of a plain record; Jackson rejects longer ones from 2.16 on. */
  private static final int MAX_PLAIN_NAME = 50_000;

  /** The number of a spot whose value does not belong to the format. */
  private final int none;

  /**
   * The start and end of each value of the current record, as {@code [start, end)}. The start is -1
   * if the record does not have the value.
   */
  final int[] starts;

  final int[] ends;

  private byte[] values = NO_BRIDGE;
  private final Container root;
  private final Spot beginning;
  private int containers;

  /** A value in the records. */
  private static final class Spot {
    final Container in;
    final int key;
    final int place;
    byte[] bridge = NO_BRIDGE;
    Spot next = this;

    Spot(Container in, int key, int place) {
      this.in = in;
      this.key = key;
      this.place = place;
    }
  }

  /**
   * An object or an array in the records. Its children have keys: that of an element of an array is
   * its index plus 1, and names get keys from 1 in the order in which they are found. The children
   * beyond a limit share the key 0.
   */
  private static final class Container {
    final @Nullable Container parent;

    /** The key in the parent. */
    final int key;

    final boolean isArray;
    final @Nullable JsonPaths paths;
    final int depth;
    int size = 1;
    byte[][] names = new byte[16][];
    @Nullable Spot[] spots = new @Nullable Spot[16];
    @Nullable Container[] objects = new @Nullable Container[16];
    @Nullable Container[] arrays = new @Nullable Container[16];

    Container(@Nullable Container parent, int key, boolean isArray, @Nullable JsonPaths paths) {
      this.parent = parent;
      this.key = key;
      this.isArray = isArray;
      this.paths = paths;
      depth = parent == null ? 1 : parent.depth + 1;
    }

    int keyOfName(byte[] b, int start, int end) {
      for (int key = 1; key < size; key++) {
        if (Arrays.equals(b, start, end, names[key], 0, names[key].length)) {
          return key;
        }
      }
      boolean isNeeded =
          paths != null && paths.child(new String(b, start, end - start, ISO_8859_1)) != null;
      boolean isRemembered = size < MAX_CHILDREN && end - start <= MAX_NAME;
      return isNeeded || isRemembered ? add(Arrays.copyOfRange(b, start, end)) : 0;
    }

    /** Returns the key of the first element of an array, or of the one after {@code last}. */
    int keyOfElement(int last, boolean isFirst) {
      int key = isFirst ? 1 : last == 0 ? 0 : last + 1;
      if (key == size && size < MAX_CHILDREN) {
        return add(NO_BRIDGE);
      }
      return key < size ? key : 0;
    }

    private int add(byte[] name) {
      if (size == names.length) {
        names = Arrays.copyOf(names, 2 * size);
        spots = Arrays.copyOf(spots, 2 * size);
        objects = Arrays.copyOf(objects, 2 * size);
        arrays = Arrays.copyOf(arrays, 2 * size);
      }
      names[size] = name;
      return size++;
    }

    /** Returns the paths below a child, or null if there are none. */
    @Nullable JsonPaths pathsOf(int key) {
      if (paths == null || key == 0) {
        return null;
      }
      return paths.child(isArray ? (Object) (key - 1) : new String(names[key], ISO_8859_1));
    }
  }

  PlainJson(JsonPaths paths, int places) {
    none = places;
    starts = new int[places + 1];
    ends = new int[places + 1];
    root = new Container(null, 0, false, paths);
    beginning = new Spot(root, 0, none);
  }

  /**
   * Returns the bytes of the values: the current record, or a copy without the escapes of texts.
   */
  byte[] values() {
    return values;
  }

  /** Finds the values of a record. Returns false if the record is not plain. */
  boolean find(byte[] b) {
    values = b;
    Arrays.fill(starts, -1);
    int from = 0;
    Spot last = beginning;
    while (true) {
      byte[] bridge = last.bridge;
      int start = from + bridge.length;
      if (bridge.length == 0
          || start >= b.length
          || !Words.isAt(bridge, b, from)
          || !startsValue(b[start])) {
        start = cross(b, from, last);
        if (start < 0) {
          return start == END;
        }
      }
      last = last.next;
      int place = last.place;
      if (b[start] == '"') {
        starts[place] = start + 1;
        ends[place] = PlainStringScanner.end(b, start + 1);
        from = ends[place] < 0 ? unescape(b, place) : ends[place] + 1;
      } else {
        starts[place] = b[start] == 'n' ? -1 : start;
        ends[place] = PlainStringScanner.scalarEnd(b, start);
        from = ends[place];
      }
      if (from < 0) {
        return false;
      }
    }
  }

  /**
   * Replaces a text with escapes by its characters, in a copy of the record.
   *
   * @return the index after the closing quote in the record, or -1 if the record is not plain
   */
  private int unescape(byte[] b, int place) {
    if (values == b) {
      values = b.clone();
    }
    int end = starts[place];
    for (int i = end; i < b.length; i++) {
      if (b[i] == '"') {
        ends[place] = end;
        return i + 1;
      }
      if (b[i] == '\\') {
        i++;
        if (i == b.length || (b[i] != '"' && b[i] != '\\' && b[i] != '/')) {
          return -1;
        }
      } else if (b[i] < ' ') {
        return -1;
      }
      values[end++] = b[i];
    }
    return -1;
  }

  /** Returns whether a byte may start a text, a number or a word: not space, '{', '[' or an end. */
  private static boolean startsValue(byte first) {
    if (first == '"') {
      return true;
    }
    return first > ' ' && first != '{' && first != '[' && first != ']' && first != '}';
  }

  /**
   * Scans from the end of a value, or from the start of the record, to the start of the next value.
   * The spot of the last value remembers the bytes and the next spot.
   *
   * @param from the index after the value and its closing quote, or 0
   * @param last the spot of the value, or {@link #beginning}
   * @return the index at which the next value starts, including its quote, or {@link #END}, or
   *     {@link #NOT_PLAIN}
   */
  private int cross(byte[] b, int from, Spot last) {
    Container in = last.in;
    int key = last.key;
    boolean isFirst = false;
    int i = skipSpace(b, from);
    if (last == beginning) {
      if (i == b.length || b[i++] != '{') {
        return NOT_PLAIN;
      }
      isFirst = true;
    }
    while (true) {
      i = skipSpace(b, i);
      if (i < b.length && b[i] == (in.isArray ? ']' : '}')) {
        i++;
        if (in.parent == null) {
          return skipSpace(b, i) == b.length ? END : NOT_PLAIN;
        }
        key = in.key;
        in = in.parent;
        isFirst = false;
        continue;
      }
      if (!isFirst) {
        if (i == b.length || b[i] != ',') {
          return NOT_PLAIN;
        }
        i = skipSpace(b, i + 1);
      }
      if (in.isArray) {
        key = in.keyOfElement(key, isFirst);
      } else {
        int start = i + 1;
        int end = i < b.length && b[i] == '"' ? PlainStringScanner.end(b, start) : -1;
        if (end < 0 || end - start > MAX_PLAIN_NAME) {
          return NOT_PLAIN;
        }
        key = in.keyOfName(b, start, end);
        i = skipSpace(b, end + 1);
        if (i == b.length || b[i] != ':') {
          return NOT_PLAIN;
        }
        i = skipSpace(b, i + 1);
      }
      if (i == b.length) {
        return NOT_PLAIN;
      }
      if (b[i] != '{' && b[i] != '[') {
        last.next = spot(in, key);
        last.bridge = i - from > MAX_BRIDGE ? NO_BRIDGE : Arrays.copyOfRange(b, from, i);
        return i;
      }
      Container child = child(in, key, b[i] == '[');
      if (child == null) {
        return NOT_PLAIN;
      }
      in = child;
      key = 0;
      isFirst = true;
      i++;
    }
  }

  private Spot spot(Container in, int key) {
    Spot spot = in.spots[key];
    if (spot == null) {
      JsonPaths paths = in.pathsOf(key);
      spot = new Spot(in, key, paths == null || paths.place() < 0 ? none : paths.place());
      in.spots[key] = spot;
    }
    return spot;
  }

  /** Returns a child, or null if records with it are not plain. */
  private @Nullable Container child(Container in, int key, boolean isArray) {
    @Nullable Container[] children = isArray ? in.arrays : in.objects;
    Container child = children[key];
    if (child == null) {
      JsonPaths paths = in.pathsOf(key);
      boolean isValue = paths != null && paths.place() >= 0 && (isArray || paths.isLeaf());
      if (isValue || in.depth == MAX_DEPTH || containers == MAX_CONTAINERS) {
        return null;
      }
      containers++;
      child = new Container(in, key, isArray, paths);
      children[key] = child;
    }
    return child;
  }

  private static int skipSpace(byte[] b, int from) {
    int i = from;
    while (i < b.length && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t')) {
      i++;
    }
    return i;
  }
}
