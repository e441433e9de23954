package io.callstream.internal.aggregate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
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
 * The number of rows grows with the size of the groups. So rows keep their size, and a batch moves
 * only about as many groups as it adds.
 *
 * The rows are a function of the earlier rows and the set of partial results, because two attempts
 * of a task may write the same version of the state. Texts that are crafted to have equal hashes
 * make a row large, which costs time, but changes no result.
 */
public final class GroupRows {
  /** The size up to which the head has all groups. */
  static final int HEAD_BYTES = 4 << 10;

  /** The average size of the rows. Less saves writing, and more saves memory. */
  static final int ROW_BYTES = 512;

  private static final byte WHOLE = 0;
  private static final byte NUMBERS = 1;

  private final BlockMerger merger;
  private final RowStore store;
  private final Map<Integer, Groups> rows = new HashMap<>();
  private final Map<Integer, Groups> changed = new TreeMap<>();
  private int count;
  private int groups;
  private long keyBytes;

  /** The size of all rows. */
  private long bytes;

  /**
   * The effect of a merge.
   *
   * @param head the new head
   * @param updates the groups that changed, with their new values
   * @param addedGroups the number of new groups
   * @param addedKeyBytes the sum of the lengths of their keys
   */
  public record Merged(byte[] head, byte[] updates, int addedGroups, long addedKeyBytes) {}

  private GroupRows(BlockMerger merger, RowStore store) {
    this.merger = merger;
    this.store = store;
  }

  /** Merges at least one block of new calls into the state so far; the head is null if none. */
  public static Merged merge(
      BlockMerger merger, byte @Nullable [] head, RowStore store, List<byte[]> partials) {
    if (head == null || head[0] == WHOLE) {
      return mergeWhole(merger, head == null ? Groups.NONE : groups(head), store, partials);
    }
    Bytes.Reader in = numbers(head);
    GroupRows rows = new GroupRows(merger, store);
    rows.count = in.atMost(Integer.MAX_VALUE);
    rows.groups = in.atMost(Integer.MAX_VALUE);
    rows.keyBytes = in.number();
    rows.bytes = in.number();
    return rows.merge(partials);
  }

  private static Merged mergeWhole(
      BlockMerger merger, Groups before, RowStore store, List<byte[]> partials) {
    PageChanges changes = merger.mergeInOnePage(before, partials);
    Groups after = before.with(changes);
    if (after.bytes() <= HEAD_BYTES) {
      return merged(whole(after), changes);
    }
    GroupRows rows = new GroupRows(merger, store);
    rows.count = 1;
    rows.groups = after.groups();
    rows.keyBytes = after.keyBytes();
    rows.put(0, after);
    rows.grow();
    return merged(rows.write(), changes);
  }

  private static Merged merged(byte[] head, PageChanges changes) {
    return new Merged(head, changes.updates(), changes.addedGroups(), changes.addedKeyBytes());
  }

  /** Returns all groups in blocks. A row is read, and removed, when its block is requested. */
  public static Iterator<byte[]> drain(byte[] head, RowStore store) {
    if (head[0] == WHOLE) {
      return List.of(block(head)).iterator();
    }
    return IntStream.range(0, numbers(head).atMost(Integer.MAX_VALUE))
        .mapToObj(
            row -> {
              Optional<byte[]> block = Optional.ofNullable(store.get(row));
              store.remove(row);
              return block;
            })
        .flatMap(Optional::stream)
        .iterator();
  }

  /** Returns the groups that a head has itself; empty if the window has rows. */
  public static Optional<byte[]> ofHead(byte[] head) {
    return head[0] == WHOLE ? Optional.of(block(head)) : Optional.empty();
  }

  /** Removes the rows of a window. */
  public static void remove(byte[] head, RowStore store) {
    if (head[0] == NUMBERS) {
      for (int row = numbers(head).atMost(Integer.MAX_VALUE) - 1; row >= 0; row--) {
        store.remove(row);
      }
    }
  }

  private static byte[] whole(Groups groups) {
    byte[] block = groups.toBlock();
    Bytes head = new Bytes(block.length + 1);
    head.put(WHOLE);
    head.put(block, 0, block.length);
    return head.toArray();
  }

  private static Groups groups(byte[] head) {
    return Groups.of(block(head));
  }

