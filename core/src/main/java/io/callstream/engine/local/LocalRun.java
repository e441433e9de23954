package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.aggregate.BlockMerger;
import io.callstream.aggregate.StatisticCombiner;
import io.callstream.call.Call;
import io.callstream.engine.LedgerRun;
import io.callstream.engine.RunOptions;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.runtime.CallCounter;
import io.callstream.runtime.CallReader;
import io.callstream.runtime.Candidate;
import io.callstream.runtime.Delivery;
import io.callstream.runtime.Ledger;
import io.callstream.runtime.Letters;
import io.callstream.runtime.SeenCalls;
import io.callstream.runtime.SinkSet;
import io.callstream.runtime.TaskPlan;
import io.callstream.runtime.TaskReport;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** A run of the local engine: reads a batch, counts it, merges it, hands it to the sinks. */
final class LocalRun extends LedgerRun {
  private final RunOptions options;
  private final Clock clock;
  private final MemorySource source;
  private final TaskPlan plan;
  private final SinkSet sinks;
  private final long[] positions;

  /** Where a bounded run ends in each partition; null for a run that has no end. */
  private final long @Nullable [] bounds;

  private final List<BlockMerger> mergers;
  private final List<Map<Long, byte[]>> states = new ArrayList<>();
  private final @Nullable SeenCalls seen;

  private final Semaphore wakeUps = new Semaphore(0);
  private volatile @Nullable Thread worker;
  private volatile boolean stopping;

  LocalRun(Pipeline pipeline, RunOptions options, Clock clock) {
    super(pipeline, Ledger.inMemory(pipeline));
    this.options = options;
    this.clock = clock;
    source = (MemorySource) pipeline.source();
    plan = new TaskPlan(pipeline);
    positions = new long[source.partitions()];
    bounds = options.mode() == RunOptions.Mode.BOUNDED ? source.ends() : null;
    mergers = plan.statistics().stream().map(BlockMerger::new).toList();
    plan.statistics().forEach(statistic -> states.add(new HashMap<>()));
    seen =
        plan.distinctHorizonMillis().isPresent()
            ? new SeenCalls(plan.distinctHorizonMillis().getAsLong(), null)
            : null;
    sinks = SinkSet.open(pipeline, ledger(), options.sinkTimeout());
  }

  void runToEnd() {
    guarded(
        () -> {
          boolean more = true;
          while (more && !stopping) {
            more = runBatch();
          }
          if (options.flushesAtEnd() && !stopping) {
            sinks.write(ledger().flush());
          }
        });
  }

  void runInBackground() {
    source.onRecord(wakeUps::release);
    Thread thread = new Thread(() -> guarded(this::runUntilStopped), "callstream-local");
    thread.setDaemon(true);
    thread.start();
  }

