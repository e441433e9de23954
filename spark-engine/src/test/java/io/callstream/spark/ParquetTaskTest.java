package io.callstream.spark;

import static io.callstream.testing.SinkRun.call;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.TaskWriter;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.testing.NumberCalls;
import io.callstream.testing.SinkRun;
import io.callstream.testing.TaskDelivery;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.FileMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that tasks write, compared with files that the driver and that Spark write. */
class ParquetTaskTest {
  private static final int TASKS = 3;

  /** Three batches, the second and third of which remove groups. */
  private static final SinkRun CORRECTED = SinkRun.corrected(List.of());

  @TempDir private Path directory;

  private ParquetSinkBuilder sink(String name) {
    return SparkSinks.parquet(directory.resolve(name).toString()).on(TestSession.get());
  }

  /** Returns a sink without locks, as on a store that several machines share. */
  private TaskDelivery delivery(SinkRun run) {
    TestSession.get()
        .sparkContext()
        .hadoopConfiguration()
        .set("fs.unlocked.impl", ParquetSinkTest.UnlockedFiles.class.getName());
    return new TaskDelivery(
        run,
        TASKS,
        SparkSinks.parquet("unlocked://" + directory.resolve("tasks"))
            .on(TestSession.get())
            .build());
  }

  /** Returns all rows with their batches, as Spark reads them. */
  private List<String> rows(String name, SinkRun run) {
    List<String> rows = new ArrayList<>();
    for (Statistic statistic : run.opened().pipeline().statistics()) {
      TestSession.get()
          .read()
          .parquet(directory.resolve(name).resolve(statistic.name()).toString())
          .collectAsList()
          .forEach(row -> rows.add(statistic.name() + row));
    }
    return rows.stream().sorted().toList();
  }

  private List<String> byDriver(SinkRun run) throws IOException {
    String name = "driver-" + run.opened().lineage();
    if (!Files.exists(directory.resolve(name))) {
      ResultSink sink = sink(name).build();
      sink.open(run.opened());
      for (BatchResults batch : run.batches()) {
        sink.write(batch);
      }
      sink.close();
    }
    return rows(name, run);
  }

  private void assertHasWhatTheDriverWrites() throws IOException {
    assertThat(rows("tasks", CORRECTED)).isEqualTo(byDriver(CORRECTED));
  }

  @Test
  void tasksWriteWhatTheDriverWrites() throws Exception {
    Call[] many = new Call[3_000];
    for (int i = 0; i < many.length; i++) {
      many[i] = call("type \0 " + i + " \u20ac".repeat(i % 50), "2018-11-01T12:00:00Z", "", "");
    }
    SinkRun[] runs = {
      CORRECTED,
      NumberCalls.batches(),
      SinkRun.byType(many, many),
      SinkRun.of(
          StandardStatistics.all(ZoneId.of("America/Los_Angeles"), Duration.ofHours(1)),
          List.of(),
          new Call[] {call("a", "1812-06-18T20:00:00.123456Z", "HAN", "")})
    };
    for (SinkRun run : runs) {
      String name = "tasks-" + run.opened().lineage();
      try (TaskDelivery delivery = new TaskDelivery(run, TASKS, sink(name).build())) {
        delivery.open().deliverAll();
      }
      assertThat(rows(name, run)).isNotEmpty().isEqualTo(byDriver(run));
    }
  }

  /** Compares the footer and the rows of a file with those of a file that Spark writes. */
  @Test
  void filesHaveTheTypesOfTheFilesThatSparkWrites() throws Exception {
    SparkSession spark = TestSession.get();
    NumberCalls.run(sink("numbers").build());
    Path file = parts(directory.resolve("numbers/numbers/_batch=1")).get(0);
    StructType schema =
        new StructType()
            .add("crime_type", DataTypes.StringType)
            .add("units", DataTypes.createDecimalType(38, 0))
            .add("revenue", DataTypes.createDecimalType(38, 2))
            .add("mean_price", DataTypes.createDecimalType(38, 6))
            .add("speeds", DataTypes.DoubleType)
            .add("least", DataTypes.LongType)
            .add("places", DataTypes.StringType);
    Row row =
        RowFactory.create(
            "b",
            new BigDecimal("-1"),
            new BigDecimal("-0.05"),
            new BigDecimal("-0.050000"),
            1e300,
            -1L,
            "[[\"\\\"q\\\"\",1]]");
    Row empty = RowFactory.create("c", null, null, null, null, null, null);
    assertThat(spark.read().parquet(file.toString()).schema()).isEqualTo(schema);
    assertThat(spark.read().parquet(file.toString()).collectAsList())
        .containsExactlyInAnyOrder(row, empty);
    assertThat(footer(file).getSchema())
        .isEqualTo(footer(bySpark(spark, List.of(row, empty), schema)).getSchema());
  }

