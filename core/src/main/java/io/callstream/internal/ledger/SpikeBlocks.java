package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BaselineComparison;
import io.callstream.internal.aggregate.Groups;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import org.pcollections.TreePMap;

/**
 * The results of a statistic with a baseline: the spikes of each closed window. The counts of all
 * groups are kept for as long as later windows are compared with them. Spikes follow from counts,
 * in the batch in which their window closes. Immutable.
 *
 * <p>A snapshot has both by the start of their window, the spikes at a number after all times.
 *
 * @param counts the counts of all groups
 * @param spikes the spikes of closed windows
 */
record SpikeBlocks(WindowBlocks counts, WindowBlocks spikes) implements StatisticBlocks {
  private static final long SPIKES = 1L << 60;

  static SpikeBlocks none(Statistic statistic, Optional<Duration> retention) {
    Duration history = BaselineComparison.history(statistic.baseline().orElseThrow());
    return new SpikeBlocks(
        WindowBlocks.none(statistic, Optional.of(history)),
        WindowBlocks.none(statistic, retention));
  }

  @Override
  public Statistic statistic() {
    return counts.statistic();
  }

  @Override
  public NavigableMap<Long, Groups> windows() {
    return counts.windows().plusAll(moved(spikes.windows(), SPIKES));
  }

  private static <V> TreePMap<Long, V> moved(NavigableMap<Long, V> windows, long distance) {
    TreePMap<Long, V> moved = TreePMap.empty();
    for (Map.Entry<Long, V> window : windows.entrySet()) {
      moved = moved.plus(window.getKey() + distance, window.getValue());
    }
    return moved;
  }

  private static <V> NavigableMap<Long, V> countsOf(NavigableMap<Long, V> windows) {
    return windows.headMap(SPIKES / 2, false);
  }

  private static <V> NavigableMap<Long, V> spikesOf(NavigableMap<Long, V> windows) {
    return moved(windows.tailMap(SPIKES / 2, true), -SPIKES);
  }

  @Override
  public Groups groups(long key) {
    return counts.groups(key);
  }

  @Override
  public int count() {
    return counts.count() + spikes.count();
  }

  @Override
  public Groups overlay(Groups groups, byte[] updates) {
    return counts.overlay(groups, updates);
  }

  @Override
  public byte[] overlay(byte[] older, byte[] newer) {
    return counts.overlay(older, newer);
  }

  @Override
  public StatisticBlocks restored(NavigableMap<Long, Groups> overlaid, long watermark) {
    return new SpikeBlocks(
        counts.restored(countsOf(overlaid), watermark),
        spikes.restored(spikesOf(overlaid), watermark));
  }

  @Override
  public NavigableMap<Long, byte[]> derived(long after, long upTo) {
    TreePMap<Long, byte[]> derived = TreePMap.empty();
    for (Map.Entry<Long, Groups> spike : compared(counts.closedBetween(after, upTo)).entrySet()) {
      derived = derived.plus(spike.getKey() + SPIKES, spike.getValue().toBlock());
    }
    return derived;
  }

  /** Returns the spikes of some windows, without windows that have none. */
  private TreePMap<Long, Groups> compared(NavigableMap<Long, Groups> some) {
    TreePMap<Long, Groups> compared = TreePMap.empty();
    BaselineComparison comparison = new BaselineComparison(statistic());
    for (long window : some.keySet()) {
      Groups found = comparison.spikes(window, counts.windows());
      if (found.groups() > 0) {
        compared = compared.plus(window, found);
      }
    }
    return compared;
  }

  @Override
  public NavigableMap<Long, Groups> results() {
    return spikes.windows().plusAll(open(counts.watermark()));
  }

  @Override
  public NavigableMap<Long, Groups> closed(long watermark) {
    return spikes.closed(watermark);
  }

  @Override
  public NavigableMap<Long, Groups> closedBetween(long after, long upTo) {
    return spikes.closedBetween(after, upTo);
  }

  @Override
  public NavigableMap<Long, Groups> open(long watermark) {
    return compared(counts.open(watermark));
  }

  @Override
  public int openCount() {
    return counts.openCount();
  }

  @Override
  public long openBytes() {
    return counts.openBytes();
  }

  @Override
  public long bytes() {
    return counts.bytes() + spikes.bytes();
  }

  @Override
  public StatisticBlocks retained(long watermark) {
    return new SpikeBlocks(counts.retained(watermark), spikes.retained(watermark));
  }

  @Override
  public StatisticBlocks updated(
      NavigableMap<Long, byte[]> updates, NavigableMap<Long, Groups> whole, long watermark) {
    return new SpikeBlocks(
        counts.updated(countsOf(updates), whole, watermark),
        spikes.updated(spikesOf(updates), Collections.emptyNavigableMap(), watermark));
  }
}
