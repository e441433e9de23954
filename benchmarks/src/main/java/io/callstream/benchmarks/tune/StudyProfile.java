package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.load.Load;
import io.callstream.spark.SparkSettings.StateStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * The extent of a study.
 *
 * @param name the name
 * @param minutes the approximate duration on two cores
 * @param backlog the number of calls in the topic for throughput
 * @param warmUps the number of backlogs to count first, to warm the JVM up
 * @param throughput the configurations that each round measures over a backlog. It may contain the
 *     baseline several times, because the noise of the baseline affects every comparison
 * @param throughputRounds the number of rounds; at least 2
 * @param steady the load for latency
 * @param latency the configurations that each round measures at a steady rate
 * @param latencyRounds the number of rounds; at least 2
 * @param confirmRounds how often to measure the recommended configuration and the baseline again
 * @param sustainable whether to search for sustainable rates
 */
record StudyProfile(
    String name,
    int minutes,
    int backlog,
    int warmUps,
    List<Configuration> throughput,
    int throughputRounds,
    Load steady,
    List<Configuration> latency,
    int latencyRounds,
    int confirmRounds,
    boolean sustainable) {
  private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(20);
  private static final int CORES = Runtime.getRuntime().availableProcessors();

  /** How often a round runs the baseline, if runs are short. */
  private static final int BASELINE_RUNS = 3;

  /**
   * Settings that many people recommend and that have no effect here: settings of Spark's older
   * streaming API, of the executors of a cluster, and of features that callstream replaces.
   */
  private static final List<Configuration> FOLKLORE =
      values(
          Setting.PROPERTY,
          "spark.streaming.kafka.maxRatePerPartition=1000",
          "spark.streaming.backpressure.enabled=true",
          "spark.executor.cores=1",
          "spark.executor.memory=512m",
          "spark.executor.instances=4",
          "spark.default.parallelism=8",
          "spark.sql.adaptive.enabled=false",
          "spark.kafka.consumer.cache.capacity=1");

  StudyProfile {
    throughput = List.copyOf(throughput);
    latency = List.copyOf(latency);
  }

  /** Returns the number of different configurations. */
  int configurations() {
    return (int) Stream.concat(throughput.stream(), latency.stream()).distinct().count();
  }

  /**
   * Returns a study of about five minutes, with all settings and few values of each. Most of the
   * time is for steady runs. After one second that does not count, they last six seconds, which is
   * a multiple of each trigger interval and enough for a verdict.
   */
  static StudyProfile brief() {
    return new StudyProfile(
        "short",
        5,
        400_000,
        15, // The JIT compiler needs that many runs of a second.
        withBaseline(
            BASELINE_RUNS,
            values(Setting.SHUFFLE_PARTITIONS, 1, 2, 8, 200),
            values(Setting.BATCH_LIMIT, 20_000, 100_000),
            values(Setting.MIN_PARTITIONS, 4),
            values(Setting.TOPIC_PARTITIONS, 1, 4),
            values(Setting.CORES, 1),
            values(Setting.STATE_STORE, StateStore.ROCKSDB),
            values(Setting.KAFKA_FETCH, FetchSettings.KAFKA_DEFAULTS),
            pair(Setting.SHUFFLE_PARTITIONS, 200, Setting.BATCH_LIMIT, 100_000),
            pair(Setting.TOPIC_PARTITIONS, 1, Setting.MIN_PARTITIONS, 4),
            FOLKLORE),
        2,
        new Load(5_000, Duration.ofSeconds(7), Duration.ofSeconds(1), DRAIN_TIMEOUT),
        withBaseline(
            1,
            values(Setting.SHUFFLE_PARTITIONS, 1, 2, 200),
            values(Setting.TRIGGER, 0, 500),
            values(Setting.CORES, 1)),
        3,
        1,
        false);
  }

  /** Returns a study of an hour or more, with more values, more rounds and sustainable rates. */
  static StudyProfile thorough() {
    return new StudyProfile(
        "thorough",
        75,
        2_000_000,
        4,
        withBaseline(
            BASELINE_RUNS,
            values(Setting.SHUFFLE_PARTITIONS, 1, 2, 4, 8, 16, 200),
            values(Setting.BATCH_LIMIT, 10_000, 50_000, 100_000, 250_000, 2_000_000),
            values(Setting.MIN_PARTITIONS, 4, 8),
            values(Setting.TOPIC_PARTITIONS, 1, 4, 8),
            values(Setting.CORES, fewerCores()),
            values(Setting.STATE_STORE, StateStore.ROCKSDB, StateStore.ROCKSDB_WITH_CHANGELOG),
            values(Setting.KAFKA_FETCH, (Object[]) FetchSettings.values()),
            pair(Setting.SHUFFLE_PARTITIONS, 1, Setting.STATE_STORE, StateStore.ROCKSDB),
            pair(Setting.SHUFFLE_PARTITIONS, 8, Setting.STATE_STORE, StateStore.ROCKSDB),
            pair(
                Setting.SHUFFLE_PARTITIONS,
                1,
                Setting.STATE_STORE,
                StateStore.ROCKSDB_WITH_CHANGELOG),
            pair(
                Setting.SHUFFLE_PARTITIONS,
                8,
                Setting.STATE_STORE,
                StateStore.ROCKSDB_WITH_CHANGELOG),
            pair(Setting.TOPIC_PARTITIONS, 1, Setting.CORES, 1),
            pair(Setting.TOPIC_PARTITIONS, 1, Setting.MIN_PARTITIONS, 4),
            pair(Setting.SHUFFLE_PARTITIONS, 200, Setting.BATCH_LIMIT, 100_000),
            FOLKLORE),
        5,
        new Load(10_000, Duration.ofSeconds(21), Duration.ofSeconds(5), DRAIN_TIMEOUT),
        withBaseline(
            BASELINE_RUNS,
            values(Setting.SHUFFLE_PARTITIONS, 1, 4, 8, 200),
            values(Setting.BATCH_LIMIT, 10_000, 50_000),
            values(Setting.MIN_PARTITIONS, 4),
            values(Setting.TRIGGER, 0, 200, 500, 2_000),
            values(Setting.TOPIC_PARTITIONS, 1, 4, 8),
            values(Setting.CORES, 1),
            values(Setting.STATE_STORE, StateStore.ROCKSDB, StateStore.ROCKSDB_WITH_CHANGELOG),
            values(Setting.KAFKA_FETCH, FetchSettings.KAFKA_DEFAULTS),
            pair(Setting.BATCH_LIMIT, 10_000, Setting.TRIGGER, 0),
            pair(Setting.SHUFFLE_PARTITIONS, 8, Setting.STATE_STORE, StateStore.ROCKSDB)),
        3,
        3,
        true);
  }

  private static Object[] fewerCores() {
    return Stream.iterate(1, cores -> cores < CORES, cores -> 2 * cores).toArray();
  }

  private static List<Configuration> values(Setting setting, Object... values) {
    return Arrays.stream(values).map(value -> Configuration.of(setting, value)).toList();
  }

  private static List<Configuration> pair(
      Setting first, Object firstValue, Setting second, Object secondValue) {
    return List.of(Configuration.of(first, firstValue).with(second, secondValue));
  }

  /** Returns the baseline and the configurations that differ from it on this machine. */
  @SafeVarargs
  private static List<Configuration> withBaseline(int times, List<Configuration>... parts) {
    List<Configuration> all = new ArrayList<>(Collections.nCopies(times, Configuration.baseline()));
    Configuration sameAsBaseline = Configuration.of(Setting.SHUFFLE_PARTITIONS, CORES);
    for (List<Configuration> part : parts) {
      part.stream()
          .filter(c -> !c.equals(sameAsBaseline))
          .filter(c -> CORES > 1 || !c.values().containsKey(Setting.CORES))
          .forEach(all::add);
    }
    return all;
  }
}
