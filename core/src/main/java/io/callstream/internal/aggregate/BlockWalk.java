package io.callstream.internal.aggregate;

import org.jspecify.annotations.Nullable;

/** Finds groups in a block, in ascending order of their keys. */
final class BlockWalk {
  private @Nullable BlockReader next;

  BlockWalk(byte[] block) {
    next = new BlockReader(block).advanced();
  }

  boolean contains(BlockReader group) {
    while (next != null && BlockReader.compare(next, group) < 0) {
      next = next.advanced();
    }
    return next != null && BlockReader.compare(next, group) == 0;
  }
}
