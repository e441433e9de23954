package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * The results of a statistic without sessions: the groups of each window, by its start. Decides
 * which windows are open and closed at a watermark. A window closes after all earlier windows.
 * Immutable.
 *
 * @param retention how long results are kept after their window closed; null to keep all
 */
record WindowBlocks(
    Statistic statistic,
    @Nullable WindowAssigner assigner,
    @Nullable Duration retention,
    TreePMap<Long, Groups> windows)
    implements StatisticBlocks {
  static WindowBlocks none(Statistic statistic, Optional<Duration> retention) {
    return new WindowBlocks(
        statistic,
        statistic.window().map(WindowAssigner::new).orElse(null),
        retention.orElse(null),
        TreePMap.empty());
  }

  private WindowBlocks with(TreePMap<Long, Groups> other) {
    return new WindowBlocks(statistic, assigner, retention, other);
  }

  @Override
  public Groups overlay(Groups groups, byte[] updates) {
    return groups.overlaid(updates);
  }

  @Override
  public StatisticBlocks restored(NavigableMap<Long, Groups> overlaid, long watermark) {
    return with(TreePMap.fromSortedMap(overlaid));
  }

  @Override
  public NavigableMap<Long, Groups> results() {
    return windows;
  }

  @Override
  public List<Long> closing(long after, long upTo) {
    return new ArrayList<>(closedBetween(after, upTo).keySet());
  }

  @Override
  public NavigableMap<Long, Groups> closed(long watermark) {
    Long last = lastClosed(watermark);
    return last == null ? TreePMap.empty() : windows.headMap(last, true);
  }

  @Override
  public NavigableMap<Long, Groups> closedBetween(long after, long upTo) {
    if (upTo == after) {
      return TreePMap.empty();
    }
    Long before = lastClosed(after);
    NavigableMap<Long, Groups> closed = closed(upTo);
    return before == null ? closed : closed.tailMap(before, false);
  }

  @Override
  public NavigableMap<Long, Groups> open(long watermark) {
    Long last = lastClosed(watermark);
    return last == null ? windows : windows.tailMap(last, false);
  }

  /** Returns the latest window that is closed at a watermark, or null. Visits the open windows. */
  private @Nullable Long lastClosed(long watermark) {
    if (assigner == null) {
      return null;
    }
    for (long start : windows.descendingMap().keySet()) {
      if (assigner.closesAt(start) <= watermark) {
        return start;
      }
    }
    return null;
  }

  /** {@inheritDoc} The latest window is first. */
  @Override
  public void forEachOpen(long watermark, Consumer<Groups> open) {
    open(watermark).descendingMap().values().forEach(open);
  }

  @Override
  public StatisticBlocks retained(long watermark) {
    if (retention == null || assigner == null || windows.isEmpty()) {
      return this;
    }
    long millis = retention.toMillis();
    for (long start : windows.keySet()) {
      if (assigner.closesAt(start) + millis > watermark) {
        return start == windows.firstKey() ? this : with(windows.tailMap(start, true));
      }
    }
    return with(TreePMap.empty());
  }

  @Override
  public StatisticBlocks updated(
      NavigableMap<Long, byte[]> updates, NavigableMap<Long, Groups> whole, long watermark) {
    if (updates.isEmpty()) {
      return this;
    }
    TreePMap<Long, Groups> next = windows;
    for (Map.Entry<Long, byte[]> update : updates.entrySet()) {
      long window = update.getKey();
      Groups known = whole.get(window);
      next =
          next.plus(
              window,
              known != null
                  ? known
                  : next.getOrDefault(window, Groups.NONE).overlaid(update.getValue()));
    }
    return with(next);
  }
}
