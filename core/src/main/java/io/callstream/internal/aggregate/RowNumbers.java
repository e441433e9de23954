package io.callstream.internal.aggregate;

import java.util.Set;
import java.util.TreeSet;

/**
 * Linear hashing: the number of the row for a hash. The number of rows grows one by one. The new
 * row n takes entries only from the row whose number is n without its highest bit.
 */
public final class RowNumbers {
  private RowNumbers() {}

  /** Returns one of a number of rows. */
  public static int row(int hash, int count) {
    int low = Integer.highestOneBit(count);
    int row = hash & (2 * low - 1);
    return row < count ? row : row & (low - 1);
  }

  /** Returns the rows whose entries move to other rows when the number of rows grows. */
  public static Set<Integer> sources(int before, int after) {
    Set<Integer> sources = new TreeSet<>();
    for (int row = before; row < after; row++) {
      int source = row;
      while (source >= before) {
        source -= Integer.highestOneBit(source);
      }
      sources.add(source);
    }
    return sources;
  }
}
