package io.callstream.examples.cli;

import io.callstream.engine.Engine;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.spark.ParquetSinkBuilder;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import io.callstream.spark.SparkSinks;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Configures the Spark engine for the command line. */
final class SparkRuns {
  private SparkRuns() {}

  /**
   * Returns the engine.
   *
   * @param master Spark's master; null if the engine chooses it
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

  /** Returns the address of Spark's own pages for a pipeline; empty if Spark shows none. */
  static Optional<URI> userInterface(RunningPipeline running) {
    return SparkEngine.userInterface(running);
  }

  /** Returns a sink of Parquet files that uses the session of the engine. */
  static ResultSink parquet(String directory, boolean startsOver) {
    ParquetSinkBuilder sink = SparkSinks.parquet(directory);
    return (startsOver ? sink.startingOver() : sink).build();
  }
}
