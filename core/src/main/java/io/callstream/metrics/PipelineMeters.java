package io.callstream.metrics;

import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Supervisor;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.Latency;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict.Symptom;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.BaseUnits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one pipeline in one registry: their names, tags and values. They refer weakly to
 * the pipeline. Gauges of the last batch are NaN before the first. Not thread-safe.
 *
 * <p>Meters that appear later are registered one by one. Micrometer's {@code MultiGauge} has no
 * unit of time, so it cannot hold the durations of phases.
 */
final class PipelineMeters {
  private static final String OFFSETS = "offsets";
  private static final String RECORDS = "records";

  private final RunningPipeline running;
  private final MeterRegistry registry;
  private final Tags commonTags;
  private final List<Meter> registered = new ArrayList<>();

  /** The partitions, phases and sinks that already have meters. */
  private final Set<Tag> reported = new HashSet<>();

  PipelineMeters(RunningPipeline running, MeterRegistry registry, Tags commonTags) {
    this.running = running;
    this.registry = registry;
    this.commonTags = commonTags;
  }

  void registerInitial() {
    registerState();
    registerAccounting();
    registerProgress();
    if (monitor(running).isPresent()) {
      registerSymptoms();
    }
  }

  void remove() {
    registered.forEach(registry::remove);
    registered.clear();
  }

  private void registerState() {
    gauge(
        "callstream.pipeline.running",
        null,
        "1 while the pipeline runs, otherwise 0",
        Tags.empty(),
        p -> p.state() == State.RUNNING ? 1 : 0);
    gauge(
        "callstream.pipeline.failed",
        null,
        "1 after the pipeline has failed, otherwise 0",
        Tags.empty(),
        p -> p.state() == State.FAILED ? 1 : 0);
    counter(
        "callstream.pipeline.restarts",
        "Restarts after a failure",
        Tags.empty(),
        p -> p instanceof Supervisor supervisor ? supervisor.restarts() : 0);
  }

  private void registerAccounting() {
    total("callstream.records.received", "Records read", Accounting::received);
    total(
        "callstream.records.rejected",
        "Records that cannot be parsed as a call",
        Accounting::rejected);
    total(
        "callstream.calls.additional",
        "Calls after the first one of their record",
        Accounting::additionalCalls);
    total(
        "callstream.records.duplicates", "Calls whose id was already seen", Accounting::duplicates);
    total(
        "callstream.calls.ambiguous",
        "Calls whose local time occurs twice because clocks were set back",
        Accounting::ambiguousTimes);
    total(
        "callstream.calls.unconfirmed",
        "Calls too far ahead to advance the watermark, not confirmed by the next two calls",
        Accounting::unconfirmedTimes);
    total(
        "callstream.calls.corrections",
        "Calls that replaced an earlier version of the same call",
        Accounting::corrections);
    running.pipeline().lookups().forEach(lookup -> unknown(lookup.name()));
    for (String statistic : running.accounting().statistics().keySet()) {
      contributions(statistic, "counted", Contributions::counted);
      contributions(statistic, "late", Contributions::late);
      contributions(statistic, "filtered", Contributions::filtered);
      contributions(statistic, "earlier", Contributions::earlier);
      total(
          "callstream.statistic.retractions",
          "Counted contributions that a correction removed again",
          Tags.of("statistic", statistic),
          accounting -> of(accounting, statistic, Contributions::retracted));
    }
  }

