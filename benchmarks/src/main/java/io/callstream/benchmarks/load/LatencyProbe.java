package io.callstream.benchmarks.load;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * A sink that measures the latency of each call. When the count of a type reaches k, the k-th call
 * of that type has arrived, and the schedule defines when that call was due. Thread-safe.
 */
final class LatencyProbe {
  private final String statistic;
  private final SteadyCalls.Positions positions;
  private final int unscheduled;
  private final long uncountedMicros;

  /** Latencies in microseconds, with three significant digits. */
  private final Histogram histogram = new Histogram(3);

  private final Map<String, Integer> counts = new HashMap<>();
  private @Nullable Schedule schedule;
  private long counted;

  /**
   * Creates a probe.
   *
   * @param statistic the name of a running count by type
   * @param unscheduled the number of calls before the schedule starts
   * @param uncountedMicros the time after the start of the schedule in which nothing is recorded
   */
  LatencyProbe(
      String statistic, SteadyCalls.Positions positions, int unscheduled, long uncountedMicros) {
    this.statistic = statistic;
    this.positions = positions;
    this.unscheduled = unscheduled;
    this.uncountedMicros = uncountedMicros;
  }

  /** Sets the schedule. Call this before the first call is due. */
  synchronized void begin(Schedule begun) {
    schedule = begun;
  }

  void accept(BatchResults batch) {
    long nowMicros = Schedule.nowMicros();
    for (ResultRow row : batch.updates(statistic)) {
      accept(row.dimensions().get(0), Math.toIntExact(row.count()), nowMicros);
    }
  }

  synchronized void accept(String type, int count, long nowMicros) {
    int before = counts.getOrDefault(type, 0);
    int[] calls = positions.of(type);
    for (int k = before; k < count; k++) {
      counted++;
      int scheduled = calls[k] - unscheduled;
      if (schedule != null && scheduled >= 0) {
        long due = schedule.dueMicros(scheduled);
        if (due - schedule.startMicros() >= uncountedMicros) {
          histogram.recordValue(Math.max(0, nowMicros - due));
        }
      }
    }
    counts.put(type, count);
  }

  /** Returns the number of calls counted so far, including those before the schedule. */
  synchronized long counted() {
    return counted;
  }

  /** Returns the latencies recorded so far, in microseconds. */
  synchronized Histogram latencies() {
    return histogram.copy();
  }
}
