package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.TaskPlan;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The open windows of a query whose results stay in the executors, each with its number of shards
 * and its size. A window gets its number when it opens, from the size of earlier windows of its
 * statistic, and keeps it until it closes. Used by the query's thread.
 */
/*
 * The driver cannot know which windows a batch opens. So it announces the number for new windows
 * before the batch. The entry of the batch in the ledger then records the windows that the batch
 * opened, and a snapshot records all open ones. A batch that is repeated starts from the state
 * before it, so all its tasks use the same numbers.
 */
final class WindowShards {
  private static final int ENTRY_BYTES = 2 * Integer.BYTES + 3 * Long.BYTES;

  private final TaskPlan plan;
  private final int partitions;

  /** The open windows of each statistic, by its slot. */
  private final Map<Integer, Map<Long, Open>> open = new TreeMap<>();

  /**
   * An open window.
   *
   * @param groups the number of groups
   * @param keyBytes the sum of the lengths of their keys
   */
  private record Open(int shards, long groups, long keyBytes) {
    Open plus(long moreGroups, long moreKeyBytes) {
      return new Open(shards, groups + moreGroups, keyBytes + moreKeyBytes);
    }
  }

  /** The growth of a window in a batch. */
  record Growth(long groups, long keyBytes) {
    static final Growth NONE = new Growth(0, 0);

    Growth plus(TopGroups shard) {
      return new Growth(groups + shard.addedGroups(), keyBytes + shard.addedKeyBytes());
    }
  }

  private WindowShards(TaskPlan plan, int partitions) {
    this.plan = plan;
    this.partitions = partitions;
  }

  /** Returns the windows that a restored ledger recorded. */
  static WindowShards restore(Ledger ledger, TaskPlan plan, int partitions) {
    WindowShards shards = new WindowShards(plan, partitions);
    for (byte[] note : ledger.takeNotes()) {
      ByteBuffer in = ByteBuffer.wrap(note);
      while (in.hasRemaining()) {
        Map<Long, Open> windows = shards.of(in.getInt());
        long window = in.getLong();
        int count = in.getInt();
        windows.put(
            window,
            windows.getOrDefault(window, new Open(count, 0, 0)).plus(in.getLong(), in.getLong()));
      }
    }
    for (int i = 0; i < plan.starts().size(); i++) {
      shards.removeClosed(i, ledger.watermark());
    }
    return shards;
  }

  private void removeClosed(int statistic, long watermark) {
    Window window = plan.statistics().get(statistic).window().orElse(null);
    if (window != null) {
      WindowAssigner windows = new WindowAssigner(window);
      of(plan.starts().get(statistic).slot())
          .keySet()
          .removeIf(start -> windows.closesAt(start) <= watermark);
    }
  }

  private Map<Long, Open> of(int slot) {
    return open.computeIfAbsent(slot, s -> new HashMap<>());
  }

  /** Returns the numbers in the next batch. */
  ShardCounts next(Ledger ledger) {
    Map<Integer, ShardCounts.OfStatistic> bySlot = new TreeMap<>();
    for (int i = 0; i < plan.starts().size(); i++) {
      int slot = plan.starts().get(i).slot();
      int count = ofNew(ledger.largestWindow(i));
      Map<Long, Integer> others = new TreeMap<>();
      of(slot)
          .forEach(
              (window, known) -> {
                if (known.shards() != count) {
                  others.put(window, known.shards());
                }
              });
      if (count > 1 || !others.isEmpty()) {
        bySlot.put(slot, new ShardCounts.OfStatistic(count, others));
      }
    }
    return new ShardCounts(partitions, bySlot);
  }

  /**
   * Returns the number of shards of a new window.
   *
   * @param largest the groups that the driver has of the largest of the latest windows
   */
  private int ofNew(int largest) {
    // Of a large window, the driver has only some groups. The first window may become large.
    return largest == 0 || largest >= SparkSettings.TOP_IN_DRIVER ? partitions : 1;
  }

  /** Records the windows that a batch updated, and returns those that it changed as bytes. */
  byte[] grown(Map<RowKey, Growth> windows, ShardCounts counts) {
    ByteBuffer note = ByteBuffer.allocate(windows.size() * ENTRY_BYTES);
    windows.forEach(
        (key, growth) -> {
          Map<Long, Open> known = of(key.number());
          Open before = known.get(key.windowStart());
          int count = before == null ? counts.of(key.number(), key.windowStart()) : before.shards();
          Open added = new Open(count, growth.groups(), growth.keyBytes());
          if (before == null || !growth.equals(Growth.NONE)) {
            known.put(
                key.windowStart(),
                before == null ? added : before.plus(growth.groups(), growth.keyBytes()));
            write(key.number(), key.windowStart(), added, note);
          }
        });
    byte[] bytes = new byte[note.flip().remaining()];
    note.get(bytes);
    return bytes;
  }

  private static void write(int slot, long window, Open entry, ByteBuffer out) {
    out.putInt(slot)
        .putLong(window)
        .putInt(entry.shards())
        .putLong(entry.groups())
        .putLong(entry.keyBytes());
  }

  /**
   * Requires that a statistic without a window has no more groups than it may have. Tasks do not
   * know it when they add groups.
   */
  void requireLimits(Map<RowKey, Growth> windows) {
    windows.forEach(
        (key, growth) -> {
          Statistic statistic = plan.statistics().get(plan.indexOfSlot(key.number()));
          @Nullable Open before = of(key.number()).get(key.windowStart());
          if (statistic.window().isPresent()) {
            return;
          }
          long groups = growth.groups() + (before == null ? 0 : before.groups());
          long keyBytes = growth.keyBytes() + (before == null ? 0 : before.keyBytes());
          if (groups > statistic.maxGroups() || keyBytes > statistic.maxGroupBytes()) {
            throw new CallstreamException(
                ErrorCode.STATISTIC_FAILED,
                ("The statistic '%s' has %s groups, whose texts have %s bytes. The limits are %s"
                        + " groups and %s bytes. With results in the executors, no common group counts the calls"
                        + " of further groups. Raise maxGroups, and start with a new checkpoint.")
                    .formatted(
                        statistic.name(),
                        groups,
                        keyBytes,
                        statistic.maxGroups(),
                        statistic.maxGroupBytes()));
          }
        });
  }

  /** Returns the number of groups of each open window of a statistic. */
  NavigableMap<Long, Long> sizes(int statistic) {
    NavigableMap<Long, Long> sizes = new TreeMap<>();
    of(plan.starts().get(statistic).slot())
        .forEach((window, known) -> sizes.put(window, known.groups()));
    return sizes;
  }

  /** Forgets the windows that a batch closed. */
  void closed(Map<Integer, List<Long>> closing) {
    closing.forEach((slot, starts) -> starts.forEach(of(slot)::remove));
  }

  /** Returns all open windows as bytes. */
  byte[] toBytes() {
    int windows = open.values().stream().mapToInt(Map::size).sum();
    ByteBuffer bytes = ByteBuffer.allocate(windows * ENTRY_BYTES);
    open.forEach(
        (slot, known) -> known.forEach((window, entry) -> write(slot, window, entry, bytes)));
    return bytes.array();
  }
}
