package io.callstream.internal.aggregate;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Iterates over the groups of a block in ascending order of their keys. {@code
 * docs/architecture.md} describes blocks. Not thread-safe; blocks themselves never change.
 */
public final class BlockReader {
  /** The limit for a block without groups. No statistic has as many aggregates. */
  private static final int MAX_AGGREGATES_OF_NOTHING = 1 << 16;

  private final Bytes.Reader in;
  private final int groups;
  private final int[] stateStarts;
  private final int[] stateLengths;
  private int read;
  private byte[] key = new byte[64];
  private int keyLength;
  private long count;

  public BlockReader(byte[] block) {
    in = new Bytes.Reader(block);
    groups = in.size();
    int aggregates = in.atMost(Math.max(block.length, MAX_AGGREGATES_OF_NOTHING));
    stateStarts = new int[aggregates];
    stateLengths = new int[aggregates];
  }

  public int groups() {
    return groups;
  }

  /** Moves to the next group, or returns false after the last. */
  public boolean next() {
    if (read == groups) {
      return false;
    }
    read++;
    int shared = in.atMost(keyLength);
    int rest = in.size();
    keyLength = shared + rest;
    if (key.length < keyLength) {
      key = Arrays.copyOf(key, Math.max(keyLength, key.length * 2));
    }
    in.copyTo(key, shared, rest);
    count = in.number();
    for (int i = 0; i < stateStarts.length; i++) {
      stateLengths[i] = in.size();
      stateStarts[i] = in.position();
      in.skip(stateLengths[i]);
    }
    return true;
  }

  public List<String> dimensions(TextCache texts) {
    return GroupKey.dimensions(key, keyLength, texts);
  }

  public long count() {
    return count;
  }

  public byte[] state(int index) {
    return Arrays.copyOfRange(
        in.buffer(), stateStarts[index], stateStarts[index] + stateLengths[index]);
  }

  /** Compares the keys of the current groups. Null is a reader after its end. */
  static int compare(@Nullable BlockReader a, @Nullable BlockReader b) {
    if (a == null || b == null) {
      return a == null ? 1 : -1;
    }
    return Arrays.compareUnsigned(a.key, 0, a.keyLength, b.key, 0, b.keyLength);
  }

  @Nullable BlockReader advanced() {
    return next() ? this : null;
  }

  boolean keyEquals(byte[] other) {
    return Arrays.equals(key, 0, keyLength, other, 0, other.length);
  }

  /** Returns a hash of the key, whose high and low bits are independent of each other. */
  long keyHash() {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < keyLength; i++) {
      hash = (hash ^ key[i]) * 0x100000001b3L;
    }
    hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
    hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
    return hash ^ hash >>> 33;
  }

  /** Returns the size of the states of the current group. */
  int stateBytes() {
    int bytes = 0;
    for (int length : stateLengths) {
      bytes += length;
    }
    return bytes;
  }

  void copyTo(BlockWriter out) {
    out.group(key, keyLength, count);
    for (int i = 0; i < stateStarts.length; i++) {
      out.state(in.buffer(), stateStarts[i], stateLengths[i]);
    }
  }

  byte[] key() {
    return key;
  }

  int keyLength() {
    return keyLength;
  }

  int aggregates() {
    return stateStarts.length;
  }
}
