package io.callstream.internal.aggregate;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Iterates over the groups of a block, or of several blocks in ascending order, in ascending order
 * of their keys. {@code docs/architecture.md} describes blocks. Not thread-safe; blocks themselves
 * never change.
 */
public final class BlockReader {
  /** The limit for a block without groups. No statistic has as many aggregates. */
  private static final int MAX_AGGREGATES_OF_NOTHING = 1 << 16;

  private final byte[][] blocks;
  private int nextBlock;
  private Bytes.Reader in;

  /** The number of groups in the current block that were not read. */
  private int unread;

  private final int[] stateStarts;
  private final int[] stateLengths;
  private byte[] key = new byte[64];
  private int keyLength;
  private long count;

  public BlockReader(byte[] block) {
    this(new byte[][] {block});
  }

  /** Creates a reader of at least one block. */
  BlockReader(byte[][] blocks) {
    this.blocks = blocks;
    in = new Bytes.Reader(blocks[0]);
    unread = in.size();
    nextBlock = 1;
    int aggregates = readAggregates(blocks[0]);
    stateStarts = new int[aggregates];
    stateLengths = new int[aggregates];
  }

  private int readAggregates(byte[] block) {
    return in.atMost(Math.max(block.length, MAX_AGGREGATES_OF_NOTHING));
  }

  /** Returns the number of groups of a block. */
  public static int groups(byte[] block) {
    return new Bytes.Reader(block).size();
  }

  /** Moves to the next group, or returns false after the last. */
  public boolean next() {
    while (unread == 0) {
      if (nextBlock == blocks.length) {
        return false;
      }
      byte[] block = blocks[nextBlock++];
      in = new Bytes.Reader(block);
      unread = in.size();
      if (readAggregates(block) != stateStarts.length) {
        throw Bytes.Reader.damaged();
      }
      keyLength = 0;
    }
    unread--;
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

  /** Compares the first key of a block with a key. */
  static int compareFirst(byte[] block, byte[] key, int length) {
    Bytes.Reader in = new Bytes.Reader(block);
    in.size();
    in.atMost(Integer.MAX_VALUE);
    in.atMost(0); // No prefix is shared with a key before it.
    int first = in.size();
    return Arrays.compareUnsigned(block, in.position(), in.position() + first, key, 0, length);
  }

  @Nullable BlockReader advanced() {
    return next() ? this : null;
  }

  int compareKey(byte[] other, int length) {
    return Arrays.compareUnsigned(key, 0, keyLength, other, 0, length);
  }

  boolean keyEquals(byte[] other) {
    return Arrays.equals(key, 0, keyLength, other, 0, other.length);
  }

  long keyHash() {
    return hash(key, keyLength);
  }

  /** Returns a hash of a key, whose high and low bits are independent of each other. */
  static long hash(byte[] key, int length) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < length; i++) {
      hash = (hash ^ key[i]) * 0x100000001b3L;
    }
    hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
    hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
    return hash ^ hash >>> 33;
  }

  void copyTo(BlockWriter out) {
    out.group(key, keyLength, count);
    for (int i = 0; i < stateStarts.length; i++) {
      out.state(in.buffer(), stateStarts[i], stateLengths[i]);
    }
  }

  /** Copies the group with another state at an index. */
  void copyTo(BlockWriter out, int index, byte[] state) {
    out.group(key, keyLength, count);
    for (int i = 0; i < stateStarts.length; i++) {
      if (i == index) {
        out.state(state, 0, state.length);
      } else {
        out.state(in.buffer(), stateStarts[i], stateLengths[i]);
      }
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
