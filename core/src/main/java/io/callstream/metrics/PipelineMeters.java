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
import io.callstream.progress.StabilityVerdict;
import io.callstream.progress.StabilityVerdict.Symptom;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.BaseUnits;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/** The meters of one pipeline in one registry: their names, tags and values. Not thread-safe. */
final class PipelineMeters {
  private static final String OFFSETS = "offsets";
  private static final String RECORDS = "records";
  private static final String RECORDS_PER_SECOND = "records per second";
  private static final String ROWS_PER_SECOND = "rows per second";

  private final RunningPipeline running;
  private final MeterRegistrar registrar;
  private final BatchGauges lastBatch;

  /** The partitions, phases and sinks that already have meters. */
  private final Set<Tag> reported = new HashSet<>();

  PipelineMeters(RunningPipeline running, MeterRegistrar registrar) {
    this.running = running;
    this.registrar = registrar;
    this.lastBatch = new BatchGauges(running, registrar);
  }

  /** Registers the meters that do not depend on a batch. */
  void registerInitial() {
    registerState();
    registerAccounting();
    registerProgress();
    registerStability();
  }

  /** Removes all meters of this pipeline from the registry. */
  void remove() {
    registrar.removeAll();
  }

  private void registerState() {
    pipeline(
        "callstream.pipeline.running",
        "1 while the pipeline runs, otherwise 0",
        Tags.empty(),
        p -> p.state() == State.RUNNING ? 1 : 0);
    pipeline(
        "callstream.pipeline.failed",
        "1 after the pipeline has failed, otherwise 0",
        Tags.empty(),
        p -> p.state() == State.FAILED ? 1 : 0);
    registrar.counter(
        "callstream.pipeline.restarts",
        "Restarts after a failure",
        Tags.empty(),
        running,
        p -> p instanceof Supervisor supervisor ? supervisor.restarts() : 0);
  }

  private void registerAccounting() {
    total("callstream.records.received", "Records read", Tags.empty(), Accounting::received);
    total(
        "callstream.records.rejected",
        "Records that cannot be parsed as a call",
        Tags.empty(),
        Accounting::rejected);
    total(
        "callstream.records.duplicates",
        "Calls whose id was already seen",
        Tags.empty(),
        Accounting::duplicates);
    total(
        "callstream.calls.ambiguous",
        "Calls whose local time occurs twice because clocks were set back",
        Tags.empty(),
        Accounting::ambiguousTimes);
    total(
        "callstream.calls.unconfirmed",
        "Calls too far ahead to advance the watermark, not confirmed by the next two calls",
        Tags.empty(),
        Accounting::unconfirmedTimes);
    total(
        "callstream.calls.undescribed",
        "Calls whose disposition has no description",
        Tags.empty(),
        Accounting::unknownDispositions);
    for (String statistic : running.accounting().statistics().keySet()) {
      contributions(statistic, "counted", Contributions::counted);
      contributions(statistic, "late", Contributions::late);
      contributions(statistic, "filtered", Contributions::filtered);
    }
  }

  private void registerProgress() {
    lastBatch.duration(
        "callstream.batch.duration",
        "Duration of the last batch",
        Tags.empty(),
        batch -> Optional.of(batch.batchDuration()));
    lastBatch.timestamp(
        "callstream.batch.start.timestamp",
        "Start of the last batch, since the epoch",
        batch -> Optional.of(batch.timestamp()));
    lastBatch.timestamp(
        "callstream.watermark.timestamp",
        "Watermark of the last batch, since the epoch",
        Progress::watermark);
    lastBatch.number(
        "callstream.batch.input", RECORDS, "Records read by the last batch", Progress::inputRows);
    lastBatch.number(
        "callstream.input.rate",
        RECORDS_PER_SECOND,
        "Records that arrived per second since the previous batch",
        Progress::inputRowsPerSecond);
    lastBatch.number(
        "callstream.processing.rate",
        RECORDS_PER_SECOND,
        "Records read per second of the last batch's duration",
        Progress::processedRowsPerSecond);
    lastBatch.number(
        "callstream.batch.output",
        BaseUnits.ROWS,
        "Result rows that the last batch sent to the sinks",
        Progress::outputRows);
    lastBatch.number(
        "callstream.output.rate",
        ROWS_PER_SECOND,
        "Result rows sent to the sinks per second since the previous batch",
        Progress::outputRowsPerSecond);
    lastBatch.duration(
        "callstream.latency.mean",
        "Mean age of the last batch's records when the sinks received its results",
        Tags.empty(),
        batch -> batch.latency().map(Latency::mean));
    lastBatch.duration(
        "callstream.latency.max",
        "Age of the oldest record of the last batch when the sinks received its results",
        Tags.empty(),
        batch -> batch.latency().map(Latency::greatest));
    lastBatch.number(
        "callstream.lag",
        OFFSETS,
        "Offsets not yet read in all partitions; an upper bound of the remaining records",
        Progress::lag);
    lastBatch.number(
        "callstream.state.size",
        BaseUnits.ROWS,
        "Rows in the state store",
        batch -> batch.state().rows());
    lastBatch.number(
        "callstream.state.updated",
        BaseUnits.ROWS,
        "Rows of the state store that the last batch wrote",
        batch -> batch.state().updatedRows());
    lastBatch.number(
        "callstream.state.memory",
        BaseUnits.BYTES,
        "Memory of the state store",
        batch -> batch.state().memoryBytes());
  }

