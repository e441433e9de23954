package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunOptions;
import io.callstream.engine.local.BatchPlanner.PlannedBatch;
import io.callstream.engine.local.ReaderPool.Reading;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.engine.BatchPart;
import io.callstream.internal.engine.BatchProcessor;
import io.callstream.internal.engine.LedgerRun;
import io.callstream.internal.engine.LookupFeed;
import io.callstream.internal.engine.SinkSet;
import io.callstream.internal.failures.EnvironmentFailures;
import io.callstream.internal.files.Closing;
import io.callstream.internal.ledger.Fingerprint;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.sink.Plural;
import io.callstream.internal.source.OpenSource;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Source;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/*
 * A run of the local engine. The parts of a batch are read, parsed and combined by readers (see
 * ReaderPool) in their own threads. The thread of the run merges the parts, and writes to the ledger
 * and then to the sinks (see BatchProcessor). The only state of a window is its block in the ledger.
 *
 * If more records are known to exist, the readers start to read batch N+1 as soon as N is read,
 * while the thread of the run still processes N. They need two facts about N, which are known when
 * it is read: its end offsets, and the watermark that it sets for N+1. Parts that were read ahead
 * have no effect until N+1 is in the ledger. A run that ends before that discards them.
 *
 * A batch is written to the ledger before the sinks receive it. If a run dies in between, the next
 * run reads the batch again, up to the end offsets in the ledger, with the state before the batch;
 * see LocalCheckpoint.
 */
final class LocalRun extends LedgerRun {
  /** Created in advance, because a full heap has no room for it. */
  private final CallstreamException outOfMemory =
      EnvironmentFailures.failure(new OutOfMemoryError("Java heap space")).orElseThrow();

  private final RunOptions options;
  private final OpenSource source;
  private final @Nullable LocalCheckpoint checkpoint;
  private final SourcePositions positions;
  private final BatchPlanner planner;
  private final ReaderPool readers;
  private final LookupFeed lookups;
  private final SinkSet sinks;
  private final BatchProcessor processor;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile @Nullable Thread worker;
  private long lastBeginNanos;

  /** The current or next batch, and the batch that is read ahead. */
  private @Nullable Reading current;

  private @Nullable Reading ahead;

  private LocalRun(
      Pipeline pipeline,
      RunOptions options,
      Clock clock,
      OpenSource source,
      @Nullable LocalCheckpoint checkpoint,
      TaskPlan plan,
      Ledger ledger,
      LookupFeed lookups,
      int threads) {
    super(pipeline, options, ledger);
    this.lookups = lookups;
    this.options = options;
    this.source = source;
    this.checkpoint = checkpoint;
    lastBeginNanos = System.nanoTime() - options.trigger().toNanos();
    boolean isBounded = options.mode() == RunOptions.Mode.BOUNDED;
    positions = new SourcePositions(source, pipeline.source(), checkpoint, ledger, isBounded);
    planner = new BatchPlanner(source, positions, options, clock, lookups);
    Path letters = checkpoint == null ? null : checkpoint.letterDirectory();
    readers = new ReaderPool(source, plan, positions.next().size(), threads, letters);
    processor = new BatchProcessor(pipeline, options, plan, ledger, clock, letters, this::reported);
    sinks = processor.sinks();
  }

  static LocalRun start(
      Pipeline pipeline, RunOptions options, Clock clock, OpenSource source, int readers) {
    return start(
        pipeline, options, clock, source, readers, DaemonThreads.named("callstream-local"));
  }

  static LocalRun start(
      Pipeline pipeline,
      RunOptions options,
      Clock clock,
      OpenSource source,
      int readers,
      ThreadFactory threads) {
    LocalRun run = open(pipeline, options, clock, source, readers);
    Thread worker = threads.newThread(run::work);
    run.worker = worker;
    try {
      worker.start();
    } catch (Error e) {
      run.guarded(
          () -> {
            throw e;
          });
      throw run.failure().orElseThrow();
    }
    return run;
  }

  /** Returns a run whose batches are started by the caller and run in its thread. */
  static LocalRun stepwise(Pipeline pipeline, RunOptions options, Clock clock, Ledger ledger) {
    OpenSource source = Sources.open(pipeline.source());
    try {
      TaskPlan plan = new TaskPlan(pipeline).startingAt(ledger.starts());
      LookupFeed lookups = LookupFeed.open(pipeline, plan, ledger);
      return new LocalRun(pipeline, options, clock, source, null, plan, ledger, lookups, 0);
    } catch (RuntimeException | Error e) {
      Closing.after(e, source);
      throw e;
    }
  }

  private static LocalRun open(
      Pipeline pipeline, RunOptions options, Clock clock, OpenSource source, int readers) {
    LocalCheckpoint checkpoint = null;
    LookupFeed lookups = null;
    try {
      TaskPlan plan = new TaskPlan(pipeline);
      Fingerprint fingerprint =
          LocalCheckpoint.fingerprint(pipeline, partOf(pipeline.source()), source.id());
      checkpoint =
          options
              .checkpoint()
              .map(location -> LocalCheckpoint.open(location, fingerprint, options.evolves()))
              .orElse(null);
      Ledger ledger =
          checkpoint == null
              ? Ledger.inMemory(pipeline)
              : checkpoint.restore(pipeline, fingerprint, clock.instant());
      plan = plan.startingAt(ledger.starts());
      lookups = LookupFeed.open(pipeline, plan, ledger);
      return new LocalRun(
          pipeline, options, clock, source, checkpoint, plan, ledger, lookups, readers);
    } catch (RuntimeException | Error e) {
      if (lookups != null) {
        Closing.after(e, lookups);
      }
      Closing.after(e, source);
      if (checkpoint != null) {
        Closing.after(e, checkpoint);
      }
      throw e;
    }
  }

