package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.Groups;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Statistic;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;

/** The state of a pipeline after a batch. Immutable. */
record LedgerState(LedgerTotals totals, List<StatisticBlocks> results) {
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

  /** Returns the keys of blocks from which something closes in the next batch, by statistic. */
  List<List<Long>> closing() {
    List<List<Long>> closing = new ArrayList<>(results.size());
    for (StatisticBlocks blocks : results) {
      closing.add(blocks.closing(totals.watermarkInForce(), totals.nextWatermark()));
    }
    return closing;
  }

  List<NavigableMap<Long, Groups>> windows() {
    return results.stream().map(StatisticBlocks::windows).toList();
  }

  int openCount() {
    return results.stream().mapToInt(StatisticBlocks::openCount).sum();
  }

  long bytes() {
    return results.stream().mapToLong(StatisticBlocks::bytes).sum();
  }

  long openBytes() {
    return results.stream().mapToLong(StatisticBlocks::openBytes).sum();
  }
}