  private void registerProgress() {
    duration(
        "callstream.batch.duration",
        "Duration of the last batch",
        Tags.empty(),
        batch -> Optional.of(batch.batchDuration()));
    time(
        "callstream.batch.start.timestamp",
        TimeUnit.MILLISECONDS,
        "Start of the last batch, since the epoch",
        Tags.empty(),
        batch -> batch.timestamp().toEpochMilli());
    time(
        "callstream.watermark.timestamp",
        TimeUnit.MILLISECONDS,
        "Watermark of the last batch, since the epoch",
        Tags.empty(),
        batch -> batch.watermark().map(time -> (double) time.toEpochMilli()).orElse(Double.NaN));
    batch("callstream.batch.input", RECORDS, "Records read by the last batch", Progress::inputRows);
    batch(
        "callstream.input.rate",
        "records per second",
        "Records that arrived per second since the previous batch",
        Progress::inputRowsPerSecond);
    batch(
        "callstream.processing.rate",
        "records per second",
        "Records read per second of the last batch's duration",
        Progress::processedRowsPerSecond);
    batch(
        "callstream.batch.output",
        BaseUnits.ROWS,
        "Result rows that the last batch sent to the sinks",
        Progress::outputRows);
    batch(
        "callstream.output.rate",
        "rows per second",
        "Result rows sent to the sinks per second since the previous batch",
        Progress::outputRowsPerSecond);
    duration(
        "callstream.latency.mean",
        "Mean age of the last batch's records when the sinks received its results",
        Tags.empty(),
        batch -> batch.latency().map(Latency::mean));
    duration(
        "callstream.latency.max",
        "Age of the oldest record of the last batch when the sinks received its results",
        Tags.empty(),
        batch -> batch.latency().map(Latency::greatest));
    batch(
        "callstream.lag",
        OFFSETS,
        "Offsets not yet read in all partitions; an upper bound of the remaining records",
        Progress::lag);
    batch(
        "callstream.state.size",
        BaseUnits.ROWS,
        "Open windows, known calls, and rows of state in executors",
        b -> b.state().rows());
    batch(
        "callstream.state.updated",
        BaseUnits.ROWS,
        "Groups or rows that the last batch changed",
        batch -> batch.state().updatedRows());
    batch(
        "callstream.state.memory",
        BaseUnits.BYTES,
        "Memory of the open windows, and of the state in executors",
        batch -> batch.state().memoryBytes());
  }

  private static Optional<StabilityMonitor> monitor(RunningPipeline running) {
    return running.pipeline().listeners().stream()
        .filter(StabilityMonitor.class::isInstance)
        .map(StabilityMonitor.class::cast)
        .findFirst();
  }

  private void registerSymptoms() {
    for (Symptom symptom : Symptom.values()) {
      gauge(
          "callstream.stability.symptom",
          null,
          "1 if the pipeline shows this symptom of not keeping up, otherwise 0",
          Tags.of("symptom", symptom.name().toLowerCase(Locale.ROOT)),
          p -> shows(p, symptom));
    }
  }

  private static double shows(RunningPipeline running, Symptom symptom) {
    return monitor(running)
        .flatMap(StabilityMonitor::verdict)
        .map(v -> v.findings().stream().anyMatch(f -> f.symptom() == symptom) ? 1.0 : 0.0)
        .orElse(Double.NaN);
  }

  /**
   * Registers the meters of the partitions, phases and sinks that a batch reports for the first
   * time. The number of batches is one of them: it includes earlier runs, and is unknown before the
   * first batch.
   */
  void registerReported(Progress batch) {
    if (reported.isEmpty()) {
      counter(
          "callstream.batches",
          "Finished batches",
          Tags.empty(),
          p -> p.progress().map(b -> b.batch() + 1.0).orElse(0.0));
    }
    for (PartitionOffsets offsets : batch.offsets()) {
      Tag tag = Tag.of("partition", String.valueOf(offsets.partition()));
      if (reported.add(tag)) {
        registerPartition(offsets.partition(), Tags.of(tag));
      }
    }
    for (String phase : batch.phases().keySet()) {
      Tag tag = Tag.of("phase", phase);
      if (reported.add(tag)) {
        duration(
            "callstream.phase.duration",
            "Duration of a phase of the last batch",
            Tags.of(tag),
            b -> Optional.ofNullable(b.phases().get(phase)));
      }
    }
    Tag sink = Tag.of("sink", batch.sink());
    if (reported.add(sink)) {
      gauge(
          "callstream.pipeline.info",
          null,
          "Always 1; the tags name the source of records and the sinks of results",
          Tags.of(sink, Tag.of("source", running.pipeline().source().description())),
          p -> 1);
    }
  }

