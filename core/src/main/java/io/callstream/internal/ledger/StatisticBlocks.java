package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BlockReader;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The results of one statistic, as blocks of absolute values. Immutable. */
sealed interface StatisticBlocks permits WindowBlocks, SessionBlocks {
  /** Returns no results. The retention is empty if all results are kept. */
  static StatisticBlocks none(Statistic statistic, Optional<Duration> retention) {
    return statistic.window().orElse(null) instanceof Window.Session session
        ? SessionBlocks.none(statistic, session, retention)
        : WindowBlocks.none(statistic, retention);
  }

  Statistic statistic();

  /** Returns the blocks by their keys, as an engine merges them and a snapshot contains them. */
  NavigableMap<Long, byte[]> blocks();

  /** Returns a block after several batches that changed it, the oldest first. */
  byte[] overlay(List<byte[]> versions);

  /** Returns the results with the blocks that several batches left, the last at a watermark. */
  StatisticBlocks restored(NavigableMap<Long, byte[]> overlaid, long watermark);

  /**
   * Returns the keys of the blocks from which something closes when the watermark moves from one
   * time to another.
   */
  List<Long> closing(long after, long upTo);

  /** Returns all results, for views and sinks. */
  NavigableMap<Long, byte[]> results();

  /** Returns the results that are closed at the watermark in force. */
  NavigableMap<Long, byte[]> closed(long watermark);

  /** Returns the results that closed when the watermark moved to the one in force. */
  NavigableMap<Long, byte[]> closedBetween(long after, long upTo);

  /** Returns the results that are open at the watermark in force. */
  NavigableMap<Long, byte[]> open(long watermark);

  /** Returns the number of groups of the largest of the latest windows, which may be open. */
  default int largestOfLatest() {
    long latest = 8L + statistic().contributionsPerCall();
    return blocks().descendingMap().values().stream()
        .limit(latest)
        .mapToInt(block -> new BlockReader(block).groups())
        .max()
        .orElse(0);
  }

  /** Passes on the blocks that are open at a watermark. */
  void forEachOpen(long watermark, Consumer<byte[]> open);

  /** Returns some windows with their blocks. A window without groups has an empty block. */
  default NavigableMap<Long, byte[]> only(Collection<Long> some) {
    NavigableMap<Long, byte[]> found = new TreeMap<>();
    for (Long window : some) {
      found.put(window, blocks().getOrDefault(window, new byte[0]));
    }
    return found;
  }

  /** Returns the results without those whose retention has ended at a watermark. */
  StatisticBlocks retained(long watermark);

  /**
   * Returns the results after a batch with a watermark. {@code whole} has all groups of merged
   * blocks.
   */
  StatisticBlocks updated(
      NavigableMap<Long, byte[]> updates, NavigableMap<Long, byte[]> whole, long watermark);
}
