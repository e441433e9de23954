package io.callstream.spark;

import io.callstream.internal.engine.RunSettings;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.execution.streaming.state.StateStoreProvider;
import org.jspecify.annotations.Nullable;

/**
 * Settings for running Spark. Immutable; each method returns changed settings. The engine chooses
 * values that are not set, as {@code docs/operate.md} describes.
 */
public final class SparkSettings {
  /** Specifies where Spark keeps the state between batches. */
  public enum StateStore {
    /**
     * In memory, with changes and snapshots in the checkpoint. The fastest option while the state
     * fits into memory.
     */
    MEMORY(StateRows.InMemory.class, "HDFSBackedStateStoreProvider"),
    /** In RocksDB, with a snapshot for each batch in the checkpoint. */
    ROCKSDB(StateRows.InRocksDb.class, "RocksDBStateStoreProvider"),
    /** In RocksDB, with changes for each batch in the checkpoint. */
    ROCKSDB_WITH_CHANGELOG(StateRows.InRocksDb.class, "RocksDBStateStoreProvider");

    private final Class<?> provider;
    private final String sparkProvider;

    StateStore(Class<?> provider, String sparkProvider) {
      this.provider = provider;
      this.sparkProvider = "org.apache.spark.sql.execution.streaming.state." + sparkProvider;
    }

    /** Returns a new provider, which a query does not use. */
    StateStoreProvider newProvider() {
      return this == MEMORY ? new StateRows.InMemory() : new StateRows.InRocksDb();
    }

    /** Returns the provider that a query uses, which wraps Spark's. */
    Class<?> provider() {
      return provider;
    }

    /** Returns the name of Spark's provider, with which users choose this store. */
    String sparkProvider() {
      return sparkProvider;
    }
  }

  /**
   * The number of groups of each window that the driver has with {@link #resultsInExecutors()}:
   * those with the highest counts.
   */
  public static final int TOP_IN_DRIVER = 100;

  private static final SparkSettings DEFAULTS =
      new SparkSettings(null, null, null, StateStore.MEMORY, false, Map.of());

  private final @Nullable String master;
  private final @Nullable Integer shufflePartitions;
  private final @Nullable Integer minPartitions;
  private final StateStore stateStore;
  private final boolean inExecutors;
  private final Map<String, String> properties;

  private SparkSettings(
      @Nullable String master,
      @Nullable Integer shufflePartitions,
      @Nullable Integer minPartitions,
      StateStore stateStore,
      boolean inExecutors,
      Map<String, String> properties) {
    this.master = master;
    this.shufflePartitions = shufflePartitions;
    this.minPartitions = minPartitions;
    this.stateStore = stateStore;
    this.inExecutors = inExecutors;
    this.properties = Collections.unmodifiableMap(new TreeMap<>(properties));
  }

  /** Returns settings with all values chosen by the engine. */
  public static SparkSettings defaults() {
    return DEFAULTS;
  }

  /**
   * Sets the master of a session that the engine creates, such as {@code local[2]} or {@code
   * spark://host:7077}. Defaults to the master of spark-submit, or else to {@code local[*]}.
   */
  public SparkSettings master(String url) {
    if (url.isBlank()) {
      throw new IllegalArgumentException("The master is blank; say local[*] or spark://host:7077");
    }
    return new SparkSettings(
        url, shufflePartitions, minPartitions, stateStore, inExecutors, properties);
  }

  /**
   * Sets how many tasks remember calls for {@code distinct()} and {@code corrections()}, and how
   * many merge {@linkplain #resultsInExecutors results in the executors}. Defaults to the number of
   * cores. The number is fixed for the lifetime of a checkpoint.
   */
  public SparkSettings shufflePartitions(int partitions) {
    requirePositive("shuffle partitions", partitions);
    return new SparkSettings(
        master, partitions, minPartitions, stateStore, inExecutors, properties);
  }

  /**
   * Sets the minimum number of tasks that read. The engine splits partitions of the topic to reach
   * it. Defaults to the number of partitions of the topic.
   */
  public SparkSettings minPartitions(int partitions) {
    requirePositive("minimum of reading partitions", partitions);
    return new SparkSettings(
        master, shufflePartitions, partitions, stateStore, inExecutors, properties);
  }

  private static void requirePositive(String what, int number) {
    if (number < 1) {
      throw new IllegalArgumentException(
          "The number of " + what + " is " + number + "; it must be at least 1");
    }
  }

