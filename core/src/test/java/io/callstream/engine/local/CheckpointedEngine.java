package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import io.callstream.call.Field;
import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.Termination;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.ledger.Fingerprint;
import io.callstream.internal.ledger.Ledger;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupSources;
import io.callstream.lookup.LookupTable;
import io.callstream.lookup.MemoryLookup;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.MemorySource.Addition;
import io.callstream.pipeline.MemorySource.Entry;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.progress.ProgressListener;
import io.callstream.statistic.Statistic;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * An engine with a checkpoint, for tests of the contract kit. It remembers, for each directory,
 * which batches were finished. A run starts by replaying these batches on the local engine while
 * its sinks are muted. This engine satisfies the contract; subclasses in {@link BrokenEngines}
 * break it.
 */
class CheckpointedEngine implements Engine {
  private static final Map<String, Memory> CHECKPOINTS = new ConcurrentHashMap<>();

  /** The state of a directory: the ends of finished batches, and the end of a batch to repeat. */
  private static final class Memory {
    final List<long[]> finished = new ArrayList<>();
    final List<List<Map<String, List<String>>>> tablesOfFinished = new ArrayList<>();
    long[] planned;
    Fingerprint fingerprint;
    List<Map<String, List<String>>> tablesOfPlanned;

    /** The first tables of the first run, which are version 1. */
    List<Map<String, List<String>>> firstTables;

    boolean inUse;

    /** The number of replayed batches that sinks and listeners must not see. */
    long doubled;
  }

  @Override
  public String name() {
    return "checkpointed";
  }

  @Override
  public String toString() {
    return getClass().getSimpleName();
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.of(
        Capability.MEMORY_SOURCE,
        Capability.DISTINCT,
        Capability.CORRECTIONS,
        Capability.CHECKPOINT,
        Capability.EVOLUTION,
        Capability.LOOKUPS);
  }

  /**
   * Rejects corrections of a pipeline that evolves: batches are replayed with the current
   * statistics, so the fields that the earlier statistics read are unknown.
   */
  @Override
  public void requireSupport(Pipeline pipeline, RunOptions options) {
    Engine.super.requireSupport(pipeline, options);
    if (pipeline.correctionHorizon().isPresent() && options.evolves()) {
      throw new CallstreamException(
          ErrorCode.UNSUPPORTED, "The engine does not support corrections() with evolving()");
    }
  }

  @Override
  public RunningPipeline start(Pipeline pipeline, RunOptions options) {
    requireSupport(pipeline, options);
    if (options.checkpoint().isEmpty()) {
      Shutters shutters = new Shutters(new Places());
      shutters.open = true;
      Pipeline inner =
          copy(pipeline, (MemorySource) pipeline.source(), pipeline.lookups(), shutters);
      return new Seen(pipeline, new LocalEngine().start(inner, options));
    }
    Memory memory = CHECKPOINTS.computeIfAbsent(options.checkpoint().get(), d -> new Memory());
    claim(memory, pipeline, options);
    Run run;
    try {
      run = new Run(pipeline, options, memory);
    } catch (RuntimeException | Error e) {
      memory.inUse = false;
      throw e;
    }
    run.start();
    return run;
  }

  private void claim(Memory memory, Pipeline pipeline, RunOptions options) {
    if (memory.inUse) {
      throw new CallstreamException(ErrorCode.CHECKPOINT, "The directory is in use");
    }
    Fingerprint run = Fingerprint.of(pipeline, name(), Map.of(), "");
    if (memory.fingerprint == null) {
      memory.fingerprint = run;
    }
    requireContinued(memory.fingerprint, run, options);
    int finished = memory.finished.size();
    long[] ends = memory.planned;
    if (ends == null) {
      ends = finished == 0 ? new long[0] : memory.finished.get(finished - 1);
    }
    Map<Integer, Long> offsets = new TreeMap<>();
    for (int p = 0; p < ends.length; p++) {
      offsets.put(p, ends[p]);
    }
    memory.fingerprint =
        memory.fingerprint.continuedBy(
            run,
            new CountedSince(firstBatch(finished, memory.planned != null), Instant.now(), offsets),
            finished - 1);
    memory.inUse = true;
  }

  // ---- overridden by broken engines

  void requireContinued(Fingerprint recorded, Fingerprint run, RunOptions options) {
    recorded.requireContinuedBy(run, options.evolves(), "of the test");
  }

  /** Returns the first batch of a new statistic. */
  long firstBatch(int next, boolean isRepeated) {
    return isRepeated ? next + 1 : next;
  }

  Progress report(Progress report) {
    return report;
  }

