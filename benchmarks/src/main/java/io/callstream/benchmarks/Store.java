package io.callstream.benchmarks;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Dimension;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Stands for an external key-value store: each row that a pipeline tells is put under its key. Not
 * thread-safe.
 */
final class Store {
  /** The statistic that is answer A. */
  static final String BY_TYPE = "calls-by-type";

  /** The statistic that is answer B. */
  static final String HOURLY = "calls-by-type-and-disposition-hourly";

  private final Map<String, Long> byType = new HashMap<>();
  private final Map<Hourly, Long> hourly = new HashMap<>(1 << 16);
  private final Map<String, String> descriptions = new HashMap<>();
  private final Map<String, Map<List<String>, Long>> others = new HashMap<>();
  private int batches;

  /** The key of a row of B. */
  record Hourly(long windowStart, String type, String disposition) {}

  /** Puts what a batch changed. */
  void take(BatchResults batch) {
    batches++;
    batch.updates().values().forEach(this::take);
  }

  /** Puts the rows of a statistic. */
  void take(Results results) {
    switch (results.statistic().name()) {
      case BY_TYPE -> results.stream().forEach(r -> byType.put(r.dimensions().get(0), r.count()));
      case HOURLY -> {
        Dimension disposition = results.statistic().dimensions().get(1);
        results.stream().forEach(row -> putHourly(row, disposition));
      }
      default -> {
        Map<List<String>, Long> counts =
            others.computeIfAbsent(results.statistic().name(), name -> new HashMap<>());
        results.stream().forEach(row -> counts.put(row.dimensions(), row.count()));
      }
    }
  }

  private void putHourly(ResultRow row, Dimension disposition) {
    long start = row.window().orElseThrow().start().toEpochMilli();
    List<String> dimensions = row.dimensions();
    hourly.put(new Hourly(start, dimensions.get(0), dimensions.get(1)), row.count());
    row.description(disposition)
        .ifPresent(text -> descriptions.putIfAbsent(dimensions.get(1), text));
  }

  Map<String, Long> byType() {
    return byType;
  }

  Map<Hourly, Long> hourly() {
    return hourly;
  }

  /** Returns the descriptions by disposition; empty ones too. */
  Map<String, String> descriptions() {
    return descriptions;
  }

  int batches() {
    return batches;
  }
}
