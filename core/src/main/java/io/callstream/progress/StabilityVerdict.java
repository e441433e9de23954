package io.callstream.progress;

import java.util.List;

/**
 * The verdict on whether a pipeline keeps up with its input.
 *
 * @param findings the symptoms that show that it does not, with advice; empty if it keeps up
 */
public record StabilityVerdict(List<Finding> findings) {
  /** Copies {@code findings}. */
  public StabilityVerdict {
    findings = List.copyOf(findings);
  }

  /** Returns whether the pipeline keeps up, that is, whether the verdict has no findings. */
  public boolean stable() {
    return findings.isEmpty();
  }

  /** A sign that a pipeline does not keep up. */
  public enum Symptom {
    /** Batches take longer than their trigger interval. */
    SLOW_BATCHES,
    /** More records arrive than are processed. */
    INPUT_OUTRUNS_PROCESSING,
    /** The number of offsets left to read grows. */
    GROWING_LAG,
    /** The heap in use grows. */
    GROWING_HEAP
  }

  /**
   * One symptom of a pipeline.
   *
   * @param symptom the symptom
   * @param evidence the values that show the symptom
   * @param advice what to change
   */
  public record Finding(Symptom symptom, String evidence, String advice) {}
}
