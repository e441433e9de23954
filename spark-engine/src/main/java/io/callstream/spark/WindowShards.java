package io.callstream.spark;

import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.StatisticStart;
import io.callstream.internal.task.TaskPlan;
import io.callstream.statistic.Window;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The number of shards of each open window. A window gets its number when it opens, from the size
 * of earlier windows of its statistic, and keeps it until it closes. Used by the query's thread.
 */
/*
 * The driver cannot know which windows a batch opens. So it announces the number for new windows
 * before the batch. The entry of the batch in the ledger then records the windows that the batch
 * opened, and a snapshot records all open ones. A batch that is repeated starts from the state
 * before it, so all its tasks use the same numbers.
 */
final class WindowShards {
  /** A window gets as many shards as it has this number of groups, but not more than tasks. */
  static final int GROUPS_PER_SHARD = 4_096;

  private static final int ENTRY_BYTES = 2 * Integer.BYTES + Long.BYTES;

  private final TaskPlan plan;
  private final int partitions;

  /** The numbers of the open windows of each statistic, by its slot. */
  private final Map<Integer, Map<Long, Integer>> open = new TreeMap<>();

  private WindowShards(TaskPlan plan, int partitions) {
    this.plan = plan;
    this.partitions = partitions;
  }

  /** Returns the numbers that a restored ledger recorded. */
  static WindowShards restore(Ledger ledger, TaskPlan plan, int partitions) {
    WindowShards shards = new WindowShards(plan, partitions);
    for (byte[] note : ledger.takeNotes()) {
      ByteBuffer in = ByteBuffer.wrap(note);
      while (in.hasRemaining()) {
        shards.of(in.getInt()).put(in.getLong(), in.getInt());
      }
    }
    for (int i = 0; i < plan.starts().size(); i++) {
      shards.removeClosed(i, ledger.watermark());
    }
    return shards;
  }

  private void removeClosed(int statistic, long watermark) {
    window(statistic)
        .map(WindowAssigner::new)
        .ifPresent(
            windows ->
                of(plan.starts().get(statistic).slot())
                    .keySet()
                    .removeIf(start -> windows.closesAt(start) <= watermark));
  }

  /** Returns the windows of a statistic; empty if it has none, or sessions. */
  private Optional<Window> window(int statistic) {
    return plan.statistics()
        .get(statistic)
        .window()
        .filter(window -> !(window instanceof Window.Session));
  }

  private Map<Long, Integer> of(int slot) {
    return open.computeIfAbsent(slot, s -> new HashMap<>());
  }

  /** Returns the numbers in the next batch. */
  ShardCounts next(Ledger ledger) {
    Map<Integer, Integer> ofNew = new TreeMap<>();
    open.keySet().forEach(slot -> ofNew.put(slot, 1));
    for (int i = 0; i < plan.starts().size(); i++) {
      if (window(i).isPresent()) {
        int full = (ledger.largestWindow(i) + GROUPS_PER_SHARD - 1) / GROUPS_PER_SHARD;
        ofNew.put(plan.starts().get(i).slot(), Math.max(1, Math.min(full, partitions)));
      }
    }
    Map<Integer, ShardCounts.OfStatistic> bySlot = new TreeMap<>();
    ofNew.forEach(
        (slot, count) -> {
          Map<Long, Integer> others = new TreeMap<>();
          of(slot)
              .forEach(
                  (window, own) -> {
                    if (!own.equals(count)) {
                      others.put(window, own);
                    }
                  });
          if (count > 1 || !others.isEmpty()) {
            bySlot.put(slot, new ShardCounts.OfStatistic(count, others));
          }
        });
    return new ShardCounts(partitions, bySlot);
  }

  /** Records the windows that a batch updated, and returns those that it opened as bytes. */
  byte[] opened(Collection<RowKey> windows, ShardCounts counts) {
    ByteBuffer note = ByteBuffer.allocate(windows.size() * ENTRY_BYTES);
    for (RowKey key : windows) {
      if (window(plan.indexOfSlot(key.number())).isPresent()) {
        int count = counts.of(key.number(), key.windowStart());
        if (of(key.number()).putIfAbsent(key.windowStart(), count) == null) {
          note.putInt(key.number()).putLong(key.windowStart()).putInt(count);
        }
      }
    }
    byte[] bytes = new byte[note.flip().remaining()];
    note.get(bytes);
    return bytes;
  }

  /** Forgets the windows that a batch closed, and the statistics that it removed. */
  void closed(Map<Integer, List<Long>> closing) {
    closing.forEach((slot, starts) -> starts.forEach(of(slot)::remove));
    Set<Integer> slots =
        plan.starts().stream().map(StatisticStart::slot).collect(Collectors.toSet());
    open.keySet().retainAll(slots);
  }

  /** Returns the numbers of all open windows as bytes. */
  byte[] toBytes() {
    int windows = open.values().stream().mapToInt(Map::size).sum();
    ByteBuffer bytes = ByteBuffer.allocate(windows * ENTRY_BYTES);
    open.forEach(
        (slot, counts) ->
            counts.forEach((window, count) -> bytes.putInt(slot).putLong(window).putInt(count)));
    return bytes.array();
  }
}
