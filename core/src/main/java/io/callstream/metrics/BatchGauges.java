package io.callstream.metrics;

import io.callstream.engine.RunningPipeline;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Gauges of the last batch of a pipeline, which are NaN before the first batch. */
final class BatchGauges {
  private final RunningPipeline running;
  private final MeterRegistrar registrar;

  BatchGauges(RunningPipeline running, MeterRegistrar registrar) {
    this.running = running;
    this.registrar = registrar;
  }

  void number(String name, String unit, String description, ToDoubleFunction<Progress> value) {
    registrar.gauge(name, unit, description, Tags.empty(), running, p -> lastBatch(p, value));
  }

  void offsets(
      int partition,
      String name,
      @Nullable String unit,
      String description,
      ToLongFunction<PartitionOffsets> value) {
    ToDoubleFunction<Progress> ofPartition =
        batch ->
            batch.offsets().stream()
                .filter(offsets -> offsets.partition() == partition)
                .mapToDouble(value::applyAsLong)
                .findFirst()
                .orElse(Double.NaN);
    registrar.gauge(
        name,
        unit,
        description,
        Tags.of(Tag.of("partition", String.valueOf(partition))),
        running,
        p -> lastBatch(p, ofPartition));
  }

  void duration(
      String name, String description, Tags tags, Function<Progress, Optional<Duration>> value) {
    time(
        name,
        TimeUnit.NANOSECONDS,
        description,
        tags,
        batch -> value.apply(batch).map(Duration::toNanos));
  }

  void timestamp(String name, String description, Function<Progress, Optional<Instant>> value) {
    time(
        name,
        TimeUnit.MILLISECONDS,
        description,
        Tags.empty(),
        batch -> value.apply(batch).map(Instant::toEpochMilli));
  }

  private void time(
      String name,
      TimeUnit unit,
      String description,
      Tags tags,
      Function<Progress, Optional<Long>> value) {
    ToDoubleFunction<Progress> orNaN =
        batch -> value.apply(batch).map(Long::doubleValue).orElse(Double.NaN);
    registrar.timeGauge(name, unit, description, tags, running, p -> lastBatch(p, orNaN));
  }

  private static double lastBatch(RunningPipeline running, ToDoubleFunction<Progress> value) {
    return running.progress().map(value::applyAsDouble).orElse(Double.NaN);
  }
}
