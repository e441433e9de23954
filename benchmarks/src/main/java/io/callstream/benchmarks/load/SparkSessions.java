package io.callstream.benchmarks.load;

import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** Creates the Spark sessions of the benchmarks. */
public final class SparkSessions {
  private SparkSessions() {}

  /**
   * Starts a session as an embedding application would, with the settings of the engine's own
   * sessions.
   *
   * @param master the Spark master
   * @param properties further properties of the session
   */
  public static SparkSession start(String master, Map<String, String> properties) {
    SparkSession.Builder builder =
        SparkSession.builder()
            .appName("callstream benchmark")
            .master(master)
            .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1");
    properties.forEach(builder::config);
    return builder.getOrCreate();
  }
}
