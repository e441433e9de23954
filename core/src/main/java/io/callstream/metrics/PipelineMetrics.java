package io.callstream.metrics;

import io.callstream.CallstreamException;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Supervisor;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.Latency;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import io.callstream.progress.StabilityVerdict.Symptom;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Binds a running pipeline to a registry: all that its {@link Progress} and its {@link Accounting}
 * tell, and the verdict of a {@link StabilityMonitor} if the pipeline has one as its listener. The
 * names are listed in {@code docs/dashboard.md}. Thread-safe.
 *
 * <p>Counters are totals of the pipeline, those of earlier runs with its checkpoint included;
 * gauges tell of the last batch, and are NaN before the first. What is counted by partition or by
 * phase, the number of batches and the places of results join within a second of the first batch
 * that has them: a daemon thread looks for them until the pipeline ends or this is closed. A
 * registry that is asked costs the pipeline nothing.
 *
 * <p>A registry knows a name with the same tags once. Before the next run of a pipeline is bound to
 * the same registry, this is to be {@linkplain #close() closed}; or else the registry goes on
 * telling of this run.
 */
public final class PipelineMetrics implements MeterBinder, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PipelineMetrics.class);
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final String OFFSETS = "offsets";
  private static final String RECORDS = "records";
  private static final String RECORDS_PER_SECOND = "records per second";

  private final RunningPipeline running;
  private final Tags tags;
  private final List<Bound> bound = new ArrayList<>();

  /** What batches have brought to each registry. */
  private final Map<MeterRegistry, Set<Tag>> known = new HashMap<>();

  private @Nullable Thread watcher;

  /** A meter, and where it is. */
  private record Bound(MeterRegistry registry, Meter meter) {}

  private PipelineMetrics(RunningPipeline running, Tags tags) {
    this.running = running;
    this.tags = tags;
  }

  /** Returns the metrics of a pipeline. */
  public static PipelineMetrics of(RunningPipeline running) {
    return new PipelineMetrics(running, Tags.empty());
  }

  /**
   * Returns the metrics of a pipeline.
   *
   * @param tags tell it from others in the same registry, such as {@code pipeline} and {@code
   *     engine}
   */
  public static PipelineMetrics of(RunningPipeline running, Iterable<Tag> tags) {
    return new PipelineMetrics(running, Tags.of(tags));
  }

  @Override
  public synchronized void bindTo(MeterRegistry registry) {
    gauge(
        registry,
        "callstream.pipeline.running",
        null,
        "1 while the pipeline runs",
        Tags.empty(),
        p -> p.state() == State.RUNNING ? 1 : 0);
    gauge(
        registry,
        "callstream.pipeline.failed",
        null,
        "1 once the pipeline has failed",
        Tags.empty(),
        p -> p.state() == State.FAILED ? 1 : 0);
    bind(
        registry,
        FunctionCounter.builder(
                "callstream.pipeline.restarts",
                running,
                p -> p instanceof Supervisor supervisor ? supervisor.restarts() : 0)
            .description("Restarts after a failure")
            .tags(tags)
            .register(registry));
    bindAccounting(registry);
    bindProgress(registry);
    bindStability(registry);
    known.putIfAbsent(registry, new HashSet<>());
    bindNew();
    if (watcher == null) {
      watcher = new Thread(this::watch, "callstream-metrics");
      watcher.setDaemon(true);
      watcher.start();
    }
  }

  /** Removes from all registries what this has bound to them. */
  @Override
  public synchronized void close() {
    if (watcher != null) {
      watcher.interrupt();
      watcher = null;
    }
    known.clear();
    bound.forEach(one -> one.registry().remove(one.meter()));
    bound.clear();
  }

  private void bindAccounting(MeterRegistry registry) {
    total(
        registry,
        "callstream.records.received",
        "Records read",
        Tags.empty(),
        Accounting::received);
    total(
        registry,
        "callstream.records.rejected",
        "Records that are no call",
        Tags.empty(),
        Accounting::rejected);
    total(
        registry,
        "callstream.records.duplicates",
        "Calls whose id was already seen",
        Tags.empty(),
        Accounting::duplicates);
    total(
        registry,
        "callstream.calls.ambiguous",
        "Calls whose wall-clock time occurs twice",
        Tags.empty(),
        Accounting::ambiguousTimes);
    total(
        registry,
        "callstream.calls.unconfirmed",
        "Calls too far ahead to advance the watermark, not confirmed by the next two calls",
        Tags.empty(),
        Accounting::unconfirmedTimes);
    total(
        registry,
        "callstream.calls.undescribed",
        "Calls whose disposition has no description",
        Tags.empty(),
        Accounting::unknownDispositions);
    for (String statistic : running.accounting().statistics().keySet()) {
      contribution(registry, statistic, "counted", Contributions::counted);
      contribution(registry, statistic, "late", Contributions::late);
      contribution(registry, statistic, "filtered", Contributions::filtered);
    }
  }

  private void contribution(
      MeterRegistry registry,
      String statistic,
      String outcome,
      ToLongFunction<Contributions> number) {
    total(
        registry,
        "callstream.statistic.contributions",
        "What became of the contributions of calls to a statistic",
        Tags.of("statistic", statistic, "outcome", outcome),
        accounting -> {
          Contributions found = accounting.statistics().get(statistic);
          return found == null ? 0 : number.applyAsLong(found);
        });
  }

  private void bindProgress(MeterRegistry registry) {
    duration(
        registry,
        "callstream.batch.duration",
        "How long the last batch took",
        Tags.empty(),
        batch -> Optional.of(batch.batchDuration()));
    moment(
        registry,
        "callstream.batch.start.timestamp",
        "When the last batch began, since the epoch",
        batch -> Optional.of(batch.timestamp()));
    moment(
        registry,
        "callstream.watermark.timestamp",
        "The watermark that was in force, since the epoch",
        Progress::watermark);
    batch(
        registry,
        "callstream.batch.input",
        RECORDS,
        "Records read by the last batch",
        Progress::inputRows);
    batch(
        registry,
        "callstream.input.rate",
        RECORDS_PER_SECOND,
        "Records that arrived per second since the batch before",
        Progress::inputRowsPerSecond);
    batch(
        registry,
        "callstream.processing.rate",
        RECORDS_PER_SECOND,
        "Records read per second of the last batch's duration",
        Progress::processedRowsPerSecond);
    batch(
        registry,
        "callstream.batch.output",
        BaseUnits.ROWS,
        "Result rows that the last batch told the sinks",
        Progress::outputRows);
    batch(
        registry,
        "callstream.output.rate",
        "rows per second",
        "Result rows told the sinks per second since the batch before",
        Progress::outputRowsPerSecond);
    duration(
        registry,
        "callstream.latency.mean",
        "How old the last batch's records were on average when the sinks had it",
        Tags.empty(),
        batch -> batch.latency().map(Latency::mean));
    duration(
        registry,
        "callstream.latency.max",
        "How old the oldest record of the last batch was when the sinks had it",
        Tags.empty(),
        batch -> batch.latency().map(Latency::greatest));
    batch(
        registry,
        "callstream.lag",
        OFFSETS,
        "Offsets left to read, in all partitions: the most records that are left",
        Progress::lag);
    batch(
        registry,
        "callstream.state.size",
        BaseUnits.ROWS,
        "Rows in the state store",
        batch -> batch.state().rows());
    batch(
        registry,
        "callstream.state.updated",
        BaseUnits.ROWS,
        "Rows of the state store that the last batch wrote",
        batch -> batch.state().updatedRows());
    batch(
        registry,
        "callstream.state.memory",
        BaseUnits.BYTES,
        "Memory of the state store",
        batch -> batch.state().memoryBytes());
  }

  /** Binds what batches bring, until the pipeline ends. */
  private void watch() {
    try {
      while (!running.awaitTermination(INTERVAL)) {
        bindNew();
      }
    } catch (CallstreamException failed) {
      // The pipeline reports it.
    } catch (InterruptedException closed) {
      return;
    } catch (RuntimeException | Error e) {
      LOG.warn("Some metrics of a pipeline could not be bound and are missing", e);
      return;
    }
    try {
      bindNew();
    } catch (RuntimeException | Error e) {
      LOG.warn("Some metrics of a pipeline could not be bound and are missing", e);
    }
  }

  /**
   * Binds what only a batch tells: how many there were, since before the first nobody knows those
   * of earlier runs; partitions, phases, the places of results.
   */
  private synchronized void bindNew() {
    running
        .progress()
        .ifPresent(
            batch -> known.forEach((registry, brought) -> bindNew(registry, batch, brought)));
  }

  private void bindNew(MeterRegistry registry, Progress batch, Set<Tag> brought) {
    if (brought.isEmpty()) {
      bind(
          registry,
          FunctionCounter.builder(
                  "callstream.batches",
                  running,
                  p -> p.progress().map(b -> b.batch() + 1.0).orElse(0.0))
              .description("Batches finished")
              .tags(tags)
              .register(registry));
    }
    for (PartitionOffsets offsets : batch.offsets()) {
      int partition = offsets.partition();
      Tag tag = Tag.of("partition", String.valueOf(partition));
      if (brought.add(tag)) {
        partition(
            registry,
            partition,
            "callstream.partition.start.offset",
            null,
            "Where the last batch began",
            PartitionOffsets::start);
        partition(
            registry,
            partition,
            "callstream.partition.end.offset",
            null,
            "Where the last batch ended",
            PartitionOffsets::end);
        partition(
            registry,
            partition,
            "callstream.partition.latest.offset",
            null,
            "The offset up to which the partition could be read",
            PartitionOffsets::latest);
        partition(
            registry,
            partition,
            "callstream.partition.lag",
            OFFSETS,
            "Offsets left to read: the most records that are left",
            PartitionOffsets::lag);
      }
    }
    for (String phase : batch.phases().keySet()) {
      Tag tag = Tag.of("phase", phase);
      if (brought.add(tag)) {
        duration(
            registry,
            "callstream.phase.duration",
            "How long a phase of the last batch took",
            Tags.of(tag),
            b -> Optional.ofNullable(b.phases().get(phase)));
      }
    }
    Tag sink = Tag.of("sink", batch.sink());
    if (brought.add(sink)) {
      gauge(
          registry,
          "callstream.pipeline.info",
          null,
          "1; its tags tell where records come from and where results go",
          Tags.of(sink, Tag.of("source", running.pipeline().source().description())),
          p -> 1);
    }
  }

  private void partition(
      MeterRegistry registry,
      int partition,
      String name,
      @Nullable String unit,
      String description,
      ToLongFunction<PartitionOffsets> figure) {
    gauge(
        registry,
        name,
        unit,
        description,
        Tags.of("partition", String.valueOf(partition)),
        p ->
            of(
                p,
                batch ->
                    batch.offsets().stream()
                        .filter(offsets -> offsets.partition() == partition)
                        .mapToDouble(figure::applyAsLong)
                        .findFirst()
                        .orElse(Double.NaN)));
  }

  private void bindStability(MeterRegistry registry) {
    for (var listener : running.pipeline().listeners()) {
      if (listener instanceof StabilityMonitor monitor) {
        for (Symptom symptom : Symptom.values()) {
          bind(
              registry,
              Gauge.builder("callstream.stability.symptom", monitor, m -> shows(m, symptom))
                  .description("1 if the pipeline shows a symptom of not keeping up")
                  .tags(tags.and("symptom", symptom.name().toLowerCase(Locale.ROOT)))
                  .register(registry));
        }
        return;
      }
    }
  }

  private static double shows(StabilityMonitor monitor, Symptom symptom) {
    Optional<StabilityVerdict> verdict = monitor.verdict();
    if (verdict.isEmpty()) {
      return Double.NaN;
    }
    return verdict.get().findings().stream().anyMatch(f -> f.symptom() == symptom) ? 1 : 0;
  }

  private void total(
      MeterRegistry registry,
      String name,
      String description,
      Tags more,
      ToLongFunction<Accounting> figure) {
    bind(
        registry,
        FunctionCounter.builder(name, running, rising(figure))
            .description(description)
            .tags(tags.and(more))
            .register(registry));
  }

  /**
   * Returns a figure that does not fall: a restart repeats the batch that had not finished, and a
   * monitoring system takes a counter that falls for one that began at 0 again.
   */
  private static ToDoubleFunction<RunningPipeline> rising(ToLongFunction<Accounting> figure) {
    AtomicLong most = new AtomicLong();
    return p -> most.accumulateAndGet(figure.applyAsLong(p.accounting()), Math::max);
  }

  private void batch(
      MeterRegistry registry,
      String name,
      String unit,
      String description,
      ToDoubleFunction<Progress> figure) {
    gauge(registry, name, unit, description, Tags.empty(), p -> of(p, figure));
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      @Nullable String unit,
      String description,
      Tags more,
      ToDoubleFunction<RunningPipeline> figure) {
    bind(
        registry,
        Gauge.builder(name, running, figure)
            .baseUnit(unit)
            .description(description)
            .tags(tags.and(more))
            .register(registry));
  }

  private void duration(
      MeterRegistry registry,
      String name,
      String description,
      Tags more,
      Function<Progress, Optional<Duration>> figure) {
    time(
        registry,
        name,
        description,
        more,
        TimeUnit.NANOSECONDS,
        batch -> figure.apply(batch).map(Duration::toNanos));
  }

  private void moment(
      MeterRegistry registry,
      String name,
      String description,
      Function<Progress, Optional<Instant>> figure) {
    time(
        registry,
        name,
        description,
        Tags.empty(),
        TimeUnit.MILLISECONDS,
        batch -> figure.apply(batch).map(Instant::toEpochMilli));
  }

  /** Binds a gauge that is told in the registry's own unit of time. */
  private void time(
      MeterRegistry registry,
      String name,
      String description,
      Tags more,
      TimeUnit unit,
      Function<Progress, Optional<Long>> figure) {
    bind(
        registry,
        TimeGauge.builder(
                name,
                running,
                unit,
                p -> of(p, batch -> figure.apply(batch).map(Long::doubleValue).orElse(Double.NaN)))
            .description(description)
            .tags(tags.and(more))
            .register(registry));
  }

  private void bind(MeterRegistry registry, Meter meter) {
    bound.add(new Bound(registry, meter));
  }

  private static double of(RunningPipeline running, ToDoubleFunction<Progress> figure) {
    return running.progress().map(figure::applyAsDouble).orElse(Double.NaN);
  }
}
