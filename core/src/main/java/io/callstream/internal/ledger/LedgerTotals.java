package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.PartitionSegment;
import io.callstream.internal.task.TaskPlan;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import java.util.List;
import java.util.Map;

/**
 * The totals after a batch: everything that a ledger keeps, except for the results. Immutable.
 *
 * @param batch the number of the batch, or {@link Ledger#NO_BATCH}
 */
record LedgerTotals(
    long batch,
    Accounting accounting,
    SourceProgress progress,
    long watermarkInForce,
    long nextWatermark) {
  static LedgerTotals none(Pipeline pipeline) {
    return new LedgerTotals(
        Ledger.NO_BATCH,
        CallCounter.accountingOfNone(pipeline),
        new SourceProgress(TaskPlan.maxEventTimeJumpMillis(pipeline), Map.of()),
        StatisticCombiner.NO_WATERMARK,
        StatisticCombiner.NO_WATERMARK);
  }

  LedgerTotals next(
      Accounting accounting, List<PartitionSegment> segments, SourceProgress progress) {
    return new LedgerTotals(
        batch + 1,
        this.accounting.plus(accounting),
        progress,
        nextWatermark,
        progress.watermarkAfter(segments, nextWatermark));
  }
}
