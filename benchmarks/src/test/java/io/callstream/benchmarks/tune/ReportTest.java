package io.callstream.benchmarks.tune;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.benchmarks.tune.StudyRun.Stage;
import io.callstream.spark.SparkSettings.StateStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports on known measurements. */
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
  private final List<StudyRun> runs = new ArrayList<>();
  private final List<StudyRun.Failure> failures = new ArrayList<>();
  private String abortReason = "";

  private void add(Stage stage, Configuration configuration, Measure measure, double value) {
    double[] noise = {1, 1.01, 0.99};
    int shift = runs.size() / noise.length % noise.length; // Rounds must not differ.
    for (int round = 0; round < noise.length; round++) {
      runs.add(
          new StudyRun(
              stage,
              round,
              configuration,
              Map.of(measure, value * noise[(round + shift) % noise.length]),
              "stable",
              new StudyRun.Trace("* Scan", 3, 4, 100_000)));
    }
  }

  private String markdown() throws IOException {
    StudyResult study =
        new StudyResult(
            StudyProfile.brief(),
            runs,
            failures,
            abortReason,
            1,
            Instant.parse("2026-01-02T03:04:05Z"),
            Duration.ofSeconds(291));
    Report.write(study, directory);
    return Files.readString(directory.resolve("report.md"));
  }

  @Test
  void reportsEffectsAndARecommendation() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    add(Stage.COMPARE, MANY, Measure.THROUGHPUT, 50_000);
    add(Stage.COMPARE, SMALL, Measure.THROUGHPUT, 120_000);
    add(Stage.COMPARE, SMALL.with(Setting.SHUFFLE_PARTITIONS, 200), Measure.THROUGHPUT, 6_000);
    add(Stage.COMPARE, ROCKSDB, Measure.THROUGHPUT, 200_100);
    add(Stage.COMPARE, FOLKLORE, Measure.THROUGHPUT, 199_900);
    add(Stage.COMPARE, DEFAULTS, Measure.P95, 1_000);
    add(Stage.COMPARE, MANY, Measure.P95, 3_000);
    add(Stage.COMPARE, FAST, Measure.P95, 300);
    add(Stage.CONFIRM, DEFAULTS, Measure.P95, 1_100);
    add(Stage.CONFIRM, FAST, Measure.P95, 310);
    runs.add(
        new StudyRun(
            Stage.CONFIRM,
            0,
            DEFAULTS,
            Map.of(Measure.SUSTAINABLE, 90_000.0),
            "90,000 calls/s",
            StudyRun.Trace.NONE));

    String report = markdown();

    assertThat(report)
        .startsWith(
            """
            # How settings change callstream on this machine

            - **Use trigger interval 0 ms** (default: 1,000 ms): latency p95 falls from 1,000 ms to\
             300 ms; throughput was not measured.
            - **Keep the defaults:** shuffle partitions one per core (at 200, throughput falls\
             from 200,000 calls/s to 50,000 calls/s) and records per batch 500,000 (at 20,000,\
             throughput falls from 200,000 calls/s to 120,000 calls/s).
            - **No measurable effect here:** state store.

            ```
            callstream statistics --trigger 0ms
            ```
            """)
        .contains(
            "of 1 popular settings, 1 have no significant effect on throughput, and with 1 Spark"
                + " executes exactly the same")
        .contains(
            "Of 15 runs at 5,000 calls/s, 15 were stable, and 0 had too few batches for a verdict.")
        // 5 in throughput, 2 in p95, 1 pair.
        .contains("and 8 comparisons, noise can", "for all 8 comparisons")
        .contains("| memory | RocksDB | (1.00) | – | no measurable effect |")
        .contains("| 1,000 ms | 0 ms | – | **3.33** | use 0 ms |")
        .contains(
            "```\nRunOptions options ="
                + " RunOptions.continuous().triggeringEvery(Duration.ofMillis(0));\n```")
        .contains(
            "| records per batch 20,000 + shuffle partitions 200 | throughput | ×0.15 | ×0.03 |"
                + " **yes**")
        .contains("| defaults | – | – | 1,100 (1,089–1,111) | – |")
        .contains("| trigger interval 0 ms | – | – | **310 (307–313)** | – |")
        .contains("- The sustainable rate with defaults: 90,000 calls/s.")
        .contains("-0 %, within noise; same execution")
        .contains("34 runs in 4.9 minutes (expected: about 5)")
        .doesNotContain("failed", "ended early", "counts:**");
  }

  @Test
  void takesFiguresThatWereNotComparedFromTheConfirmation() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.P95, 1_000);
    add(Stage.COMPARE, FAST, Measure.P95, 300);
    add(Stage.CONFIRM, DEFAULTS, Measure.THROUGHPUT, 500_000);
    add(Stage.CONFIRM, FAST, Measure.THROUGHPUT, 500_100);

    assertThat(markdown())
        .contains(
            "latency p95 falls from 1,000 ms to 300 ms; throughput does not change measurably.")
        .doesNotContain("not measured;", "was not measured");

    runs.removeIf(run -> run.stage() == Stage.CONFIRM);
    add(Stage.CONFIRM, DEFAULTS, Measure.THROUGHPUT, 500_000);
    add(Stage.CONFIRM, FAST, Measure.THROUGHPUT, 900_000);

    assertThat(markdown())
        .contains(": throughput rises from 500,000 calls/s to 900,000 calls/s; latency p95 falls")
        .doesNotContain("was not measured");
  }

  @Test
  void recommendsTheDefaultsIfNothingIsBetter() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    add(Stage.COMPARE, ROCKSDB, Measure.THROUGHPUT, 150_000);

    assertThat(markdown())
        .contains("- **Keep callstream's defaults.** No other value improves")
        .contains("- **Folklore:** not measured.\n")
        .doesNotContain("NaN", "Folklore\n", "Two settings together");
  }

  @Test
  void separatesWhatMakesAnotherMeasureWorse() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    add(Stage.COMPARE, MANY, Measure.THROUGHPUT, 300_000);
    add(Stage.COMPARE, DEFAULTS, Measure.P95, 1_000);
    add(Stage.COMPARE, MANY, Measure.P95, 3_000);

    assertThat(markdown())
        .contains(
            """
            - **Keep callstream's defaults.** No other value improves throughput or latency without\
             making the other worse.
            """,
            """
            **If only throughput counts:**

            - **Use shuffle partitions 200** (default: one per core): throughput rises from 200,000\
             calls/s to 300,000 calls/s; latency p95 rises from 1,000 ms to 3,000 ms.

            ```
            callstream statistics --conf spark.sql.shuffle.partitions=200
            ```
            """,
            "| use 200 for throughput only |")
        .doesNotContain("If only latency counts", "Keep the defaults:");
  }

  private static List<String> blocks(String markdown) {
    return Pattern.compile("```\n(.*?)```\n", Pattern.DOTALL)
        .matcher(markdown)
        .results()
        .map(block -> block.group(1))
        .toList();
  }

  @Test
  void theCodeForSeveralSettingsAppliesAllOfThem() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    add(Stage.COMPARE, MANY, Measure.THROUGHPUT, 300_000);
    add(Stage.COMPARE, SMALL, Measure.THROUGHPUT, 300_000);
    add(Stage.COMPARE, FAST, Measure.THROUGHPUT, 300_000);
    add(Stage.COMPARE, ROCKSDB, Measure.THROUGHPUT, 300_000);

    String report = markdown();

    assertThat(blocks(report).get(0))
        .isEqualTo(
            """
            callstream statistics --trigger 0ms \\
              --max-offsets-per-trigger 20000 \\
              --conf spark.sql.shuffle.partitions=200 \\
              --conf spark.sql.streaming.stateStore.providerClass=org.apache.spark.sql.execution.\
            streaming.state.RocksDBStateStoreProvider
            """);
    assertThat(blocks(report).get(1))
        .isEqualTo(
            """
            RunOptions options = RunOptions.continuous().triggeringEvery(Duration.ofMillis(0))\
            .readingAtMost(20000);
            SparkSettings settings = SparkSettings.defaults().shufflePartitions(200)\
            .stateStore(StateStore.ROCKSDB);
            """);
    assertThat(report).doesNotContain("has no option");
  }

  @Test
  void tellsWhichSettingsHaveNoOption() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    add(Stage.COMPARE, SMALL, Measure.THROUGHPUT, 300_000);
    for (Configuration without :
        List.of(
            Configuration.of(Setting.TOPIC_PARTITIONS, 4),
            Configuration.of(Setting.MIN_PARTITIONS, 8),
            Configuration.of(Setting.STATE_STORE, StateStore.ROCKSDB_WITH_CHANGELOG))) {
      add(Stage.COMPARE, without, Measure.THROUGHPUT, 300_000);
    }

    String report = markdown();

    assertThat(report)
        .contains(
            "The command `statistics` has no option for topic partitions 4 and minimum reading"
                + " tasks 8 and state store RocksDB with changelog.\n");
    assertThat(blocks(report).get(0))
        .isEqualTo("callstream statistics --max-offsets-per-trigger 20000\n");
    assertThat(blocks(report).get(1))
        .isEqualTo(
            """
            RunOptions options = RunOptions.continuous().readingAtMost(20000);
            SparkSettings settings = SparkSettings.defaults().minPartitions(8)\
            .stateStore(StateStore.ROCKSDB_WITH_CHANGELOG);
            // a topic with this option: produce --partitions 4
            """);
  }

  private void steady(int round, String verdict) {
    runs.add(
        new StudyRun(
            Stage.COMPARE,
            round,
            DEFAULTS,
            Map.of(Measure.P95, 1_000.0),
            verdict,
            StudyRun.Trace.NONE));
  }

  @Test
  void reportsTheVerdictOfEachRun() throws IOException {
    steady(0, "lag grew from 1 to 2 offsets");
    steady(1, "stable");
    steady(2, "stable");
    steady(3, StudyRun.TOO_FEW_BATCHES + " 6 batches in that time");

    assertThat(markdown())
        .contains(
            "Of 4 runs at 5,000 calls/s, 2 were stable, and 1 had too few batches for a verdict.",
            "| stable in 2 of 4. In 1: lag grew from 1 to 2 offsets. In 1: unknown, fewer than 6")
        .doesNotContain("NaN");
    assertThat(Files.readString(directory.resolve("runs.csv")))
        .contains(
            "compare,0,defaults,latency p95,1000.0,ms,0,lag grew from 1 to 2 offsets,\n",
            "compare,2,defaults,latency p95,1000.0,ms,0,stable,\n");
  }

  @Test
  void theNoiseBandIsSymmetricAsAFactor() throws IOException {
    // As in AnalysisTest: t(0.975; 1) = 12.706 times the deviation 0.02 is the factor 1.289 =
    // 1/0.776.
    addOpposite(0.01);

    assertThat(markdown()).contains("noise can change throughput by -22 to +29 % and");

    // 12.706 times the deviation 0.2 is the factor 12.7.
    runs.clear();
    addOpposite(0.1);
    assertThat(markdown()).contains("noise can change throughput by a factor of more than 10 and");
  }

  /** Adds two rounds in which the configurations differ in opposite directions. */
  private void addOpposite(double logarithm) {
    for (int round = 0; round < 2; round++) {
      for (Configuration configuration : List.of(DEFAULTS, MANY)) {
        boolean up = (round == 0) == configuration.isBaseline();
        runs.add(
            new StudyRun(
                Stage.COMPARE,
                round,
                configuration,
                Map.of(Measure.THROUGHPUT, Math.exp(up ? logarithm : -logarithm)),
                "",
                StudyRun.Trace.NONE));
      }
    }
  }

  @Test
  void reportsFolkloreThatChangesTheBatches() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    for (int round = 0; round < 3; round++) {
      runs.add(
          new StudyRun(
              Stage.COMPARE,
              round,
              FOLKLORE,
              Map.of(Measure.THROUGHPUT, 200_000.0),
              "stable",
              new StudyRun.Trace("* Scan", 3, 4, 1_000)));
    }

    assertThat(markdown())
        .contains("within noise; **different execution**")
        .contains("1 have no significant effect on throughput, and with 0 Spark");
  }

  @Test
  void aRecommendationNamesEffectsThatWereNotMeasured() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    add(Stage.COMPARE, ROCKSDB, Measure.THROUGHPUT, 300_000);

    assertThat(markdown())
        .contains(
            "- **Use state store RocksDB** (default: memory): throughput rises from 200,000 calls/s"
                + " to 300,000 calls/s; latency p95 was not measured.\n");
  }

  @Test
  void listsFailedRunsWithTheirReasons() throws IOException {
    add(Stage.COMPARE, DEFAULTS, Measure.THROUGHPUT, 200_000);
    failures.add(new StudyRun.Failure(Stage.COMPARE, 2, ROCKSDB, "latency", "The disk is full."));
    failures.add(
        new StudyRun.Failure(Stage.WARM_UP, 0, DEFAULTS, "latency", "No broker answered."));

    assertThat(markdown())
        .contains("**2 runs failed.**")
        .contains("| compare | 2 | state store RocksDB | latency | The disk is full. |")
        .contains("| warm up | 0 | defaults | latency | No broker answered. |");
    assertThat(Files.readString(directory.resolve("runs.csv")))
        .contains("compare,2,state store RocksDB,latency,,,,,The disk is full.\n");
  }

  @Test
  void reportsThatAStudyEndedEarly() throws IOException {
    abortReason = "The process of broker and sender is gone.";
    runs.add(
        new StudyRun(
            Stage.COMPARE,
            0,
            DEFAULTS,
            Map.of(Measure.THROUGHPUT, 200_000.0),
            "stable",
            StudyRun.Trace.NONE));
    runs.add(
        new StudyRun(
            Stage.COMPARE,
            0,
            MANY,
            Map.of(Measure.THROUGHPUT, 50_000.0),
            "stable",
            StudyRun.Trace.NONE));

    assertThat(markdown())
        .contains("**The study ended early.** " + abortReason)
        .contains("50,000", "an unknown percentage")
        .doesNotContain("NaN");
    assertThat(Files.readString(directory.resolve("effects-throughput.svg"))).doesNotContain("NaN");
    assertThat(Files.readString(directory.resolve("effects.csv"))).doesNotContain("NaN");
  }
}
