package io.callstream.benchmarks.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.benchmarks.load.LatencyResult;
import io.callstream.benchmarks.load.Load;
import io.callstream.benchmarks.load.Schedule;
import io.callstream.benchmarks.tune.StudyRun.Stage;
import io.callstream.progress.StabilityMonitor;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.HdrHistogram.Histogram;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

/** Runs minimal studies with a real broker and Spark. */
class TuningStudyTest {
  private static final StudyProfile TINY =
      new StudyProfile(
          "tiny",
          1,
          2_000,
          0,
          List.of(
              Configuration.baseline(),
              Configuration.of(Setting.PROPERTY, "spark.streaming.backpressure.enabled=true")),
          2,
          new Load(2_000, Duration.ofMillis(500), Duration.ZERO, Duration.ofSeconds(30)),
          List.of(Configuration.baseline(), Configuration.of(Setting.TRIGGER, 0)),
          2,
          0,
          false);

  @TempDir Path directory;

  @Tag("thorough")
  @Test
  void writesACompleteReport() throws Exception {
    List<String> messages = new ArrayList<>();

    List<Path> files = new TuningStudy(TINY, directory, "", 7, messages::add).run();

    assertThat(files).allSatisfy(file -> assertThat(file).isNotEmptyFile());
    assertThat(files)
        .extracting(file -> file.getFileName().toString())
        .contains(
            "report.html",
            "report.md",
            "effects-throughput.svg",
            "effects-latency.svg",
            "runs.csv",
            "effects.csv");
    assertThat(messages.get(0)).contains("9 runs").contains("about 1 minutes");
    assertThat(messages.get(messages.size() - 1)).contains("8 runs in ");
    // 2 configurations in 2 rounds, and 2 in 2 rounds with three percentiles.
    assertThat(csv("runs.csv"))
        .hasSize(2 * 2 + 2 * 2 * 3)
        .allSatisfy(run -> assertThat(Double.parseDouble(run.get("value"))).isPositive());
    assertThat(csv("effects.csv")).hasSize(2 + 2 * 3);
    // Half a second is too short for six batches with an interval of a second.
    assertThat(csv("runs.csv"))
        .filteredOn(
            run ->
                run.get("configuration").equals("defaults") && run.get("measure").contains("p95"))
        .hasSize(2)
        .allSatisfy(run -> assertThat(run.get("verdict")).startsWith("unknown, "));
    String markdown = Files.readString(directory.resolve("report.md"));
    assertThat(markdown)
        .startsWith("# How settings change callstream on this machine\n\n- **")
        .contains("## At a glance", "## How certain this is", "## The settings by their effect")
        .contains(
            "trigger interval", "backpressure.enabled=true`", "same execution", "MicroBatchScan")
        .contains("](effects-throughput.svg)")
        .doesNotContain(System.getProperty("user.home"), "null", "NaN");
    assertThat(Files.readString(directory.resolve("report.html")))
        .contains("<svg", "<table>", "</html>")
        .doesNotContain("src=", "href=", "**");
    requireWellFormed("effects-throughput.svg");
    requireWellFormed("effects-latency.svg");
  }

  private List<CSVRecord> csv(String name) throws IOException {
    try (var parser =
        CSVFormat.DEFAULT
            .builder()
            .setHeader()
            .setSkipHeaderRecord(true)
            .build()
            .parse(Files.newBufferedReader(directory.resolve(name)))) {
      return parser.getRecords();
    }
  }

