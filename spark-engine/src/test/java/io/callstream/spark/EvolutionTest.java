package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Verifies what a change of the statistics does to Spark's state store. */
class EvolutionTest {
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();
  private static final Statistic ALL = Statistic.named("all").build();
  private static final Statistic OTHERS = Statistic.named("others").build();
  private static final Statistic DAYS =
      Statistic.named("days")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.daily(FORMAT.zone()).allowingLateness(Duration.ofDays(3_000)))
          .build();

  @TempDir private Path directory;

  private final KafkaTopic topic = TestBroker.topic(1);

  private Pipeline.Builder pipeline(Statistic... statistics) {
    return Pipeline.builder(topic, FORMAT).statistics(List.of(statistics));
  }

  private RunOptions options() {
    return RunOptions.bounded().evolving().checkpointingTo(directory.resolve("state").toString());
  }

  /** Runs a pipeline over new records. Returns the number of rows in the state store. */
  private long rowsAfter(Pipeline.Builder pipeline, int records) throws Exception {
    TestBroker.send(topic, SyntheticCalls.of(records));
    BlockingQueue<Long> rows = new LinkedBlockingQueue<>();
    pipeline.listener(progress -> rows.add(progress.state().rows()));
    try (RunningPipeline run =
        SparkEngine.on(TestSession.get()).start(pipeline.build(), options())) {
      run.awaitTermination();
    }
    return rows.poll(1, TimeUnit.MINUTES);
  }

  private List<String> fingerprint() throws Exception {
    // The checksum of the file is at its end.
    return Files.readString(directory.resolve("state/callstream/pipeline.txt"))
        .lines()
        .filter(line -> line.startsWith("slot "))
        .toList();
  }

  @Test
  void theFirstBatchRemovesTheRowsOfARemovedStatistic() throws Exception {
    long before = rowsAfter(pipeline(ALL, DAYS), 200);
    assertThat(before).isGreaterThan(1);
    assertThat(fingerprint()).isEmpty();
    assertThat(rowsAfter(pipeline(OTHERS, ALL), 10)).isEqualTo(2);
    assertThat(fingerprint())
        .hasSize(3)
        .satisfiesExactly(
            all -> assertThat(all).isEqualTo("slot 0: all from batch 0"),
            days -> assertThat(days).isEqualTo("slot 1: days from batch 0 until batch 0: " + DAYS),
            others ->
                assertThat(others).matches("slot 2: others from batch 1 at .+ offsets \\{0=200}"));
  }

  @Test
  @Tag("thorough")
  void aSinkWritesAnAddedStatisticNextToTheOthers() throws Exception {
    String lake = directory.resolve("lake").toString();
    assertThat(rowsAfter(pipeline(ALL).results(SparkSinks.parquet(lake).build()), 200))
        .isEqualTo(1);
    assertThat(rowsAfter(pipeline(OTHERS, ALL).results(SparkSinks.parquet(lake).build()), 10))
        .isEqualTo(2);
    assertThat(counts(lake + "/all")).containsExactly(200L, 210L);
    assertThat(counts(lake + "/others")).containsExactly(10L);
  }

  private static List<Long> counts(String directory) {
    return TestSession.get()
        .read()
        .parquet(directory)
        .orderBy("_batch")
        .select("count")
        .collectAsList()
        .stream()
        .map(row -> row.getLong(0))
        .toList();
  }

  @Test
  void aFirstBatchThatFailsRemovesTheRowsWhenItIsRepeated() throws Exception {
    assertThat(rowsAfter(pipeline(ALL, DAYS), 200)).isGreaterThan(1);
    TestBroker.send(topic, SyntheticCalls.of(10));
    Pipeline failing =
        pipeline(ALL)
            .results(
                Sinks.callback(
                    batch -> {
                      throw new IllegalStateException("pulled the plug");
                    }))
            .build();
    try (RunningPipeline run = SparkEngine.on(TestSession.get()).start(failing, options())) {
      assertThatThrownBy(run::awaitTermination).hasMessageContaining("pulled the plug");
    }
    assertThat(rowsAfter(pipeline(ALL), 10)).isEqualTo(1);
  }
}
