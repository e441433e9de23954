package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.PageChanges;
import io.callstream.internal.task.StoredTable;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The results that a batch changed: a block of absolute values for each changed window. */
public final class BatchUpdates {
  private final List<NavigableMap<Long, byte[]>> blocks = new ArrayList<>();
  private final List<NavigableMap<Long, Groups>> whole = new ArrayList<>();
  private List<StoredTable> tables = List.of();
  private byte[] note = LedgerEntry.NO_NOTE;

  public BatchUpdates(int statistics) {
    for (int i = 0; i < statistics; i++) {
      blocks.add(new TreeMap<>());
      whole.add(new TreeMap<>());
    }
  }

  /** Adds the groups of a window that changed, if there are any. Each window is added once. */
  public void put(int statistic, long windowStart, byte[] block) {
    if (BlockReader.groups(block) > 0) {
      blocks.get(statistic).put(windowStart, block);
    }
  }

  /** Adds a change of {@link Ledger#groups}. Each window is added once. */
  public void put(int statistic, long windowStart, Groups before, PageChanges changes) {
    blocks.get(statistic).put(windowStart, changes.updates());
    whole.get(statistic).put(windowStart, before.with(changes));
  }

  /**
   * Adds the groups of a window that changed, and all groups that the ledger keeps of it after
   * that. Each window is added once.
   */
  public void put(int statistic, long windowStart, byte[] block, Groups kept) {
    blocks.get(statistic).put(windowStart, block);
    whole.get(statistic).put(windowStart, kept);
  }

  /** Adds data of the engine, which a restored ledger returns; see {@link Ledger#takeNotes}. */
  public void note(byte[] more) {
    note = more;
  }

  /** Sets the tables of lookups that the batch uses. */
  public void tables(List<StoredTable> used) {
    tables = used;
  }

  /** Returns the number of groups that changed. */
  long groups() {
    return blocks.stream()
        .flatMap(windows -> windows.values().stream())
        .mapToLong(BlockReader::groups)
        .sum();
  }

  List<StoredTable> tables() {
    return tables;
  }

  byte[] note() {
    return note;
  }

  List<NavigableMap<Long, byte[]>> blocks() {
    return blocks;
  }

  NavigableMap<Long, Groups> whole(int statistic) {
    return whole.get(statistic);
  }
}
