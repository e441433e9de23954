package io.callstream.benchmarks.tune;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * One run of one configuration.
 *
 * @param stage what it was for
 * @param round which round it belongs to, from 0; runs of a round follow each other in random order
 * @param configuration what was set
 * @param values what was measured
 * @param verdict whether the engine kept up, in words; {@link #STABLE} if nothing speaks against it
 * @param trace how Spark executed it
 */
record Run(
    Stage stage,
    int round,
    Configuration configuration,
    Map<Measure, Double> values,
    String verdict,
    Trace trace) {
  /** The verdict on an engine that keeps up. */
  static final String STABLE = "stable";

  /** What a verdict begins with where a run has too few batches for one. */
  static final String TOO_EARLY = "too early to tell";

  /** What a run is for. */
  enum Stage {
    /** To have the JVM warm; only failures are kept. */
    WARM_UP,
    /** To compare the configurations. */
    COMPARE,
    /** To see whether the recommended one is what it promises. */
    CONFIRM
  }

  /**
   * How Spark executed a run.
   *
   * @param plan the operators of a batch, one a line
   * @param batches how many batches there were
   * @param tasks how many tasks a batch had, on average
   * @param largestBatch the most records of a batch
   */
  record Trace(String plan, long batches, double tasks, long largestBatch) {}

  /** Copies {@code values}. */
  Run {
    Map<Measure, Double> copy = new EnumMap<>(Measure.class);
    copy.putAll(values);
    values = Collections.unmodifiableMap(copy);
  }
}
