package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The results of a statistic without sessions: a block of absolute values for each window, by its
 * start. Decides which windows are open and closed at a watermark. Immutable.
 *
 * @param retention how long results are kept after their window closed; null to keep all
 * @param blocks not modified after construction
 */
record WindowBlocks(
    Statistic statistic,
    @Nullable WindowAssigner windows,
    @Nullable Duration retention,
    NavigableMap<Long, byte[]> blocks)
    implements StatisticBlocks {
  static WindowBlocks none(Statistic statistic, Optional<Duration> retention) {
    return new WindowBlocks(
        statistic,
        statistic.window().map(WindowAssigner::new).orElse(null),
        retention.orElse(null),
        new TreeMap<>());
  }

  WindowBlocks withBlocks(NavigableMap<Long, byte[]> other) {
    return other == blocks ? this : new WindowBlocks(statistic, windows, retention, other);
  }

  @Override
  public byte[] overlay(List<byte[]> versions) {
    return BlockMerger.overlay(versions);
  }

  @Override
  public StatisticBlocks restored(NavigableMap<Long, byte[]> overlaid, long watermark) {
    return withBlocks(overlaid);
  }

  @Override
  public NavigableMap<Long, byte[]> results() {
    return blocks;
  }

  @Override
  public List<Long> closing(long after, long upTo) {
    if (windows == null || upTo == after) {
      return List.of();
    }
    List<Long> closing = new ArrayList<>();
    for (long start : blocks.descendingKeySet()) {
      long close = windows.closesAt(start);
      if (close <= after) {
        break;
      }
      if (close <= upTo) {
        closing.add(start);
      }
    }
    Collections.reverse(closing);
    return closing;
  }

  @Override
  public NavigableMap<Long, byte[]> closed(long watermark) {
    return closedBetween(StatisticCombiner.NO_WATERMARK, watermark);
  }

  @Override
  public NavigableMap<Long, byte[]> closedBetween(long after, long upTo) {
    return only(closing(after, upTo));
  }

  @Override
  public NavigableMap<Long, byte[]> open(long watermark) {
    NavigableMap<Long, byte[]> open = new TreeMap<>(blocks);
    open.keySet().removeAll(closing(StatisticCombiner.NO_WATERMARK, watermark));
    return open;
  }

  /** {@inheritDoc} The latest window is first. */
  @Override
  public void forEachOpen(long watermark, Consumer<byte[]> open) {
    for (Map.Entry<Long, byte[]> entry : blocks.descendingMap().entrySet()) {
      if (windows != null && windows.closesAt(entry.getKey()) <= watermark) {
        break;
      }
      open.accept(entry.getValue());
    }
  }

  @Override
  public StatisticBlocks retained(long watermark) {
    if (retention == null || windows == null) {
      return this;
    }
    long millis = retention.toMillis();
    for (long start : blocks.keySet()) {
      if (windows.closesAt(start) + millis > watermark) {
        return start == blocks.firstKey()
            ? this
            : withBlocks(new TreeMap<>(blocks.tailMap(start, true)));
      }
    }
    return withBlocks(new TreeMap<>());
  }

  @Override
  public StatisticBlocks updated(
      NavigableMap<Long, byte[]> updates, NavigableMap<Long, byte[]> whole, long watermark) {
    if (updates.isEmpty()) {
      return this;
    }
    NavigableMap<Long, byte[]> all = new TreeMap<>(blocks);
    updates.forEach(
        (window, block) -> {
          byte[] known = whole.get(window);
          if (known == null) {
            all.merge(window, block, BlockMerger::overlay);
          } else {
            all.put(window, known);
          }
        });
    return withBlocks(all);
  }
}
