package io.callstream.examples.cli;

import io.callstream.engine.Engine;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.spark.ParquetSink;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The Spark engine as the command line sets it up. */
final class SparkRuns {
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

  /** Returns where Spark's own pages show a pipeline; empty if Spark shows none. */
  static Optional<URI> userInterface(RunningPipeline running) {
    return SparkEngine.userInterface(running);
  }

  /** Returns a sink of Parquet files on the engine's own session. */
  static ResultSink parquet(String directory, boolean startsOver) {
    ParquetSink.Builder sink = ParquetSink.to(directory);
    return (startsOver ? sink.startingOver() : sink).build();
  }
}
