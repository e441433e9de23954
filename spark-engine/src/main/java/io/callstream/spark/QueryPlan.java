package io.callstream.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;

import io.callstream.engine.RunOptions;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.runtime.TaskPlan;
import java.util.Locale;
import org.apache.spark.api.java.function.FlatMapGroupsWithStateFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamReader;
import org.apache.spark.sql.streaming.GroupStateTimeout;
import org.apache.spark.sql.streaming.OutputMode;
import scala.Tuple2;

/*
 * One query for all statistics:
 *
 *   topic -> ReadTask -> (SiftTask, if duplicates do not count) -> MergeTask -> driver
 *
 * Spark sees a few rows per task and window, never a call. It need not know event time either: the
 * driver has the watermark, tells tasks in each batch which one is in force, and says which windows
 * close; their eviction travels as a row to where their state is. So no operator of Spark's drops a
 * row, no timeout reads the whole state, and a batch that comes again decides what it decided before.
 */
final class QueryPlan {
  /** The most records of a batch unless the options say otherwise; bounds the memory of a batch. */
  static final long DEFAULT_MAX_RECORDS = 500_000;

  private static final Encoder<Tuple2<String, byte[]>> ROWS =
      Encoders.tuple(Encoders.STRING(), Encoders.BINARY());
  private static final int BUCKETS_PER_SHUFFLE_PARTITION = 4;

  private QueryPlan() {}

  static Dataset<Tuple2<String, byte[]>> of(
      SparkSession session,
      KafkaTopic topic,
      TaskPlan plan,
      RunOptions options,
      SparkSettings settings,
      int shufflePartitions,
      String letterDirectory) {
    Dataset<Tuple2<String, byte[]>> rows =
        source(session, topic, options, settings)
            .load()
            .select(col("value"), col("partition"), col("offset"), expr("unix_millis(`timestamp`)"))
            .as(Encoders.tuple(Encoders.BINARY(), Encoders.INT(), Encoders.LONG(), Encoders.LONG()))
            .mapPartitions(
                new ReadTask(
                    plan, shufflePartitions * BUCKETS_PER_SHUFFLE_PARTITION, letterDirectory),
                ROWS);
    if (plan.distinctHorizonMillis().isPresent()) {
      rows = stateful(rows, new SiftTask(plan, letterDirectory));
    }
    return stateful(rows, new MergeTask(plan));
  }

  private static Dataset<Tuple2<String, byte[]>> stateful(
      Dataset<Tuple2<String, byte[]>> rows,
      FlatMapGroupsWithStateFunction<String, Tuple2<String, byte[]>, byte[], Tuple2<String, byte[]>>
          task) {
    return rows.groupByKey(
            (MapFunction<Tuple2<String, byte[]>, String>) Tuple2::_1, Encoders.STRING())
        .flatMapGroupsWithState(
            task, OutputMode.Append(), Encoders.BINARY(), ROWS, GroupStateTimeout.NoTimeout());
  }

  private static DataStreamReader source(
      SparkSession session, KafkaTopic topic, RunOptions options, SparkSettings settings) {
    DataStreamReader reader =
        session
            .readStream()
            .format("kafka")
            .option("kafka.bootstrap.servers", topic.bootstrapServers())
            .option("subscribe", topic.name())
            .option("startingOffsets", topic.startingOffsets().name().toLowerCase(Locale.ROOT))
            .option("failOnDataLoss", "true")
            .option(
                "maxOffsetsPerTrigger", options.maxRecordsPerBatch().orElse(DEFAULT_MAX_RECORDS));
    settings.minPartitions().ifPresent(n -> reader.option("minPartitions", n));
    settings.kafkaDefaults().forEach((key, value) -> reader.option("kafka." + key, value));
    topic.properties().forEach((key, value) -> reader.option("kafka." + key, value));
    return reader;
  }
}
