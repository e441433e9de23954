package io.callstream.progress;

import java.util.List;

/**
 * Whether a pipeline keeps up, over the span that was looked at.
 *
 * @param findings what speaks against it, with what to change; empty if it keeps up
 */
public record StabilityVerdict(List<Finding> findings) {
  /** Copies {@code findings}. */
  public StabilityVerdict {
    findings = List.copyOf(findings);
  }

  /** Returns whether nothing speaks against it. */
  public boolean stable() {
    return findings.isEmpty();
  }

  /** What a pipeline does that it must not do for long. */
  public enum Symptom {
    /** Batches take longer than their trigger interval. */
    SLOW_BATCHES,
    /** More records arrive than are processed. */
    INPUT_OUTRUNS_PROCESSING,
    /** The offsets left to read grow in number. */
    GROWING_LAG,
    /** The heap that is used grows. */
    GROWING_HEAP
  }

  /**
   * One symptom.
   *
   * @param symptom which
   * @param evidence the figures
   * @param advice what to change
   */
  public record Finding(Symptom symptom, String evidence, String advice) {}
}
