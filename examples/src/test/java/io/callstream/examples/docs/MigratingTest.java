package io.callstream.examples.docs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.from_json;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.window;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkEngine;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.RadioCodes;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares a typical Spark job with the pipeline that replaces it. See docs/embed.md. */
class MigratingTest {
  private static SparkSession spark;

  @TempDir private Path directory;

  @BeforeAll
  static void startSpark() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate();
  }

  @AfterAll
  static void stopSpark() {
    spark.stop();
  }

  private static Dataset<Row> byHand(String brokers, String radioCodes) {
    StructType schema =
        new StructType()
            .add("crime_id", "string")
            .add("original_crime_type_name", "string")
            .add("call_date_time", "timestamp")
            .add("disposition", "string");

    Dataset<Row> calls =
        spark
            .readStream()
            .format("kafka")
            .option("kafka.bootstrap.servers", brokers)
            .option("subscribe", "police.service.calls")
            .option("startingOffsets", "earliest")
            .option("maxRatePerPartition", 1000)
            .load()
            .select(from_json(col("value").cast("string"), schema).as("call"))
            .select("call.*");

    Dataset<Row> codes =
        spark
            .read()
            .option("multiLine", true)
            .json(radioCodes)
            .withColumnRenamed("disposition_code", "disposition");

    return calls
        .withWatermark("call_date_time", "1 hour")
        .groupBy(
            window(col("call_date_time"), "1 hour"),
            col("original_crime_type_name"),
            col("disposition"))
        .count()
        .join(codes, "disposition");
  }

  /** Copies the radio codes to a file, because Spark cannot read a resource in a jar. */
  private String radioCodes() throws IOException {
    try (InputStream codes =
        Objects.requireNonNull(RadioCodes.class.getResourceAsStream("radio_codes.json"))) {
      Path file = directory.resolve("radio_codes.json");
      Files.copy(codes, file);
      return file.toString();
    }
  }

  @Test
  void aJobByHandLosesCallsInSilence() throws Exception {
    Dataset<Row> hourly = byHand(ExampleTopic.brokers(), radioCodes());
    StreamingQuery query =
        hourly.writeStream().outputMode("complete").format("memory").queryName("hourly").start();
    query.processAllAvailable();
    long counted = spark.table("hourly").agg(sum("count")).first().getLong(0);
    query.stop();
    assertThat(counted).isPositive().isLessThan(ExampleTopic.CALLS);
  }

  @Test
  void thePipelineCountsAll() throws InterruptedException {
    String brokers = ExampleTopic.brokers();
    String state = directory.toString();
    Pipeline pipeline =
        Pipeline.builder(
                KafkaTopic.of("police.service.calls").at(brokers), SanFranciscoCalls.json())
            .statistic(
                Statistic.named("calls-hourly")
                    .by(
                        Dimensions.CRIME_TYPE,
                        Dimensions.DISPOSITION.describedBy(RadioCodes.sanFrancisco()))
                    .over(
                        Windows.tumbling(Duration.ofHours(1)).allowingLateness(Duration.ofHours(1)))
                    .build())
            .results(Sinks.console(System.out, 20))
            .build();
    RunOptions options = RunOptions.bounded().checkpointingTo(state);

    try (RunningPipeline running = SparkEngine.on(spark).start(pipeline, options)) {
      running.awaitTermination();
      System.out.println(running.accounting().toJson());
    }

    try (RunningPipeline again = SparkEngine.on(spark).start(pipeline, options)) {
      assertThat(again.results("calls-hourly").stream().mapToLong(ResultRow::count).sum())
          .isEqualTo(ExampleTopic.CALLS);
    }
  }
}
