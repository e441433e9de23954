package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunOptions;
import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.engine.LedgerRun;
import io.callstream.internal.runtime.Candidate;
import io.callstream.internal.runtime.Fingerprint;
import io.callstream.internal.runtime.Ledger;
import io.callstream.internal.runtime.Letters;
import io.callstream.internal.runtime.SeenCalls;
import io.callstream.internal.runtime.SinkSet;
import io.callstream.internal.runtime.Surroundings;
import io.callstream.internal.runtime.TaskPlan;
import io.callstream.internal.runtime.TaskReport;
import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.SpanReader;
import io.callstream.internal.source.SpanReader.Span;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * A run of the local engine. Readers, each in a dedicated thread, read, parse and combine the parts
 * of a batch. The thread of the run merges the parts, and writes to the ledger and then to the
 * sinks. The only state of a window is its block in the ledger.
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
  /** The default maximum number of records of a batch. It limits the memory that a batch uses. */
  static final long DEFAULT_MAX_RECORDS = 500_000;

  private static final Logger LOG = LoggerFactory.getLogger(LocalRun.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration READER_PATIENCE = Duration.ofSeconds(10);

  /** Created in advance, because a full heap has no room for it. */
  private final CallstreamException outOfMemory =
      Surroundings.failure(new OutOfMemoryError("Java heap space")).orElseThrow();

  private final RunOptions options;
  private final Clock clock;
  private final OpenSource source;
  private final @Nullable LocalCheckpoint checkpoint;
  private final TaskPlan plan;
  private final SinkSet sinks;
  private final List<BlockMerger> mergers;
  private final @Nullable SeenCalls seen;

  /** The offset of each partition at which the first unplanned batch starts. */
  private final Map<Integer, Long> positions = new TreeMap<>();

  /** The offset of each partition at which a bounded run ends; null for a continuous run. */
  private final @Nullable Map<Integer, Long> bounds;

  private final List<SpanReader> readers = new ArrayList<>();

  /** Runs the readers; null if they run in the thread of the run. */
  private final @Nullable ExecutorService threads;

  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile @Nullable Thread worker;

  /**
   * The offset up to which each partition is known to be read, including offsets without records.
   */
  private Map<Integer, Long> reached = Map.of();

  private long lastBeginNanos;
  private long lastEndNanos = System.nanoTime();

  /** The current or next batch, and the batch that is read ahead. */
  private @Nullable Reading current;

  private @Nullable Reading ahead;

  /** The plan of a batch: the records to read. */
  private record Batch(
      Instant begin,
      long beginNanos,
      List<Span> spans,
      Map<Integer, Long> latest,
      boolean more,
      long watermark) {
    boolean isEmpty() {
      return spans.stream().allMatch(span -> span.from() == span.to());
    }
  }

  /** A batch that readers are reading. */
  private record Reading(Batch batch, List<Future<ReadPart>> parts) {}

  private LocalRun(
      Pipeline pipeline,
      RunOptions options,
      Clock clock,
      OpenSource source,
      @Nullable LocalCheckpoint checkpoint,
      TaskPlan plan,
      Ledger ledger,
      int threads) {
    super(pipeline, ledger);
    this.options = options;
    this.clock = clock;
    this.source = source;
    this.checkpoint = checkpoint;
    this.plan = plan;
    mergers = plan.statistics().stream().map(BlockMerger::new).toList();
    seen =
        plan.distinctHorizonMillis().isPresent()
            ? new SeenCalls(plan.distinctHorizonMillis().getAsLong(), null)
            : null;
    for (byte[] note : ledger.takeNotes()) {
      if (seen != null) {
        seen.add(note);
      }
    }
    lastBeginNanos = System.nanoTime() - options.trigger().toNanos();
    bounds = options.mode() == RunOptions.Mode.BOUNDED ? source.endOffsets() : null;
    findPositions();
    for (int i = 0; i < Math.max(1, Math.min(threads, positions.size())); i++) {
      readers.add(source.newReader());
    }
    sinks = SinkSet.open(pipeline, ledger, options.sinkTimeout());
    this.threads =
        threads == 0
            ? null
            : Executors.newFixedThreadPool(
                readers.size(), task -> thread(task, "callstream-local-reader"));
  }

  private static Thread thread(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Starts a run in a dedicated thread.
   *
   * @param readers the maximum number of threads that read
   */
  static LocalRun start(
      Pipeline pipeline, RunOptions options, Clock clock, OpenSource source, int readers) {
    return start(
        pipeline, options, clock, source, readers, work -> thread(work, "callstream-local"));
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
  static LocalRun stepwise(Pipeline pipeline, RunOptions options, Clock clock) {
    return open(pipeline, options, clock, Sources.open(pipeline.source()), 0);
  }

  private static LocalRun open(
      Pipeline pipeline, RunOptions options, Clock clock, OpenSource source, int readers) {
    LocalCheckpoint checkpoint = null;
    try {
      TaskPlan plan = new TaskPlan(pipeline);
      Fingerprint fingerprint = Fingerprint.of(pipeline, LocalEngine.NAME, Map.of(), source.id());
      checkpoint =
          options
              .checkpoint()
              .map(location -> LocalCheckpoint.open(location, fingerprint))
              .orElse(null);
      Ledger ledger = checkpoint == null ? Ledger.inMemory(pipeline) : checkpoint.restore(pipeline);
      return new LocalRun(pipeline, options, clock, source, checkpoint, plan, ledger, readers);
    } catch (RuntimeException | Error e) {
      source.close();
      if (checkpoint != null) {
        checkpoint.close();
      }
      throw e;
    }
  }

  private void findPositions() {
    Map<Integer, Long> firsts = source.firstOffsets();
    Map<Integer, Long> before = checkpoint == null ? Map.of() : checkpoint.firstOffsets();
    positions.putAll(before.isEmpty() ? source.startOffsets() : before);
    positions.putAll(ledger().nextOffsets());
    if (checkpoint != null) {
      checkpoint.begin(positions);
      if (!before.isEmpty()) {
        checkpoint.requireConsistent(ledger(), bounds == null ? source.endOffsets() : bounds);
      }
      reached = checkpoint.committed().reached();
      // Markers of transactions may follow the last record, and may have been deleted since.
      positions.replaceAll(
          (partition, position) ->
              Math.max(
                  position,
                  Math.min(
                      firsts.getOrDefault(partition, 0L), reached.getOrDefault(partition, 0L))));
    }
    positions.forEach(
        (partition, position) -> requireStillThere(partition, position, firsts.get(partition)));
  }

  private void requireStillThere(int partition, long position, @Nullable Long first) {
    if (first == null || first > position) {
      throw new CallstreamException(
          ErrorCode.SOURCE_FAILED,
          "Records that were not read yet are gone from "
              + pipeline().source().description()
              + ": partition "
              + partition
              + " must be read from offset "
              + position
              + (first == null ? ", and is not there" : ", and begins at " + first)
              + ". Most likely retention deleted them: keep records longer than the pipeline may be"
              + " down. To continue without them, start with a new checkpoint.");
    }
  }

  // ---- the thread of the run

  private void work() {
    guarded(
        () -> {
          try {
            current = begin(again());
            boolean idle = false;
            while (!isStopping()) {
              if (current == null) {
                if (bounds == null) {
                  awaitTrigger();
                  if (isStopping()) {
                    break;
                  }
                }
                current = begin(next(ledger().nextWatermark()));
              }
              if (current != null) {
                finish(current);
                current = ahead;
                ahead = null;
                idle = false;
              } else if (bounds != null) {
                break;
              } else {
                if (idle) {
                  commit();
                }
                idle = true;
                await();
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
    } catch (CallstreamException e) {
      sinks.abandon(failed(e));
    } catch (RuntimeException | Error e) {
      sinks.abandon(failed(failureOf(e)));
    } finally {
      try {
        close(source::stop);
        close(this::endThreads);
        drop(current);
        drop(ahead);
        close(source::close);
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
      return Surroundings.failure(e)
          .orElseGet(
              () ->
                  new CallstreamException(
                      ErrorCode.ENGINE_FAILED, "The local engine failed: " + e.getMessage(), e));
    } catch (OutOfMemoryError full) {
      return outOfMemory;
    }
  }

  private void close(Runnable part) {
    try {
      part.run();
    } catch (CallstreamException e) {
      failed(e);
    } catch (RuntimeException | Error e) {
      failed(
          Surroundings.failure(e)
              .orElseGet(
                  () ->
                      new CallstreamException(
                          ErrorCode.ENGINE_FAILED,
                          "The local engine did not end well: " + e.getMessage(),
                          e)));
    }
  }

  private void endThreads() {
    if (threads == null) {
      return;
    }
    threads.shutdown();
    boolean interrupted = false;
    long end = System.nanoTime() + READER_PATIENCE.toNanos();
    while (!threads.isTerminated() && System.nanoTime() < end) {
      try {
        boolean ignored = threads.awaitTermination(100, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isStopping() {
    return stopped.getCount() == 0;
  }

  /**
   * Waits until records may be available and the trigger interval has elapsed, or until the run is
   * stopped.
   */
  private void await() {
    Semaphore found = new Semaphore(0);
    Set<SpanReader> back = ConcurrentHashMap.newKeySet();
    List<Future<?>> waiting = new ArrayList<>();
    for (int i = 0; i < readers.size(); i++) {
      SpanReader reader = readers.get(i);
      List<Span> mine = new ArrayList<>();
      for (Map.Entry<Integer, Long> position : positions.entrySet()) {
        if (position.getKey() % readers.size() == i) {
          mine.add(new Span(position.getKey(), position.getValue(), position.getValue()));
        }
      }
      waiting.add(
          submit(
              () -> {
                try {
                  reader.await(mine, LOOK);
                } finally {
                  back.add(reader);
                  found.release();
                }
                return null;
              }));
    }
    found.acquireUninterruptibly();
    // Waking a reader that has already returned would end its next wait.
    readers.stream().filter(reader -> !back.contains(reader)).forEach(SpanReader::wakeUp);
    waiting.forEach(LocalRun::get);
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

  private <T> Future<T> submit(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Executor executor = threads == null ? Runnable::run : threads;
    executor.execute(task);
    return task;
  }

  private static <T> T get(Future<T> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  // ---- planning a batch

  /**
   * Returns the batch that an earlier run recorded and may not have finished. Empty if there is
   * none.
   */
  private Batch again() {
    Map<Integer, Long> ends = ledger().endsOfNext();
    return batch(ends, source.endOffsets(), ledger().nextWatermark());
  }

  /**
   * Returns a batch of the available records, up to the limit, from the end of the planned batches.
   */
  private Batch next(long watermark) {
    Map<Integer, Long> latest = source.endOffsets();
    latest.forEach((partition, end) -> addPartition(partition));
    Map<Integer, Long> last = bounds == null ? latest : bounds;
    Map<Integer, Long> backlog = new TreeMap<>();
    positions.forEach(
        (partition, position) ->
            backlog.put(partition, Math.max(0, last.getOrDefault(partition, position) - position)));
    long total = backlog.values().stream().mapToLong(Long::longValue).sum();
    long limit = options.maxRecordsPerBatch().orElse(DEFAULT_MAX_RECORDS);
    Map<Integer, Long> ends = new TreeMap<>();
    positions.forEach(
        (partition, position) -> {
          long records = backlog.getOrDefault(partition, 0L);
          long share =
              total <= limit
                  ? records
                  : Math.min(records, Math.max(1, (long) (limit * ((double) records / total))));
          ends.put(partition, position + share);
        });
    return batch(ends, latest, watermark);
  }

  private void addPartition(int partition) {
    if (positions.containsKey(partition)) {
      return;
    }
    long first = source.firstOffsets().getOrDefault(partition, 0L);
    positions.put(partition, first);
    if (checkpoint != null) {
      Map<Integer, Long> firsts = new TreeMap<>(checkpoint.firstOffsets());
      firsts.put(partition, first);
      checkpoint.writeFirstOffsets(firsts);
    }
  }

  private Batch batch(Map<Integer, Long> ends, Map<Integer, Long> latest, long watermark) {
    List<Span> spans = new ArrayList<>();
    boolean more = false;
    for (Map.Entry<Integer, Long> position : positions.entrySet()) {
      int partition = position.getKey();
      long from = position.getValue();
      long to = ends.getOrDefault(partition, from);
      spans.add(new Span(partition, from, to));
      position.setValue(to);
      Map<Integer, Long> last = bounds == null ? latest : bounds;
      more |= last.getOrDefault(partition, to) > to;
    }
    return new Batch(clock.instant(), System.nanoTime(), spans, latest, more, watermark);
  }

  private @Nullable Path letterDirectory() {
    return checkpoint == null ? null : checkpoint.letterDirectory();
  }

  /** Starts the readers on a batch. Returns null if there is nothing to read. */
  private @Nullable Reading begin(Batch batch) {
    if (batch.isEmpty()) {
      return null;
    }
    lastBeginNanos = batch.beginNanos();
    Path letters = letterDirectory();
    List<Future<ReadPart>> parts = new ArrayList<>();
    for (int i = 0; i < readers.size(); i++) {
      int number = i;
      List<Span> mine =
          batch.spans().stream()
              .filter(
                  span -> span.partition() % readers.size() == number && span.from() < span.to())
              .toList();
      if (!mine.isEmpty()) {
        SpanReader reader = readers.get(i);
        parts.add(
            submit(
                () -> ReadPart.of(plan, reader, mine, batch.begin(), batch.watermark(), letters)));
      }
    }
    return new Reading(batch, parts);
  }

  // ---- processing a batch

  /**
   * Waits for the readers, starts them on the next batch if there is one, and finishes the current
   * batch.
   */
  private void finish(Reading reading) {
    List<ReadPart> parts = new ArrayList<>();
    TaskReport read = TaskReport.ofDuplicates(0);
    for (Future<ReadPart> future : reading.parts()) {
      ReadPart part = get(future);
      parts.add(part);
      read = read.plus(part.report());
    }
    long readNanos = System.nanoTime();
    TaskReport report = read.reaching(ends(reading.batch()));
    if (reading.batch().more() && threads != null && !isStopping()) {
      ahead = begin(next(ledger().watermarkAfter(report.segments())));
    }
    try {
      // Some offsets have no record: ends of transactions, and aborted records.
      if (report.accounting().received() > 0) {
        append(reading.batch(), parts, report, readNanos);
      } else {
        progress().ifPresent(last -> reported(movedOn(last, reading.batch())));
      }
    } finally {
      parts.forEach(ReadPart::close);
    }
  }

  /** Returns the end offsets of the spans of a batch. */
  private static Map<Integer, Long> ends(Batch batch) {
    Map<Integer, Long> ends = new TreeMap<>();
    batch.spans().forEach(span -> ends.put(span.partition(), span.to()));
    return ends;
  }

  private void append(Batch batch, List<ReadPart> parts, TaskReport read, long readNanos) {
    TaskReport report = read;
    Ledger.Updates updates = new Ledger.Updates(mergers.size());
    SeenCalls ids = seen;
    if (ids != null) {
      ledger().shortenLog(ids::toBytes);
      ReadPart firsts = sift(ids, parts, batch.watermark());
      parts.add(firsts);
      report = report.plus(firsts.report());
      updates.note(ids.newToBytes());
    }
    for (int i = 0; i < mergers.size(); i++) {
      merge(i, parts, updates);
    }
    long mergedNanos = System.nanoTime();
    BatchResults results = ledger().append(ledger().lastBatch() + 1, report, updates);
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
    Progress progress = progress(batch, results, latency, Duration.ofNanos(took), phases);
    reported(progress);
    sinks.report(progress);
  }

  /**
   * Returns the last report with later offsets. They have no records, so they do not count as lag.
   */
  private static Progress movedOn(Progress last, Batch batch) {
    Map<Integer, Long> starts = new TreeMap<>();
    last.offsets().forEach(p -> starts.put(p.partition(), p.start()));
    List<PartitionOffsets> offsets = new ArrayList<>();
    for (Span span : batch.spans()) {
      int partition = span.partition();
      offsets.add(
          new PartitionOffsets(
              partition,
              starts.getOrDefault(partition, span.from()),
              span.to(),
              batch.latest().getOrDefault(partition, span.to())));
    }
    return last.withOffsets(offsets);
  }

  private ReadPart sift(SeenCalls ids, List<ReadPart> parts, long watermark) {
    List<Candidate> candidates = new ArrayList<>();
    parts.forEach(part -> candidates.addAll(part.candidates()));
    candidates.sort(Candidate.ORDER);
    return ReadPart.ofFirsts(plan, ids, candidates, watermark, letterDirectory());
  }

  private void merge(int statistic, List<ReadPart> parts, Ledger.Updates updates) {
    Map<Long, List<byte[]>> partials = new TreeMap<>();
    for (ReadPart part : parts) {
      part.blocks(statistic)
          .forEach(
              (window, block) ->
                  partials.computeIfAbsent(window, w -> new ArrayList<>(parts.size())).add(block));
    }
    partials.forEach(
        (window, blocks) ->
            updates.put(
                statistic,
                window,
                mergers.get(statistic).merge(ledger().block(statistic, window), blocks)));
  }

  private void write(BatchResults results, List<ReadPart> parts) {
    List<Letters.Run> letters = new ArrayList<>();
    parts.forEach(part -> part.letters().forEach(letters::add));
    if (letters.isEmpty()) {
      sinks.write(results);
      return;
    }
    try (Letters.Merged merged = Letters.merge(letters)) {
      sinks.write(results, merged);
    }
  }

  /** Records that the last batch is complete, because no further batch may follow to show it. */
  private void commit() {
    if (checkpoint == null) {
      return;
    }
    Map<Integer, Long> now = new TreeMap<>(reached);
    if (current == null && ahead == null) {
      positions.forEach((partition, next) -> now.merge(partition, next, Math::max));
    }
    ledger().nextOffsets().forEach((partition, next) -> now.merge(partition, next, Math::max));
    reached = Map.copyOf(now);
    LocalCheckpoint.Committed done = new LocalCheckpoint.Committed(ledger().lastBatch(), reached);
    if (!done.equals(checkpoint.committed())) {
      checkpoint.commit(done);
    }
  }

  /** Releases parts that were read but not processed. */
  private void drop(@Nullable Reading reading) {
    if (reading == null) {
      return;
    }
    for (Future<ReadPart> part : reading.parts()) {
      try {
        if (part.isDone()) {
          get(part).close();
        }
      } catch (CancellationException e) {
        LOG.debug("A part of a batch was canceled, because the run ends", e);
      } catch (RuntimeException | Error e) {
        // The next run reads this part again, so only a run that fails for another reason reports
        // it.
        failure().filter(first -> first != e).ifPresent(first -> first.addSuppressed(e));
        LOG.debug("A part of a batch that was given up failed", e);
      }
    }
  }

  private Progress progress(
      Batch batch,
      BatchResults results,
      Optional<Progress.Latency> latency,
      Duration took,
      Map<String, Duration> phases) {
    Progress last = progress().orElse(null);
    long rows = results.accounting().received();
    long emitted = results.emittedRows();
    double since =
        last == null ? Double.NaN : seconds(Duration.between(last.timestamp(), batch.begin()));
    List<PartitionOffsets> offsets = new ArrayList<>();
    for (Span span : batch.spans()) {
      long latest = batch.latest().getOrDefault(span.partition(), span.to());
      offsets.add(new PartitionOffsets(span.partition(), span.from(), span.to(), latest));
    }
    List<byte[]> open = ledger().openBlocks();
    long updated =
        results.updates().values().stream()
            .mapToLong(update -> BlockResults.of(update).blocks().size())
            .sum();
    return new Progress(
        results.number(),
        batch.begin(),
        rows,
        rows / since,
        rows / (Math.max(took.toNanos(), 1) / 1e9),
        emitted,
        emitted / since,
        took,
        latency,
        phases,
        new Progress.State(
            open.size() + (seen == null ? 0 : seen.size()),
            updated,
            open.stream().mapToLong(block -> block.length).sum()),
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

  // ---- called by other threads

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
    Reading reading = begin(next(ledger().nextWatermark()));
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
    long millis = ledger().nextWatermark();
    return millis == StatisticCombiner.NO_WATERMARK
        ? Optional.empty()
        : Optional.of(Instant.ofEpochMilli(millis));
  }
}
