package io.callstream.benchmarks;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.callstream.benchmarks.load.TemporaryDirectory;
import io.callstream.pipeline.BatchResults;
import io.callstream.progress.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Observes the batches of a run of {@link Scale}: a sink, and a listener. Read the figures when the
 * run has ended.
 */
final class ScaleMeter {
  private final TemporaryDirectory directory;
  private final int warm;
  private final int measured;
  private final List<Progress> reports = new ArrayList<>();
  private long batches;
  private long firstNanos;
  private @Nullable Mark from;
  private @Nullable Mark to;

  /** The state of the run and of the process when the sink received a batch. */
  private record Mark(
      long batch, long nanos, long calls, ProcessUsage usage, long checkpoint, long written) {}

  /**
   * Creates a meter.
   *
   * @param directory the directory with the checkpoint
   * @param warm the number of batches of the run before the measured ones; at least 1
   * @param measured the number of measured batches; 0 if the run only fills the state
   */
  ScaleMeter(TemporaryDirectory directory, int warm, int measured) {
    this.directory = directory;
    this.warm = warm;
    this.measured = measured;
  }

  TemporaryDirectory directory() {
    return directory;
  }

  /** Receives the results of a batch. */
  void accept(BatchResults batch) {
    batches++;
    if (batches == 1) {
      firstNanos = System.nanoTime();
    }
    if (batches == warm) {
      from = mark(batch);
    } else if (batches == warm + measured) {
      to = mark(batch);
    }
  }

  private Mark mark(BatchResults batch) {
    try {
      return new Mark(
          batch.number(),
          System.nanoTime(),
          batch.total().received(),
          ProcessUsage.now(),
          directory.bytes(),
          writtenBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the bytes that this process has written; 0 if the system does not report it. */
  private static long writtenBytes() throws IOException {
    Path io = Path.of("/proc/self/io");
    if (!Files.exists(io)) {
      return 0;
    }
    return Files.readAllLines(io).stream()
        .filter(line -> line.startsWith("wchar:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }

  /** Receives the report of a batch. */
  synchronized void report(Progress progress) {
    reports.add(progress);
  }

  /** Returns when the sink received the first batch. */
  long firstNanos() {
    return firstNanos;
  }

  /** Writes the figures of the measured batches. */
  synchronized void writeTo(ObjectNode line) {
    Mark start = from;
    Mark end = to;
    if (start == null || end == null) {
      throw new IllegalStateException(
          "The run had %d batches instead of at least %d".formatted(batches, warm + measured));
    }
    List<Progress> all =
        reports.stream()
            .filter(p -> p.batch() > start.batch() && p.batch() <= end.batch())
            .toList();
    if (all.size() != measured) {
      throw new IllegalStateException(
          "The engine reported %d batches instead of %d".formatted(all.size(), measured));
    }
    double seconds = (end.nanos() - start.nanos()) / 1e9;
    put(line, "calls_per_s", Math.rint((end.calls() - start.calls()) / seconds));
    put(line, "batch_ms_p50", percentile(all, 50, p -> millis(p.batchDuration())));
    put(line, "batch_ms_p99", percentile(all, 99, p -> millis(p.batchDuration())));
    ObjectNode phases = line.putObject("phases_ms");
    for (String phase : all.get(0).phases().keySet()) {
      Duration none = Duration.ZERO;
      put(phases, phase, percentile(all, 50, p -> millis(p.phases().getOrDefault(phase, none))));
    }
    put(line, "checkpoint_kb_per_batch", perBatch(end.checkpoint() - start.checkpoint()));
    put(line, "written_kb_per_batch", perBatch(end.written() - start.written()));
    Progress.State last = all.get(measured - 1).state();
    line.put("state_rows", last.rows());
    put(line, "state_rows_updated", percentile(all, 50, p -> p.state().updatedRows()));
    put(line, "state_mb", last.memoryBytes() / 1e6);
    end.usage().since(start.usage()).writeTo(line);
  }

  private double perBatch(long bytes) {
    return bytes / 1e3 / measured;
  }

  private static void put(ObjectNode line, String name, double value) {
    line.put(name, ProcessUsage.rounded(value));
  }

  private static double millis(Duration duration) {
    return duration.toNanos() / 1e6;
  }

  private static double percentile(
      List<Progress> reports, int percent, ToDoubleFunction<Progress> value) {
    double[] sorted = reports.stream().mapToDouble(value).sorted().toArray();
    return sorted[(sorted.length - 1) * percent / 100];
  }
}
