package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallRecord;
import io.callstream.internal.engine.BatchPart;
import io.callstream.internal.engine.BatchProcessor;
import io.callstream.internal.engine.BatchStart;
import io.callstream.internal.engine.LedgerRun;
import io.callstream.internal.engine.LookupFeed;
import io.callstream.internal.failures.EnvironmentFailures;
import io.callstream.internal.files.Closing;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress.PartitionOffsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A run in this process, for authors of engines. The engine reads records and decides where batches
 * end. This class does the rest: it parses and combines the records, merges their results, and
 * keeps the watermark, the accounting and the remembered ids. It calls sinks and listeners, and
 * ends the run when it is stopped or fails.
 *
 * <p>Everything is in memory: an engine that uses this class must not declare {@link
 * Capability#CHECKPOINT}. A batch must fit into memory, so a {@link BatchReader} limits its
 * batches.
 */
public final class BatchRun {
  /** Reads the records of a run. The run calls it from one thread. */
  @FunctionalInterface
  public interface BatchReader {
    /**
     * Reads the records of the next batch. If none are available, it may wait for some. {@link
     * RunningPipeline#stop} waits until it returns, so it must not wait longer than a second.
     *
     * @param batch receives the records
     * @return the offsets that the batch read in each partition, including offsets without a
     *     record. The start is the end of the previous batch. Empty if there is nothing to read: a
     *     bounded run then ends, and a continuous run calls this method again
     * @throws Exception if the records cannot be read; the run then fails. A {@link
     *     CallstreamException} keeps its code
     */
    List<PartitionOffsets> read(Batch batch) throws Exception;
  }

  /** The records of one batch. Thread-safe. */
  public static final class Batch {
    private final TaskPlan plan;
    private final LookupFeed lookups;
    private BatchStart start;
    private final List<BatchPart> parts = new ArrayList<>();

    private Batch(TaskPlan plan, LookupFeed lookups, Ledger ledger) {
      this.plan = plan;
      this.lookups = lookups;
      this.start =
          new BatchStart(
              ledger.lastBatch() + 1,
              Instant.now(),
              System.nanoTime(),
              ledger.nextWatermark(),
              LookupTables.NONE);
    }

    /**
     * Adds a task to the batch. An engine that reads in several threads creates a task for each. A
     * partition belongs to one task.
     */
    public synchronized Task newTask() {
      if (parts.isEmpty()) {
        // The reader may have waited for records since the start.
        start = start.with(lookups.next());
      }
      BatchPart part = new BatchPart(plan, start, null);
      parts.add(part);
      return new Task(part);
    }

    private synchronized List<BatchPart> finishedParts() {
      parts.forEach(part -> part.filledBy(filled -> {}));
      return new ArrayList<>(parts);
    }

    private synchronized BatchStart start() {
      return start;
    }

    private synchronized void close() {
      parts.forEach(BatchPart::close);
    }
  }

  /**
   * A part of a batch, which parses its records and combines them into partial results. Used by one
   * thread at a time. The batch reader must not use it after it has returned.
   */
  public static final class Task {
    private final BatchPart part;

    private Task(BatchPart part) {
      this.part = part;
    }

    /**
     * Adds a record. The records of a partition must be in order. They existed when the batch
     * started.
     *
     * @throws CallstreamException if the code of a statistic fails; the reader must not catch it
     */
    public void add(CallRecord record) {
      part.add(record);
    }
  }

  private BatchRun() {}

  /**
   * Opens the sinks and starts a run in a separate daemon thread. An engine first calls {@link
   * Engine#requireSupport}.
   *
   * @throws CallstreamException if a statistic or the format cannot be used, or a sink cannot be
   *     opened. Nothing runs then
   * @throws IllegalArgumentException if the options have a checkpoint, or the source is a part of a
   *     topic
   */
  public static RunningPipeline start(Pipeline pipeline, RunOptions options, BatchReader reader) {
    options
        .checkpoint()
        .ifPresent(
            checkpoint -> {
              throw new IllegalArgumentException(
                  ("A BatchRun keeps no checkpoint, but the options have %s; call"
                          + " Engine.requireSupport first, and do not declare CHECKPOINT")
                      .formatted(checkpoint));
            });
    if (Capability.neededBy(pipeline, options).contains(Capability.PARTS)) {
      throw new IllegalArgumentException(
          ("A BatchRun keeps no checkpoint, from which parts are merged, but the source is %s; call"
                  + " Engine.requireSupport first, and do not declare PARTS")
              .formatted(pipeline.source().description()));
    }
    Run run = new Run(pipeline, options, reader);
    try {
      run.worker.start();
    } catch (Error e) {
      run.end(e);
      throw run.failure().orElseThrow();
    }
    return run;
  }

  private static final class Run extends LedgerRun {
    private static final Duration POLL_INTERVAL = Duration.ofMillis(10);

    private final RunOptions options;
    private final BatchReader reader;
    private final TaskPlan plan;
    private final LookupFeed lookups;
    private final BatchProcessor processor;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread worker = DaemonThreads.of("callstream-batches", this::work);

    Run(Pipeline pipeline, RunOptions options, BatchReader reader) {
      super(pipeline, options, Ledger.inMemory(pipeline));
      this.options = options;
      this.reader = reader;
      plan = new TaskPlan(pipeline);
      lookups = LookupFeed.open(pipeline, plan, ledger());
      try {
        processor =
            new BatchProcessor(
                pipeline, options, plan, ledger(), Clock.systemUTC(), null, this::reported);
      } catch (RuntimeException | Error e) {
        Closing.after(e, lookups);
        throw e;
      }
    }

    @Override
    protected Map<String, String> engineSettings() {
      return Map.of();
    }

    private void work() {
      try {
        readBatches();
        if (options.flushesAtEnd() && !isStopping()) {
          processor.sinks().write(ledger().flush());
        }
        processor.sinks().close();
        lookups.close();
        ended();
      } catch (Exception | Error e) {
        end(e);
      }
    }

    void end(Throwable e) {
      try {
        processor.sinks().abandon(failed(failure(e)));
        Closing.after(e, lookups);
      } finally {
        ended();
      }
    }

    private static CallstreamException failure(Throwable e) {
      return EnvironmentFailures.failure(e)
          .orElseGet(
              () ->
                  e instanceof CallstreamException known
                      ? known
                      : new CallstreamException(
                          ErrorCode.ENGINE_FAILED, "The engine failed to read a batch: " + e, e));
    }

    private void readBatches() throws Exception {
      boolean isBounded = options.mode() == RunOptions.Mode.BOUNDED;
      long lastBeginNanos = System.nanoTime() - options.trigger().toNanos();
      while (!isStopping()) {
        if (!isBounded) {
          await(options.trigger().toNanos() - (System.nanoTime() - lastBeginNanos));
          if (isStopping()) {
            return;
          }
        }
        Batch batch = new Batch(plan, lookups, ledger());
        List<PartitionOffsets> offsets;
        List<BatchPart> parts;
        long readNanos;
        try {
          offsets = reader.read(batch);
          readNanos = System.nanoTime();
          parts = batch.finishedParts();
        } catch (Exception | Error e) {
          batch.close();
          throw e;
        }
        if (!offsets.isEmpty()) {
          lastBeginNanos = batch.start().nanos();
          processor.process(
              batch.start(), offsets, parts, BatchProcessor.report(parts, offsets), readNanos);
        } else if (isBounded) {
          return;
        } else {
          await(POLL_INTERVAL.toNanos());
        }
      }
    }

    private boolean isStopping() {
      return stopped.getCount() == 0;
    }

    /** Waits until the time has elapsed or the run is stopped. */
    private void await(long nanos) throws InterruptedException {
      boolean ignored = stopped.await(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void stop() {
      stopped.countDown();
      if (Thread.currentThread() != worker && !processor.sinks().isCallingSink()) {
        awaitEnd();
      }
    }
  }
}
