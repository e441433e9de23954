package io.callstream.benchmarks;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Stands for an external key-value store with a table for each statistic and window: each row that
 * a pipeline tells is put under its dimensions. Not thread-safe.
 */
final class Store {
  /** The table of a statistic without windows. */
  static final Instant NO_WINDOW = Instant.MIN;

  private final Map<String, Map<Instant, Map<List<String>, Long>>> tables = new HashMap<>();
  private int batches;

  /** Puts what a batch changed. */
  void take(BatchResults batch) {
    batches++;
    batch.updates().values().forEach(this::take);
  }

  /** Puts the rows of a statistic. */
  void take(Results results) {
    Map<Instant, Map<List<String>, Long>> windows =
        tables.computeIfAbsent(results.statistic().name(), name -> new HashMap<>());
    results.stream()
        .forEach(
            row ->
                windows
                    .computeIfAbsent(
                        row.window().map(WindowBounds::start).orElse(NO_WINDOW),
                        start -> new HashMap<>())
                    .put(row.dimensions(), row.count()));
  }

  /** Returns the rows of a statistic, by the start of their window and their dimensions. */
  Map<Instant, Map<List<String>, Long>> table(String statistic) {
    return tables.getOrDefault(statistic, Map.of());
  }

  int batches() {
    return batches;
  }
}
