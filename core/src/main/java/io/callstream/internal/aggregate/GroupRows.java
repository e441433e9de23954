package io.callstream.internal.aggregate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The groups of a window in rows of a key-value store, so that a batch reads and writes only the
 * rows of the groups that it changes. Not thread-safe.
 */
/*
 * The state is a head and numbered rows. While the groups are few, the head has all of them, in one
 * block. Otherwise, a row is the block of the groups that have its number by their hash, and the
 * head has only numbers. It needs no directory, which a large window would read in each batch.
 *
 * The number of rows grows with the size of the groups, one row at a time, by linear hashing: the
 * new row n takes groups only from the row whose number is n without its highest bit. So rows keep
 * their size, and a batch moves only as many groups as it adds.
 *
 * The rows are a function of the earlier rows and the set of partial results, because two attempts
 * of a task may write the same version of the state. Texts that are crafted to have equal hashes
 * make a row large, which costs time, but changes no result.
 */
public final class GroupRows {
  /** The size up to which the head has all groups. */
  static final int HEAD_BYTES = 4 << 10;

  /** The average size of the rows. Less saves writing, and more saves memory and reading. */
  static final int ROW_BYTES = 1 << 10;

  private static final byte WHOLE = 0;
  private static final byte NUMBERS = 1;

  private final BlockMerger merger;
  private final Store store;
  private final Map<Integer, byte[]> rows = new HashMap<>();
  private final Map<Integer, byte[]> changed = new TreeMap<>();
  private int count;
  private GroupTotals totals;

  /** The rows of a window, by their numbers. */
  public interface Store {
    byte @Nullable [] get(int row);

    void put(int row, byte[] block);

    void remove(int row);
  }

  /** The new head, and the groups that changed with their new values. */
  public record Merged(byte[] head, byte[] updates) {
    /** Returns whether no group changed, because all its new calls were retracted again. */
    public boolean isUnchanged() {
      return new BlockReader(updates).groups() == 0;
    }
  }

  private GroupRows(BlockMerger merger, Store store, int count, GroupTotals totals) {
    this.merger = merger;
    this.store = store;
    this.count = count;
    this.totals = totals;
  }

  /** Merges at least one block of new calls into the state so far; the head is null if none. */
  public static Merged merge(
      BlockMerger merger, byte @Nullable [] head, Store store, List<byte[]> partials) {
    if (head == null || head[0] == WHOLE) {
      return mergeWhole(merger, head == null ? null : block(head), store, partials);
    }
    Bytes.Reader in = numbers(head);
    int count = in.atMost(Integer.MAX_VALUE);
    return new GroupRows(merger, store, count, GroupTotals.read(in)).merge(partials);
  }

  private static Merged mergeWhole(
      BlockMerger merger, byte @Nullable [] state, Store store, List<byte[]> partials) {
    BlockMerger.Merged merged = merger.merge(state, partials);
    if (merger.hasSessions() || merged.state().length <= HEAD_BYTES) {
      return new Merged(whole(merged.state()), merged.updates());
    }
    GroupTotals totals = merger.totals(merged.state());
    GroupRows rows = new GroupRows(merger, store, count(totals), totals);
    rows.changed.putAll(rows.split(merged.state()));
    return new Merged(rows.write(), merged.updates());
  }

  /** Removes what closes at a watermark, and returns the new head; null if nothing is open. */
  public static byte @Nullable [] open(
      BlockMerger merger, byte[] head, Store store, long watermark) {
    byte[] open = head[0] == WHOLE ? merger.open(block(head), watermark) : null;
    if (open == null) {
      remove(head, store);
      return null;
    }
    return whole(open);
  }

  /** Removes the rows of a window. */
  public static void remove(byte[] head, Store store) {
    if (head[0] == NUMBERS) {
      for (int row = numbers(head).atMost(Integer.MAX_VALUE) - 1; row >= 0; row--) {
        store.remove(row);
      }
    }
  }

  private static byte[] whole(byte[] block) {
    Bytes head = new Bytes(block.length + 1);
    head.put(WHOLE);
    head.put(block, 0, block.length);
    return head.toArray();
  }

