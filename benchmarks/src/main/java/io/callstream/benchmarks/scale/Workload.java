package io.callstream.benchmarks.scale;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.DoubleStream;

/**
 * The work of a batch, and the resources that it has.
 *
 * @param calls the number of calls in a batch
 * @param groups the number of groups of each statistic, or of each of its windows
 * @param windows the number of windows that are open; 1 for statistics without windows
 * @param statistics the number of statistics
 * @param partitions the number of partitions of the topic, and of tasks that read
 * @param cores the number of cores
 * @param tasks the number of tasks that merge; 0 if one thread of the driver merges
 * @param skew the fraction of the calls that are of one group
 * @param zipf the exponent of Zipf's law for the other calls; 0 if all groups have as many
 * @param disorder the fraction of the calls that are in a random window instead of the last one
 */
record Workload(
    double calls,
    double groups,
    double windows,
    int statistics,
    int partitions,
    int cores,
    int tasks,
    double skew,
    double zipf,
    double disorder) {
  /** The number of the greatest groups that Zipf's law is added up for one by one. */
  private static final int EXACT_RANKS = 1_000;

  /** The growth of the ranks of the other groups that are added up together. */
  private static final double RANK_STEP = 1.02;

  /** Returns the workload of a line of JSON of {@link io.callstream.benchmarks.Scale}. */
  static Workload of(JsonNode line) {
    boolean inExecutors = Variant.of(line) == Variant.EXECUTORS;
    return new Workload(
        line.path("batch").asDouble(),
        line.path("groups").asDouble(),
        Math.max(1, line.path("hours").asInt()),
        line.path("statistics").asInt(),
        line.path("partitions").asInt(),
        line.path("cores").asInt(),
        inExecutors ? line.path("tasks").asInt() : 0,
        line.path("skew").asDouble(),
        line.path("zipf").asDouble(),
        line.path("disorder").asDouble());
  }

  /** Returns the largest number of partitions that one core reads. */
  int partitionsPerCore() {
    return (partitions + cores - 1) / cores;
  }

  /** Returns the expected number of groups of all statistics that a batch changes. */
  double changedGroups() {
    return statistics * changedGroups(calls);
  }

  /** Returns the expected number of partial results that all reading tasks send. */
  double partialResults() {
    return statistics * partitions * changedGroups(calls / partitions);
  }

  /** Returns the fraction of the merging that the core with the most of it does. */
  double mergingPerCore() {
    if (tasks == 0) {
      return 1;
    }
    int most = (tasks + cores - 1) / cores;
    return (double) most / tasks;
  }

  private double changedGroups(double n) {
    double late = n * disorder * (windows - 1) / windows;
    return changedGroups(n - late, 1) + changedGroups(late, windows - 1);
  }

  /** Returns the expected number of groups among calls that are spread over some windows. */
  private double changedGroups(double n, double among) {
    if (n <= 0) {
      return 0;
    }
    double even = n * (1 - skew);
    double hot = skew > 0 ? among * occupied(n * skew / among) : 0;
    if (zipf == 0) {
      return hot + groups * among * occupied(even / (groups * among));
    }
    double weights = ranks().map(rank -> width(rank) * Math.pow(rank, -zipf)).sum();
    return hot
        + ranks()
            .map(
                rank ->
                    among * width(rank) * occupied(even / among * Math.pow(rank, -zipf) / weights))
            .sum();
  }

  private DoubleStream ranks() {
    return DoubleStream.iterate(1, rank -> rank <= groups, rank -> rank + width(rank));
  }

  private static double width(double rank) {
    return rank < EXACT_RANKS ? 1 : rank * (RANK_STEP - 1);
  }

  /** Returns the probability that a group with an expected number of calls has a call. */
  private static double occupied(double expectedCalls) {
    return -Math.expm1(-expectedCalls);
  }
}
