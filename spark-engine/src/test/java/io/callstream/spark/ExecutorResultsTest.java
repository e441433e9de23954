package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.lookup.LookupSources;
import io.callstream.lookup.LookupTable;
import io.callstream.lookup.MemoryLookup;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkSettings.StateStore;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Results that stay in the executors. */
class ExecutorResultsTest {
  private static final int TASKS = 3;
  private static final Field<String> AREA = Field.text("area");
  private static final Statistic TYPES =
      Statistic.named("types")
          .by(Dimensions.CRIME_TYPE, Dimensions.DISPOSITION)
          .measuring(Measures.count(), Measures.approximateDistinct("addresses", Fields.ADDRESS))
          .build();
  private static final Statistic HOURLY =
      Statistic.named("hourly")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
          .emitting(Emission.ON_UPDATE)
          .build();
  private static final Statistic CLOSED =
      Statistic.named("closed")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
          .emitting(Emission.ON_CLOSE)
          .build();
  private static final Statistic SMALL =
      Statistic.named("small")
          .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
          .emitting(Emission.ON_CLOSE)
          .build();

  @TempDir private Path directory;

  private final KafkaTopic topic = TestBroker.topic(2);
  private final Random random = new Random(17);
  private int ids;

  /** Sends calls of an hour. Low groups are much more frequent than high ones. */
  private void send(int hour, int calls, int groups) {
    List<SourceRecord> records = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      int group = (int) (groups * Math.pow(random.nextDouble(), 4));
      String json =
          ("{\"crime_id\":\"%d\",\"original_crime_type_name\":\"type %d\",\"address\":\"%d\","
                  + "\"disposition\":\"%s\",\"call_date_time\":\"2018-06-01T%02d:%02d\"}")
              .formatted(
                  ids++,
                  group,
                  random.nextInt(900),
                  random.nextInt(40) == 0 ? "GOA" : "HAN",
                  hour,
                  random.nextInt(60));
      records.add(
          new SourceRecord(i % 2, Instant.parse("2018-06-02T00:00:00Z"), json.getBytes(UTF_8)));
    }
    TestBroker.send(topic, records);
  }

  private static SparkSettings settings() {
    return SparkSettings.defaults().shufflePartitions(TASKS).resultsInExecutors();
  }

  private static Engine spark(SparkSettings settings) {
    return SparkEngine.on(TestSession.get(), settings);
  }

  private Pipeline.Builder pipeline() {
    return pipeline(List.of(TYPES, HOURLY, CLOSED, SMALL));
  }

  private Pipeline.Builder pipeline(List<Statistic> statistics) {
    return Pipeline.builder(topic, SanFranciscoCalls.json()).statistics(statistics);
  }

  private Accounting run(Engine engine, Pipeline.Builder pipeline) throws Exception {
    try (RunningPipeline run = engine.start(pipeline.build(), options(engine))) {
      run.awaitTermination();
      return run.accounting();
    }
  }

  private RunOptions options(Engine engine) {
    return RunOptions.bounded()
        .readingAtMost(5_000)
        .checkpointingTo(directory.resolve(engine.name()).toString());
  }

  @ParameterizedTest
  @CsvSource("ROCKSDB_WITH_CHANGELOG,true")
  void tasksWriteWhatTheDriverWouldWrite(StateStore store, boolean distinct) throws Exception {
    RowsOfTasks written = new RowsOfTasks();
    RowsOfTasks expected = new RowsOfTasks();
    Engine spark = spark(settings().stateStore(store));
    Engine local = Engines.named("local");
    List<Pipeline.Builder> pipelines =
        List.of(pipeline().results(written), pipeline().results(expected));
    if (distinct) {
      pipelines.forEach(Pipeline.Builder::distinct);
    }
    Accounting total = null;
    Accounting expectedTotal = null;
    for (int hour = 8; hour < 12; hour++) {
      send(hour, 9_000, 4_000);
      if (hour == 9) {
        written.failing = written.finished.size();
        assertThatThrownBy(() -> run(spark, pipelines.get(0)))
            .hasMessageContaining("pulled the plug");
      } else if (hour == 10) {
        written.failingTask = 1; // The other tasks have written the batch, or will do so.
        assertThatThrownBy(() -> run(spark, pipelines.get(0)))
            .hasMessageContaining("rows of tasks failed in a task")
            .hasMessageContaining("the task failed");
      }
      total = run(spark, pipelines.get(0));
      expectedTotal = run(local, pipelines.get(1));
    }

    assertThat(total).isEqualTo(expectedTotal);
    assertThat(written.rows).isEqualTo(expected.rows);
    assertThat(written.rows).hasSizeGreaterThan(10_000);
    assertThat(written.tasks.values()).allMatch(tasks -> tasks.size() == TASKS);
    assertThat(written.failingTask).isEqualTo(-1);
  }

  @ParameterizedTest
  @Tag("thorough")
  @CsvSource({"MEMORY,false", "MEMORY,true", "ROCKSDB_WITH_CHANGELOG,false"})
  void tasksWriteWhatTheDriverWouldWriteWithEachStore(StateStore store, boolean distinct)
      throws Exception {
    tasksWriteWhatTheDriverWouldWrite(store, distinct);
  }

  /** The rows in the order of results in the driver. */
  private static List<ResultRow> sorted(Results results) {
    return results.stream()
        .sorted(
            Comparator.comparing(
                    (ResultRow row) -> row.window().map(WindowBounds::start).orElse(Instant.EPOCH))
                .thenComparing(Comparator.comparing(ResultRow::count).reversed())
                .thenComparing(row -> row.dimensions().toString()))
        .toList();
  }

  @ParameterizedTest
  @CsvSource("MEMORY")
  void resultsOfOpenWindowsAreReadFromTheState(StateStore store) throws Exception {
    send(8, 6_000, 3_000);
    Engine spark = spark(settings().stateStore(store));
    run(spark, pipeline()); // The driver restores what it knows.
    BlockingQueue<Progress> reports = new LinkedBlockingQueue<>();
    Pipeline watched = pipeline().listener(reports::add).build();
    RunOptions continuous =
        RunOptions.continuous()
            .triggeringEvery(Duration.ZERO)
            .checkpointingTo(directory.resolve(spark.name()).toString());
    try (RunningPipeline run = spark.start(watched, continuous);
        RunningPipeline local =
            Engines.named("local")
                .start(pipeline().build(), continuous.checkpointingTo(directory + "/all"))) {
      long all = 6_000;
      for (int hour = 9; hour < 13; hour++) {
        send(hour, 500, 3_000);
        all += 500;
        while (run.accounting().received() < all) {
          assertThat(reports.poll(1, TimeUnit.MINUTES)).isNotNull();
        }
        while (local.accounting().received() < all) {
          Thread.onSpinWait();
        }
        for (String name : List.of("types", "hourly", "closed", "small")) {
          Results actual = run.results(name);
          Results expected = local.results(name);
          assertThat(actual.top(100)).isEqualTo(expected.top(100));
          assertThat(actual.windows()).isSubsetOf(expected.windows());
          List<ResultRow> rows = sorted(actual);
          assertThat(actual.size()).isEqualTo(rows.size());
          assertThat(rows)
              .isEqualTo(
                  sorted(expected).stream()
                      .filter(
                          row ->
                              row.window().isEmpty()
                                  || actual.windows().contains(row.window().get()))
                      .toList());
        }
      }
      Results types = run.results("types");
      ResultRow rare = sorted(types).get((int) types.size() - 7);
      assertThat(types.group(rare.dimensions())).contains(rare);
      assertThat(types.group(List.of("type 3001", "HAN"))).isEmpty();
      Results hourly = run.results("hourly");
      Instant last = hourly.windows().get(hourly.windows().size() - 1).start();
      assertThat(hourly.window(last)).isEqualTo(local.results("hourly").window(last));
      ResultRow first = hourly.window(last).get(3);
      assertThat(hourly.group(last, first.dimensions())).contains(first);
      assertThat(hourly.group(last.minusSeconds(3_600 * 9), first.dimensions())).isEmpty();
      assertThatThrownBy(() -> types.top(101))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("top(101) must be at most 100");
    }
  }

  @ParameterizedTest
  @Tag("thorough")
  @CsvSource({"ROCKSDB", "ROCKSDB_WITH_CHANGELOG"})
  void resultsOfOpenWindowsAreReadFromRocksDb(StateStore store) throws Exception {
    resultsOfOpenWindowsAreReadFromTheState(store);
  }

  @Test
  void whatTheDriverNeedsIsRefusedByName() {
    Pipeline pipeline =
        pipeline()
            .statistics(
                List.of(
                    Statistic.named("shares")
                        .by(Dimensions.CRIME_TYPE)
                        .measuring(Measures.share())
                        .build(),
                    Statistic.named("runs")
                        .by(Dimensions.CRIME_TYPE)
                        .over(Windows.session(Duration.ofMinutes(5)).withoutLateness())
                        .emitting(Emission.ON_CLOSE)
                        .build(),
                    StandardStatistics.spikesByType(ZoneOffset.UTC, Duration.ZERO, Set.of())))
            .results(Sinks.callback(batch -> {}))
            .build();

    assertThatThrownBy(
            () -> spark(settings()).start(pipeline, RunOptions.bounded().flushingAtEnd()))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContainingAll(
            "'runs'",
            "'shares'",
            "the baseline of 'spikes-by-type'",
            "which tasks cannot write",
            "flushingAtEnd()",
            "executors")
        .extracting(e -> ((CallstreamException) e).code())
        .isEqualTo(ErrorCode.UNSUPPORTED);
  }

  /** Tasks write a batch before it is in the ledger, which has the tables of lookups. */
  @Test
  void aRepeatedBatchUsesTheTableThatItsTasksUsed() throws Exception {
    MemoryLookup table = LookupSources.inMemory();
    table.put("HAN", "first");
    LookupTable lookup =
        LookupTable.named("areas").by(Fields.DISPOSITION).text(AREA, "area").from(table).build();
    Statistic areas =
        Statistic.named("areas").by(Dimension.of("area", AREA), Dimensions.CRIME_TYPE).build();
    RowsOfTasks written = new RowsOfTasks();
    Pipeline.Builder pipeline =
        Pipeline.builder(topic, SanFranciscoCalls.json())
            .statistic(areas)
            .lookup(lookup)
            .results(written);
    send(8, 2_000, 500);
    run(spark(settings()), pipeline); // The next batch has the same table as this one.
    send(8, 2_000, 1_000);
    written.failingTask = 1;
    assertThatThrownBy(() -> run(spark(settings()), pipeline))
        .hasMessageContaining("the task failed");
    table.put("HAN", "second");

    run(spark(settings()), pipeline);
    assertThat(written.rows.toString()).contains("first").doesNotContain("second");
    send(8, 2_000, 500);
    run(spark(settings()), pipeline);
    assertThat(written.rows.toString()).contains("first", "second");
  }

  /** The state has the slots of the statistics, and the first run has set them. */
  @Test
  void theOrderOfStatisticsMayChange() throws Exception {
    RowsOfTasks written = new RowsOfTasks();
    RowsOfTasks expected = new RowsOfTasks();
    Engine spark = spark(settings());
    Engine local = Engines.named("local");
    List<Statistic> order = new ArrayList<>(pipeline().build().statistics());
    Accounting total = null;
    Accounting expectedTotal = null;
    for (int hour = 8; hour < 11; hour++) {
      send(hour, 1_000, 500);
      if (hour == 10) {
        written.failing = written.finished.size(); // The next run repeats the batch.
        assertThatThrownBy(() -> run(spark, pipeline(order).results(written)))
            .hasMessageContaining("pulled the plug");
      }
      Collections.rotate(order, 1);
      total = run(spark, pipeline(order).results(written));
      expectedTotal = run(local, pipeline().results(expected));
    }

    assertThat(order.get(0)).isEqualTo(HOURLY);
    assertThat(total).isEqualTo(expectedTotal);
    assertThat(written.rows).isEqualTo(expected.rows).hasSizeGreaterThan(1_000);
  }

  @Test
  void moreGroupsThanAllowedEndTheRun() throws Exception {
    Statistic limited =
        Statistic.named("limited").by(Dimensions.CRIME_TYPE).maxGroups(1_000).build();
    send(8, 5_000, 999);
    Pipeline.Builder pipeline =
        Pipeline.builder(topic, SanFranciscoCalls.json()).statistic(limited);
    run(spark(settings()), pipeline);
    send(8, 5_000, 3_000);

    assertThatThrownBy(() -> run(spark(settings()), pipeline))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("The limits are 1000 groups");
  }

  @Test
  void aCheckpointKeepsThePlaceOfResults() throws Exception {
    send(8, 10, 5);
    run(spark(settings()), pipeline());

    assertThatThrownBy(
            () -> run(spark(SparkSettings.defaults().shufflePartitions(TASKS)), pipeline()))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("in executors");
  }

  @Test
  void aSinkThatMissesBatchesIsNotFilled() throws Exception {
    send(8, 10, 5);
    run(spark(settings()), pipeline());
    RowsOfTasks late =
        new RowsOfTasks() {
          @Override
          public void open(BatchResults restored) {
            restored.results("types").forEach(row -> {});
          }
        };

    assertThatThrownBy(() -> run(spark(settings()), pipeline().results(late)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("'types' are in the executors");
    assertThat(late.rows).isEmpty();
  }
}
