package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.JsonFormat;
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
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkSettings.StateStore;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Windows that are split over several tasks. */
class WindowShardsTest {
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();
  private static final int TASKS = 4;
  private static final int GROUPS = 10_000;

  /** Makes the names of the groups irregular, so that a codec does not shorten them to nothing. */
  private static final int MIX = 0x9e3779b9;

  /** The shards of a window with {@link #GROUPS}. */
  private static final int SHARDS =
      (GROUPS + WindowShards.GROUPS_PER_SHARD - 1) / WindowShards.GROUPS_PER_SHARD;

  private static final Statistic HOURLY =
      Statistic.named("hourly")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
          .build();
  private static final Statistic SMALL =
      Statistic.named("small")
          .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
          .build();

  @TempDir private Path directory;

  private final KafkaTopic topic = TestBroker.topic(2);
  private int ids;

  /** Sends calls of an hour, one of each group. */
  private void send(int hour, int from, int to) {
    send(hour, IntStream.range(from, to));
  }

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

  private Pipeline.Builder pipeline(boolean distinct) {
    Pipeline.Builder pipeline = Pipeline.builder(topic, FORMAT).statistics(List.of(HOURLY, SMALL));
    return distinct ? pipeline.distinct() : pipeline;
  }

  /** The end of a run. */
  private record Outcome(List<ResultRow> rows, List<ResultRow> small, Progress.State state) {}

  private Outcome run(Engine engine, boolean distinct) throws Exception {
    return run(engine, distinct, RunOptions.bounded());
  }

  private Outcome run(Engine engine, boolean distinct, RunOptions options) throws Exception {
    BlockingQueue<Progress.State> states = new LinkedBlockingQueue<>();
    Pipeline pipeline =
        pipeline(distinct).listener(progress -> states.add(progress.state())).build();
    String checkpoint = directory.resolve(engine.name()).toString();
    try (RunningPipeline run = engine.start(pipeline, options.checkpointingTo(checkpoint))) {
      run.awaitTermination();
      return new Outcome(
          run.results("hourly").rows(),
          run.results("small").rows(),
          states.poll(1, TimeUnit.MINUTES));
    }
  }

  /** Adds the ends of all tasks to a queue. */
  private static SparkListener addTo(Queue<SparkListenerTaskEnd> ends) {
    SparkListener listener =
        new SparkListener() {
          @Override
          public void onTaskEnd(SparkListenerTaskEnd end) {
            ends.add(end);
          }
        };
    TestSession.get().sparkContext().addSparkListener(listener);
    return listener;
  }

  /** Returns how many tasks of one stage received the groups, in the batches of a run. */
  private static Map<Integer, Integer> tasksWithGroups(Queue<SparkListenerTaskEnd> ends)
      throws Exception {
    TestSession.get().sparkContext().listenerBus().waitUntilEmpty();
    Map<Integer, Integer> tasks = new TreeMap<>();
    for (SparkListenerTaskEnd end : ends) {
      long read = end.taskMetrics().shuffleReadMetrics().totalBytesRead();
      if (end.taskType().equals("ResultTask") && read > GROUPS / TASKS / 2) {
        tasks.merge(end.stageId(), 1, Integer::sum);
      }
    }
    return tasks;
  }

  @ParameterizedTest
  @CsvSource({"MEMORY,false", "MEMORY,true", "ROCKSDB,false", "ROCKSDB_WITH_CHANGELOG,false"})
  void aWindowIsSplitIfEarlierWindowsWereLarge(StateStore store, boolean distinct)
      throws Exception {
    Queue<SparkListenerTaskEnd> ends = new ConcurrentLinkedQueue<>();
    SparkListener listener = addTo(ends);
    Engine spark =
        SparkEngine.on(
            TestSession.get(), SparkSettings.defaults().shufflePartitions(TASKS).stateStore(store));
    try {
      send(10, 0, GROUPS);
      run(spark, distinct);
      assertThat(tasksWithGroups(ends).values()).containsExactly(1);
      ends.clear();

      send(11, 0, GROUPS);
      failAfterTheLedger(spark, distinct);
      assertThat(tasksWithGroups(ends).values()).containsExactly(SHARDS);
      ends.clear();

      send(11, GROUPS / 2, 2 * GROUPS);
      Outcome all = run(spark, distinct);
      // The repeated batch, and that of the new calls.
      assertThat(tasksWithGroups(ends).values()).containsExactly(SHARDS, SHARDS);
      assertThat(all.state().rows()).isGreaterThan(100);

      send(11, 0, 2);
      assertThat(run(spark, distinct).state().updatedRows()).isBetween(4L, distinct ? 40L : 6L);

      // The hours close in the batch after the one with later calls.
      send(12, 0, 2);
      run(spark, distinct);
      send(12, 0, 2);
      Outcome last = run(spark, distinct);
      Outcome expected = run(Engines.named("local"), distinct);
      assertThat(last.rows()).isEqualTo(expected.rows());
      assertThat(last.small()).isEqualTo(expected.small());
      if (!distinct) {
        assertThat(last.state().rows()).isBetween(2L, 3L); // Two groups are in up to two shards.
      }
    } finally {
      TestSession.get().sparkContext().removeSparkListener(listener);
    }
  }