  /**
   * Sets where the executors keep known calls and results. Defaults to memory. The choice is fixed
   * for the lifetime of a checkpoint.
   */
  public SparkSettings stateStore(StateStore store) {
    return new SparkSettings(
        master, shufflePartitions, minPartitions, store, inExecutors, properties);
  }

  /**
   * Keeps results in the executors, for results that are too large for the driver, which otherwise
   * merges and keeps them. The choice is fixed for the lifetime of a checkpoint.
   *
   * <ul>
   *   <li>Tasks write the sinks, which must be {@linkplain io.callstream.pipeline.TaskSink such
   *       sinks}.
   *   <li>The driver keeps the accounting, the watermark, the sizes of open windows, and the 100
   *       groups with the highest counts of each window.
   *   <li>{@link io.callstream.engine.RunningPipeline#results} returns results that have the rows
   *       of open windows. {@code top(n)} includes closed windows and needs no job, with {@code n}
   *       up to 100. {@code stream()}, {@code window(start)} and {@code group(...)} read the state
   *       from the checkpoint, each partition as one job. {@code stream()} has no order.
   *   <li>More groups than {@code maxGroups} of a statistic without a window end the run.
   *   <li>Sessions, shares, baselines, views, corrections, {@code evolving()} and {@code
   *       flushingAtEnd()} are not supported.
   * </ul>
   */
  public SparkSettings resultsInExecutors() {
    return new SparkSettings(
        master, shufflePartitions, minPartitions, stateStore, true, properties);
  }

  /**
   * Sets a property of Spark. A property for which this class has a method sets that value.
   *
   * @throws IllegalArgumentException if Spark has no such property, if it has no effect on
   *     Structured Streaming, or if the engine sets it
   */
  public SparkSettings with(String key, String value) {
    return switch (key) {
      case "spark.master" -> master(value);
      case "spark.sql.shuffle.partitions" -> shufflePartitions(number(key, value));
      case "spark.sql.streaming.stateStore.providerClass" -> stateStore(store(value));
      default -> withProperty(key, value);
    };
  }

  private SparkSettings withProperty(String key, String value) {
    SparkProperties.require(key);
    Map<String, String> more = new TreeMap<>(properties);
    more.put(key, value);
    return new SparkSettings(
        master, shufflePartitions, minPartitions, stateStore, inExecutors, more);
  }

  private static int number(String key, String value) {
    try {
      return Integer.parseInt(value.trim());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          key + " is '" + value + "'; it must be a whole number, at least 1", e);
    }
  }

  private static StateStore store(String provider) {
    for (StateStore store : StateStore.values()) {
      if (store.sparkProvider.equals(provider)) {
        return store;
      }
    }
    throw new IllegalArgumentException(
        "The state store '"
            + provider
            + "' is none that callstream was tried with. Choose "
            + StateStore.MEMORY.sparkProvider
            + " or "
            + StateStore.ROCKSDB.sparkProvider);
  }

  Optional<String> master() {
    return Optional.ofNullable(master);
  }

  OptionalInt shufflePartitions() {
    return shufflePartitions == null ? OptionalInt.empty() : OptionalInt.of(shufflePartitions);
  }

  OptionalInt minPartitions() {
    return minPartitions == null ? OptionalInt.empty() : OptionalInt.of(minPartitions);
  }

  StateStore stateStore() {
    return stateStore;
  }

  boolean hasResultsInExecutors() {
    return inExecutors;
  }

  Map<String, String> properties() {
    return properties;
  }

  /** Returns the settings of a run as texts without secrets, in the order of display. */
  Map<String, String> inForce(SparkContext context, int shufflePartitions) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("engine", SparkEngine.NAME + " " + context.version());
    all.put("master", context.master());
    all.put("default parallelism", Integer.toString(context.defaultParallelism()));
    all.put("shuffle partitions", Integer.toString(shufflePartitions));
    all.put(
        "reading partitions, at least",
        minPartitions == null ? "those of the topic" : Integer.toString(minPartitions));
    all.put("state store", stateStore.name().toLowerCase(Locale.ROOT));
    all.put("results", inExecutors ? "in the executors" : "in the driver");
    all.putAll(RunSettings.properties(properties));
    return all;
  }

  /** Returns the settings without the values of properties, which may be secret. */
  @Override
  public String toString() {
    return String.format(
        "SparkSettings[master=%s, shufflePartitions=%s, minPartitions=%s, stateStore=%s,"
            + " resultsInExecutors=%s, properties=%s]",
        master, shufflePartitions, minPartitions, stateStore, inExecutors, properties.keySet());
  }
}
