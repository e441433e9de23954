package io.callstream.benchmarks.tune;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.benchmarks.load.Load;
import io.callstream.benchmarks.load.RateSearch;
import io.callstream.benchmarks.load.Traffic;
import io.callstream.benchmarks.tune.Analysis.Goal;
import io.callstream.benchmarks.tune.StudyRun.Stage;
import io.callstream.internal.files.RunLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measures how settings of Spark and Kafka change the throughput and latency of callstream on this
 * machine, with a real broker, and writes a report.
 *
 * <p>The study changes one setting at a time, and some pairs. Each round measures each
 * configuration once, and the baseline possibly more often, in random order. Each steady run starts
 * at a random point of the trigger interval. The first runs warm the JVM up and do not count.
 *
 * <p>Use {@link #run} from one thread; {@link #stop} is thread-safe.
 */
final class TuningStudy {
  private static final double START_RATE = 20_000;
  private static final double MIN_RATE = 500;
  private static final double MAX_RATE = 500_000;
  private static final double RATE_PRECISION = 1.15;
  private static final Load RATE_TRIAL =
      new Load(START_RATE, Duration.ofSeconds(15), Duration.ofSeconds(5), Duration.ofSeconds(10));

  private static final int MAX_CONSECUTIVE_FAILURES = 3;
  private static final int MAX_REASON_LENGTH = 300;

  private final StudyProfile profile;
  private final Path output;
  private final String bootstrapServers;
  private final long seed;
  private final Consumer<String> messages;
  private final Random random;
  private final List<StudyRun> runs = new ArrayList<>();
  private final List<StudyRun.Failure> failures = new ArrayList<>();
  private int consecutiveFailures;
  private int plannedRuns;
  private int doneRuns;
  private long startNanos;
  private volatile boolean stopped;

  /**
   * Creates a study.
   *
   * @param output the directory of the report; the study creates it if necessary
   * @param bootstrapServers the brokers, {@code host:port}; if empty, the study starts one
   * @param seed the seed of the order of runs and of their start delays
   * @param messages receives messages about the progress
   */
  TuningStudy(
      StudyProfile profile,
      Path output,
      String bootstrapServers,
      long seed,
      Consumer<String> messages) {
    this.profile = profile;
    this.output = output;
    this.bootstrapServers = bootstrapServers;
    this.seed = seed;
    this.messages = messages;
    random = new Random(seed);
  }

  /** Ends {@link #run} soon, without a report. The study deletes its topics. */
  void stop() {
    stopped = true;
  }

  /**
   * Runs the study and writes the report. The study continues after a failed run.
   *
   * @return the files; the first one is the report in HTML
   * @throws CancellationException if {@link #stop} was called
   * @throws CallstreamException if another study uses the directory, or too many runs failed; the
   *     report then contains the earlier runs
   */
  @SuppressWarnings("try")
  List<Path> run() throws InterruptedException, IOException {
    Files.createDirectories(output);
    try (RunLock ignored = RunLock.ofOutput(output, output.toString())) {
      return runLocked();
    }
  }

  private List<Path> runLocked() throws InterruptedException, IOException {
    Instant start = Instant.now();
    startNanos = System.nanoTime();
    plannedRuns =
        profile.warmUps()
            + 1
            + profile.throughput().size() * profile.throughputRounds()
            + profile.latency().size() * profile.latencyRounds();
    print(
        "%d runs of %d configurations, about %d minutes on two cores. Do not use the machine"
            + " meanwhile.",
        plannedRuns, profile.configurations(), profile.minutes());
    requireNotStopped();
    String abortReason = "";
    try (Traffic traffic = Traffic.to(bootstrapServers)) {
      measure(new ConfigurationBenchmark(traffic, () -> stopped));
    } catch (AbortedException e) {
      abortReason = String.valueOf(e.getMessage());
    }
    Duration duration = Duration.ofNanos(System.nanoTime() - startNanos);
    List<Path> files =
        Report.write(
            new StudyResult(profile, runs, failures, abortReason, seed, start, duration), output);
    if (!abortReason.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.ENGINE_FAILED,
          "The study ended early. "
              + abortReason
              + " The results so far are in "
              + files.get(0)
              + ".");
    }
    print("%d runs in %.1f minutes.", runs.size(), duration.toSeconds() / 60.0);
    return files;
  }

  private void measure(ConfigurationBenchmark benchmark) throws InterruptedException {
    Measurement throughput = c -> benchmark.throughput(c, profile.backlog());
    Measurement latency = c -> benchmark.latency(c, randomlyDelayed(profile.steady(), c));
    print("warming up ...");
    for (int round = 0; round < profile.warmUps(); round++) {
      attempt("throughput", throughput, Stage.WARM_UP, round, Configuration.baseline());
    }
    attempt("latency", latency, Stage.WARM_UP, 0, Configuration.baseline());
    for (int round = 0; round < profile.throughputRounds(); round++) {
      for (Configuration configuration : shuffled(profile.throughput())) {
        attempt("throughput", throughput, Stage.COMPARE, round, configuration);
      }
    }
    for (int round = 0; round < profile.latencyRounds(); round++) {
      for (Configuration configuration : shuffled(profile.latency())) {
        attempt("latency", latency, Stage.COMPARE, round, configuration);
      }
    }
    List<Configuration> confirmed = recommended();
    if (confirmed.size() > 1) {
      plannedRuns += 2 * confirmed.size() * profile.confirmRounds();
      for (int round = 0; round < profile.confirmRounds(); round++) {
        for (Configuration configuration : shuffled(confirmed)) {
          attempt("throughput", throughput, Stage.CONFIRM, round, configuration);
          attempt("latency", latency, Stage.CONFIRM, round, configuration);
        }
      }
    }
    if (profile.sustainable()) {
      plannedRuns += confirmed.size();
      print("searching for the sustainable rates of %d configurations ...", confirmed.size());
      for (Configuration configuration : confirmed) {
        attempt(
            Measure.SUSTAINABLE.title,
            c -> sustainableRate(benchmark, c),
            Stage.CONFIRM,
            0,
            configuration);
      }
    }
  }

  /** Returns the baseline and the recommended configurations. */
  private List<Configuration> recommended() {
    Analysis analysis = Analysis.of(runs, Stage.COMPARE);
    Set<Goal> goals = profile.sustainable() ? EnumSet.allOf(Goal.class) : EnumSet.of(Goal.BOTH);
    return Stream.concat(
            Stream.of(Configuration.baseline()), goals.stream().map(analysis::recommended))
        .distinct()
        .toList();
  }

  private List<Configuration> shuffled(List<Configuration> all) {
    List<Configuration> shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, random);
    return shuffled;
  }

  private ConfigurationBenchmark.Measured sustainableRate(
      ConfigurationBenchmark benchmark, Configuration configuration) throws InterruptedException {
    RateSearch.Found found =
        RateSearch.search(
            START_RATE,
            MIN_RATE,
            MAX_RATE,
            RATE_PRECISION,
            rate ->
                benchmark.keepsUp(
                    configuration, randomlyDelayed(RATE_TRIAL.withRate(rate), configuration)));
    return new ConfigurationBenchmark.Measured(
        Map.of(Measure.SUSTAINABLE, found.rate()), found.description(), StudyRun.Trace.NONE);
  }

  /** Returns the load with a random start delay of less than the trigger interval. */
  Load randomlyDelayed(Load load, Configuration configuration) {
    double interval = configuration.continuous().trigger().toNanos();
    return load.startingAfter(Duration.ofNanos((long) (random.nextDouble() * interval)));
  }

  interface Measurement {
    ConfigurationBenchmark.Measured of(Configuration configuration) throws InterruptedException;
  }

  /** Reports that further runs are useless. */
  static final class AbortedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AbortedException(String reason) {
      super(reason);
    }
  }

  /** Runs a measurement. Its failure is a failed run, unless the study was stopped. */
  void attempt(
      String measured, Measurement measurement, Stage stage, int round, Configuration configuration)
      throws InterruptedException {
    doneRuns++;
    try {
      ConfigurationBenchmark.Measured result = measurement.of(configuration);
      consecutiveFailures = 0;
      if (stage != Stage.WARM_UP) {
        runs.add(
            new StudyRun(
                stage, round, configuration, result.values(), result.verdict(), result.trace()));
        print("%s  %s:  %s", progress(), configuration.label(), describe(result.values()));
      }
    } catch (InterruptedException | AbortedException e) {
      throw e;
    } catch (Exception e) { // Scala code may throw any checked exception.
      requireNotStopped();
      String reason = reason(e);
      failures.add(new StudyRun.Failure(stage, round, configuration, measured, reason));
      print("%s  %s: %s failed: %s", progress(), configuration.label(), measured, reason);
      if (++consecutiveFailures == MAX_CONSECUTIVE_FAILURES) {
        throw new AbortedException(
            MAX_CONSECUTIVE_FAILURES + " consecutive runs failed. The last reason: " + reason);
      }
    }
  }

  private void requireNotStopped() {
    if (stopped) {
      throw new CancellationException("The study was stopped");
    }
  }

  private static String describe(Map<Measure, Double> values) {
    return values.entrySet().stream()
        .map(
            e ->
                String.format(
                    Locale.ROOT, "%s %,.0f %s", e.getKey().title, e.getValue(), e.getKey().unit))
        .collect(Collectors.joining("  "));
  }

  private static String reason(Exception e) {
    String message = e.getMessage();
    String reason = message == null ? e.getClass().getSimpleName() : message;
    String line = reason.lines().findFirst().orElse("").strip();
    return line.length() > MAX_REASON_LENGTH ? line.substring(0, MAX_REASON_LENGTH) + " ..." : line;
  }

  private String progress() {
    double secondsPerRun = (System.nanoTime() - startNanos) / 1e9 / doneRuns;
    return String.format(
        Locale.ROOT,
        "%3d of %d, about %.1f min remaining",
        doneRuns,
        plannedRuns,
        (plannedRuns - doneRuns) * secondsPerRun / 60);
  }

  private void print(String message, Object... values) {
    messages.accept(String.format(Locale.ROOT, message, values));
  }
}