  @Test
  void aGroupWithMostCallsDoesNotGiveOneTaskMostOfTheRowsOrBytes() throws Exception {
    Queue<SparkListenerTaskEnd> ends = new ConcurrentLinkedQueue<>();
    SparkListener listener = addTo(ends);
    Engine spark =
        SparkEngine.on(TestSession.get(), SparkSettings.defaults().shufflePartitions(TASKS));
    try {
      send(10, 0, GROUPS);
      run(spark, false);
      ends.clear();

      send(11, 0, GROUPS);
      send(11, IntStream.range(0, 9 * GROUPS).map(call -> 0));
      Outcome skewed = run(spark, false);

      TestSession.get().sparkContext().listenerBus().waitUntilEmpty();
      List<ShuffleReadMetrics> reads =
          ends.stream()
              .filter(end -> end.taskType().equals("ResultTask"))
              .map(end -> end.taskMetrics().shuffleReadMetrics())
              .toList();
      assertThat(reads).hasSize(TASKS);
      long bytes = reads.stream().mapToLong(ShuffleReadMetrics::totalBytesRead).sum();
      long rows = reads.stream().mapToLong(ShuffleReadMetrics::recordsRead).sum();
      System.out.println(
          "WindowShardsTest: "
              + 10 * GROUPS
              + " calls, 90 % of one group, as "
              + rows
              + " rows; bytes of the merge tasks "
              + reads.stream().map(ShuffleReadMetrics::totalBytesRead).toList());
      assertThat(rows).isLessThan(100);
      assertThat(reads)
          .allSatisfy(
              read -> {
                assertThat(read.totalBytesRead()).isLessThan(bytes / 2);
                assertThat(read.recordsRead()).isLessThan(rows * 2 / 3);
              });
      assertThat(skewed.rows()).isEqualTo(run(Engines.named("local"), false).rows());
    } finally {
      TestSession.get().sparkContext().removeSparkListener(listener);
    }
  }

  /** The first window has one shard, and a window that opens now would have several. */
  @Tag("thorough")
  @Test
  void aWindowKeepsItsShardsAfterASnapshotOfTheLedger() throws Exception {
    Engine spark =
        SparkEngine.on(TestSession.get(), SparkSettings.defaults().shufflePartitions(TASKS));
    send(10, 0, GROUPS);
    run(spark, false);
    send(10, 0, 2_200);
    run(spark, false, RunOptions.bounded().readingAtMost(20));
    assertThat(directory.resolve("spark/callstream/batch-0")).doesNotExist();
    send(10, 0, 100);
    Outcome all = run(spark, false);
    assertThat(all.rows()).isEqualTo(run(Engines.named("local"), false).rows());
  }

  /** Runs a batch that is written to the ledger, and that Spark does not commit. */
  private void failAfterTheLedger(Engine engine, boolean distinct) throws Exception {
    Pipeline failing =
        pipeline(distinct)
            .results(
                Sinks.callback(
                    batch -> {
                      throw new IllegalStateException("pulled the plug");
                    }))
            .build();
    RunOptions options =
        RunOptions.bounded().checkpointingTo(directory.resolve(engine.name()).toString());
    try (RunningPipeline run = engine.start(failing, options)) {
      assertThatThrownBy(run::awaitTermination).hasMessageContaining("pulled the plug");
    }
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
