package io.callstream.spark;

import io.callstream.engine.RunOptions;
import io.callstream.internal.task.TaskPlan;
import io.callstream.pipeline.KafkaTopic;
import org.apache.spark.api.java.function.FlatMapGroupsWithStateFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.GroupStateTimeout;
import org.apache.spark.sql.streaming.OutputMode;
import scala.Tuple2;

/*
 * One query for all statistics:
 *
 *   topic -> ReadTask -> (SiftTask, if calls are known by their ids)
 *         -> (MergeTask, if results stay in the executors) -> driver
 *
 * Otherwise the driver merges, because it has all results anyway. Then a batch needs no shuffle and
 * no state store.
 *
 * Spark sees a few rows per task and window, never a call. Spark does not need to know the event
 * time either. The driver keeps the watermark, and sends the current one to the tasks of each
 * batch. If tasks merge, it also sends the windows that close, and the eviction of a window is a
 * row for the task that has its state. So no operator of Spark drops a row, no timeout reads the
 * whole state, and a repeated batch makes the same decisions as before.
 */
final class QueryPlan {
  /**
   * The maximum number of records in a batch, unless the options specify it. It limits the memory
   * of a batch.
   */
  static final long DEFAULT_MAX_RECORDS = 500_000;

  private static final Encoder<Tuple2<byte[], byte[]>> ROWS =
      Encoders.tuple(Encoders.BINARY(), Encoders.BINARY());
  private static final int BUCKETS_PER_SHUFFLE_PARTITION = 4;

  private QueryPlan() {}

  static Dataset<Tuple2<byte[], byte[]>> of(
      SparkSession session,
      KafkaTopic topic,
      TaskPlan plan,
      RunOptions options,
      SparkSettings settings,
      int shufflePartitions,
      Checkpoint checkpoint,
      BatchTables tables) {
    TaskDeadLetterDirectory letterDirectory = checkpoint.letterDirectory();
    int buckets = shufflePartitions * BUCKETS_PER_SHUFFLE_PARTITION;
    Dataset<Tuple2<byte[], byte[]>> rows =
        CombinedTopic.read(
                session,
                topic,
                options,
                settings,
                () -> new ReadTask.Factory(plan, buckets, letterDirectory, tables.sent()),
                checkpoint::requireOwned,
                tables::look)
            .as(ROWS);
    if (plan.hasKnownCalls()) {
      rows = stateful(rows, new SiftTask(plan, letterDirectory));
    }
    return settings.hasResultsInExecutors() ? stateful(rows, new MergeTask(plan)) : rows;
  }

  private static Dataset<Tuple2<byte[], byte[]>> stateful(
      Dataset<Tuple2<byte[], byte[]>> rows,
      FlatMapGroupsWithStateFunction<byte[], Tuple2<byte[], byte[]>, byte[], Tuple2<byte[], byte[]>>
          task) {
    return rows.groupByKey(
            (MapFunction<Tuple2<byte[], byte[]>, byte[]>) Tuple2::_1, Encoders.BINARY())
        .flatMapGroupsWithState(
            task, OutputMode.Append(), Encoders.BINARY(), ROWS, GroupStateTimeout.NoTimeout());
  }
}
