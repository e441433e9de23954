package io.callstream.benchmarks.tune;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.benchmarks.tune.Run.Stage;
import io.callstream.spark.SparkSettings.StateStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the report says of figures that are known. */
class ReportTest {
  private static final Configuration DEFAULTS = Configuration.baseline();
  private static final Configuration MANY = Configuration.of(Setting.SHUFFLE_PARTITIONS, 200);
  private static final Configuration SMALL = Configuration.of(Setting.BATCH_LIMIT, 20_000);
  private static final Configuration ROCKSDB =
      Configuration.of(Setting.STATE_STORE, StateStore.ROCKSDB);
  private static final Configuration FAST = Configuration.of(Setting.TRIGGER, 0);
  private static final Configuration FOLKLORE =
      Configuration.of(Setting.PROPERTY, "spark.executor.cores=1");

  @TempDir Path directory;
  private final List<Run> runs = new ArrayList<>();

  private void add(Stage stage, Configuration configuration, Measure measure, double value) {
    double[] noise = {1, 1.01, 0.99};
    int shift = runs.size() / noise.length % noise.length; // Else it would be the rounds'.
    for (int round = 0; round < noise.length; round++) {
      runs.add(
          new Run(
              stage,
              round,
              configuration,
              Map.of(measure, value * noise[(round + shift) % noise.length]),
              "stable",
              new Run.Trace("* Scan", 3, 4, 100_000)));
    }
  }

  private String markdown() throws IOException {
    Study study =
        new Study(
            Profile.brief(), runs, 1, Instant.parse("2026-01-02T03:04:05Z"), Duration.ofMinutes(5));
    Report.of(study).write(directory);
    return Files.readString(directory.resolve("report.md"));
  }

  @Test
  void theAnswersComeFirstAndTheRecommendationCanBePasted() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    add(Stage.COMPARE, MANY, Measure.THROUGHPUT, 50_000);
    add(Stage.COMPARE, SMALL, Measure.THROUGHPUT, 100_000);
    add(Stage.COMPARE, SMALL.with(Setting.SHUFFLE_PARTITIONS, 200), Measure.THROUGHPUT, 5_000);
    add(Stage.COMPARE, ROCKSDB, Measure.THROUGHPUT, 200_100);
    add(Stage.COMPARE, FOLKLORE, Measure.THROUGHPUT, 199_900);
    add(Stage.COMPARE, DEFAULTS, Measure.P95, 1_000);
    add(Stage.COMPARE, MANY, Measure.P95, 3_000);
    add(Stage.COMPARE, FAST, Measure.P95, 300);
    add(Stage.CONFIRM, FAST, Measure.P95, 310);
    add(Stage.CONFIRM, DEFAULTS, Measure.SUSTAINABLE, 90_000);

    String report = markdown();

    assertThat(report)
        .contains("**shuffle partitions** (throughput from 50,000 calls/s at 200 to")
        .contains(
            "**trigger interval** (latency p95 from 300 ms at 0 ms to 1,000 ms at the default)")
        .contains("of 1 settings of which people expect much 1 change nothing")
        .contains("**Recommended here:** trigger interval 0 ms")
        .contains("callstream statistics --trigger 0ms")
        .contains("RunOptions.continuous().triggeringEvery(Duration.ofMillis(0));")
        .contains(
            "| records per batch 20,000 + shuffle partitions 200 | throughput | ×0.13 | ×0.03 | **yes**")
        .contains("| trigger interval 0 ms | – | – | 310 (307–313) |")
        .contains("| defaults | – | – | – | – | 90,000 (89,100–90,900) |")
        .contains("state store | `spark.sql.streaming.stateStore.providerClass` | rocksdb | (1.00)")
        .contains("none: -0 %, same plan");
    assertThat(directory.resolve("frontier.svg")).isNotEmptyFile();
  }

  @Test
  void whereNothingHelpsTheDefaultsAreRecommended() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    add(Stage.COMPARE, ROCKSDB, Measure.THROUGHPUT, 150_000);

    assertThat(markdown())
        .contains("**Recommended here:** callstream's defaults;")
        .contains("**Throughput above all:** callstream's defaults. Nothing to paste.")
        .doesNotContain("NaN", "Folklore\n", "Two at a time");
  }
}
