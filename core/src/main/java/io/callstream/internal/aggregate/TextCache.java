package io.callstream.internal.aggregate;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A cache of strings by their UTF-8, so that the rows of many groups share a few strings. Each text
 * maps to one slot, which keeps the last text that was stored in it. Not thread-safe.
 */
public final class TextCache {
  private static final int PLACES = 1 << 10;
  private static final int MAX_BYTES = 64;

  private final byte[][] keys = new byte[PLACES][];
  private final @Nullable String[] texts = new @Nullable String[PLACES];

  public TextCache() {}

  String text(byte[] bytes, int from, int to) {
    if (to - from > MAX_BYTES) {
      return new String(bytes, from, to - from, UTF_8);
    }
    int hash = 1;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + bytes[i];
    }
    int place = (hash ^ hash >>> 10) & PLACES - 1;
    String known = texts[place];
    if (known != null && Arrays.equals(keys[place], 0, keys[place].length, bytes, from, to)) {
      return known;
    }
    String text = new String(bytes, from, to - from, UTF_8);
    keys[place] = Arrays.copyOfRange(bytes, from, to);
    texts[place] = text;
    return text;
  }
}
