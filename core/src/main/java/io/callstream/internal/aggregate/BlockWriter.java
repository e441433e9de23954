package io.callstream.internal.aggregate;

import java.util.Arrays;

/**
 * Writes groups, in ascending order of their keys, into a block.
 *
 * <p>A block is the one form of results between a task and a file: partial results, state, updates
 * and the log. It holds the number of groups, the number of aggregates per group, and for each
 * group how many bytes its key shares with the one before, the rest of the key, the count of calls,
 * and the states of the aggregates.
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

  byte[] toBlock() {
    Bytes block = new Bytes(body.size() + 12);
    block.putNumber(groups);
    block.putNumber(aggregates);
    block.put(body.array(), 0, body.size());
    return block.toArray();
  }
}
