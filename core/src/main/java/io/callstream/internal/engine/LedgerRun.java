package io.callstream.internal.engine;

import io.callstream.engine.RunDetails;
import io.callstream.engine.RunDetails.PartitionTime;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.ledger.Ledger;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run that keeps a {@link Ledger}: the part that all engines share. An engine adds how the run
 * works and how it stops. Thread-safe.
 */
public abstract class LedgerRun extends RunEnd implements RunningPipeline {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerRun.class);

  private final Pipeline pipeline;
  private final RunOptions options;
  private final Ledger ledger;
  private volatile @Nullable Progress progress;

  protected LedgerRun(Pipeline pipeline, RunOptions options, Ledger ledger) {
    super("The pipeline over " + pipeline.source().description());
    this.pipeline = pipeline;
    this.options = options;
    this.ledger = ledger;
  }

  @Override
  final void logSuccess() {
    Accounting total = ledger.total();
    if (total.received() > 0 && total.rejected() == total.received()) {
      LOG.warn(
          "All {} records of {} were rejected by the format '{}'. The dead letters, and 'callstream"
              + " consume --from-beginning', show why each is invalid. If the records have another"
              + " format, name it (on the command line, with --format or --format-file).",
          total.received(),
          pipeline.source().description(),
          pipeline.format().name());
    }
  }

  protected final Ledger ledger() {
    return ledger;
  }

  protected final void reported(Progress report) {
    progress = report;
  }

  @Override
  public final Pipeline pipeline() {
    return pipeline;
  }

  @Override
  public final Optional<Progress> progress() {
    return Optional.ofNullable(progress);
  }

  @Override
  public final Accounting accounting() {
    return ledger.total();
  }

  @Override
  public final RunDetails details() {
    Set<Integer> last = ledger.partitionsOfLast();
    List<PartitionTime> clocks = new ArrayList<>();
    ledger
        .clocks()
        .forEach(
            (partition, clock) ->
                clocks.add(
                    new PartitionTime(
                        partition,
                        StatisticCombiner.moment(clock.millis()),
                        last.contains(partition),
                        clock.unconfirmed())));
    return new RunDetails(
        RunSettings.of(pipeline, options, engineSettings()),
        StatisticCombiner.moment(ledger.nextWatermark()),
        clocks,
        List.of());
  }

  /** Returns the name and the settings of the engine, in the order of display. */
  protected abstract Map<String, String> engineSettings();

  @Override
  public Results results(String statistic) {
    return ledger.results(statistic);
  }
}
