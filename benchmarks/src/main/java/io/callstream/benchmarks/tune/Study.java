package io.callstream.benchmarks.tune;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What a study measured.
 *
 * @param profile how much it was to do
 * @param runs all runs that count, in the order in which they were made
 * @param failures the runs that failed
 * @param givenUp why it was given up before it was complete; empty if it was not
 * @param seed of the order of runs, and of the phase of steady ones
 * @param began when
 * @param took how long
 */
record Study(
    Profile profile,
    List<Run> runs,
    List<FailedRun> failures,
    String givenUp,
    long seed,
    Instant began,
    Duration took) {
  /** Copies the lists. */
  Study {
    runs = List.copyOf(runs);
    failures = List.copyOf(failures);
  }
}
