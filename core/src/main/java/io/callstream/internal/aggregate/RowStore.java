package io.callstream.internal.aggregate;

import org.jspecify.annotations.Nullable;

/** A part of a key-value store, whose rows have numbers. */
public interface RowStore {
  byte @Nullable [] get(int row);

  void put(int row, byte[] block);

  void remove(int row);
}