  private void runUntilStopped() {
    try {
      while (!stopping) {
        if (!runBatch()) {
          wakeUps.acquire();
          wakeUps.drainPermits();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void guarded(Runnable work) {
    worker = Thread.currentThread();
    try {
      work.run();
      sinks.close();
    } catch (CallstreamException e) {
      sinks.abandon(failed(e));
    } catch (RuntimeException | Error e) {
      sinks.abandon(
          failed(
              new CallstreamException(
                  ErrorCode.ENGINE_FAILED, "The local engine failed: " + e.getMessage(), e)));
    } finally {
      ended();
    }
  }

  /** Processes what is there, up to the limit of a batch; returns whether there was anything. */
  boolean runBatch() {
    Instant start = clock.instant();
    long startNanos = System.nanoTime();
    long[] ends = ends();
    List<PartitionOffsets> offsets = new ArrayList<>();
    long rows = 0;
    for (int p = 0; p < positions.length; p++) {
      offsets.add(new PartitionOffsets(p, positions[p], ends[p], source.end(p)));
      rows += ends[p] - positions[p];
    }
    if (rows == 0) {
      return false;
    }
    BatchResults results = process(ends);
    System.arraycopy(ends, 0, positions, 0, ends.length);
    Duration took = Duration.ofNanos(System.nanoTime() - startNanos);
    Progress report = progress(results, start, rows, took, offsets);
    reported(report);
    sinks.report(report);
    return true;
  }

  private long[] ends() {
    long[] last = bounds == null ? source.ends() : bounds;
    long[] backlog = new long[positions.length];
    long total = 0;
    for (int p = 0; p < positions.length; p++) {
      backlog[p] = last[p] - positions[p];
      total += backlog[p];
    }
    long limit = options.maxRecordsPerBatch().orElse(Long.MAX_VALUE);
    long[] ends = new long[positions.length];
    for (int p = 0; p < positions.length; p++) {
      long share =
          total <= limit
              ? backlog[p]
              : Math.min(backlog[p], Math.max(1, (long) ((double) limit * backlog[p] / total)));
      ends[p] = positions[p] + share;
    }
    return ends;
  }

  private BatchResults process(long[] ends) {
    long watermark = ledger().nextWatermark();
    List<DeadLetter> letters = new ArrayList<>();
    CallReader reader = new CallReader(plan, letters::add);
    CallCounter counter = new CallCounter(plan, watermark, letters::add);
    List<Candidate> candidates = new ArrayList<>();
    for (int p = 0; p < ends.length; p++) {
      long offset = positions[p];
      for (MemorySource.Entry entry : source.read(p, positions[p], ends[p])) {
        Delivery record =
            new Delivery(p, offset++, entry.timestamp().toEpochMilli(), entry.value());
        Call call = reader.read(record);
        if (call != null && seen != null) {
          candidates.add(new Candidate(call, record));
        } else if (call != null) {
          counter.count(call, record);
        }
      }
    }
    long duplicates = 0;
    if (seen != null) {
      candidates.sort(Candidate.ORDER);
      duplicates =
          seen.sift(candidates, watermark, first -> counter.count(first.call(), first.record()));
    }
    return append(reader, counter, duplicates, letters);
  }

  private BatchResults append(
      CallReader reader, CallCounter counter, long duplicates, List<DeadLetter> letters) {
    evict();
    Ledger.Updates updates = new Ledger.Updates(mergers.size());
    counter.forEachPartial(
        (statistic, window, block) -> {
          BlockMerger.Merged merged =
              mergers.get(statistic).merge(states.get(statistic).get(window), List.of(block));
          states.get(statistic).put(window, merged.state());
          updates.put(statistic, window, merged.updates());
        });
    TaskReport report =
        reader
            .report()
            .plus(new TaskReport(counter.accounting(), Map.of()))
            .plus(TaskReport.ofDuplicates(duplicates));
    letters.sort(Letters.ORDER);
    BatchResults results = ledger().append(ledger().lastBatch() + 1, report, updates);
    sinks.write(results, letters);
    return results;
  }

  private void evict() {
    List<List<Long>> closing = ledger().closing();
    for (int i = 0; i < closing.size(); i++) {
      states.get(i).keySet().removeAll(closing.get(i));
    }
  }

  private Progress progress(
      BatchResults results,
      Instant start,
      long rows,
      Duration took,
      List<PartitionOffsets> offsets) {
    Progress last = progress().orElse(null);
    double seconds = Math.max(took.toNanos(), 1) / 1e9;
    double since =
        last == null ? Double.NaN : Duration.between(last.timestamp(), start).toNanos() / 1e9;
    long stateRows = states.stream().mapToLong(Map::size).sum() + (seen == null ? 0 : seen.size());
    long stateBytes =
        states.stream().flatMap(state -> state.values().stream()).mapToLong(b -> b.length).sum();
    long updated =
        results.updates().values().stream().mapToLong(update -> update.blocks().size()).sum();
    return new Progress(
        results.number(),
        start,
        rows,
        rows / since,
        rows / seconds,
        took,
        Map.of("batch", took),
        new Progress.State(stateRows, updated, stateBytes),
        offsets,
        results.watermark(),
        sinks.description(),
        results.accounting(),
        results.total());
  }

  @Override
  public void stop() {
    stopping = true;
    wakeUps.release();
    if (Thread.currentThread() == worker || sinks.isCallingSink()) {
      return;
    }
    awaitEnd();
  }

  /** Ends a run that {@link PipelineTester} drives batch by batch. */
  void finish() {
    guarded(() -> {});
  }

  /** Returns the watermark that is in force for the next batch. */
  Optional<Instant> nextWatermark() {
    long millis = ledger().nextWatermark();
    return millis == StatisticCombiner.NO_WATERMARK
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(millis));
  }
}
