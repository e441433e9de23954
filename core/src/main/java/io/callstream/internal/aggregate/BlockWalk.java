package io.callstream.internal.aggregate;

import org.jspecify.annotations.Nullable;

/** Finds groups, in ascending order of their keys. */
final class BlockWalk {
  private @Nullable BlockReader next;

  BlockWalk(BlockReader groups) {
    next = groups.advanced();
  }

  /** Returns the group with a key; null if there is none. */
  @Nullable BlockReader find(byte[] key, int length) {
    while (next != null && next.compareKey(key, length) < 0) {
      next = next.advanced();
    }
    return next != null && next.compareKey(key, length) == 0 ? next : null;
  }
}
