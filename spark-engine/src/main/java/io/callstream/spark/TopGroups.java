package io.callstream.spark;

import java.nio.ByteBuffer;

/**
 * What the driver learns about a shard of a window whose results stay in the executors.
 *
 * @param addedGroups the number of groups that the batch added
 * @param addedKeyBytes the sum of the lengths of their keys
 * @param block those of the groups that changed which have the highest counts
 */
/*
 * Counts never decrease. So a group that is among the first of its window, but did not change, was
 * among them when it changed last, and the driver has its values. Groups that were among the first
 * before may have old values, which are too low, and never are among the first again without a
 * change.
 */
record TopGroups(int addedGroups, long addedKeyBytes, byte[] block) {
  byte[] toBytes() {
    return ByteBuffer.allocate(Integer.BYTES + Long.BYTES + block.length)
        .putInt(addedGroups)
        .putLong(addedKeyBytes)
        .put(block)
        .array();
  }

  static TopGroups of(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    int groups = in.getInt();
    long keyBytes = in.getLong();
    byte[] block = new byte[in.remaining()];
    in.get(block);
    return new TopGroups(groups, keyBytes, block);
  }
}
