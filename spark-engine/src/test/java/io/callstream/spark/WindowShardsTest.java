package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.executor.ShuffleReadMetrics;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Windows that are split over several tasks. {@link ExecutorResultsTest} repeats their batches. */
class WindowShardsTest {
  private static final int TASKS = 4;
  private static final int GROUPS = 10_000;

  /** Makes the names of the groups irregular, so that a codec does not shorten them to nothing. */
  private static final int MIX = 0x9e3779b9;

  private static final Statistic HOURLY =
      Statistic.named("hourly")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
          .build();

  @TempDir private Path directory;

  private final KafkaTopic topic = TestBroker.topic(2);
  private int ids;

  /** Sends calls of an hour. */
  private void send(int hour, IntStream groups) {
    List<SourceRecord> records = new ArrayList<>();
    groups.forEach(
        group -> {
          String json =
              "{\"crime_id\":\"%d\",\"original_crime_type_name\":\"type %08x\",\"call_date_time\":\"%s\"}"
                  .formatted(ids, group * MIX, "2018-06-01T%02d:%02d".formatted(hour, ids % 60));
          records.add(
              new SourceRecord(
                  ids++ % 2, Instant.parse("2018-06-02T00:00:00Z"), json.getBytes(UTF_8)));
        });
    TestBroker.send(topic, records);
  }

  private static Engine spark() {
    return SparkEngine.on(
        TestSession.get(), SparkSettings.defaults().shufflePartitions(TASKS).resultsInExecutors());
  }

  /** Returns the rows of the window that is open at the end. */
  private List<ResultRow> run(Engine engine, RunOptions options) throws Exception {
    Pipeline pipeline = Pipeline.builder(topic, SanFranciscoCalls.json()).statistic(HOURLY).build();
    String checkpoint = directory.resolve(engine.name()).toString();
    try (RunningPipeline run = engine.start(pipeline, options.checkpointingTo(checkpoint))) {
      run.awaitTermination();
      return run.results("hourly").stream()
          .sorted(
              Comparator.comparing(ResultRow::count)
                  .reversed()
                  .thenComparing(row -> row.dimensions().toString()))
          .toList();
    }
  }

  @Test
  @Tag("thorough")
  void aGroupWithMostCallsDoesNotGiveOneTaskMostOfTheRowsOrBytes() throws Exception {
    Queue<ShuffleReadMetrics> reads = new ConcurrentLinkedQueue<>();
    SparkListener listener =
        new SparkListener() {
          @Override
          public void onTaskEnd(SparkListenerTaskEnd end) {
            if (end.taskType().equals("ResultTask")) {
              reads.add(end.taskMetrics().shuffleReadMetrics());
            }
          }
        };
    TestSession.get().sparkContext().addSparkListener(listener);
    try {
      send(11, IntStream.range(0, GROUPS));
      send(11, IntStream.range(0, 9 * GROUPS).map(call -> 0));

      List<ResultRow> rows = run(spark(), RunOptions.bounded().readingAtMost(20L * GROUPS));

      TestSession.get().sparkContext().listenerBus().waitUntilEmpty();
      List<ShuffleReadMetrics> ofTasks = reads.stream().limit(TASKS).toList();
      assertThat(ofTasks).hasSize(TASKS);
      long bytes = ofTasks.stream().mapToLong(ShuffleReadMetrics::totalBytesRead).sum();
      assertThat(ofTasks)
          .allSatisfy(read -> assertThat(read.totalBytesRead()).isBetween(bytes / 8, bytes / 2));
      assertThat(ofTasks.stream().mapToLong(ShuffleReadMetrics::recordsRead).sum()).isLessThan(100);
      assertThat(rows).isEqualTo(run(Engines.named("local"), RunOptions.bounded())).hasSize(GROUPS);
      assertThat(rows.get(0).count()).isEqualTo(9 * GROUPS + 1);
    } finally {
      TestSession.get().sparkContext().removeSparkListener(listener);
    }
  }

  /** The second window has one shard, and a window that opens after it grew would have several. */
  @Tag("thorough")
  @Test
  void aWindowKeepsItsShardsAfterASnapshotOfTheLedger() throws Exception {
    send(10, IntStream.range(0, 50));
    run(spark(), RunOptions.bounded());
    send(11, IntStream.range(0, 50));
    run(spark(), RunOptions.bounded());
    send(11, IntStream.range(0, 2_200));
    run(spark(), RunOptions.bounded().readingAtMost(20));
    assertThat(directory.resolve("spark/callstream/batch-0")).doesNotExist();
    send(11, IntStream.range(0, 100));
    assertThat(run(spark(), RunOptions.bounded()))
        .isEqualTo(
            run(Engines.named("local"), RunOptions.bounded()).stream()
                .filter(
                    row ->
                        row.window()
                            .orElseThrow()
                            .start()
                            .equals(Instant.parse("2018-06-01T18:00:00Z")))
                .toList());
  }

  @Test
  void sparkGivesTheBucketsOfKnownCallsToAllTasksEqually() {
    int[] buckets = new int[TASKS];
    for (int bucket = 0; bucket < 4 * TASKS; bucket++) {
      RowKey key = RowKey.ofBucket(bucket, TASKS);
      assertThat(key.number()).isEqualTo(bucket);
      buckets[key.partition(TASKS)]++;
    }
    assertThat(buckets).containsOnly(4);
  }

  @Test
  void sparkGivesTheShardsOfAWindowToDifferentTasks() {
    for (int partitions : new int[] {2, 3, 7, 200}) {
      List<byte[]> keys = new ArrayList<>();
      Set<Integer> tasks = new HashSet<>();
      for (int shard = 0; shard < partitions; shard++) {
        RowKey key = RowKey.ofShard(3, 1_527_811_200_000L, shard, partitions, partitions);
        keys.add(key.toBytes());
        tasks.add(key.partition(partitions));
        assertThat(key.shard() % partitions).isEqualTo(shard);
      }
      assertThat(tasks).hasSize(partitions);
      assertThat(
              TestSession.get()
                  .createDataset(keys, Encoders.BINARY())
                  .repartition(partitions, functions.col("value"))
                  .map(
                      (MapFunction<byte[], Boolean>)
                          key ->
                              RowKey.of(key).partition(partitions) == TaskContext.getPartitionId(),
                      Encoders.BOOLEAN())
                  .collectAsList())
          .hasSize(partitions)
          .containsOnly(true);
    }
  }
}
