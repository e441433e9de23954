package io.callstream.examples.cli;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.Engine;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The Spark engine as the command line sets it up. */
final class SparkRuns {
  static final String NAME = SparkEngine.NAME;

  /** The newest Java that Spark 3.5 supports. */
  private static final int NEWEST_JAVA = 17;

  private SparkRuns() {}

  /**
   * Returns the engine.
   *
   * @param master Spark's master; null for the engine's own choice
   * @param conf properties of Spark
   */
  static Engine engine(@Nullable String master, Map<String, String> conf) {
    SparkSettings settings = SparkSettings.defaults();
    if (master != null) {
      settings = settings.master(master);
    }
    for (Map.Entry<String, String> property : conf.entrySet()) {
      settings = settings.with(property.getKey(), property.getValue());
    }
    return SparkEngine.with(settings);
  }

  /** Refuses a Java on which Spark fails sooner or later, with errors that nobody understands. */
  static void requireJava(Runtime.Version version) {
    if (version.feature() > NEWEST_JAVA) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "This is Java "
              + version.feature()
              + ", on which Spark 3.5 does not run. Set JAVA_HOME to a Java 17.");
    }
  }
}
