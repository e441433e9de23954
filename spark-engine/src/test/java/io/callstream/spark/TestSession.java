package io.callstream.spark;

import org.apache.spark.sql.SparkSession;

/** The Spark session of all tests in this module, which ends with the JVM. */
final class TestSession {
  private static final SparkSession SESSION =
      SparkSession.builder()
          .master("local[2]")
          .appName("tests")
          .config("spark.ui.enabled", "false")
          .config("spark.driver.bindAddress", "127.0.0.1")
          .config("spark.driver.host", "127.0.0.1")
          .getOrCreate();

  private TestSession() {}

  static SparkSession get() {
    return SESSION;
  }
}
