package io.callstream.spark;

import io.callstream.pipeline.Pipeline;

/** Sinks that Spark writes. They run on the engine {@code spark}, or with any SparkSession. */
public final class SparkSinks {
  private SparkSinks() {}

  /**
   * Starts to build a sink that keeps a directory of Parquet files for each statistic, on any file
   * system that Hadoop supports. Each batch that changes a statistic becomes one directory with one
   * file, or with one file of each task if tasks write the results:
   *
   * <pre>
   * out/calls-by-type/_batch=41/part-….parquet
   * </pre>
   *
   * <p>A rename publishes the directory, so a reader finds a batch completely or not at all, unless
   * several files are renamed in an object store. If a batch is repeated after a crash, the sink
   * deletes its directory and writes it again with the same rows.
   *
   * <p>The rows are the rows that the batch emits. A statistic that emits on close writes each row
   * once. If the directory lacks batches of the restored state, the sink writes all results again
   * and deletes the batches before; with {@linkplain Pipeline.Builder#retainingResults retention},
   * it keeps them. A statistic that emits on every update writes a row again whenever its value
   * changes: the row with the greatest {@code _batch} is the current value of a key. The key
   * consists of {@code window_start} and the dimensions.
   *
   * <pre>{@code
   * spark.read().parquet("out/calls-by-type")
   *     .groupBy("crime_type").agg(max_by(col("count"), col("_batch")))
   * }</pre>
   *
   * <p>The columns are those of the CSV files, and {@code _batch}, which Spark and DuckDB derive
   * from the name of the directory. Times are timestamps in UTC with microsecond precision, numbers
   * and durations (in milliseconds) are 64-bit integers, and shares are doubles. The sink does not
   * combine files, and keeps the rows of windows that the pipeline has forgotten.
   *
   * @param directory a path or URI; created if it is missing. No other pipeline may use it.
   * @throws IllegalArgumentException if {@code directory} is blank, or neither a path nor a URI
   */
  public static ParquetSinkBuilder parquet(String directory) {
    return new ParquetSinkBuilder(directory);
  }
}
