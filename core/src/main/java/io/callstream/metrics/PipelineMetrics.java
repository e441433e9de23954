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
 * Publishes the metrics of a running pipeline to a Micrometer registry: its {@link Progress}, its
 * {@link Accounting}, and the verdict of a {@link StabilityMonitor} if the pipeline has one as a
 * listener. {@code docs/metrics.md} lists the names. Thread-safe.
 *
 * <p>Counters are totals of the pipeline and include earlier runs with its checkpoint. Gauges show
 * the last batch and are NaN before the first. Meters for partitions, phases, the number of batches
 * and the sinks are registered within a second of the first batch that has them. A daemon thread
 * registers them until the pipeline ends or this object is closed. Reading the registry does not
 * slow down the pipeline.
 *
 * <p>A registry accepts a name with the same tags only once. {@linkplain #close() Close} this
 * object before you bind the next run of the pipeline to the same registry; otherwise the registry
 * keeps the values of this run.
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

  /** The tags from batches whose meters are registered, for each registry. */
  private final Map<MeterRegistry, Set<Tag>> boundTags = new HashMap<>();

  private @Nullable Thread watcher;

  /** A meter and its registry. */
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
   * Returns the metrics of a pipeline with tags.
   *
   * @param tags tags that distinguish it from other pipelines in the same registry, such as {@code
   *     pipeline} and {@code engine}
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
    boundTags.putIfAbsent(registry, new HashSet<>());
    bindNew();
    if (watcher == null) {
      watcher = new Thread(this::watch, "callstream-metrics");
      watcher.setDaemon(true);
      watcher.start();
    }
  }

  /** Removes the meters of this object from all registries. */
  @Override
  public synchronized void close() {
    if (watcher != null) {
      watcher.interrupt();
      watcher = null;
    }
    boundTags.clear();
    bound.forEach(one -> one.registry().remove(one.meter()));
    bound.clear();
  }

  private void bindAccounting(MeterRegistry registry) {
    counter(
        registry,
        "callstream.records.received",
        "Records read",
        Tags.empty(),
        Accounting::received);
    counter(
        registry,
        "callstream.records.rejected",
        "Records that can't be parsed as a call",
        Tags.empty(),
        Accounting::rejected);
    counter(
        registry,
        "callstream.records.duplicates",
        "Calls whose id was already seen",
        Tags.empty(),
        Accounting::duplicates);
    counter(
        registry,
        "callstream.calls.ambiguous",
        "Calls whose wall-clock time occurs twice",
        Tags.empty(),
        Accounting::ambiguousTimes);
    counter(
        registry,
        "callstream.calls.unconfirmed",
        "Calls too far ahead to advance the watermark, not confirmed by the next two calls",
        Tags.empty(),
        Accounting::unconfirmedTimes);
    counter(
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
    counter(
        registry,
        "callstream.statistic.contributions",
        "Contributions of calls to a statistic, by outcome",
        Tags.of("statistic", statistic, "outcome", outcome),
        accounting -> {
          Contributions found = accounting.statistics().get(statistic);
          return found == null ? 0 : number.applyAsLong(found);
        });
  }

  private void bindProgress(MeterRegistry registry) {
    durationGauge(
        registry,
        "callstream.batch.duration",
        "Duration of the last batch",
        Tags.empty(),
        batch -> Optional.of(batch.batchDuration()));
    timestamp(
        registry,
        "callstream.batch.start.timestamp",
        "Start time of the last batch, since the epoch",
        batch -> Optional.of(batch.timestamp()));
    timestamp(
        registry,
        "callstream.watermark.timestamp",
        "Watermark of the last batch, since the epoch",
        Progress::watermark);
    batchGauge(
        registry,
        "callstream.batch.input",
        RECORDS,
        "Records read by the last batch",
        Progress::inputRows);
    batchGauge(
        registry,
        "callstream.input.rate",
        RECORDS_PER_SECOND,
        "Records that arrived per second since the previous batch",
        Progress::inputRowsPerSecond);
    batchGauge(
        registry,
        "callstream.processing.rate",
        RECORDS_PER_SECOND,
        "Records read per second of the last batch's duration",
        Progress::processedRowsPerSecond);
    batchGauge(
        registry,
        "callstream.batch.output",
        BaseUnits.ROWS,
        "Result rows that the sinks received from the last batch",
        Progress::outputRows);
    batchGauge(
        registry,
        "callstream.output.rate",
        "rows per second",
        "Result rows that the sinks received per second since the previous batch",
        Progress::outputRowsPerSecond);
    durationGauge(
        registry,
        "callstream.latency.mean",
        "Mean age of the last batch's records when the sinks had received it",
        Tags.empty(),
        batch -> batch.latency().map(Latency::mean));
    durationGauge(
        registry,
        "callstream.latency.max",
        "Maximum age of the last batch's records when the sinks had received it",
        Tags.empty(),
        batch -> batch.latency().map(Latency::greatest));
    batchGauge(
        registry,
        "callstream.lag",
        OFFSETS,
        "Offsets left to read in all partitions, an upper limit of the records left to read",
        Progress::lag);
    batchGauge(
        registry,
        "callstream.state.size",
        BaseUnits.ROWS,
        "Rows in the state store",
        batch -> batch.state().rows());
    batchGauge(
        registry,
        "callstream.state.updated",
        BaseUnits.ROWS,
        "Rows of the state store that the last batch wrote",
        batch -> batch.state().updatedRows());
    batchGauge(
        registry,
        "callstream.state.memory",
        BaseUnits.BYTES,
        "Memory of the state store",
        batch -> batch.state().memoryBytes());
  }

  /** Registers meters that depend on batches, until the pipeline ends. */
  private void watch() {
    try {
      while (!running.awaitTermination(INTERVAL)) {
        bindNew();
      }
    } catch (CallstreamException failed) {
      // The pipeline reports the failure.
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
   * Registers meters that depend on a batch: partitions, phases, sinks, and the number of batches,
   * which is unknown before the first batch because of earlier runs.
   */
  private synchronized void bindNew() {
    running
        .progress()
        .ifPresent(
            batch ->
                boundTags.forEach(
                    (registry, alreadyBound) -> bindNew(registry, batch, alreadyBound)));
  }

  private void bindNew(MeterRegistry registry, Progress batch, Set<Tag> alreadyBound) {
    if (alreadyBound.isEmpty()) {
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
      if (alreadyBound.add(tag)) {
        partition(
            registry,
            partition,
            "callstream.partition.start.offset",
            null,
            "Offset at which the last batch started",
            PartitionOffsets::start);
        partition(
            registry,
            partition,
            "callstream.partition.end.offset",
            null,
            "Offset at which the last batch ended, exclusive",
            PartitionOffsets::end);
        partition(
            registry,
            partition,
            "callstream.partition.latest.offset",
            null,
            "End of the readable part of the partition, exclusive",
            PartitionOffsets::latest);
        partition(
            registry,
            partition,
            "callstream.partition.lag",
            OFFSETS,
            "Offsets left to read, an upper limit of the records left to read",
            PartitionOffsets::lag);
      }
    }
    for (String phase : batch.phases().keySet()) {
      Tag tag = Tag.of("phase", phase);
      if (alreadyBound.add(tag)) {
        durationGauge(
            registry,
            "callstream.phase.duration",
            "Duration of a phase of the last batch",
            Tags.of(tag),
            b -> Optional.ofNullable(b.phases().get(phase)));
      }
    }
    Tag sink = Tag.of("sink", batch.sink());
    if (alreadyBound.add(sink)) {
      gauge(
          registry,
          "callstream.pipeline.info",
          null,
          "Always 1; the tags contain the source and the sinks",
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
            valueOrNaN(
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

  private void counter(
      MeterRegistry registry,
      String name,
      String description,
      Tags more,
      ToLongFunction<Accounting> figure) {
    bind(
        registry,
        FunctionCounter.builder(name, running, nonDecreasing(figure))
            .description(description)
            .tags(tags.and(more))
            .register(registry));
  }

  /**
   * Returns a value that never decreases. A restart repeats the unfinished batch, and a monitoring
   * system interprets a counter that decreases as one that restarted from 0.
   */
  private static ToDoubleFunction<RunningPipeline> nonDecreasing(
      ToLongFunction<Accounting> figure) {
    AtomicLong most = new AtomicLong();
    return p -> most.accumulateAndGet(figure.applyAsLong(p.accounting()), Math::max);
  }

  private void batchGauge(
      MeterRegistry registry,
      String name,
      String unit,
      String description,
      ToDoubleFunction<Progress> figure) {
    gauge(registry, name, unit, description, Tags.empty(), p -> valueOrNaN(p, figure));
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

  private void durationGauge(
      MeterRegistry registry,
      String name,
      String description,
      Tags more,
      Function<Progress, Optional<Duration>> figure) {
    timeGauge(
        registry,
        name,
        description,
        more,
        TimeUnit.NANOSECONDS,
        batch -> figure.apply(batch).map(Duration::toNanos));
  }

  private void timestamp(
      MeterRegistry registry,
      String name,
      String description,
      Function<Progress, Optional<Instant>> figure) {
    timeGauge(
        registry,
        name,
        description,
        Tags.empty(),
        TimeUnit.MILLISECONDS,
        batch -> figure.apply(batch).map(Instant::toEpochMilli));
  }

  /** Registers a gauge whose value is converted to the time unit of the registry. */
  private void timeGauge(
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
                p ->
                    valueOrNaN(
                        p, batch -> figure.apply(batch).map(Long::doubleValue).orElse(Double.NaN)))
            .description(description)
            .tags(tags.and(more))
            .register(registry));
  }

  private void bind(MeterRegistry registry, Meter meter) {
    bound.add(new Bound(registry, meter));
  }

  private static double valueOrNaN(RunningPipeline running, ToDoubleFunction<Progress> figure) {
    return running.progress().map(figure::applyAsDouble).orElse(Double.NaN);
  }
}
