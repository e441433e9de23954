package io.callstream.internal.engine;

import io.callstream.engine.RunOptions;
import io.callstream.internal.ledger.BatchUpdates;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.DeadLetterMerge;
import io.callstream.internal.task.KnownCalls;
import io.callstream.internal.task.PossibleDuplicate;
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
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Processes batches that were read: removes duplicates, merges the parts with the state in the
 * ledger, writes to the ledger and then to the sinks. Not thread-safe.
 */
public final class BatchProcessor {
  private final TaskPlan plan;
  private final Ledger ledger;
  private final SinkSet sinks;
  private final Clock clock;
  private final @Nullable Path letterDirectory;
  private final @Nullable KnownCalls<?> known;
  private final Consumer<Progress> reported;
  private @Nullable Progress last;
  private long lastEndNanos = System.nanoTime();

  /**
   * Restores the known calls from the ledger, and opens the sinks.
   *
   * @param letterDirectory the directory for files of dead letters; null for that of temporary
   *     files
   * @param reported receives the report of each batch before the listeners
   */
  public BatchProcessor(
      Pipeline pipeline,
      RunOptions options,
      TaskPlan plan,
      Ledger ledger,
      Clock clock,
      @Nullable Path letterDirectory,
      Consumer<Progress> reported) {
    this.plan = plan;
    this.ledger = ledger;
    this.clock = clock;
    this.letterDirectory = letterDirectory;
    this.reported = reported;
    known = plan.hasKnownCalls() ? KnownCalls.of(plan, null) : null;
    for (byte[] note : ledger.takeNotes()) {
      if (known != null) {
        known.add(note);
      }
    }
    // The sinks are opened last, because nothing closes them if this constructor fails.
    sinks = SinkSet.open(pipeline, ledger.current(), ledger.nextOffsets(), options.sinkTimeout());
  }

  /** Returns the sinks, which the caller closes. */
  public SinkSet sinks() {
    return sinks;
  }

  /** Returns the sum of the reports of parts that end at given offsets. */
  public static TaskReport report(List<BatchPart> parts, List<PartitionOffsets> offsets) {
    TaskReport sum = TaskReport.ofDuplicates(0);
    for (BatchPart part : parts) {
      sum = sum.plus(part.report());
    }
    Map<Integer, Long> ends = new TreeMap<>();
    offsets.forEach(range -> ends.put(range.partition(), range.end()));
    return sum.reaching(ends);
  }

  /**
   * Processes a batch, and closes its parts.
   *
   * @param parts the parts of the batch, to which another one may be added
   * @param readNanos when the batch was read, as {@link System#nanoTime} returned it
   */
  public void process(
      BatchStart start,
      List<PartitionOffsets> offsets,
      List<BatchPart> parts,
      TaskReport read,
      long readNanos) {
    try {
      Progress before = last;
      if (read.accounting().received() > 0) {
        Progress progress = processed(start, offsets, parts, read, readNanos);
        last = progress;
        reported.accept(progress);
        sinks.report(progress);
      } else if (before != null) {
        // Some offsets have no record: ends of transactions, and aborted records.
        Progress movedOn = movedOn(before, offsets);
        last = movedOn;
        reported.accept(movedOn);
      }
    } finally {
      parts.forEach(BatchPart::close);
    }
  }

  /** Moves on the offsets of the last report. They do not count as lag. */
  private static Progress movedOn(Progress last, List<PartitionOffsets> offsets) {
    Map<Integer, Long> starts = new TreeMap<>();
    last.offsets().forEach(range -> starts.put(range.partition(), range.start()));
    return last.withOffsets(
        offsets.stream()
            .map(
                range ->
                    new PartitionOffsets(
                        range.partition(),
                        starts.getOrDefault(range.partition(), range.start()),
                        range.end(),
                        range.latest()))
            .toList());
  }

  private Progress processed(
      BatchStart start,
      List<PartitionOffsets> offsets,
      List<BatchPart> parts,
      TaskReport read,
      long readNanos) {
    TaskReport report = read;
    KnownCalls<?> calls = known;
    if (calls != null) {
      ledger.shortenLog(calls::toBytes);
      report = report.plus(sift(calls, parts, start));
    }
    PartialResults partials = new PartialResults(plan);
    parts.forEach(part -> part.addTo(partials));
    BatchUpdates updates = partials.merge(ledger);
    if (calls != null) {
      updates.note(calls.newToBytes());
    }
    updates.tables(start.tables().stored());
    long mergedNanos = System.nanoTime();
    BatchResults results = ledger.append(ledger.lastBatch() + 1, report, updates);
    long loggedNanos = System.nanoTime();
    write(results, parts);
    long endNanos = System.nanoTime();
    Map<String, Duration> phases = new LinkedHashMap<>();
    phases.put("read", Duration.ofNanos(readNanos - start.nanos()));
    phases.put("merge", Duration.ofNanos(mergedNanos - readNanos));
    phases.put("log", Duration.ofNanos(loggedNanos - mergedNanos));
    phases.put("sinks", Duration.ofNanos(endNanos - loggedNanos));
    // The duration excludes the time in which this batch was read while the previous batch was
    // processed.
    Duration took = Duration.ofNanos(endNanos - Math.max(start.nanos(), lastEndNanos));
    lastEndNanos = endNanos;
    long rows = results.accounting().received();
    long emitted = results.emittedRows();
    Progress.State size = ledger.sizeAfter(updates);
    double since =
        last == null ? Double.NaN : seconds(Duration.between(last.timestamp(), start.time()));
    return new Progress(
        results.number(),
        start.time(),
        rows,
        rows / since,
        rows / Math.max(seconds(took), 1e-9),
        emitted,
        emitted / since,
        took,
        report.latencyAt(clock.instant()),
        phases,
        new Progress.State(
            size.rows() + (calls == null ? 0 : calls.size()),
            size.updatedRows(),
            size.memoryBytes()),
        offsets,
        results.watermark(),
        sinks.description(),
        results.accounting(),
        results.total(),
        results.lookups());
  }

  /** Counts the calls that are not duplicates in an additional part, and remembers them. */
  private TaskReport sift(KnownCalls<?> calls, List<BatchPart> parts, BatchStart start) {
    List<PossibleDuplicate> candidates = new ArrayList<>();
    parts.forEach(part -> candidates.addAll(part.candidates()));
    candidates.sort(PossibleDuplicate.ORDER);
    long[] duplicates = {0};
    long number = ledger.lastBatch() + 1;
    BatchPart counted =
        new BatchPart(plan, start, letterDirectory)
            .filledBy(
                part ->
                    duplicates[0] = calls.sift(candidates, start.watermark(), number, part::take));
    parts.add(counted);
    return TaskReport.ofDuplicates(duplicates[0]).plus(counted.report());
  }

  private void write(BatchResults results, List<BatchPart> parts) {
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

  /** Converts to seconds. Duration.toNanos would overflow if a clock jumps. */
  private static double seconds(Duration duration) {
    return duration.toSeconds() + duration.toNanosPart() / 1e9;
  }
}