  private static byte[] block(byte[] head) {
    return Arrays.copyOfRange(head, 1, head.length);
  }

  private static Bytes.Reader numbers(byte[] head) {
    Bytes.Reader in = new Bytes.Reader(head);
    in.skip(1);
    return in;
  }

  private Merged merge(List<byte[]> partials) {
    int groupsBefore = groups;
    long keyBytesBefore = keyBytes;
    byte[] admitted =
        merger.admit(
            merger.combine(partials),
            groups,
            () -> keyBytes,
            () -> new RowSearch(this::row)::contains);
    Map<Integer, Groups> updates = new HashMap<>();
    split(new BlockReader(admitted))
        .forEach(
            (row, change) -> {
              Groups before = row(row);
              PageChanges changes = merger.add(before, change.toBlock(), false);
              groups = Math.addExact(groups, changes.addedGroups());
              keyBytes += changes.addedKeyBytes();
              put(row, before.with(changes));
              updates.put(row, Groups.of(changes.updates()));
            });
    byte[] all = inOrder(new BlockReader(admitted), updates);
    grow();
    return new Merged(write(), all, groups - groupsBefore, keyBytes - keyBytesBefore);
  }

  private void put(int row, Groups after) {
    bytes += after.bytes() - row(row).bytes();
    rows.put(row, after);
    changed.put(row, after);
  }

  /** Returns a row as it is now. */
  private Groups row(int number) {
    return rows.computeIfAbsent(
        number,
        n -> {
          byte[] stored = store.get(n);
          return stored == null ? Groups.NONE : Groups.of(stored);
        });
  }

  /** Finds groups in rows, in ascending order of their keys. */
  private final class RowSearch {
    private final IntFunction<Groups> rows;
    private final Map<Integer, BlockWalk> walks = new HashMap<>();

    RowSearch(IntFunction<Groups> rows) {
      this.rows = rows;
    }

    @Nullable BlockReader find(byte[] key, int length) {
      int row = RowNumbers.row((int) BlockReader.hash(key, length), count);
      return walks
          .computeIfAbsent(row, n -> new BlockWalk(rows.apply(n).reader()))
          .find(key, length);
    }

    boolean contains(byte[] key, int length) {
      return find(key, length) != null;
    }
  }

  private Map<Integer, Groups> split(BlockReader some) {
    Map<Integer, BlockWriter> writers = new HashMap<>();
    while (some.next()) {
      some.copyTo(
          writers.computeIfAbsent(
              RowNumbers.row((int) some.keyHash(), count),
              r -> new BlockWriter(some.aggregates(), 64)));
    }
    Map<Integer, Groups> parts = new HashMap<>();
    writers.forEach((row, writer) -> parts.put(row, Groups.of(writer.toBlock())));
    return parts;
  }

  /** Returns the updates of all rows in one block. */
  private byte[] inOrder(BlockReader admitted, Map<Integer, Groups> updates) {
    BlockWriter all = new BlockWriter(admitted.aggregates(), 1 << 10);
    RowSearch search = new RowSearch(row -> updates.getOrDefault(row, Groups.NONE));
    while (admitted.next()) {
      BlockReader update = search.find(admitted.key(), admitted.keyLength());
      if (update != null) {
        update.copyTo(all);
      }
    }
    return all.toBlock();
  }

  /** Adds rows until they have their size. Rows have more bytes than one block has. */
  private void grow() {
    long full = Math.min((bytes + ROW_BYTES - 1) / ROW_BYTES, groups);
    while (full > count) {
      int before = count;
      count = (int) full;
      for (int source : RowNumbers.sources(before, count)) {
        Groups some = row(source);
        put(source, Groups.NONE);
        split(some.reader()).forEach(this::put);
      }
      full = Math.min((bytes + ROW_BYTES - 1) / ROW_BYTES, groups);
    }
  }

  private byte[] write() {
    changed.forEach(
        (row, groups) -> {
          if (groups.count() == 0) {
            store.remove(row);
          } else {
            store.put(row, groups.page(0));
          }
        });
    Bytes head = new Bytes(32);
    head.put(NUMBERS);
    head.putNumber(count);
    head.putNumber(groups);
    head.putNumber(keyBytes);
    head.putNumber(bytes);
    return head.toArray();
  }
}
