package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.load.SteadyRun.Load;
import io.callstream.spark.SparkSettings.StateStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * How much a study does.
 *
 * @param name what it is called
 * @param minutes how long it takes on two cores, about
 * @param backlog how many calls wait in a topic when throughput is measured
 * @param warmUps how many backlogs are counted before, to have the JVM warm; one steady run follows
 *     them, and none of these are in the report
 * @param throughput the configurations whose throughput is measured in a round, the defaults among
 *     them; more than once if they are to be known better than what is compared with them
 * @param throughputRounds how many rounds; at least 2
 * @param steady the load at which latency is measured
 * @param latency the configurations whose latency is measured in a round, as for throughput
 * @param latencyRounds how many rounds; at least 2
 * @param confirmRounds how often the recommended configuration and the defaults are measured again
 * @param sustainable whether sustainable rates are searched
 */
record Profile(
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
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int CORES = Runtime.getRuntime().availableProcessors();

  /**
   * Settings of which people expect much, and which do nothing here: those of Spark's older
   * streaming API, those of a cluster's executors, and those of what callstream does in its own
   * way.
   */
  private static final List<String> FOLKLORE =
      List.of(
          "spark.streaming.kafka.maxRatePerPartition=1000",
          "spark.streaming.backpressure.enabled=true",
          "spark.executor.cores=1",
          "spark.executor.memory=512m",
          "spark.executor.instances=4",
          "spark.default.parallelism=8",
          "spark.sql.adaptive.enabled=false",
          "spark.kafka.consumer.cache.capacity=1");

  /**
   * How often a round has the defaults where a run is cheap. Noise in them is noise in every
   * comparison.
   */
  private static final int DEFAULTS_IN_A_ROUND = 3;

  /** Copies the lists. */
  Profile {
    throughput = List.copyOf(throughput);
    latency = List.copyOf(latency);
  }

  /** Returns how many configurations are measured. */
  int configurations() {
    return (int) Stream.concat(throughput.stream(), latency.stream()).distinct().count();
  }

  /**
   * Returns a study of five minutes: all settings, few values of each. Steady runs are most of the
   * time, and as long as the stability monitor needs to tell; a second to be uncounted and six that
   * are a whole number of each trigger interval.
   */
  static Profile brief() {
    List<Configuration> throughput = new ArrayList<>();
    throughput.add(Configuration.baseline());
    vary(throughput, Setting.SHUFFLE_PARTITIONS, 1, 2, 8, 200);
    vary(throughput, Setting.BATCH_LIMIT, 20_000, 100_000);
    vary(throughput, Setting.MIN_PARTITIONS, 4);
    vary(throughput, Setting.TOPIC_PARTITIONS, 1, 4);
    vary(throughput, Setting.CORES, 1);
    vary(throughput, Setting.STATE_STORE, StateStore.ROCKSDB);
    vary(throughput, Setting.KAFKA_FETCH, Fetch.KAFKA_DEFAULTS);
    throughput.add(
        Configuration.of(Setting.SHUFFLE_PARTITIONS, 200).with(Setting.BATCH_LIMIT, 100_000));
    throughput.add(Configuration.of(Setting.TOPIC_PARTITIONS, 1).with(Setting.MIN_PARTITIONS, 4));
    folklore(throughput);
    List<Configuration> latency = new ArrayList<>();
    latency.add(Configuration.baseline());
    vary(latency, Setting.SHUFFLE_PARTITIONS, 1, 2, 200);
    vary(latency, Setting.TRIGGER, 0, 500);
    vary(latency, Setting.CORES, 1);
    return new Profile(
        "short",
        5,
        400_000,
        15, // Runs of a second each: the JIT makes them faster for that long.
        withMoreDefaults(distinct(throughput)),
        2,
        new Load(5_000, Duration.ofSeconds(7), Duration.ofSeconds(1), PATIENCE),
        distinct(latency),
        3,
        1,
        false);
  }

  /** Returns a study of an hour or more: more values, more repeats, and sustainable rates. */
  static Profile thorough() {
    List<Configuration> throughput = new ArrayList<>();
    throughput.add(Configuration.baseline());
    vary(throughput, Setting.SHUFFLE_PARTITIONS, 1, 2, 4, 8, 16, 200);
    vary(throughput, Setting.BATCH_LIMIT, 10_000, 50_000, 100_000, 250_000, 2_000_000);
    vary(throughput, Setting.MIN_PARTITIONS, 4, 8);
    vary(throughput, Setting.TOPIC_PARTITIONS, 1, 4, 8);
    for (int cores = 1; cores < CORES; cores *= 2) {
      vary(throughput, Setting.CORES, cores);
    }
    vary(throughput, Setting.STATE_STORE, StateStore.ROCKSDB, StateStore.ROCKSDB_WITH_CHANGELOG);
    vary(throughput, Setting.KAFKA_FETCH, (Object[]) Fetch.values());
    for (StateStore store : List.of(StateStore.ROCKSDB, StateStore.ROCKSDB_WITH_CHANGELOG)) {
      for (int partitions : new int[] {1, 8}) {
        throughput.add(
            Configuration.of(Setting.SHUFFLE_PARTITIONS, partitions)
                .with(Setting.STATE_STORE, store));
      }
    }
    throughput.add(Configuration.of(Setting.TOPIC_PARTITIONS, 1).with(Setting.CORES, 1));
    throughput.add(Configuration.of(Setting.TOPIC_PARTITIONS, 1).with(Setting.MIN_PARTITIONS, 4));
    throughput.add(
        Configuration.of(Setting.SHUFFLE_PARTITIONS, 200).with(Setting.BATCH_LIMIT, 100_000));
    folklore(throughput);
    List<Configuration> latency = new ArrayList<>();
    latency.add(Configuration.baseline());
    vary(latency, Setting.SHUFFLE_PARTITIONS, 1, 4, 8, 200);
    vary(latency, Setting.BATCH_LIMIT, 10_000, 50_000);
    vary(latency, Setting.MIN_PARTITIONS, 4);
    vary(latency, Setting.TRIGGER, 0, 200, 500, 2_000);
    vary(latency, Setting.TOPIC_PARTITIONS, 1, 4, 8);
    vary(latency, Setting.CORES, 1);
    vary(latency, Setting.STATE_STORE, StateStore.ROCKSDB, StateStore.ROCKSDB_WITH_CHANGELOG);
    vary(latency, Setting.KAFKA_FETCH, Fetch.KAFKA_DEFAULTS);
    latency.add(Configuration.of(Setting.BATCH_LIMIT, 10_000).with(Setting.TRIGGER, 0));
    latency.add(
        Configuration.of(Setting.SHUFFLE_PARTITIONS, 8)
            .with(Setting.STATE_STORE, StateStore.ROCKSDB));
    return new Profile(
        "thorough",
        75,
        2_000_000,
        4,
        withMoreDefaults(distinct(throughput)),
        5,
        new Load(10_000, Duration.ofSeconds(21), Duration.ofSeconds(5), PATIENCE),
        withMoreDefaults(distinct(latency)),
        3,
        3,
        true);
  }

  private static void vary(List<Configuration> all, Setting setting, Object... values) {
    for (Object value : values) {
      all.add(Configuration.of(setting, value));
    }
  }

  private static void folklore(List<Configuration> all) {
    for (String property : FOLKLORE) {
      all.add(Configuration.of(Setting.PROPERTY, property));
    }
  }

  /** Leaves out what says no more than the defaults do. */
  private static List<Configuration> distinct(List<Configuration> all) {
    return all.stream()
        .filter(
            c ->
                c.values().size() != 1
                    || !Integer.toString(CORES).equals(c.values().get(Setting.SHUFFLE_PARTITIONS)))
        .filter(c -> CORES > 1 || !c.values().containsKey(Setting.CORES))
        .distinct()
        .toList();
  }

  private static List<Configuration> withMoreDefaults(List<Configuration> all) {
    List<Configuration> more = new ArrayList<>(all);
    more.addAll(Collections.nCopies(DEFAULTS_IN_A_ROUND - 1, Configuration.baseline()));
    return more;
  }
}