  CallFormat format(CallFormat format) {
    return format;
  }

  Statistic statistic(Statistic statistic) {
    return statistic;
  }

  Optional<Duration> distinct(Optional<Duration> horizon) {
    return horizon;
  }

  /** Sets for how long a pipeline remembers versions of calls. */
  void correct(Pipeline.Builder copy, Duration horizon) {
    copy.corrections(horizon);
  }

  Optional<Duration> maxEventTimeJump(Optional<Duration> jump) {
    return jump;
  }

  boolean reads(Entry entry) {
    return true;
  }

  /** Returns the partition of the local engine for records of a partition. */
  int partition(int partition) {
    return partition;
  }

  BatchResults results(BatchResults batch) {
    return batch;
  }

  Accounting accounting(Accounting accounting) {
    return accounting;
  }

  boolean delivers(DeadLetter letter) {
    return true;
  }

  /** Returns whether a failed batch leaves the state unchanged. */
  boolean undoesFailedBatches() {
    return true;
  }

  void failed(RuntimeException sink) {
    throw sink;
  }

  /** Returns whether a repeated batch uses the tables that it had. */
  boolean repeatsTables() {
    return true;
  }

  /** Returns the tables of the next batch, from the first ones and the current ones. */
  List<Map<String, List<String>>> next(
      List<Map<String, List<String>>> first, List<Map<String, List<String>>> current) {
    return current;
  }

  /** Returns the rows of a table whose source failed. */
  Map<String, List<String>> failed(Map<String, List<String>> before, RuntimeException source) {
    throw new CallstreamException(ErrorCode.LOOKUP_FAILED, "Failed: " + source, source);
  }

  /** The tables of a run, and those that the local engine uses for a batch. */
  private final class Tables {
    private final List<LookupSource.Reader> readers = new ArrayList<>();
    private final List<Map<String, List<String>>> current = new ArrayList<>();
    private final List<MemoryLookup> sources = new ArrayList<>();
    final List<LookupTable> replayed = new ArrayList<>();

    Tables(List<LookupTable> lookups) {
      for (LookupTable lookup : lookups) {
        readers.add(lookup.source().open(lookup));
        current.add(null);
        MemoryLookup source = LookupSources.inMemory();
        sources.add(source);
        replayed.add(copy(lookup, source));
      }
    }

    /** Returns the current rows of each table. */
    List<Map<String, List<String>>> poll() {
      for (int i = 0; i < readers.size(); i++) {
        Map<String, List<String>> before = current.get(i);
        try {
          current.set(i, readers.get(i).poll().orElse(before));
        } catch (RuntimeException e) {
          current.set(i, failed(before, e));
        }
      }
      return List.copyOf(current);
    }

    void use(List<Map<String, List<String>>> rows) {
      for (int i = 0; i < sources.size(); i++) {
        sources.get(i).replace(rows.get(i));
      }
    }
  }

  @SuppressWarnings("unchecked") // The type of a field states the class.
  private static LookupTable copy(LookupTable lookup, LookupSource source) {
    LookupTable.Builder copy =
        LookupTable.named(lookup.name()).by(lookup.key(), lookup.keyColumn()).from(source);
    for (int i = 0; i < lookup.fields().size(); i++) {
      Field<?> field = lookup.fields().get(i);
      String column = lookup.columns().get(i);
      switch (field.type()) {
        case TEXT -> copy.text((Field<String>) field, column);
        case FLAG -> copy.flag((Field<Boolean>) field, column);
        default -> copy.number((Field<? extends Number>) field, column);
      }
    }
    return copy.build();
  }

  // ---- the pipeline for the local engine

  private Pipeline copy(
      Pipeline pipeline, MemorySource source, List<LookupTable> lookups, Shutters shutters) {
    Pipeline.Builder copy =
        Pipeline.builder(source, format(pipeline.format()))
            .statistics(pipeline.statistics().stream().map(this::statistic).toList())
            .maxFutureSkew(pipeline.maxFutureSkew())
            .lookups(lookups);
    maxEventTimeJump(pipeline.maxEventTimeJump())
        .ifPresentOrElse(copy::maxEventTimeJump, copy::withoutMaxEventTimeJump);
    distinct(pipeline.distinctHorizon()).ifPresent(copy::distinct);
    pipeline.correctionHorizon().ifPresent(horizon -> correct(copy, horizon));
    pipeline.retention().ifPresent(copy::retainingResults);
    pipeline.resultSinks().forEach(sink -> copy.results(shutters.of(sink)));
    pipeline.deadLetterSinks().forEach(sink -> copy.deadLetters(shutters.of(sink)));
    pipeline.listeners().forEach(listener -> copy.listener(shutters.listening(listener)));
    return copy.build();
  }

