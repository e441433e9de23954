package io.callstream.spark;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.pipeline.BatchResults;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.spark.sql.streaming.SourceProgress;
import org.apache.spark.sql.streaming.StateOperatorProgress;
import org.apache.spark.sql.streaming.StreamingQueryProgress;
import org.jspecify.annotations.Nullable;

/** Reads Spark's progress reports, and adds what the ledger knows about the batch. */
final class ProgressReader {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, Map<Integer, Long>>> OFFSETS =
      new TypeReference<>() {};

  private ProgressReader() {}

  /**
   * Reads a report.
   *
   * @param inDriver the state that Spark does not have
   * @param first returns the offsets at which the first batch of the checkpoint began; Spark's
   *     report of that batch does not contain them
   */
  static Progress read(
      StreamingQueryProgress report,
      BatchResults batch,
      Optional<Progress.Latency> latency,
      Progress.State inDriver,
      String sink,
      Supplier<Map<Integer, Long>> first) {
    Map<String, Duration> phases = new LinkedHashMap<>();
    new TreeMap<>(report.durationMs())
        .forEach((phase, millis) -> phases.put(phase, Duration.ofMillis(millis)));
    long rows = inDriver.rows();
    long updated = inDriver.updatedRows();
    long memory = inDriver.memoryBytes();
    for (StateOperatorProgress operator : report.stateOperators()) {
      rows += operator.numRowsTotal();
      updated +=
          operator.numRowsUpdated() + operator.customMetrics().getOrDefault(StateRows.WRITTEN, 0L);
      memory += operator.memoryUsedBytes();
    }
    long received = batch.accounting().received();
    long emitted = batch.emittedRows();
    // Spark counts the rows that tasks emit. It reports a rate of 0 if there was no batch before.
    double recordsPerRow = received / (double) report.numInputRows();
    double batchesPerSecond =
        report.inputRowsPerSecond() == 0
            ? Double.NaN
            : report.inputRowsPerSecond() / report.numInputRows();
    return new Progress(
        report.batchId(),
        Instant.parse(report.timestamp()),
        received,
        received * batchesPerSecond,
        report.processedRowsPerSecond() * recordsPerRow,
        emitted,
        emitted * batchesPerSecond,
        phases.getOrDefault("triggerExecution", Duration.ZERO),
        latency,
        phases,
        new Progress.State(rows, updated, memory),
        offsets(report.sources(), first),
        batch.watermark(),
        sink,
        batch.accounting(),
        batch.total(),
        batch.lookups());
  }

  private static List<PartitionOffsets> offsets(
      SourceProgress[] sources, Supplier<Map<Integer, Long>> first) {
    List<PartitionOffsets> offsets = new ArrayList<>();
    for (SourceProgress source : sources) {
      Map<Integer, Long> start =
          source.startOffset() == null ? first.get() : parse(source.startOffset());
      Map<Integer, Long> end = parse(source.endOffset());
      Map<Integer, Long> latest = parse(source.latestOffset());
      end.forEach(
          (partition, to) ->
              offsets.add(
                  new PartitionOffsets(
                      partition,
                      start.getOrDefault(partition, 0L),
                      to,
                      latest.getOrDefault(partition, to))));
    }
    return offsets;
  }

  /** Reads {@code {"topic":{"0":12,"1":34}}}. */
  static Map<Integer, Long> parse(@Nullable String text) {
    Map<Integer, Long> offsets = new TreeMap<>();
    if (text != null) {
      try {
        JSON.readValue(text, OFFSETS).values().forEach(offsets::putAll);
      } catch (IOException e) {
        throw new IllegalStateException("Spark's offsets are no JSON: " + text, e);
      }
    }
    return offsets;
  }
}