  private static Optional<KafkaTopic.Part> partOf(Source source) {
    return source instanceof KafkaTopic topic ? topic.part() : Optional.empty();
  }

  // ---- the thread of the run

  private void work() {
    guarded(
        () -> {
          try {
            current = begin(planner.repeated(ledger()));
            boolean idle = false;
            while (!isStopping()) {
              if (current == null) {
                if (!positions.isBounded()) {
                  awaitTrigger();
                  if (isStopping()) {
                    break;
                  }
                }
                current = begin(planner.next(number(), ledger().nextWatermark()));
              }
              if (current != null) {
                finish(current);
                current = ahead;
                ahead = null;
                idle = false;
              } else if (positions.isBounded()) {
                break;
              } else {
                if (idle) {
                  commit();
                }
                idle = true;
                readers.awaitRecords(positions.next());
              }
            }
            if (options.flushesAtEnd() && !isStopping()) {
              sinks.write(ledger().flush());
            }
          } catch (CancellationException e) {
            if (!isStopping()) {
              throw e;
            }
          }
        });
  }

  private void guarded(Runnable work) {
    try {
      work.run();
      sinks.close();
      commit();
    } catch (RuntimeException | Error e) {
      sinks.abandon(failed(failureOf(e)));
    } finally {
      try {
        close(source::stop);
        close(readers::end);
        drop(current);
        drop(ahead);
        close(source::close);
        close(lookups::close);
        if (checkpoint != null) {
          close(checkpoint::close);
        }
      } finally {
        ended();
      }
    }
  }

  private CallstreamException failureOf(Throwable e) {
    try {
      return EnvironmentFailures.failure(e)
          .orElseGet(
              () ->
                  e instanceof CallstreamException known
                      ? known
                      : new CallstreamException(
                          ErrorCode.ENGINE_FAILED,
                          "The local engine failed: " + e.getMessage(),
                          e));
    } catch (OutOfMemoryError full) {
      return outOfMemory;
    }
  }

  private void close(Runnable part) {
    try {
      part.run();
    } catch (RuntimeException | Error e) {
      failed(failureOf(e));
    }
  }

  private boolean isStopping() {
    return stopped.getCount() == 0;
  }

  private void awaitTrigger() {
    long rest = options.trigger().toNanos() - (System.nanoTime() - lastBeginNanos);
    try {
      boolean ignored = stopped.await(rest, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw new CallstreamException(
          ErrorCode.ENGINE_FAILED, "The thread of the run was interrupted", e);
    }
  }

  /** Starts the readers on a batch. Returns null if there is nothing to read. */
  private @Nullable Reading begin(PlannedBatch batch) {
    if (batch.isEmpty()) {
      return null;
    }
    lastBeginNanos = batch.start().nanos();
    return readers.start(batch);
  }

  /** Finishes the current batch, while the readers work on the next one. */
  private void finish(Reading reading) {
    PlannedBatch batch = reading.batch();
    List<BatchPart> parts = reading.await();
    long readNanos = System.nanoTime();
    TaskReport report = BatchProcessor.report(parts, batch.offsets());
    if (batch.more() && readers.isParallel() && !isStopping()) {
      long number = number() + (report.accounting().received() > 0 ? 1 : 0);
      ahead = begin(planner.next(number, ledger().watermarkAfter(report.segments())));
    }
    processor.process(batch.start(), batch.offsets(), parts, report, readNanos);
  }

  /** Returns the number of the next batch with records. */
  private long number() {
    return ledger().lastBatch() + 1;
  }

  private void commit() {
    positions.commit(ledger(), current == null && ahead == null);
  }

  /** Releases a batch that is not processed. The next run reads it again. */
  private void drop(@Nullable Reading reading) {
    if (reading != null) {
      reading.drop(e -> failure().filter(first -> first != e).ifPresent(f -> f.addSuppressed(e)));
    }
  }

  // ---- called by other threads

  @Override
  protected Map<String, String> engineSettings() {
    return Map.of(
        "engine", LocalEngine.NAME + ", reading in " + Plural.of(readers.size(), "thread"));
  }

  @Override
  public void stop() {
    stopped.countDown();
    source.stop();
    if (Thread.currentThread() == worker || sinks.isCallingSink()) {
      return;
    }
    awaitEnd();
  }

  // ---- batches that the caller starts

  /** Processes the available records, up to the limit of a batch. */
  void runBatch() {
    Reading reading = begin(planner.next(number(), ledger().nextWatermark()));
    if (reading != null) {
      finish(reading);
    }
  }

  /** Ends a run whose batches the caller starts. */
  void finish() {
    guarded(() -> {});
  }

  /** Returns the watermark that applies to the next batch. */
  Optional<Instant> nextWatermark() {
    return StatisticCombiner.moment(ledger().nextWatermark());
  }
}