  private static byte[] block(byte[] head) {
    return Arrays.copyOfRange(head, 1, head.length);
  }

  private static Bytes.Reader numbers(byte[] head) {
    Bytes.Reader in = new Bytes.Reader(head);
    in.skip(1);
    return in;
  }

  private static int count(GroupTotals totals) {
    long full = (totals.bytes() + ROW_BYTES - 1) / ROW_BYTES;
    return (int) Math.max(1, Math.min(full, totals.groups()));
  }

  private Merged merge(List<byte[]> partials) {
    byte[] admitted = merger.admit(merger.combine(partials), () -> totals, new KnownGroups());
    Map<Integer, BlockReader> updates = new HashMap<>();
    split(admitted)
        .forEach(
            (row, block) -> {
              byte[] before = row(row);
              BlockMerger.Merged merged = merger.add(before, block);
              totals = totals.replacing(merger.totals(before), merger.totals(merged.state()));
              changed.put(row, merged.state());
              updates.put(row, new BlockReader(merged.updates()));
            });
    byte[] all = inOrder(admitted, updates);
    grow();
    return new Merged(write(), all);
  }

  /** Returns a row as it is in the store. */
  private byte[] row(int number) {
    return rows.computeIfAbsent(
        number,
        n -> {
          byte[] stored = store.get(n);
          return stored == null ? merger.emptyBlock() : stored;
        });
  }

  /** Finds groups in the rows. */
  private final class KnownGroups implements BlockMerger.Known {
    private final Map<Integer, BlockWalk> walks = new HashMap<>();

    @Override
    public boolean contains(BlockReader group) {
      return walks.computeIfAbsent(rowOf(group), n -> new BlockWalk(row(n))).contains(group);
    }
  }

  private Map<Integer, byte[]> split(byte[] block) {
    Map<Integer, BlockWriter> writers = new HashMap<>();
    BlockReader groups = new BlockReader(block);
    while (groups.next()) {
      groups.copyTo(
          writers.computeIfAbsent(rowOf(groups), r -> new BlockWriter(groups.aggregates(), 64)));
    }
    Map<Integer, byte[]> blocks = new HashMap<>();
    writers.forEach((row, writer) -> blocks.put(row, writer.toBlock()));
    return blocks;
  }

  private int rowOf(BlockReader group) {
    return row((int) group.keyHash(), count);
  }

  /** Returns one of a number of rows. */
  static int row(int hash, int count) {
    int low = Integer.highestOneBit(count);
    int row = hash & (2 * low - 1);
    return row < count ? row : row & (low - 1);
  }

  /** Returns the updates of all rows in one block. Each row has them in the same order. */
  private byte[] inOrder(byte[] admitted, Map<Integer, BlockReader> updates) {
    BlockReader groups = new BlockReader(admitted);
    BlockWriter all = new BlockWriter(groups.aggregates(), 2 * admitted.length);
    while (groups.next()) {
      BlockReader row = updates.get(rowOf(groups));
      if (row != null && row.next()) {
        row.copyTo(all);
      }
    }
    return all.toBlock();
  }

  /** Adds rows if the groups have grown. */
  private void grow() {
    int before = count;
    count = Math.max(before, count(totals));
    Set<Integer> sources = new TreeSet<>();
    for (int row = before; row < count; row++) {
      int source = row;
      while (source >= before) {
        source -= Integer.highestOneBit(source);
      }
      sources.add(source);
    }
    for (int source : sources) {
      byte[] block = changed.containsKey(source) ? changed.get(source) : row(source);
      changed.put(source, merger.emptyBlock());
      changed.putAll(split(block));
    }
  }

  private byte[] write() {
    changed.forEach(
        (row, block) -> {
          if (new BlockReader(block).groups() == 0) {
            store.remove(row);
          } else {
            store.put(row, block);
          }
        });
    Bytes head = new Bytes(32);
    head.put(NUMBERS);
    head.putNumber(count);
    totals.write(head);
    return head.toArray();
  }
}