  /** The origins of the records in the source of the local engine. */
  private static final class Places {
    private final Map<Integer, List<Origin>> origins = new HashMap<>();

    void add(int inner, Origin origin) {
      origins.computeIfAbsent(inner, p -> new ArrayList<>()).add(origin);
    }

    Origin of(Origin inner) {
      List<Origin> known = origins.get(inner.partition());
      return known == null ? inner : known.get((int) inner.offset());
    }
  }

  /** Wraps sinks and listeners, and forwards nothing until it is open. */
  private final class Shutters {
    private final Places places;
    private boolean open;
    private boolean fresh = true;
    private long hidden;
    private Map<Integer, Long> nextOffsets = Map.of();
    private List<PartitionOffsets> offsets = List.of();
    private BatchResults last;
    private Progress report;
    private final List<Runnable> openings = new ArrayList<>();

    Shutters(Places places) {
      this.places = places;
    }

    /** Opens the sinks with the current state. */
    void open() {
      open = true;
      openings.forEach(Runnable::run);
    }

    private BatchResults stand() {
      Map<String, Results> nothing = new HashMap<>();
      last.pipeline()
          .statistics()
          .forEach(s -> nothing.put(s.name(), new BlockResults(s, new TreeMap<>())));
      return new BatchResults(
          last.lineage(),
          last.number() - hidden,
          last.pipeline(),
          last.watermark(),
          nothing,
          last.current(),
          Accounting.none(
              List.copyOf(last.accounting().statistics().keySet()),
              List.copyOf(last.accounting().unknown().keySet())),
          last.total(),
          last.lookups());
    }

    private BatchResults tampered(BatchResults batch) {
      return results(
          new BatchResults(
              batch.lineage(),
              batch.number() - hidden,
              batch.pipeline(),
              batch.watermark(),
              batch.updates(),
              batch.current(),
              accounting(batch.accounting()),
              accounting(batch.total()),
              batch.lookups()));
    }

    private void guarded(Runnable call) {
      try {
        call.run();
      } catch (RuntimeException e) {
        failed(e);
      }
    }

    ResultSink of(ResultSink sink) {
      return new ResultSink() {
        @Override
        public void open(BatchResults restored) {
          if (fresh) {
            sink.open(restored);
          } else {
            openings.add(() -> sink.open(stand()));
          }
        }

        @Override
        public void write(BatchResults batch) {
          if (open) {
            guarded(() -> sink.write(tampered(batch)));
          }
        }

        @Override
        public void close() {
          sink.close();
        }

        @Override
        public String toString() {
          return sink.toString();
        }
      };
    }

    DeadLetterSink of(DeadLetterSink sink) {
      return new DeadLetterSink() {
        @Override
        public void open(BatchResults restored, Map<Integer, Long> none) {
          if (fresh) {
            sink.open(restored, none);
          } else {
            openings.add(() -> sink.open(stand(), nextOffsets));
          }
        }

        @Override
        public void write(BatchResults batch, Iterable<DeadLetter> letters) {
          List<DeadLetter> all = new ArrayList<>();
          letters.forEach(
              letter -> {
                if (delivers(letter)) {
                  all.add(letter);
                }
              });
          if (open && !all.isEmpty()) {
            guarded(() -> sink.write(tampered(batch), all.stream().map(this::placed).toList()));
          }
        }

        private DeadLetter placed(DeadLetter letter) {
          Origin origin = places.of(letter.origin());
          if (letter instanceof DeadLetter.Late late) {
            return new DeadLetter.Late(origin, late.value(), late.call(), late.missed());
          }
          DeadLetter.Rejected r = (DeadLetter.Rejected) letter;
          return new DeadLetter.Rejected(origin, r.value(), r.reason(), r.field(), r.detail());
        }

        @Override
        public void close() {
          sink.close();
        }

        @Override
        public String toString() {
          return sink.toString();
        }
      };
    }

    ProgressListener listening(ProgressListener listener) {
      return progress -> {
        if (open) {
          report = CheckpointedEngine.this.report(offsets.isEmpty() ? progress : placed(progress));
          guarded(() -> listener.onProgress(report));
        }
      };
    }

    private Progress placed(Progress p) {
      return new Progress(
          p.batch() - hidden,
          p.timestamp(),
          p.inputRows(),
          p.inputRowsPerSecond(),
          p.processedRowsPerSecond(),
          p.outputRows(),
          p.outputRowsPerSecond(),
          p.batchDuration(),
          p.latency(),
          p.phases(),
          p.state(),
          offsets,
          p.watermark(),
          p.sink(),
          accounting(p.accounting()),
          accounting(p.total()),
          p.lookups());
    }
  }