  private void requireWellFormed(String name) throws Exception {
    String svg = Files.readString(directory.resolve(name));
    var parsed =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(svg)));
    assertThat(parsed.getDocumentElement().getTagName()).isEqualTo("svg");
  }

  private static Configuration broken(int number) {
    return Configuration.of(Setting.MIN_PARTITIONS, -number);
  }

  private static StudyProfile profile(List<Configuration> throughput, List<Configuration> latency) {
    return new StudyProfile(
        "tiny", 1, 2_000, 0, throughput, 2, TINY.steady(), latency, 2, 0, false);
  }

  @Test
  @Tag("thorough")
  void continuesAfterAFailedRun() throws Exception {
    StudyProfile profile =
        profile(List.of(Configuration.baseline(), broken(1)), List.of(Configuration.baseline()));
    List<String> messages = new ArrayList<>();

    List<Path> ignored = new TuningStudy(profile, directory, "", 7, messages::add).run();

    List<CSVRecord> runs = csv("runs.csv");
    assertThat(runs).filteredOn(run -> run.get("failure").isEmpty()).hasSize(2 + 2 * 3);
    assertThat(runs)
        .filteredOn(run -> !run.get("failure").isEmpty())
        .hasSize(2)
        .allSatisfy(run -> assertThat(run.get("failure")).contains("-1"));
    assertThat(messages).anyMatch(message -> message.contains("throughput failed: "));
    assertThat(Files.readString(directory.resolve("report.md"))).contains("**2 runs failed.**");
  }

  @Test
  @Tag("thorough")
  void endsAfterConsecutiveFailuresAndWritesTheReport() throws Exception {
    StudyProfile profile =
        profile(List.of(Configuration.baseline()), List.of(broken(1), broken(2), broken(3)));

    assertThatThrownBy(() -> new TuningStudy(profile, directory, "", 7, message -> {}).run())
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("3 consecutive runs failed")
        .hasMessageContaining("report.html");
    assertThat(csv("runs.csv"))
        .filteredOn(run -> !run.get("failure").startsWith("The sender was")) // A busy machine.
        .hasSize(2 + 3);
    assertThat(Files.readString(directory.resolve("report.md")))
        .contains("**The study ended early.**");
  }

  private List<Duration> startDelays(long seed, Configuration configuration) {
    TuningStudy study = new TuningStudy(TINY, directory, "", seed, message -> {});
    return Stream.generate(() -> study.randomlyDelayed(TINY.steady(), configuration).startDelay())
        .limit(50)
        .toList();
  }

  @Test
  void startDelaysAreRandomWithinTheTriggerInterval() {
    Configuration defaults = Configuration.baseline();
    Duration trigger = defaults.continuous().trigger();

    List<Duration> delays = startDelays(7, defaults);

    assertThat(delays)
        .doesNotHaveDuplicates()
        .isEqualTo(startDelays(7, defaults))
        .isNotEqualTo(startDelays(8, defaults));
    // The probability that no delay is in the first or last tenth is 0.9^50 = 0.5 % each.
    assertThat(delays)
        .allMatch(delay -> !delay.isNegative() && delay.compareTo(trigger) < 0)
        .anyMatch(delay -> delay.compareTo(trigger.dividedBy(10)) < 0)
        .anyMatch(delay -> delay.compareTo(trigger.multipliedBy(9).dividedBy(10)) > 0);
    assertThat(startDelays(7, Configuration.of(Setting.TRIGGER, 0))).containsOnly(Duration.ZERO);
  }

  @Test
  void everySteadyRunIsLongEnoughForAVerdictAndAMultipleOfTheTriggerInterval() {
    for (StudyProfile profile : List.of(StudyProfile.brief(), StudyProfile.thorough())) {
      Duration counted = profile.steady().length().minus(profile.steady().uncounted());
      for (Configuration configuration : profile.latency()) {
        Duration trigger = configuration.continuous().trigger();
        if (!trigger.isZero()) {
          assertThat(counted.dividedBy(trigger))
              .isGreaterThanOrEqualTo(StabilityMonitor.MIN_BATCHES);
          assertThat(trigger.multipliedBy(counted.dividedBy(trigger))).isEqualTo(counted);
        }
      }
    }
  }

  @Test
  void aRunWithTooFewBatchesHasNoVerdict() {
    Load load = new Load(1_000, Duration.ofSeconds(7), Duration.ZERO, Duration.ofSeconds(1));
    LatencyResult constantLag =
        new LatencyResult(
            load, new Schedule(0, 1_000), 0, new Histogram(3), 0, 0, 0, Optional.empty());

    assertThat(ConfigurationBenchmark.verdict(constantLag))
        .isEqualTo("unknown, fewer than 6 batches in that time");
  }

  @Test
  void aCancellationEndsTheStudyOnlyIfItWasStopped() throws Exception {
    List<String> messages = new ArrayList<>();
    TuningStudy study = new TuningStudy(TINY, directory, "", 7, messages::add);
    TuningStudy.Measurement cancelled =
        configuration -> {
          throw new CancellationException("Job 3 cancelled");
        };

    study.attempt("throughput", cancelled, Stage.COMPARE, 0, Configuration.baseline());
    assertThat(messages).hasSize(1);
    assertThat(messages.get(0)).endsWith("defaults: throughput failed: Job 3 cancelled");

    study.stop();
    assertThatThrownBy(
            () -> study.attempt("latency", cancelled, Stage.COMPARE, 0, Configuration.baseline()))
        .isInstanceOf(CancellationException.class)
        .hasMessage("The study was stopped");
    assertThat(messages).hasSize(1);
  }

  @Test
  void aStoppedStudyEndsWithoutAReport() {
    TuningStudy study = new TuningStudy(TINY, directory, "", 7, message -> {});
    study.stop();

    assertThatThrownBy(study::run).isInstanceOf(CancellationException.class);
    assertThat(directory.toFile().list()).as("files except for the lock").containsExactly(".lock");
  }
}
