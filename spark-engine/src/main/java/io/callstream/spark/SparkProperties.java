package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.failures.SimilarNames;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.internal.config.ConfigEntry$;
import org.apache.spark.sql.internal.SQLConf$;

/**
 * Knows which properties Spark has, which of them have no effect here, and which callstream sets.
 */
final class SparkProperties {
  /** Groups of properties that Spark does not list. */
  private static final List<String> OPEN_PREFIXES =
      List.of(
          "spark.hadoop.",
          "spark.executorEnv.",
          "spark.appMasterEnv.",
          "spark.yarn.",
          "spark.kubernetes.",
          "spark.metrics.conf.",
          "spark.sql.catalog.",
          "spark.executor.resource.",
          "spark.driver.resource.",
          "spark.task.resource.",
          "spark.ssl.",
          "spark.kafka.",
          "spark.jars");

  private static final Set<String> UNLISTED =
      Set.of(
          "spark.app.name",
          "spark.app.id",
          "spark.home",
          "spark.submit.deployMode",
          "spark.ui.proxyBase",
          "spark.extraListeners");

  /** Commonly used settings that only the DStreams API reads, or that have no effect. */
  private static final Map<String, String> INEFFECTIVE =
      Map.of(
          "spark.streaming.",
          "it belongs to the DStreams API; use --max-offsets-per-trigger or"
              + " RunOptions.readingAtMost to limit a batch",
          "maxRatePerPartition",
          "it belongs to the DStreams API; use --max-offsets-per-trigger or"
              + " RunOptions.readingAtMost to limit a batch",
          "spark.sql.adaptive.",
          "streaming queries do not plan adaptively; leave it out",
          "spark.kafka.consumer.",
          "callstream's tasks use separate readers; set properties of the consumer with"
              + " KafkaTopic.with",
          "spark.default.parallelism",
          "a streaming query shuffles into its shuffle partitions; use"
              + " SparkSettings.shufflePartitions");

  private static final Map<String, String> OURS =
      Map.of(
          "spark.sql.streaming.checkpointLocation",
          "use --checkpoint or RunOptions.checkpointingTo",
          "spark.sql.streaming.noDataMicroBatches.enabled",
          "the engine needs no batches without data; leave it out",
          "spark.sql.streaming.checkpointFileManagerClass",
          "the engine chooses it by the checkpoint's file system; leave it out",
          "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled",
          "use SparkSettings.stateStore");

  private SparkProperties() {}

  /** Rejects a property that is unknown, has no effect, or is set by callstream. */
  static void require(String key) {
    for (Map.Entry<String, String> entry : INEFFECTIVE.entrySet()) {
      if (key.startsWith(entry.getKey())) {
        throw refusal("The setting '" + key + "' has no effect here: " + entry.getValue() + ".");
      }
    }
    String fix = OURS.get(key);
    if (fix != null) {
      throw refusal("The setting '" + key + "' is the engine's to set: " + fix + ".");
    }
    if (!isKnown(key)) {
      throw refusal(
          "Spark knows no setting '"
              + key
              + "'."
              + SimilarNames.nearest(key, names())
                  .map(near -> " Did you mean '" + near + "'?")
                  .orElse("")
              + " The settings are listed in Spark's configuration guide.");
    }
  }

  private static IllegalArgumentException refusal(String message) {
    return new IllegalArgumentException(message);
  }

  private static boolean isKnown(String key) {
    return UNLISTED.contains(key)
        || OPEN_PREFIXES.stream().anyMatch(key::startsWith)
        || names().contains(key);
  }

  /** Returns all properties that Spark has registered. Loading these classes registers them. */
  private static Set<String> names() {
    load("org.apache.spark.internal.config.package$");
    for (String group :
        List.of(
            "UI",
            "History",
            "Kryo",
            "Network",
            "Python",
            "R",
            "Status",
            "Worker",
            "Deploy",
            "Streaming",
            "Tests")) {
      load("org.apache.spark.internal.config." + group + "$");
    }
    load("org.apache.spark.sql.internal.StaticSQLConf$");
    Set<String> names = new TreeSet<>(ConfigEntry$.MODULE$.knownConfigs().keySet());
    SQLConf$.MODULE$.getConfigEntries().forEach(entry -> names.add(entry.key()));
    return names;
  }

  private static void load(String className) {
    try {
      Class.forName(className);
    } catch (ClassNotFoundException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          className
              + " is missing: this is not Spark 3.5. Put spark-sql_2.12 3.5.7 on the class"
              + " path.",
          e);
    }
  }
}
