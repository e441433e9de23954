package io.callstream.benchmarks.load;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * A sink that knows when each call was due: when the count of a type reaches k, the k-th call of
 * that type has arrived. Thread-safe.
 */
final class LatencyProbe {
  private final String statistic;
  private final SteadyCalls.Places places;
  private final int first;
  private final long uncountedMicros;

  /** Latencies in microseconds, to three digits. */
  private final Histogram histogram = new Histogram(3);

  private final Map<String, Integer> counts = new HashMap<>();
  private @Nullable Schedule schedule;
  private long counted;

  /**
   * Creates a probe.
   *
   * @param statistic a running count by type
   * @param first how many calls were sent before those with a schedule
   * @param uncountedMicros for how long after the start of the schedule nothing is recorded
   */
  LatencyProbe(String statistic, SteadyCalls.Places places, int first, long uncountedMicros) {
    this.statistic = statistic;
    this.places = places;
    this.first = first;
    this.uncountedMicros = uncountedMicros;
  }

  /** Takes note of the schedule, before its first call is due. */
  synchronized void begin(Schedule begun) {
    schedule = begun;
  }

  /** Takes note of what a batch counted. */
  void take(BatchResults batch) {
    take(batch, Schedule.nowMicros());
  }

  private synchronized void take(BatchResults batch, long nowMicros) {
    for (ResultRow row : batch.updates(statistic)) {
      seen(row.dimensions().get(0), Math.toIntExact(row.count()), nowMicros);
    }
  }

  synchronized void seen(String type, int count, long nowMicros) {
    int before = counts.getOrDefault(type, 0);
    int[] calls = places.of(type);
    for (int k = before; k < count; k++) {
      counted++;
      int place = calls[k] - first;
      if (schedule != null && place >= 0) {
        long due = schedule.dueMicros(place);
        if (due - schedule.startMicros() >= uncountedMicros) {
          histogram.recordValue(Math.max(0, nowMicros - due));
        }
      }
    }
    counts.put(type, count);
  }

  /** Returns how many calls were counted so far, those before the schedule included. */
  synchronized long counted() {
    return counted;
  }

  /** Returns the latencies so far, in microseconds. */
  synchronized Histogram latencies() {
    return histogram.copy();
  }
}
