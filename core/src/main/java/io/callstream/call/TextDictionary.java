package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Returns the same String for equal ASCII bytes while it remembers them. It is a hash table with
 * open addressing. Its memory is bounded: a full-size table is cleared when it is half full, and
 * long texts are not stored.
 */
final class TextDictionary {
  private static final int MAX_SLOTS = 1 << 17;
  private static final int MAX_BYTES = 128;

  private final long secret = ThreadLocalRandom.current().nextLong();
  private final long factor = ThreadLocalRandom.current().nextLong() | 1;

  private byte[][] keys = new byte[1 << 10][];
  private @Nullable String[] texts = new @Nullable String[1 << 10];
  private int size;

  String text(byte[] b, int start, int end) {
    if (end - start > MAX_BYTES) {
      return new String(b, start, end - start, ISO_8859_1);
    }
    int slot = slot(b, start, end);
    String known = texts[slot];
    return known != null ? known : remember(b, start, end, slot);
  }

  private int slot(byte[] b, int start, int end) {
    long hash = secret;
    int i = start;
    for (; i + Long.BYTES <= end; i += Long.BYTES) {
      hash = mix(hash ^ Words.at(b, i));
    }
    if (i < end) {
      hash = mix(hash ^ Words.upTo(b, i, end));
    }
    int mask = keys.length - 1;
    int slot = (int) hash & mask;
    while (texts[slot] != null
        && !(keys[slot].length == end - start && Words.isAt(keys[slot], b, start))) {
      slot = slot + 1 & mask;
    }
    return slot;
  }

  /** The secret factor prevents attackers from creating texts whose hashes collide. */
  private long mix(long hash) {
    long product = hash * factor;
    return product ^ (product >>> 32);
  }

  private String remember(byte[] b, int start, int end, int slot) {
    int free = slot;
    if (2 * size >= keys.length) {
      makeRoom();
      free = slot(b, start, end);
    }
    String text = new String(b, start, end - start, ISO_8859_1);
    keys[free] = Arrays.copyOfRange(b, start, end);
    texts[free] = text;
    size++;
    return text;
  }

  private void makeRoom() {
    byte[][] oldKeys = keys;
    @Nullable String[] oldTexts = texts;
    int slots = Math.min(MAX_SLOTS, oldKeys.length * 2);
    keys = new byte[slots][];
    texts = new @Nullable String[slots];
    size = 0;
    if (slots == oldKeys.length) {
      return;
    }
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldTexts[i] != null) {
        int slot = slot(oldKeys[i], 0, oldKeys[i].length);
        keys[slot] = oldKeys[i];
        texts[slot] = oldTexts[i];
        size++;
      }
    }
  }
}
