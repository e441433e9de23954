package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * The results of a statistic without sessions: the groups of each window, by its start. Decides
 * which windows are open and closed at a watermark. A window closes after all earlier windows.
 * Immutable.
 *
 * @param retention how long results are kept after their window closed; null to keep all
 * @param watermark the watermark in force
 * @param openBytes the size of the groups of the windows that are open at this watermark
 * @param bytes the size of all groups
 */
record WindowBlocks(
    Statistic statistic,
    @Nullable WindowAssigner assigner,
    @Nullable Duration retention,
    TreePMap<Long, Groups> windows,
    long watermark,
    long openBytes,
    long bytes)
    implements StatisticBlocks {
  static WindowBlocks none(Statistic statistic, Optional<Duration> retention) {
    return new WindowBlocks(
        statistic,
        statistic.window().map(WindowAssigner::new).orElse(null),
        retention.orElse(null),
        TreePMap.empty(),
        StatisticCombiner.NO_WATERMARK,
        0,
        0);
  }

  /** Returns the same results without the first windows, which are closed. */
  private WindowBlocks from(long start) {
    TreePMap<Long, Groups> kept = windows.tailMap(start, true);
    long removed = sum(windows.headMap(start, false));
    return new WindowBlocks(
        statistic, assigner, retention, kept, watermark, openBytes, bytes - removed);
  }

  private static long sum(NavigableMap<Long, Groups> some) {
    return some.values().stream().mapToLong(Groups::bytes).sum();
  }

  @Override
  public Groups overlay(Groups groups, byte[] updates) {
    return groups.overlaid(updates);
  }

  @Override
  public byte[] overlay(byte[] older, byte[] newer) {
    return BlockMerger.overlay(older, newer);
  }

  @Override
  public WindowBlocks restored(NavigableMap<Long, Groups> overlaid, long last) {
    TreePMap<Long, Groups> all = TreePMap.fromSortedMap(overlaid);
    return at(last, all, sum(all));
  }

  /** Returns the results at a later watermark. Windows that are open now grew by some bytes. */
  private WindowBlocks at(long later, TreePMap<Long, Groups> next, long growth) {
    long closed = sum(closedBetween(next, watermark, later));
    return new WindowBlocks(
        statistic, assigner, retention, next, later, openBytes + growth - closed, bytes + growth);
  }

  @Override
  public NavigableMap<Long, Groups> results() {
    return windows;
  }

  @Override
  public NavigableMap<Long, Groups> closed(long at) {
    return assigner == null ? TreePMap.empty() : windows.headMap(assigner.firstOpen(at), false);
  }

  @Override
  public NavigableMap<Long, Groups> closedBetween(long after, long upTo) {
    return closedBetween(windows, after, upTo);
  }

  private TreePMap<Long, Groups> closedBetween(TreePMap<Long, Groups> some, long after, long upTo) {
    return assigner == null || upTo <= after
        ? TreePMap.empty()
        : some.subMap(assigner.firstOpen(after), true, assigner.firstOpen(upTo), false);
  }

  @Override
  public NavigableMap<Long, Groups> open(long at) {
    return assigner == null ? windows : windows.tailMap(assigner.firstOpen(at), true);
  }

  @Override
  public int openCount() {
    return open(watermark).size();
  }

  @Override
  public WindowBlocks retained(long at) {
    if (retention == null || assigner == null || windows.isEmpty()) {
      return this;
    }
    long millis = retention.toMillis();
    for (long start : windows.keySet()) {
      if (assigner.closesAt(start) + millis > at) {
        return start == windows.firstKey() ? this : from(start);
      }
    }
    return from(Long.MAX_VALUE);
  }

  @Override
  public WindowBlocks updated(
      NavigableMap<Long, byte[]> updates, NavigableMap<Long, Groups> whole, long next) {
    if (updates.isEmpty() && next == watermark) {
      return this;
    }
    TreePMap<Long, Groups> all = windows;
    long growth = 0;
    for (Map.Entry<Long, byte[]> update : updates.entrySet()) {
      long window = update.getKey();
      Groups before = all.getOrDefault(window, Groups.NONE);
      Groups merged = whole.get(window);
      Groups after = merged != null ? merged : before.overlaid(update.getValue());
      all = all.plus(window, after);
      growth += after.bytes() - before.bytes();
    }
    return at(next, all, growth);
  }
}
