package io.callstream.spark;

import io.callstream.pipeline.ResultSink;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/** Builds a sink of Parquet files. Not thread-safe. */
public final class ParquetSinkBuilder {
  private final String directory;
  private @Nullable SparkSession session;
  private boolean startsOver;

  ParquetSinkBuilder(String directory) {
    if (directory.isBlank()) {
      throw new IllegalArgumentException("No directory for Parquet files is given; name one");
    }
    Checkpoint.path(directory);
    this.directory = directory;
  }

  /** Uses the context of a session. Defaults to the context of the process's default session. */
  public ParquetSinkBuilder on(SparkSession session) {
    this.session = session;
    return this;
  }

  /**
   * Lets a run take over a directory that contains the results of another run. When the sink opens,
   * it deletes the directories of batches of its statistics. Without this, the sink rejects such a
   * directory.
   */
  public ParquetSinkBuilder startingOver() {
    this.startsOver = true;
    return this;
  }

  /**
   * Returns the sink. Its method {@code open} throws a {@link io.callstream.CallstreamException}
   * with {@link io.callstream.ErrorCode#ENVIRONMENT} if no SparkSession exists, and with {@link
   * io.callstream.ErrorCode#SINK_FAILED} if the directory cannot be written or contains the results
   * of another run.
   */
  public ResultSink build() {
    return new ParquetSink(directory, session, startsOver);
  }
}
