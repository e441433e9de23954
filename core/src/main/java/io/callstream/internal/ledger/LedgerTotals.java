package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.task.PartitionSegment;
import io.callstream.internal.task.StoredTable;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import java.util.List;
import java.util.Map;

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
