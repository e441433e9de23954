package io.callstream.internal.aggregate;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;

/**
 * The dimensions of a group as bytes. Keys sort by the UTF-8 of each dimension, from left to right.
 * A zero byte ends a dimension. A byte 0 or 1 within a dimension is written as 1, 1 or 1, 2.
 */
final class GroupKey {
  private GroupKey() {}

  static void append(Bytes key, String dimension) {
    byte[] utf8 = dimension.getBytes(UTF_8);
    int from = 0;
    for (int i = 0; i < utf8.length; i++) {
      if (utf8[i] == 0 || utf8[i] == 1) {
        key.put(utf8, from, i - from);
        key.put((byte) 1);
        key.put((byte) (utf8[i] + 1));
        from = i + 1;
      }
    }
    key.put(utf8, from, utf8.length - from);
    key.put((byte) 0);
  }

  static byte[] of(List<String> dimensions) {
    Bytes key = new Bytes(64);
    dimensions.forEach(dimension -> append(key, dimension));
    return key.toArray();
  }

  static List<String> dimensions(byte[] key, int length, TextCache texts) {
    List<String> dimensions = new ArrayList<>(2);
    int from = 0;
    boolean escaped = false;
    for (int i = 0; i < length; i++) {
      if (key[i] == 1) {
        escaped = true;
      } else if (key[i] == 0) {
        dimensions.add(escaped ? unescaped(key, from, i) : texts.text(key, from, i));
        escaped = false;
        from = i + 1;
      }
    }
    return dimensions;
  }

  private static String unescaped(byte[] key, int from, int to) {
    Bytes text = new Bytes(to - from);
    for (int i = from; i < to; i++) {
      text.put(key[i] == 1 ? (byte) (key[++i] - 1) : key[i]);
    }
    return new String(text.array(), 0, text.size(), UTF_8);
  }
}
