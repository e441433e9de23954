package io.callstream.internal.aggregate;

import java.util.Arrays;

/**
 * Writes groups into a block, in ascending order of their keys.
 *
 * <p>Partial results, state, updates and the log all use blocks. A block has the number of groups
 * and the number of aggregates per group. For each group it has the length of the prefix that its
 * key shares with the previous key, the rest of the key, the count of calls, and the states of the
 * aggregates.
 */
final class BlockWriter {
  private final Bytes body;
  private final int aggregates;
  private int groups;
  private byte[] lastKey = new byte[64];
  private int lastLength;

  BlockWriter(int aggregates, int capacity) {
    this.aggregates = aggregates;
    this.body = new Bytes(capacity);
  }

  /** Appends a group; {@code aggregates} calls of {@link #state} must follow. */
  void group(byte[] key, int length, long count) {
    int shared = groups == 0 ? 0 : Arrays.mismatch(lastKey, 0, lastLength, key, 0, length);
    if (shared < 0) {
      throw new IllegalStateException("a key occurs twice in a block");
    }
    body.putNumber(shared);
    body.putNumber(length - shared);
    body.put(key, shared, length - shared);
    body.putNumber(count);
    if (lastKey.length < length) {
      lastKey = Arrays.copyOf(lastKey, Math.max(length, lastKey.length * 2));
    }
    System.arraycopy(key, shared, lastKey, shared, length - shared);
    lastLength = length;
    groups++;
  }

  void state(byte[] buffer, int from, int length) {
    body.putNumber(length);
    body.put(buffer, from, length);
  }

  int groups() {
    return groups;
  }

  /** Returns the length of the groups. */
  int length() {
    return body.size();
  }

  byte[] toBlock() {
    Bytes block = new Bytes(body.size() + 12);
    block.putNumber(groups);
    block.putNumber(aggregates);
    block.put(body.array(), 0, body.size());
    return block.toArray();
  }
}
