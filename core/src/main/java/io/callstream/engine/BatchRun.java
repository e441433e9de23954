package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.internal.engine.BatchProgress;
import io.callstream.internal.engine.RunEnd;
import io.callstream.internal.engine.SinkSet;
import io.callstream.internal.engine.StateMerger;
import io.callstream.internal.failures.EnvironmentFailures;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.source.InputRecord;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.CallReader;
import io.callstream.internal.task.DeadLetterMerge;
import io.callstream.internal.task.PossibleDuplicate;
import io.callstream.internal.task.SeenCalls;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A run in this process, for authors of engines. The engine reads records and decides where batches
 * end. This class does the rest: it parses and combines the records, merges their results, and
 * keeps the watermark, the accounting and the remembered ids. It calls sinks and listeners, and
 * ends the run when it is stopped or fails. Thread-safe.
 *
 * <p>Everything is in memory: an engine that uses this class must not declare {@link
 * Capability#CHECKPOINT}. A batch must fit into memory together with its dead letters, so a {@link
 * BatchReader} limits its batches.
 */
public final class BatchRun implements RunningPipeline {
  private static final Duration POLL_INTERVAL = Duration.ofMillis(10);

  private final Pipeline pipeline;
  private final RunOptions options;
  private final BatchReader reader;
  private final TaskPlan plan;
  private final Ledger ledger;
  private final SinkSet sinks;
  private final RunEnd end;
  private final StateMerger merger;
  private final @Nullable SeenCalls seen;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread worker = new Thread(this::work, "callstream-batches");
  private volatile @Nullable Progress progress;

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
    private final long watermark;
    private final Instant begin = Instant.now();
    private final long beginNanos = System.nanoTime();
    private final List<Task> tasks = new ArrayList<>();

    private Batch(TaskPlan plan, long watermark) {
      this.plan = plan;
      this.watermark = watermark;
    }

    /**
     * Adds a task to the batch. An engine that reads in several threads creates a task for each. A
     * partition belongs to one task.
     */
    public synchronized Task newTask() {
      Task task = new Task(plan, begin, watermark);
      tasks.add(task);
      return task;
    }