  @Test
  void timesHaveTheTypeOfTheTimesThatSparkWrites() throws Exception {
    SparkSession spark = TestSession.get();
    SinkRun run =
        SinkRun.of(
            List.of(StandardStatistics.callsByTypeAndDispositionHourly()),
            List.of(sink("hourly").build()),
            new Call[] {call("a", "1812-06-18T20:30:00Z", "HAN", "")});
    String name = run.opened().pipeline().statistics().get(0).name();
    Path file = parts(directory.resolve("hourly").resolve(name).resolve("_batch=0")).get(0);
    StructType schema =
        new StructType()
            .add("window_start", DataTypes.TimestampType)
            .add("window_end", DataTypes.TimestampType)
            .add("crime_type", DataTypes.StringType)
            .add("disposition", DataTypes.StringType)
            .add("disposition_description", DataTypes.StringType)
            .add("count", DataTypes.LongType);
    Row row =
        RowFactory.create(
            Timestamp.from(Instant.parse("1812-06-18T20:00:00Z")),
            Timestamp.from(Instant.parse("1812-06-18T21:00:00Z")),
            "a",
            "HAN",
            "Handled",
            1L);
    assertThat(spark.read().parquet(file.toString()).schema()).isEqualTo(schema);
    assertThat(spark.read().parquet(file.toString()).collectAsList()).containsExactly(row);
    SparkSession micros = Sessions.newSession(spark);
    micros.conf().set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS");
    micros.conf().set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED");
    FileMetaData expected = footer(bySpark(micros, List.of(row), schema));
    assertThat(footer(file).getSchema()).isEqualTo(expected.getSchema());
    assertThat(expected.getKeyValueMetaData())
        .containsAllEntriesOf(footer(file).getKeyValueMetaData());
  }

  private Path bySpark(SparkSession spark, List<Row> rows, StructType schema) throws IOException {
    Path out = directory.resolve("spark");
    spark.createDataFrame(rows, schema).coalesce(1).write().parquet(out.toString());
    return parts(out).get(0);
  }

  private static FileMetaData footer(Path file) throws IOException {
    try (ParquetFileReader reader =
        ParquetFileReader.open(
            HadoopInputFile.fromPath(
                new org.apache.hadoop.fs.Path(file.toUri()),
                TestSession.get().sparkContext().hadoopConfiguration()))) {
      return reader.getFooter().getFileMetaData();
    }
  }

  private static List<Path> parts(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".parquet")).toList();
    }
  }

  @Test
  void attemptsThatAreAbandonedOrRepeatedChangeNothing() throws Exception {
    TaskDelivery first = delivery(CORRECTED).open();
    first.deliver(0);
    List<String> before = rows("tasks", CORRECTED);
    for (int task = 0; task < TASKS; task++) {
      first.attempt(1, task).close();
    }
    assertThat(first.runTasks(1)).hasSize(TASKS);
    assertThat(rows("tasks", CORRECTED)).isEqualTo(before);

    // The driver dies before the end of the batch. Another one repeats it, and dies after its end.
    delivery(CORRECTED).openAfter(0).deliver(1);
    TaskDelivery third = delivery(CORRECTED).openAfter(0);
    third.deliver(1);
    third.deliver(2);
    assertHasWhatTheDriverWrites();
    assertThat(directory.resolve("tasks/_callstream")).isDirectoryNotContaining("glob:**staging*");
  }

  /** They have written no row, a part of their rows, or all of them when they stop. */
  @Test
  @Tag("thorough")
  void aTaskThatResumesAfterALaterBatchChangesNothing() throws Exception {
    TaskDelivery delivery = delivery(CORRECTED).open();
    List<TaskWriter> stopped = new ArrayList<>();
    for (int batch = 0; batch < 3; batch++) {
      for (int task = 0; task < TASKS; task++) {
        stopped.add(delivery.attempt(batch, task));
      }
      TaskWriter early = delivery.open(batch, 0);
      List<byte[]> messages = delivery.runTasks(batch);
      delivery.finish(batch, messages);
      delivery.write(early, batch, 0);
      stopped.add(early);
    }
    for (TaskWriter writer : stopped) {
      assertThat(writer.commit()).isNotEmpty();
      writer.close();
    }
    assertHasWhatTheDriverWrites();
  }

  @Test
  @Tag("thorough")
  void onlyTheAttemptThatCommitsIsPublished() throws Exception {
    TaskDelivery delivery = delivery(CORRECTED).open();
    for (int batch = 0; batch < 3; batch++) {
      List<byte[]> messages = new ArrayList<>();
      for (int task = 0; task < TASKS; task++) {
        try (TaskWriter first = delivery.attempt(batch, task);
            TaskWriter second = delivery.attempt(batch, task)) {
          messages.add(second.commit());
          assertThat(first).isNotEqualTo(second);
        }
      }
      delivery.finish(batch, messages);
    }
    assertHasWhatTheDriverWrites();
  }

  @Test
  void aRunWhoseDirectoryAnotherRunTookOverPublishesNothing() throws Exception {
    TaskDelivery first = delivery(CORRECTED).open();
    first.deliver(0);
    List<byte[]> messages = first.runTasks(1);
    TaskDelivery second = delivery(CORRECTED).openAfter(0);
    List<byte[]> late = first.runTasks(1);

    for (List<byte[]> each : List.of(messages, late)) {
      assertThatThrownBy(() -> first.finish(1, each))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
          .hasMessageContaining("was taken over by another run");
    }
    second.deliver(1);
    second.deliver(2);
    assertHasWhatTheDriverWrites();
  }

  @Test
  void aDirectoryThatLacksBatchesIsRejectedAndKept() throws Exception {
    TaskDelivery delivery = delivery(CORRECTED);
    assertThatThrownBy(() -> delivery.openAfter(0)).hasMessage(TaskDelivery.NOT_HERE);
    delivery.open().deliver(0);
    List<String> before = rows("tasks", CORRECTED);
    assertThatThrownBy(() -> delivery.openAfter(1)).hasMessage(TaskDelivery.NOT_HERE);
    assertThat(rows("tasks", CORRECTED)).isEqualTo(before);
    delivery.openAfter(0).deliver(1);
  }

  @Test
  void whatTasksGetDoesNotShowTheSettings() {
    TaskSink sink = (TaskSink) sink("tasks").build();
    sink.open(CORRECTED.opened());
    assertThat(sink.writers().toString()).isEqualTo("tasks that write Parquet files");
    sink.close();
  }
}