  /** Presents a run of another pipeline as a run of this pipeline. */
  private class Seen implements RunningPipeline {
    private final Pipeline pipeline;
    private final RunningPipeline run;

    Seen(Pipeline pipeline, RunningPipeline run) {
      this.pipeline = pipeline;
      this.run = run;
    }

    @Override
    public Pipeline pipeline() {
      return pipeline;
    }

    @Override
    public State state() {
      return run.state();
    }

    @Override
    public Optional<Progress> progress() {
      return run.progress();
    }

    @Override
    public Accounting accounting() {
      return CheckpointedEngine.this.accounting(run.accounting());
    }

    @Override
    public Results results(String statistic) {
      return run.results(statistic);
    }

    @Override
    public Optional<CallstreamException> failure() {
      return run.failure();
    }

    @Override
    public void onTermination(Consumer<? super Termination> listener) {
      run.onTermination(listener);
    }

    @Override
    public void awaitTermination() throws InterruptedException {
      run.awaitTermination();
    }

    @Override
    public boolean awaitTermination(Duration timeout) throws InterruptedException {
      return run.awaitTermination(timeout);
    }

    @Override
    public void stop() {
      run.stop();
    }
  }

  /** A run with a checkpoint, which controls the local engine batch by batch. */
  private final class Run extends Seen {
    private final RunOptions options;
    private final Memory memory;
    private final MemorySource source;
    private final MemorySource replayed;
    private final Places places = new Places();
    private final Shutters shutters = new Shutters(places);
    private final Tables tables;
    private final LocalRun local;
    private final long[] bounds;
    private long[] position;
    private final Semaphore wakeUps = new Semaphore(0);
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean stopping;
    private volatile Thread worker;
    private volatile CallstreamException failure;
    private final CompletableFuture<Termination> termination = new CompletableFuture<>();

    Run(Pipeline pipeline, RunOptions options, Memory memory) {
      this(
          pipeline,
          options,
          memory,
          MemorySource.withPartitions(((MemorySource) pipeline.source()).partitions()));
    }

    private Run(Pipeline pipeline, RunOptions options, Memory memory, MemorySource replayed) {
      super(pipeline, null);
      this.options = options;
      this.memory = memory;
      this.replayed = replayed;
      source = (MemorySource) pipeline.source();
      position = new long[source.partitions()];
      bounds = source.ends();
      shutters.fresh = memory.finished.isEmpty();
      shutters.hidden = memory.doubled;
      tables = new Tables(pipeline.lookups());
      Pipeline inner = copy(pipeline, replayed, tables.replayed, shutters);
      Pipeline watched = shutters.fresh ? inner : withLast(inner);
      List<Map<String, List<String>>> current = tables.poll();
      if (memory.firstTables == null) {
        memory.firstTables = current;
      }
      tables.use(memory.firstTables);
      Ledger ledger = Ledger.inMemory(watched);
      ledger.continueAs(memory.fingerprint, memory.fingerprint, Map.of(), Instant.EPOCH);
      local = LocalRun.stepwise(watched, RunOptions.continuous(), Clock.systemUTC(), ledger);
      for (int i = 0; i < memory.finished.size(); i++) {
        boolean ignored = replay(memory.finished.get(i), memory.tablesOfFinished.get(i));
      }
      for (int p = 0; p < position.length; p++) {
        if (position[p] > 0) {
          Map<Integer, Long> next = new TreeMap<>(shutters.nextOffsets);
          next.put(p, position[p]);
          shutters.nextOffsets = next;
        }
      }
      shutters.open();
      source.onRecord(wakeUps::release);
    }

    /** Remembers the last replayed batch, with which the sinks are opened. */
    private Pipeline withLast(Pipeline inner) {
      Pipeline.Builder copy =
          Pipeline.builder(replayed, inner.format())
              .statistics(inner.statistics())
              .maxFutureSkew(inner.maxFutureSkew())
              .lookups(inner.lookups())
              .results(
                  new ResultSink() {
                    @Override
                    public void write(BatchResults batch) {
                      shutters.last = batch;
                    }
                  });
      inner
          .maxEventTimeJump()
          .ifPresentOrElse(copy::maxEventTimeJump, copy::withoutMaxEventTimeJump);
      inner.distinctHorizon().ifPresent(copy::distinct);
      inner.correctionHorizon().ifPresent(copy::corrections);
      inner.retention().ifPresent(copy::retainingResults);
      inner.resultSinks().forEach(copy::results);
      inner.deadLetterSinks().forEach(copy::deadLetters);
      inner.listeners().forEach(copy::listener);
      return copy.build();
    }

