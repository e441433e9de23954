package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.Groups;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Statistic;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/** The state of a pipeline after a batch. Immutable. */
record LedgerState(LedgerTotals totals, List<StatisticBlocks> results) {
  /** The memory of a window with one group, besides its page. Measured with a million windows. */
  private static final long BYTES_PER_WINDOW = 150;

  static LedgerState none(Pipeline pipeline) {
    return new LedgerState(
        LedgerTotals.none(pipeline),
        pipeline.statistics().stream()
            .map(statistic -> StatisticBlocks.none(statistic, pipeline.retention()))
            .toList());
  }

  List<Statistic> statistics() {
    return results.stream().map(StatisticBlocks::statistic).toList();
  }

  /** Adds the results that follow from this state to the updates of the next batch. */
  void addDerived(BatchUpdates updates) {
    for (int i = 0; i < results.size(); i++) {
      int statistic = i;
      results
          .get(i)
          .derived(totals.watermarkInForce(), totals.nextWatermark())
          .forEach((key, block) -> updates.put(statistic, key, block));
    }
  }

  /**
   * Returns the state after the next batch. The watermark of the previous batch decides which
   * windows are removed, so that each window was reported as closed once.
   */
  LedgerState next(LedgerTotals after, BatchUpdates updates) {
    List<StatisticBlocks> next = new ArrayList<>(results.size());
    for (int i = 0; i < results.size(); i++) {
      next.add(
          results
              .get(i)
              .retained(totals.watermarkInForce())
              .updated(updates.blocks().get(i), updates.whole(i), after.watermarkInForce()));
    }
    return new LedgerState(after, next);
  }

  /** Returns the state that {@link #next} returned for the last of several batches. */
  LedgerState restored(
      LedgerTotals before, LedgerTotals last, List<NavigableMap<Long, Groups>> windows) {
    List<StatisticBlocks> restored = new ArrayList<>(results.size());
    for (int i = 0; i < results.size(); i++) {
      restored.add(
          results
              .get(i)
              .restored(windows.get(i), last.watermarkInForce())
              .retained(before.watermarkInForce()));
    }
    return new LedgerState(last, restored);
  }

  /** Returns the sum of states that have different partitions. This state has no results. */
  LedgerState merged(List<LedgerState> parts) {
    LedgerTotals sum = totals.merged(parts.stream().map(LedgerState::totals).toList());
    long latest =
        parts.stream().mapToLong(part -> part.totals().watermarkInForce()).max().orElseThrow();
    List<StatisticBlocks> merged = new ArrayList<>(results.size());
    for (int i = 0; i < results.size(); i++) {
      int statistic = i;
      NavigableMap<Long, Groups> windows =
          merged(
              results.get(i).statistic(),
              parts.stream().map(part -> part.results().get(statistic).windows()).toList());
      merged.add(results.get(i).restored(windows, sum.watermarkInForce()).retained(latest));
    }
    return new LedgerState(sum, merged);
  }

  private static NavigableMap<Long, Groups> merged(
      Statistic statistic, List<NavigableMap<Long, Groups>> parts) {
    BlockMerger merger = new BlockMerger(statistic);
    NavigableMap<Long, Groups> sum = new TreeMap<>();
    for (NavigableMap<Long, Groups> windows : parts) {
      windows.forEach(
          (window, groups) ->
              sum.merge(window, groups, (all, more) -> all.with(merger.merge(all, more.pages()))));
    }
    return sum;
  }

  /** Returns this state with the results that another state has of some statistics. */
  LedgerState with(Set<Integer> some, LedgerState other) {
    List<StatisticBlocks> replaced = new ArrayList<>(results);
    some.forEach(statistic -> replaced.set(statistic, other.results().get(statistic)));
    return new LedgerState(totals, replaced);
  }

  /** Returns the starts of the windows that close in the next batch, by statistic. */
  List<List<Long>> closing() {
    List<List<Long>> closing = new ArrayList<>(results.size());
    for (StatisticBlocks blocks : results) {
      closing.add(
          List.copyOf(
              blocks.closedBetween(totals.watermarkInForce(), totals.nextWatermark()).keySet()));
    }
    return closing;
  }

  List<NavigableMap<Long, Groups>> windows() {
    return results.stream().map(StatisticBlocks::windows).toList();
  }

  int openCount() {
    return results.stream().mapToInt(StatisticBlocks::openCount).sum();
  }

  /** Returns the memory of all results, with the objects of each window. */
  long memoryBytes() {
    return results.stream().mapToLong(r -> r.bytes() + BYTES_PER_WINDOW * r.count()).sum();
  }

  long openBytes() {
    return results.stream().mapToLong(StatisticBlocks::openBytes).sum();
  }
}