    private synchronized List<Task> tasks() {
      return List.copyOf(tasks);
    }
  }

  /**
   * A part of a batch, which parses its records and combines them into partial results. Used by one
   * thread at a time. The batch reader must not use it after it has returned.
   */
  public static final class Task {
    private final boolean isDistinct;
    private final CallReader calls;
    private final CallCounter counter;
    private final List<PossibleDuplicate> candidates = new ArrayList<>();
    private final List<DeadLetter> letters = new ArrayList<>();

    private Task(TaskPlan plan, Instant begin, long watermark) {
      isDistinct = plan.distinctHorizonMillis().isPresent();
      calls = new CallReader(plan, begin, letters::add);
      counter = new CallCounter(plan, watermark, letters::add);
    }

    /**
     * Adds a record. The records of a partition must be in order. They existed when the batch
     * started.
     *
     * @param partition the partition, from 0
     * @param offset the offset in the partition
     * @param timestamp the timestamp of the record; before 1970 if the record has none
     * @param value the bytes, not copied; null for a record without a value
     * @throws CallstreamException if the code of a statistic fails; the reader must not catch it
     */
    public void add(int partition, long offset, Instant timestamp, byte @Nullable [] value) {
      InputRecord record = new InputRecord(partition, offset, timestamp.toEpochMilli(), value);
      Call call = calls.read(record);
      if (call == null) {
        return;
      }
      if (isDistinct) {
        candidates.add(
            new PossibleDuplicate(call, counter.mayMiss(call) ? record : record.withoutValue()));
      } else {
        counter.count(call, record);
      }
    }

    private TaskReport report() {
      return calls.report().plus(new TaskReport(counter.accounting(), List.of()));
    }
  }

  private BatchRun(Pipeline pipeline, RunOptions options, BatchReader reader) {
    this.pipeline = pipeline;
    this.options = options;
    this.reader = reader;
    plan = new TaskPlan(pipeline);
    seen =
        plan.distinctHorizonMillis().isPresent()
            ? new SeenCalls(plan.distinctHorizonMillis().getAsLong(), null)
            : null;
    ledger = Ledger.inMemory(pipeline);
    merger = new StateMerger(plan.statistics(), ledger);
    end = new RunEnd("The pipeline over " + pipeline.source().description());
    sinks = SinkSet.open(pipeline, ledger, options.sinkTimeout());
    worker.setDaemon(true);
  }

  /**
   * Opens the sinks and starts a run in a separate daemon thread. An engine first calls {@link
   * Engine#requireSupport}.
   *
   * @throws CallstreamException if a statistic or the format cannot be used, or a sink cannot be
   *     opened. Nothing runs then
   * @throws IllegalArgumentException if the options have a checkpoint
   */
  public static BatchRun start(Pipeline pipeline, RunOptions options, BatchReader reader) {
    options
        .checkpoint()
        .ifPresent(
            checkpoint -> {
              throw new IllegalArgumentException(
                  "A BatchRun keeps no checkpoint, but the options have "
                      + checkpoint
                      + "; call Engine.requireSupport first, and do not declare CHECKPOINT");
            });
    BatchRun run = new BatchRun(pipeline, options, reader);
    try {
      run.worker.start();
    } catch (Error e) {
      run.sinks.abandon(run.end.failed(failure(e)));
      run.end.end();
      throw run.failure().orElseThrow();
    }
    return run;
  }

  private void work() {
    try {
      readBatches();
      if (options.flushesAtEnd() && !isStopping()) {
        sinks.write(ledger.flush());
      }
      sinks.close();
    } catch (Exception | Error e) {
      sinks.abandon(end.failed(failure(e)));
    } finally {
      end.end();
    }
  }

  private static CallstreamException failure(Throwable e) {
    if (e instanceof CallstreamException known) {
      return known;
    }
    return EnvironmentFailures.failure(e)
        .orElseGet(
            () ->
                new CallstreamException(
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
      Batch batch = new Batch(plan, ledger.nextWatermark());
      List<PartitionOffsets> offsets = reader.read(batch);
      if (!offsets.isEmpty()) {
        lastBeginNanos = batch.beginNanos;
        finish(batch, offsets);
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

  private void finish(Batch batch, List<PartitionOffsets> offsets) {
    List<Task> tasks = new ArrayList<>(batch.tasks());
    TaskReport report = TaskReport.ofDuplicates(0);
    for (Task task : tasks) {
      report = report.plus(task.report());
    }
    if (report.accounting().received() == 0) {
      progress().ifPresent(last -> progress = last.withOffsets(offsets));
      return;
    }
    long readNanos = System.nanoTime();
    SeenCalls ids = seen;
    if (ids != null) {
      Task firsts = new Task(plan, batch.begin, batch.watermark);
      List<PossibleDuplicate> candidates = new ArrayList<>();
      tasks.forEach(task -> candidates.addAll(task.candidates));
      candidates.sort(PossibleDuplicate.ORDER);
      long duplicates =
          ids.sift(
              candidates,
              batch.watermark,
              first -> firsts.counter.count(first.call(), first.record()));
      tasks.add(firsts);
      report = report.plus(TaskReport.ofDuplicates(duplicates)).plus(firsts.report());
    }
    Map<Integer, Long> ends = new TreeMap<>();
    offsets.forEach(range -> ends.put(range.partition(), range.end()));
    report = report.reaching(ends);
    tasks.forEach(task -> task.counter.forEachPartial(merger::add));
    BatchResults results = ledger.append(ledger.lastBatch() + 1, report, merger.merge());
    List<DeadLetter> letters = new ArrayList<>();
    tasks.forEach(task -> letters.addAll(task.letters));
    letters.sort(DeadLetterMerge.ORDER);
    long mergedNanos = System.nanoTime();
    sinks.write(results, letters);
    long endNanos = System.nanoTime();
    Map<String, Duration> phases = new LinkedHashMap<>();
    phases.put("read", Duration.ofNanos(readNanos - batch.beginNanos));
    phases.put("merge", Duration.ofNanos(mergedNanos - readNanos));
    phases.put("sinks", Duration.ofNanos(endNanos - mergedNanos));
    Progress now =
        new BatchProgress(
                batch.begin,
                offsets,
                report.latencyAt(Instant.now()),
                Duration.ofNanos(endNanos - batch.beginNanos),
                phases)
            .report(results, ledger, ids == null ? 0 : ids.size(), sinks, progress);
    progress = now;
    sinks.report(now);
  }

  @Override
  public Pipeline pipeline() {
    return pipeline;
  }

  @Override
  public State state() {
    return end.state();
  }

  @Override
  public Optional<Progress> progress() {
    return Optional.ofNullable(progress);
  }

  @Override
  public Accounting accounting() {
    return ledger.total();
  }

  @Override
  public Results results(String statistic) {
    return ledger.results(statistic);
  }

  @Override
  public Optional<CallstreamException> failure() {
    return end.failure();
  }

  @Override
  public void onTermination(Consumer<? super Termination> listener) {
    end.onTermination(listener);
  }

  @Override
  public void awaitTermination() throws InterruptedException {
    end.await();
  }

  @Override
  public boolean awaitTermination(Duration timeout) throws InterruptedException {
    return end.await(timeout);
  }

  @Override
  public void stop() {
    stopped.countDown();
    if (Thread.currentThread() != worker && !sinks.isCallingSink()) {
      end.awaitUninterruptibly();
    }
  }
}
