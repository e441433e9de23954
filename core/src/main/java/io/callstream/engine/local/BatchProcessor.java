package io.callstream.engine.local;

import io.callstream.engine.RunOptions;
import io.callstream.internal.engine.BatchProgress;
import io.callstream.internal.engine.SinkSet;
import io.callstream.internal.engine.StateMerger;
import io.callstream.internal.ledger.BatchUpdates;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.DeadLetterMerge;
import io.callstream.internal.task.PossibleDuplicate;
import io.callstream.internal.task.SeenCalls;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Processes batches that were read: removes duplicates, merges the parts, writes to the ledger and
 * then to the sinks. Not thread-safe.
 */
final class BatchProcessor {
  private final TaskPlan plan;
  private final Ledger ledger;
  private final SinkSet sinks;
  private final Clock clock;
  private final @Nullable Path letterDirectory;
  private final StateMerger merger;
  private final @Nullable SeenCalls seen;
  private long lastEndNanos = System.nanoTime();

  /**
   * Restores the known ids from the ledger, and opens the sinks.
   *
   * @param letterDirectory the directory for files of dead letters; null for that of temporary
   *     files
   */
  BatchProcessor(
      Pipeline pipeline,
      RunOptions options,
      TaskPlan plan,
      Ledger ledger,
      Clock clock,
      @Nullable Path letterDirectory) {
    this.plan = plan;
    this.ledger = ledger;
    this.clock = clock;
    this.letterDirectory = letterDirectory;
    merger = new StateMerger(plan.statistics(), ledger);
    seen =
        plan.distinctHorizonMillis().isPresent()
            ? new SeenCalls(plan.distinctHorizonMillis().getAsLong(), null)
            : null;
    for (byte[] note : ledger.takeNotes()) {
      if (seen != null) {
        seen.add(note);
      }
    }
    // The sinks are opened last, because nothing closes them if this constructor fails.
    sinks = SinkSet.open(pipeline, ledger, options.sinkTimeout());
  }

  /** Returns the sinks, which the caller closes. */
  SinkSet sinks() {
    return sinks;
  }

  /**
   * Processes a batch.
   *
   * @param parts the parts of the batch, to which another one may be added
   * @param read the sum of their reports
   * @param readNanos when the batch was read, as {@link System#nanoTime} returned it
   * @param last the report of the last batch; null if there is none
   * @return the report of the batch
   */
  Progress process(
      PlannedBatch batch,
      List<ReadPart> parts,
      TaskReport read,
      long readNanos,
      @Nullable Progress last) {
    TaskReport report = read;
    SeenCalls ids = seen;
    if (ids != null) {
      ledger.shortenLog(ids::toBytes);
      ReadPart firsts = sift(ids, parts, batch.watermark());
      parts.add(firsts);
      report = report.plus(firsts.report());
    }
    for (ReadPart part : parts) {
      part.forEachBlock(merger::add);
    }
    BatchUpdates updates = merger.merge();
    if (ids != null) {
      updates.note(ids.newToBytes());
    }
    long mergedNanos = System.nanoTime();
    BatchResults results = ledger.append(ledger.lastBatch() + 1, report, updates);
    long loggedNanos = System.nanoTime();
    write(results, parts);
    long endNanos = System.nanoTime();
    Optional<Progress.Latency> latency = report.latencyAt(clock.instant());
    Map<String, Duration> phases = new LinkedHashMap<>();
    phases.put("read", Duration.ofNanos(readNanos - batch.beginNanos()));
    phases.put("merge", Duration.ofNanos(mergedNanos - readNanos));
    phases.put("log", Duration.ofNanos(loggedNanos - mergedNanos));
    phases.put("sinks", Duration.ofNanos(endNanos - loggedNanos));
    // The duration excludes the time in which this batch was read while the previous batch was
    // processed.
    long took = endNanos - Math.max(batch.beginNanos(), lastEndNanos);
    lastEndNanos = endNanos;
    return new BatchProgress(
            batch.begin(), batch.offsets(Map.of()), latency, Duration.ofNanos(took), phases)
        .report(results, ledger, ids == null ? 0 : ids.size(), sinks, last);
  }

  /**
   * Returns the report of a batch without records, which moves on the offsets of the last report.
   * They do not count as lag.
   */
  static Progress movedOn(Progress last, PlannedBatch batch) {
    return last.withOffsets(
        batch.offsets(
            last.offsets().stream()
                .collect(Collectors.toMap(PartitionOffsets::partition, PartitionOffsets::start))));
  }

  private ReadPart sift(SeenCalls ids, List<ReadPart> parts, long watermark) {
    List<PossibleDuplicate> candidates = new ArrayList<>();
    parts.forEach(part -> candidates.addAll(part.candidates()));
    candidates.sort(PossibleDuplicate.ORDER);
    return ReadPart.ofFirsts(plan, ids, candidates, watermark, letterDirectory);
  }

  private void write(BatchResults results, List<ReadPart> parts) {
    List<DeadLetterMerge.Input> letters = new ArrayList<>();
    parts.forEach(part -> part.letters().forEach(letters::add));
    if (letters.isEmpty()) {
      sinks.write(results);
      return;
    }
    try (DeadLetterMerge merged = new DeadLetterMerge(letters)) {
      sinks.write(results, merged);
    }
  }
}
