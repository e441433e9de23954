package io.callstream.benchmarks.tune;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The measurements of a study.
 *
 * @param profile the extent of the study
 * @param runs the successful runs, in their order
 * @param failures the failed runs
 * @param abortReason why the study ended early; empty if it is complete
 * @param seed the seed of the order of runs and of their start delays
 * @param start when the study started
 * @param duration how long it took
 */
record StudyResult(
    StudyProfile profile,
    List<StudyRun> runs,
    List<StudyRun.Failure> failures,
    String abortReason,
    long seed,
    Instant start,
    Duration duration) {
  /** Copies the lists. */
  StudyResult {
    runs = List.copyOf(runs);
    failures = List.copyOf(failures);
  }
}
