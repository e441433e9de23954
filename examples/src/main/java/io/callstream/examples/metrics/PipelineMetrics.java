package io.callstream.examples.metrics;

import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
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
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * Binds a running pipeline to a registry: all that its {@link Progress} and its {@link Accounting}
 * tell, and the verdict of a {@link StabilityMonitor} if the pipeline has one as its listener. The
 * names are listed in {@code docs/metrics.md}. Thread-safe.
 *
 * <p>Counters are totals of the pipeline, those of earlier runs with its checkpoint included;
 * gauges tell of the last batch, and are NaN before the first. What is counted by partition or by
 * phase, and the number of batches, joins when a batch first has it. A registry that is asked costs
 * the pipeline nothing.
 *
 * <p>A registry knows a name with the same tags once. Before the next run of a pipeline is bound to
 * the same registry, this is to be {@linkplain #close() closed}; or else the registry goes on
 * telling of this run.
 */
public final class PipelineMetrics implements MeterBinder, AutoCloseable {
  private final RunningPipeline running;
  private final Tags tags;
  private final List<Bound> bound = new ArrayList<>();
  private boolean closed;

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
    closed = false;
    gauge(
        registry,
        "callstream.pipeline.running",
        "1 while the pipeline runs",
        Tags.empty(),
        p -> p.state() == State.RUNNING ? 1 : 0);
    gauge(
        registry,
        "callstream.pipeline.failed",
        "1 once the pipeline has failed",
        Tags.empty(),
        p -> p.state() == State.FAILED ? 1 : 0);
    bindAccounting(registry);
    bindProgress(registry);
    bindStability(registry);
  }

  /** Removes from all registries what this has bound to them. */
  @Override
  public synchronized void close() {
    closed = true;
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
    Set<Tag> known = new HashSet<>();
    bind(
        registry,
        Gauge.builder(
                "callstream.batch.duration",
                running,
                p -> {
                  bindNew(registry, known);
                  return of(p, b -> seconds(b.batchDuration()));
                })
            .description("How long the last batch took")
            .baseUnit("seconds")
            .tags(tags)
            .register(registry));
    seconds(
        registry,
        "callstream.batch.start",
        "When the last batch began, since the epoch",
        b -> seconds(b.timestamp()));
    seconds(
        registry,
        "callstream.watermark",
        "The watermark that was in force, since the epoch",
        b -> b.watermark().map(PipelineMetrics::seconds).orElse(Double.NaN));
    batch(
        registry,
        "callstream.batch.records",
        "Records read by the last batch",
        Progress::inputRows);
    batch(
        registry,
        "callstream.input.rate",
        "Records that arrived per second since the batch before",
        Progress::inputRowsPerSecond);
    batch(
        registry,
        "callstream.processing.rate",
        "Records read per second of the last batch's duration",
        Progress::processedRowsPerSecond);
    batch(
        registry,
        "callstream.batch.rows",
        "Result rows that the last batch told the sinks",
        Progress::outputRows);
    batch(
        registry,
        "callstream.output.rate",
        "Result rows told the sinks per second since the batch before",
        Progress::outputRowsPerSecond);
    latency(
        registry,
        "callstream.latency.mean",
        "How old the last batch's records were on average when the sinks had it",
        Latency::mean);
    latency(
        registry,
        "callstream.latency.max",
        "How old the oldest record of the last batch was when the sinks had it",
        Latency::greatest);
    batch(
        registry,
        "callstream.lag.records",
        "Records left to read, in all partitions",
        Progress::lag);
    batch(registry, "callstream.state.rows", "Rows in the state store", b -> b.state().rows());
    batch(
        registry,
        "callstream.state.updates",
        "Rows of the state store that the last batch wrote",
        b -> b.state().updatedRows());
    bind(
        registry,
        Gauge.builder("callstream.state.memory", running, p -> of(p, b -> b.state().memoryBytes()))
            .description("Memory of the state store")
            .baseUnit("bytes")
            .tags(tags)
            .register(registry));
  }

  /**
   * Binds what only a batch tells: how many there were, since before the first nobody knows those
   * of earlier runs; partitions, phases, the places of results.
   */
  private synchronized void bindNew(MeterRegistry registry, Set<Tag> known) {
    Optional<Progress> progress = running.progress();
    if (closed || progress.isEmpty()) {
      return;
    }
    if (known.isEmpty()) {
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
    for (PartitionOffsets offsets : progress.get().offsets()) {
      Tag partition = Tag.of("partition", String.valueOf(offsets.partition()));
      if (known.add(partition)) {
        partition(
            registry,
            partition,
            "callstream.partition.start.offset",
            "Where the last batch began",
            PartitionOffsets::start);
        partition(
            registry,
            partition,
            "callstream.partition.end.offset",
            "Where the last batch ended",
            PartitionOffsets::end);
        partition(
            registry,
            partition,
            "callstream.partition.latest.offset",
            "The offset behind the last record there was",
            PartitionOffsets::latest);
        partition(
            registry,
            partition,
            "callstream.partition.lag.records",
            "Records left to read",
            PartitionOffsets::lag);
      }
    }
    for (String name : progress.get().phases().keySet()) {
      Tag phase = Tag.of("phase", name);
      if (known.add(phase)) {
        bind(
            registry,
            Gauge.builder(
                    "callstream.phase.duration",
                    running,
                    p ->
                        of(
                            p,
                            b ->
                                b.phases().containsKey(name)
                                    ? seconds(b.phases().get(name))
                                    : Double.NaN))
                .description("How long a phase of the last batch took")
                .baseUnit("seconds")
                .tags(tags.and(phase))
                .register(registry));
      }
    }
    Tag sink = Tag.of("sink", progress.get().sink());
    if (known.add(sink)) {
      gauge(
          registry,
          "callstream.pipeline.flow",
          "1; its tags tell where records come from and where results go",
          Tags.of(sink, Tag.of("source", running.pipeline().source().description())),
          p -> 1);
    }
  }

  private void partition(
      MeterRegistry registry,
      Tag partition,
      String name,
      String description,
      ToLongFunction<PartitionOffsets> figure) {
    gauge(
        registry,
        name,
        description,
        Tags.of(partition),
        p ->
            of(
                p,
                batch ->
                    batch.offsets().stream()
                        .filter(
                            offsets ->
                                String.valueOf(offsets.partition()).equals(partition.getValue()))
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
        FunctionCounter.builder(name, running, p -> figure.applyAsLong(p.accounting()))
            .description(description)
            .tags(tags.and(more))
            .register(registry));
  }

  private void batch(
      MeterRegistry registry, String name, String description, ToDoubleFunction<Progress> figure) {
    gauge(registry, name, description, Tags.empty(), p -> of(p, figure));
  }

  private void seconds(
      MeterRegistry registry, String name, String description, ToDoubleFunction<Progress> figure) {
    bind(
        registry,
        Gauge.builder(name, running, p -> of(p, figure))
            .description(description)
            .baseUnit("seconds")
            .tags(tags)
            .register(registry));
  }

  private void latency(
      MeterRegistry registry, String name, String description, Function<Latency, Duration> figure) {
    seconds(
        registry,
        name,
        description,
        b -> b.latency().map(figure).map(PipelineMetrics::seconds).orElse(Double.NaN));
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      String description,
      Tags more,
      ToDoubleFunction<RunningPipeline> figure) {
    bind(
        registry,
        Gauge.builder(name, running, figure)
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

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  private static double seconds(Instant moment) {
    return moment.toEpochMilli() / 1e3;
  }
}
