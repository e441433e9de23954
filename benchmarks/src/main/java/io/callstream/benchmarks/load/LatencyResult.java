package io.callstream.benchmarks.load;

import io.callstream.progress.StabilityVerdict;
import io.callstream.progress.StabilityVerdict.Finding;
import io.callstream.progress.StabilityVerdict.Symptom;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/**
 * The result of a {@link SteadyRun}.
 *
 * @param load the load
 * @param schedule when its calls were due
 * @param missing the number of calls that the engine did not count before the drain timeout
 * @param latencies the latencies of the recorded calls, in microseconds. A missing call has the
 *     drain timeout, which is a lower bound
 * @param senderDelayMicros the maximum delay of the sender while latencies were recorded
 * @param lagPerSecond the growth of the lag, which is the number of calls that are due but not
 *     counted, in calls per second
 * @param lagAtEnd the lag when the last call was due
 * @param verdict the verdict of the stability monitor on the scheduled time; empty after too few
 *     batches
 */
public record LatencyResult(
    Load load,
    Schedule schedule,
    long missing,
    Histogram latencies,
    long senderDelayMicros,
    double lagPerSecond,
    long lagAtEnd,
    Optional<StabilityVerdict> verdict) {
  /** The maximum growth of a lag that counts as constant, relative to the rate. */
  private static final double CONSTANT_LAG = 0.05;

  private static final Set<Symptom> FALLING_BEHIND =
      Set.of(Symptom.GROWING_LAG, Symptom.INPUT_OUTRUNS_PROCESSING);

  /** Whether the engine keeps up with the rate. */
  public enum Conclusion {
    /** It keeps up. */
    KEPT_UP,
    /** It does not keep up. */
    FELL_BEHIND,
    /**
     * Unknown, because there were too few batches. Between batches the lag forms a sawtooth: over k
     * batches, the slope of its regression line is wrong by up to 1/k² of the rate.
     */
    TOO_FEW_BATCHES,
    /** Unknown, because the sender was late and may have caused the lag. */
    SENDER_LATE
  }

  /** Returns a percentile of latency, in milliseconds. */
  public double millis(double percentile) {
    return latencies.getValueAtPercentile(percentile) / 1e3;
  }

  /**
   * Returns whether the run ended early because the sender was too late. Its figures are then
   * unusable.
   */
  public boolean senderTooLate() {
    return senderDelayMicros > load.maxSenderDelayMicros();
  }

  /** Returns the findings of the stability monitor; empty if there are none. */
  public String findings() {
    return verdict.stream()
        .flatMap(v -> v.findings().stream())
        .map(Finding::evidence)
        .collect(Collectors.joining("; "));
  }

  /** Returns whether the engine kept up, according to the lag and the stability monitor. */
  public Conclusion conclusion() {
    if (senderDelayMicros > load.onTimeMicros()) {
      return Conclusion.SENDER_LATE;
    }
    if (missing > 0) {
      return Conclusion.FELL_BEHIND;
    }
    if (verdict.isEmpty()) {
      return Conclusion.TOO_FEW_BATCHES;
    }
    boolean constant =
        lagPerSecond <= CONSTANT_LAG * load.rate()
            && verdict.get().findings().stream()
                .noneMatch(finding -> FALLING_BEHIND.contains(finding.symptom()));
    return constant ? Conclusion.KEPT_UP : Conclusion.FELL_BEHIND;
  }
}
