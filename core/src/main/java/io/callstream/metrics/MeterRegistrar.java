package io.callstream.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Registers meters in a registry, and removes them again. Meters refer weakly to their source. Not
 * thread-safe.
 *
 * <p>Meters that appear later are registered one by one. Micrometer's {@code MultiGauge} has no
 * unit of time, so it cannot hold the durations of phases.
 */
final class MeterRegistrar {
  private final MeterRegistry registry;
  private final Tags commonTags;
  private final List<Meter> registered = new ArrayList<>();

  /** Creates a registrar that adds tags to each of its meters. */
  MeterRegistrar(MeterRegistry registry, Tags commonTags) {
    this.registry = registry;
    this.commonTags = commonTags;
  }

  <T> void counter(
      String name, String description, Tags tags, T source, ToDoubleFunction<T> value) {
    registered.add(
        FunctionCounter.builder(name, source, value)
            .description(description)
            .tags(commonTags.and(tags))
            .register(registry));
  }

  <T> void gauge(
      String name,
      @Nullable String unit,
      String description,
      Tags tags,
      T source,
      ToDoubleFunction<T> value) {
    registered.add(
        Gauge.builder(name, source, value)
            .baseUnit(unit)
            .description(description)
            .tags(commonTags.and(tags))
            .register(registry));
  }

  /** Registers a gauge that the registry converts to its own unit of time. */
  <T> void timeGauge(
      String name,
      TimeUnit unit,
      String description,
      Tags tags,
      T source,
      ToDoubleFunction<T> value) {
    registered.add(
        TimeGauge.builder(name, source, unit, value)
            .description(description)
            .tags(commonTags.and(tags))
            .register(registry));
  }

  /** Removes all meters that this object has registered. */
  void removeAll() {
    registered.forEach(registry::remove);
    registered.clear();
  }
}
