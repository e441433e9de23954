package io.callstream.benchmarks.tune;

import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * One successful run of one configuration.
 *
 * @param stage the purpose of the run
 * @param round the round, from 0
 * @param configuration the configuration
 * @param values the measured values
 * @param verdict whether the engine kept up, in words; {@link #STABLE} if it did
 * @param trace how Spark executed the run
 */
record StudyRun(
    Stage stage,
    int round,
    Configuration configuration,
    Map<Measure, Double> values,
    String verdict,
    Trace trace) {
  /** The verdict on an engine that keeps up. */
  static final String STABLE = "stable";

  /** The start of the verdict on a run with too few batches. */
  static final String TOO_FEW_BATCHES = "unknown, fewer than";

  enum Stage {
    /** Warms the JVM up; the study keeps only failures. */
    WARM_UP,
    /** Compares configurations. */
    COMPARE,
    /** Measures the recommended configuration again. */
    CONFIRM;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /**
   * How Spark executed a run.
   *
   * @param plan the operators of a batch, one per line
   * @param batches the number of batches
   * @param tasks the average number of tasks in a batch
   * @param largestBatch the maximum number of records in a batch
   */
  record Trace(String plan, long batches, double tasks, long largestBatch) {
    static final Trace NONE = new Trace("", 0, 0, 0);
  }

  /**
   * A run that failed.
   *
   * @param measured what it should have measured
   * @param reason the reason in one line
   */
  record Failure(
      Stage stage, int round, Configuration configuration, String measured, String reason) {}

  StudyRun {
    values = Collections.unmodifiableMap(new TreeMap<>(values));
  }
}
