package io.callstream.benchmarks.tune;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * A study that was completed.
 *
 * @param profile how much it did
 * @param runs all runs that count, in the order in which they were made
 * @param seed of that order
 * @param began when
 * @param took how long
 */
record Study(Profile profile, List<Run> runs, long seed, Instant began, Duration took) {
  /** Copies {@code runs}. */
  Study {
    runs = List.copyOf(runs);
  }
}
