package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.ledger.SourceProgress.PartitionProgress;
import io.callstream.internal.task.PartitionSegment;
import io.callstream.internal.task.StoredTable;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.statistic.Statistic;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The totals after a batch: everything that a ledger keeps, except for the results. Immutable.
 *
 * @param batch the number of the batch, or {@link Ledger#NO_BATCH}
 * @param tables the tables of lookups that the batch used
 */
record LedgerTotals(
    long batch,
    Accounting accounting,
    SourceProgress progress,
    long watermarkInForce,
    long nextWatermark,
    List<StoredTable> tables) {
  static LedgerTotals none(Pipeline pipeline) {
    return new LedgerTotals(
        Ledger.NO_BATCH,
        TaskReport.none(pipeline),
        new SourceProgress(TaskPlan.maxEventTimeJumpMillis(pipeline), Map.of()),
        StatisticCombiner.NO_WATERMARK,
        StatisticCombiner.NO_WATERMARK,
        List.of());
  }

  /**
   * Returns these totals for the statistics of a pipeline. One that they do not have starts now, so
   * all calls so far are earlier.
   */
  LedgerTotals of(List<Statistic> statistics) {
    Map<String, Contributions> contributions = new LinkedHashMap<>();
    for (Statistic statistic : statistics) {
      Contributions known = accounting.statistics().get(statistic.name());
      long earlier = accounting.calls() * statistic.contributionsPerCall();
      contributions.put(
          statistic.name(), known == null ? new Contributions(0, 0, 0, 0, earlier) : known);
    }
    Accounting of =
        new Accounting(
            accounting.received(),
            accounting.rejected(),
            accounting.additionalCalls(),
            accounting.duplicates(),
            accounting.corrections(),
            accounting.ambiguousTimes(),
            accounting.unconfirmedTimes(),
            accounting.unknown(),
            contributions);
    return new LedgerTotals(batch, of, progress, watermarkInForce, nextWatermark, tables);
  }

  /**
   * Returns the sum of totals that have different partitions. The watermark is that of the part
   * that is behind. These totals have no batch.
   */
  LedgerTotals merged(List<LedgerTotals> parts) {
    long batches = 0;
    Accounting sum = accounting;
    Map<Integer, PartitionProgress> partitions = new TreeMap<>();
    long inForce = Long.MAX_VALUE;
    long next = Long.MAX_VALUE;
    for (LedgerTotals part : parts) {
      batches += part.batch + 1;
      sum = sum.plus(part.accounting);
      partitions.putAll(part.progress.partitions());
      inForce = Math.min(inForce, part.watermarkInForce);
      next = Math.min(next, part.nextWatermark);
    }
    SourceProgress merged = new SourceProgress(progress.maxJumpMillis(), partitions);
    return new LedgerTotals(batch + batches, sum, merged, inForce, next, List.of());
  }

  LedgerTotals next(
      Accounting accounting,
      List<PartitionSegment> segments,
      SourceProgress progress,
      List<StoredTable> used) {
    return new LedgerTotals(
        batch + 1,
        this.accounting.plus(accounting),
        progress,
        nextWatermark,
        progress.watermarkAfter(segments, nextWatermark),
        used);
  }
}
