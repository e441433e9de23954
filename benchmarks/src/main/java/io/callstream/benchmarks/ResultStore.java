package io.callstream.benchmarks;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Simulates an external key-value store: one table for each statistic and window, which maps
 * dimensions to counts. Not thread-safe.
 */
final class ResultStore {
  /** The key of the only table of a statistic without windows. */
  private static final Instant NO_WINDOW = Instant.MIN;

  private final Map<String, Map<Instant, Map<List<String>, Long>>> tables = new HashMap<>();
  private int batches;

  /** Stores the rows that a batch changed. */
  void put(BatchResults batch) {
    batches++;
    batch.updates().values().forEach(this::put);
  }

  /** Stores the rows of a statistic. */
  void put(Results results) {
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

  /** Returns the rows of a statistic by the start of their window and their dimensions. */
  Map<Instant, Map<List<String>, Long>> table(String statistic) {
    return tables.getOrDefault(statistic, Map.of());
  }

  int batches() {
    return batches;
  }
}