  private void registerStability() {
    running.pipeline().listeners().stream()
        .filter(StabilityMonitor.class::isInstance)
        .map(StabilityMonitor.class::cast)
        .findFirst()
        .ifPresent(this::registerSymptoms);
  }

  private void registerSymptoms(StabilityMonitor monitor) {
    for (Symptom symptom : Symptom.values()) {
      registrar.gauge(
          "callstream.stability.symptom",
          null,
          "1 if the pipeline shows this symptom of not keeping up, otherwise 0",
          Tags.of("symptom", symptom.name().toLowerCase(Locale.ROOT)),
          monitor,
          m -> shows(m, symptom));
    }
  }

  private static double shows(StabilityMonitor monitor, Symptom symptom) {
    Optional<StabilityVerdict> verdict = monitor.verdict();
    if (verdict.isEmpty()) {
      return Double.NaN;
    }
    return verdict.get().findings().stream().anyMatch(f -> f.symptom() == symptom) ? 1 : 0;
  }

  /**
   * Registers the meters of the partitions, phases and sinks that a batch reports for the first
   * time. The number of batches is one of them: it includes earlier runs, and is unknown before the
   * first batch.
   */
  void registerReported(Progress batch) {
    if (reported.isEmpty()) {
      registrar.counter(
          "callstream.batches",
          "Finished batches",
          Tags.empty(),
          running,
          p -> p.progress().map(b -> b.batch() + 1.0).orElse(0.0));
    }
    for (PartitionOffsets offsets : batch.offsets()) {
      if (reported.add(partitionTag(offsets.partition()))) {
        registerPartition(offsets.partition());
      }
    }
    for (String phase : batch.phases().keySet()) {
      Tag tag = Tag.of("phase", phase);
      if (reported.add(tag)) {
        lastBatch.duration(
            "callstream.phase.duration",
            "Duration of a phase of the last batch",
            Tags.of(tag),
            b -> Optional.ofNullable(b.phases().get(phase)));
      }
    }
    Tag sink = Tag.of("sink", batch.sink());
    if (reported.add(sink)) {
      pipeline(
          "callstream.pipeline.info",
          "Always 1; the tags name the source of records and the sinks of results",
          Tags.of(sink, Tag.of("source", running.pipeline().source().description())),
          p -> 1);
    }
  }

  private void registerPartition(int partition) {
    lastBatch.offsets(
        partition,
        "callstream.partition.start.offset",
        null,
        "First offset of the last batch",
        PartitionOffsets::start);
    lastBatch.offsets(
        partition,
        "callstream.partition.end.offset",
        null,
        "Offset after the last batch",
        PartitionOffsets::end);
    lastBatch.offsets(
        partition,
        "callstream.partition.latest.offset",
        null,
        "Offset up to which the partition could be read",
        PartitionOffsets::latest);
    lastBatch.offsets(
        partition,
        "callstream.partition.lag",
        OFFSETS,
        "Offsets not yet read; an upper bound of the remaining records",
        PartitionOffsets::lag);
  }

  private static Tag partitionTag(int partition) {
    return Tag.of("partition", String.valueOf(partition));
  }

  private void pipeline(
      String name, String description, Tags tags, ToDoubleFunction<RunningPipeline> value) {
    registrar.gauge(name, null, description, tags, running, value);
  }

  private void contributions(
      String statistic, String outcome, ToLongFunction<Contributions> value) {
    total(
        "callstream.statistic.contributions",
        "Contributions of calls to a statistic, by outcome",
        Tags.of("statistic", statistic, "outcome", outcome),
        accounting -> {
          Contributions found = accounting.statistics().get(statistic);
          return found == null ? 0 : value.applyAsLong(found);
        });
  }

  /**
   * Registers a counter that never decreases. A restart repeats the unfinished batch, so totals may
   * go back. Monitoring systems would take a lower value for a counter that restarted from zero.
   */
  private void total(String name, String description, Tags tags, ToLongFunction<Accounting> value) {
    AtomicLong highest = new AtomicLong();
    registrar.counter(
        name,
        description,
        tags,
        running,
        p -> highest.accumulateAndGet(value.applyAsLong(p.accounting()), Math::max));
  }
}
