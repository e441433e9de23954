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
  private final List<FailedRun> failures = new ArrayList<>();
  private String givenUp = "";

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
            Profile.brief(),
            runs,
            failures,
            givenUp,
            1,
            Instant.parse("2026-01-02T03:04:05Z"),
            Duration.ofSeconds(291));
    Report.of(study).write(directory);
    return Files.readString(directory.resolve("report.md"));
  }

  @Test
  void theAnswersComeFirstAndTheRecommendationCanBePasted() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    add(Stage.COMPARE, MANY, Measure.THROUGHPUT, 50_000);
    add(Stage.COMPARE, SMALL, Measure.THROUGHPUT, 120_000);
    add(Stage.COMPARE, SMALL.with(Setting.SHUFFLE_PARTITIONS, 200), Measure.THROUGHPUT, 6_000);
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
        .contains("Of 12 runs at 5,000 calls/s 12 were stable")
        .contains("**Latency above all:** trigger interval 0 ms (latency p95 -70 %).")
        .contains("**Recommended here:** trigger interval 0 ms")
        .contains("```\ncallstream statistics --trigger 0ms\n```")
        .contains("RunOptions.continuous().triggeringEvery(Duration.ofMillis(0));")
        .contains(
            "| records per batch 20,000 + shuffle partitions 200 | throughput | ×0.15 | ×0.03 | **yes**")
        .contains("| trigger interval 0 ms | – | – | 310 (307–313) |")
        .contains("| defaults | – | – | – | – | 90,000 (89,100–90,900) |")
        .contains("state store | `spark.sql.streaming.stateStore.providerClass` | rocksdb | (1.00)")
        .contains("none: -0 %, same plan")
        .contains("33 runs in 4.9 minutes, where some 5 were expected")
        .doesNotContain("failed", "given up");
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

  private void steady(int round, String verdict) {
    runs.add(
        new Run(
            Stage.COMPARE,
            round,
            DEFAULTS,
            Map.of(Measure.P95, 1_000.0),
            verdict,
            new Run.Trace("", 0, 0, 0)));
  }

  @Test
  void theVerdictOfEachRunIsTold() throws IOException {
    steady(0, "lag grew from 1 to 2 records");
    steady(1, "stable");
    steady(2, "stable");

    assertThat(markdown())
        .contains("| stable in 2 of 3. In 1: lag grew from 1 to 2 records |")
        .doesNotContain("NaN");
    assertThat(Files.readString(directory.resolve("runs.csv")))
        .contains(
            "compare,0,defaults,latency p95,1000.0,ms,0,lag grew from 1 to 2 records,\n",
            "compare,2,defaults,latency p95,1000.0,ms,0,stable,\n");
  }

  @Test
  void runsThatFailedAreToldWithTheirReasons() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    failures.add(new FailedRun(Stage.COMPARE, 2, ROCKSDB, "latency", "The disk is full."));
    failures.add(new FailedRun(Stage.WARM_UP, 0, DEFAULTS, "latency", "No broker answered."));

    assertThat(markdown())
        .contains("**2 runs failed,**")
        .contains("| compare | 2 | state store rocksdb | latency | The disk is full. |")
        .contains("| warm up | 0 | defaults | latency | No broker answered. |");
    assertThat(Files.readString(directory.resolve("runs.csv")))
        .contains("compare,2,state store rocksdb,latency,,,,,The disk is full.\n");
  }

  @Test
  void aStudyThatWasGivenUpSaysSo() throws IOException {
    givenUp = "The process of broker and sender is gone.";
    runs.add(
        new Run(
            Stage.COMPARE,
            0,
            DEFAULTS,
            Map.of(Measure.THROUGHPUT, 200_000.0),
            "stable",
            new Run.Trace("", 0, 0, 0)));
    runs.add(
        new Run(
            Stage.COMPARE,
            0,
            MANY,
            Map.of(Measure.THROUGHPUT, 50_000.0),
            "stable",
            new Run.Trace("", 0, 0, 0)));

    assertThat(markdown())
        .contains("**The study was given up before it was complete:** " + givenUp)
        .contains("50,000", "an unknown part")
        .doesNotContain("NaN");
    assertThat(Files.readString(directory.resolve("effects-throughput.svg"))).doesNotContain("NaN");
    assertThat(Files.readString(directory.resolve("effects.csv"))).doesNotContain("NaN");
  }
}
