package io.callstream.internal.engine;

import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.ledger.Ledger;
import io.callstream.pipeline.BatchResults;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an engine of this process measures for the report of a batch.
 *
 * @param begin when the batch began
 * @param offsets the offsets that it read
 * @param latency the latency of its calls, if they have timestamps
 * @param duration how long it took
 * @param phases the duration of its parts
 */
public record BatchProgress(
    Instant begin,
    List<PartitionOffsets> offsets,
    Optional<Progress.Latency> latency,
    Duration duration,
    Map<String, Duration> phases) {

  /**
   * Returns the report.
   *
   * @param ids the number of remembered ids
   * @param last the report of the last batch; null if there is none
   */
  public Progress report(
      BatchResults results, Ledger ledger, long ids, SinkSet sinks, @Nullable Progress last) {
    long rows = results.accounting().received();
    long emitted = results.emittedRows();
    double since = last == null ? Double.NaN : seconds(Duration.between(last.timestamp(), begin));
    List<byte[]> open = ledger.openBlocks();
    long updated =
        results.updates().values().stream()
            .mapToLong(update -> BlockResults.of(update).blocks().size())
            .sum();
    return new Progress(
        results.number(),
        begin,
        rows,
        rows / since,
        rows / Math.max(seconds(duration), 1e-9),
        emitted,
        emitted / since,
        duration,
        latency,
        phases,
        new Progress.State(
            open.size() + ids, updated, open.stream().mapToLong(block -> block.length).sum()),
        offsets,
        results.watermark(),
        sinks.description(),
        results.accounting(),
        results.total());
  }

  /** Converts to seconds. Duration.toNanos would overflow if a clock jumps. */
  private static double seconds(Duration duration) {
    return duration.toSeconds() + duration.toNanosPart() / 1e9;
  }
}