  private void registerPartition(int partition, Tags tags) {
    offsets(partition, tags, "start.offset", "First offset of the last batch", o -> o.start());
    offsets(partition, tags, "end.offset", "Offset after the last batch", o -> o.end());
    offsets(
        partition,
        tags,
        "latest.offset",
        "Offset up to which the partition could be read",
        o -> o.latest());
    offsets(
        partition,
        tags,
        "lag",
        "Offsets not yet read; an upper bound of the remaining records",
        PartitionOffsets::lag);
  }

  private void offsets(
      int partition,
      Tags tags,
      String name,
      String description,
      ToLongFunction<PartitionOffsets> value) {
    gauge(
        "callstream.partition." + name,
        name.equals("lag") ? OFFSETS : null,
        description,
        tags,
        lastBatch(
            batch ->
                batch.offsets().stream()
                    .filter(offsets -> offsets.partition() == partition)
                    .mapToDouble(value::applyAsLong)
                    .findFirst()
                    .orElse(Double.NaN)));
  }

  private void contributions(
      String statistic, String outcome, ToLongFunction<Contributions> value) {
    total(
        "callstream.statistic.contributions",
        "Contributions of calls to a statistic, by outcome",
        Tags.of("statistic", statistic, "outcome", outcome),
        accounting -> of(accounting, statistic, value));
  }

  private static long of(
      Accounting accounting, String statistic, ToLongFunction<Contributions> value) {
    Contributions found = accounting.statistics().get(statistic);
    return found == null ? 0 : value.applyAsLong(found);
  }

  private void unknown(String lookup) {
    total(
        "callstream.calls.unknown",
        "Calls without a row in a lookup",
        Tags.of("lookup", lookup),
        accounting -> accounting.unknown().getOrDefault(lookup, 0L));
  }

  private void total(String name, String description, ToLongFunction<Accounting> value) {
    total(name, description, Tags.empty(), value);
  }

  /**
   * Registers a counter that never decreases. A restart repeats the unfinished batch, so totals may
   * go back. Monitoring systems would take a lower value for a counter that restarted from zero.
   */
  private void total(String name, String description, Tags tags, ToLongFunction<Accounting> value) {
    AtomicLong highest = new AtomicLong();
    counter(
        name,
        description,
        tags,
        p -> highest.accumulateAndGet(value.applyAsLong(p.accounting()), Math::max));
  }

  private void counter(
      String name, String description, Tags tags, ToDoubleFunction<RunningPipeline> value) {
    registered.add(
        FunctionCounter.builder(name, running, value)
            .description(description)
            .tags(commonTags.and(tags))
            .register(registry));
  }

  private void gauge(
      String name,
      @Nullable String unit,
      String description,
      Tags tags,
      ToDoubleFunction<RunningPipeline> value) {
    registered.add(
        Gauge.builder(name, running, value)
            .baseUnit(unit)
            .description(description)
            .tags(commonTags.and(tags))
            .register(registry));
  }

  private void batch(
      String name, String unit, String description, ToDoubleFunction<Progress> value) {
    gauge(name, unit, description, Tags.empty(), lastBatch(value));
  }

  private void duration(
      String name, String description, Tags tags, Function<Progress, Optional<Duration>> value) {
    time(
        name,
        TimeUnit.NANOSECONDS,
        description,
        tags,
        batch -> value.apply(batch).map(time -> (double) time.toNanos()).orElse(Double.NaN));
  }

  /** Registers a gauge that the registry converts to its own unit of time. */
  private void time(
      String name, TimeUnit unit, String description, Tags tags, ToDoubleFunction<Progress> value) {
    registered.add(
        TimeGauge.builder(name, running, unit, lastBatch(value))
            .description(description)
            .tags(commonTags.and(tags))
            .register(registry));
  }

  private static ToDoubleFunction<RunningPipeline> lastBatch(ToDoubleFunction<Progress> value) {
    return running -> running.progress().map(value::applyAsDouble).orElse(Double.NaN);
  }
}
