package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The results of one statistic: a block of absolute values for each window, by its start. Decides
 * which windows are open and closed at a watermark. Immutable.
 *
 * @param retention how long results are kept after their window closed; null to keep all
 * @param blocks not modified after construction
 */
record StatisticBlocks(
    Statistic statistic,
    @Nullable WindowAssigner windows,
    @Nullable Duration retention,
    NavigableMap<Long, byte[]> blocks) {
  private static final byte[] EMPTY = {};

  static StatisticBlocks none(Statistic statistic, Optional<Duration> retention) {
    return new StatisticBlocks(
        statistic,
        statistic.window().map(WindowAssigner::new).orElse(null),
        retention.orElse(null),
        new TreeMap<>());
  }

  StatisticBlocks withBlocks(NavigableMap<Long, byte[]> other) {
    return other == blocks ? this : new StatisticBlocks(statistic, windows, retention, other);
  }

  /** Returns the windows that close when the watermark moves from one time to another. */
  List<Long> closing(long after, long upTo) {
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

  NavigableMap<Long, byte[]> closed(long watermark) {
    return only(closing(StatisticCombiner.NO_WATERMARK, watermark));
  }

  /** Passes on the blocks of the windows that are open at a watermark, the latest window first. */
  void forEachOpen(long watermark, Consumer<byte[]> open) {
    for (Map.Entry<Long, byte[]> entry : blocks.descendingMap().entrySet()) {
      if (windows != null && windows.closesAt(entry.getKey()) <= watermark) {
        break;
      }
      open.accept(entry.getValue());
    }
  }

  /** Returns some windows with their blocks. A window without groups has an empty block. */
  NavigableMap<Long, byte[]> only(Collection<Long> some) {
    NavigableMap<Long, byte[]> found = new TreeMap<>();
    for (Long window : some) {
      found.put(window, blocks.getOrDefault(window, EMPTY));
    }
    return found;
  }

  /** Returns the results without the windows whose retention has ended at a watermark. */
  StatisticBlocks retained(long watermark) {
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

  /** Returns the results after a batch. {@code whole} has all groups of merged windows. */
  StatisticBlocks updated(NavigableMap<Long, byte[]> updates, NavigableMap<Long, byte[]> whole) {
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