    void start() {
      if (options.mode() == RunOptions.Mode.BOUNDED) {
        work();
      } else {
        Thread thread = new Thread(this::work, "checkpointed");
        thread.setDaemon(true);
        thread.start();
      }
    }

    private void work() {
      worker = Thread.currentThread();
      try {
        while (!stopping) {
          long[] ends = memory.planned != null ? memory.planned : ends();
          if (ends != null) {
            boolean isRepeated = memory.planned != null && repeatsTables();
            memory.planned = ends;
            memory.tablesOfPlanned =
                isRepeated ? memory.tablesOfPlanned : next(memory.firstTables, tables.poll());
            if (replay(ends, memory.tablesOfPlanned)) {
              memory.finished.add(ends);
              memory.tablesOfFinished.add(memory.tablesOfPlanned);
            }
            memory.planned = null;
          } else if (options.mode() == RunOptions.Mode.BOUNDED) {
            break;
          } else {
            wakeUps.acquire();
            wakeUps.drainPermits();
          }
        }
      } catch (CallstreamException e) {
        if (!undoesFailedBatches()) {
          memory.finished.add(memory.planned);
          memory.finished.add(position);
          memory.tablesOfFinished.add(memory.tablesOfPlanned);
          memory.tablesOfFinished.add(memory.tablesOfPlanned);
          memory.doubled++;
        }
        failure = e;
      } catch (RuntimeException | Error e) {
        failure = new CallstreamException(ErrorCode.ENGINE_FAILED, "Failed: " + e.getMessage(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      local.finish();
      if (failure == null) {
        failure = local.failure().orElse(null);
      }
      memory.inUse = false;
      ended.countDown();
      termination.complete(new Termination(state(), failure()));
    }

    private long[] ends() {
      long[] last = options.mode() == RunOptions.Mode.BOUNDED ? bounds : source.ends();
      long[] ends = position.clone();
      long room = options.maxRecordsPerBatch().orElse(Long.MAX_VALUE);
      long records = 0;
      for (int round = 0; round < 2; round++) {
        for (int p = 0; p < ends.length; p++) {
          // First one record of each partition, then as many as the limit allows.
          long more = Math.min(last[p] - ends[p], round == 0 ? 1 : Math.max(0, room - records));
          ends[p] += more;
          records += more;
        }
      }
      return records == 0 ? null : ends;
    }

    /** Replays a batch on the local engine. Returns whether it had a record. */
    private boolean replay(long[] ends, List<Map<String, List<String>>> used) {
      List<Addition> additions = new ArrayList<>();
      List<PartitionOffsets> ranges = new ArrayList<>();
      for (int p = 0; p < ends.length; p++) {
        int inner = partition(p);
        long offset = position[p];
        for (Entry entry : source.read(p, Math.min(position[p], ends[p]), ends[p])) {
          if (entry != null && reads(entry)) {
            places.add(inner, new Origin(MemorySource.NAME, p, offset, entry.timestamp()));
            additions.add(new Addition(inner, entry));
          }
          offset++;
        }
        ranges.add(new PartitionOffsets(p, position[p], ends[p], source.end(p)));
      }
      if (!additions.isEmpty()) {
        tables.use(used);
      }
      shutters.offsets = ranges;
      replayed.addAll(additions);
      local.runBatch();
      position = ends;
      return !additions.isEmpty();
    }

    @Override
    public void onTermination(Consumer<? super Termination> listener) {
      termination.thenAccept(listener);
    }

    @Override
    public State state() {
      if (ended.getCount() > 0) {
        return State.RUNNING;
      }
      return failure == null ? State.FINISHED : State.FAILED;
    }

    @Override
    public Optional<Progress> progress() {
      return Optional.ofNullable(shutters.report);
    }

    @Override
    public Accounting accounting() {
      return CheckpointedEngine.this.accounting(local.accounting());
    }

    @Override
    public Results results(String statistic) {
      return local.results(statistic);
    }

    @Override
    public Optional<CallstreamException> failure() {
      return Optional.ofNullable(failure);
    }

    @Override
    public void awaitTermination() throws InterruptedException {
      ended.await();
      if (failure != null) {
        throw failure;
      }
    }

    @Override
    public boolean awaitTermination(Duration timeout) throws InterruptedException {
      if (!ended.await(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        return false;
      }
      awaitTermination();
      return true;
    }

    @Override
    public void stop() {
      stopping = true;
      wakeUps.release();
      if (Thread.currentThread() != worker) {
        try {
          ended.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
