package io.callstream.benchmarks.tune;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.benchmarks.load.RateSearch;
import io.callstream.benchmarks.load.SteadyRun.Load;
import io.callstream.benchmarks.load.Traffic;
import io.callstream.benchmarks.tune.Analysis.Goal;
import io.callstream.benchmarks.tune.Run.Stage;
import io.callstream.internal.runtime.RunLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Measures how settings of Spark and Kafka change callstream's throughput and latency on this
 * machine, over a real broker, and writes a report.
 *
 * <p>One setting is varied at a time, from callstream's defaults, and some in pairs. Every round
 * measures each configuration once, and the defaults, with which all are compared, more than once,
 * in an order of its own, so that what happens to the machine in the meantime befalls all. Where in
 * the trigger interval the calls of a steady run begin is drawn anew for each. The first runs,
 * which warm the JVM up, do not count.
 *
 * <p>{@link #run} is for one thread; {@link #stop} for any.
 */
public final class TuningStudy {
  /** How much a study does. */
  public enum Depth {
    /** Some minutes: all settings, few values of each. */
    SHORT,
    /** More than an hour: more values, more repeats, and sustainable rates. */
    THOROUGH
  }

  /** What a backlog takes at a guess, before one was measured. */
  private static final double BACKLOG_SECONDS = 2;

  /** What a run at a steady rate takes beyond the time of its calls, at a guess. */
  private static final double STEADY_OVERHEAD_SECONDS = 3;

  /** What a search takes at a guess: some ten rates. */
  private static final double SEARCH_SECONDS = 240;

  private static final double START_RATE = 20_000;
  private static final double LEAST_RATE = 500;
  private static final double MOST_RATE = 500_000;
  private static final double PRECISION = 1.15;
  private static final Duration PROBE = Duration.ofSeconds(15);
  private static final Duration PROBE_UNCOUNTED = Duration.ofSeconds(5);
  private static final Duration PROBE_PATIENCE = Duration.ofSeconds(10);

  /** How many runs may fail in a row: with more nothing works. */
  private static final int FAILURES_IN_A_ROW = 3;

  private static final int LONGEST_REASON = 300;

  private final Profile profile;
  private final Path output;
  private final String bootstrapServers;
  private final long seed;
  private final Consumer<String> messages;
  private final List<Run> runs = new ArrayList<>();
  private final List<FailedRun> failures = new ArrayList<>();
  private final Random random;
  private int failuresInARow;
  private volatile boolean stopped;
  private final Kind backlogs = new Kind("throughput", BACKLOG_SECONDS);
  private final Kind steady;
  private final Kind searches = new Kind("sustainable rate", SEARCH_SECONDS);

  /**
   * Creates a study.
   *
   * @param output the directory of the report; created if need be
   * @param bootstrapServers a broker to use, {@code host:port}; if empty the study starts one
   * @param seed of the order of runs, and of the phase of steady ones
   * @param messages takes lines for people
   */
  public TuningStudy(
      Depth depth, Path output, String bootstrapServers, long seed, Consumer<String> messages) {
    this(
        switch (depth) {
          case SHORT -> Profile.brief();
          case THOROUGH -> Profile.thorough();
        },
        output,
        bootstrapServers,
        seed,
        messages);
  }

  TuningStudy(
      Profile profile, Path output, String bootstrapServers, long seed, Consumer<String> messages) {
    this.profile = profile;
    this.output = output;
    this.bootstrapServers = bootstrapServers;
    this.seed = seed;
    this.messages = messages;
    random = new Random(seed);
    steady =
        new Kind("latency", profile.steady().length().toMillis() / 1e3 + STEADY_OVERHEAD_SECONDS);
  }

  /** Has {@link #run} end soon, with its topics deleted and without a report. */
  public void stop() {
    stopped = true;
  }

  /**
   * Runs the study and writes the report. A run that fails is told of there, and the next one
   * follows.
   *
   * @return the reports: HTML, Markdown, and the tables
   * @throws StudyStoppedException if it was stopped
   * @throws CallstreamException if run after run failed; the report has what was measured before.
   *     If another study writes to the directory of the report, nothing was started
   */
  @SuppressWarnings("try")
  public List<Path> run() throws InterruptedException, IOException {
    Files.createDirectories(output);
    try (RunLock ignored = RunLock.ofOutput(output, output.toString())) {
      return runAlone();
    }
  }

  private List<Path> runAlone() throws InterruptedException, IOException {
    Instant began = Instant.now();
    long startNanos = System.nanoTime();
    backlogs.planned = profile.warmUps() + profile.throughput().size() * profile.throughputRounds();
    steady.planned = 1 + profile.latency().size() * profile.latencyRounds();
    say(
        "%d runs of %d configurations, some %d minutes on two cores, and one at a time: leave the"
            + " machine alone meanwhile.",
        backlogs.planned + steady.planned, profile.configurations(), profile.minutes());
    if (stopped) {
      throw new StudyStoppedException();
    }
    String givenUp = "";
    try (Traffic traffic =
        bootstrapServers.isEmpty() ? Traffic.embedded() : Traffic.to(bootstrapServers)) {
      measure(new Bench(traffic, () -> stopped));
    } catch (GivenUp e) {
      givenUp = e.reason;
    }
    Duration took = Duration.ofNanos(System.nanoTime() - startNanos);
    Study study = new Study(profile, runs, failures, givenUp, seed, began, took);
    List<Path> files = Report.of(study).write(output);
    if (!givenUp.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.ENGINE_FAILED,
          "The study was given up: "
              + givenUp
              + " What was measured before is in "
              + files.get(0)
              + ".");
    }
    say(
        "%d runs in %.1f minutes; some %d were expected.",
        runs.size(), took.toSeconds() / 60.0, profile.minutes());
    return files;
  }

  private void measure(Bench bench) throws InterruptedException, GivenUp {
    say("warming up ...");
    for (int round = 0; round < profile.warmUps(); round++) {
      throughput(bench, Stage.WARM_UP, round, Configuration.baseline());
    }
    latency(bench, Stage.WARM_UP, 0, Configuration.baseline());
    for (int round = 0; round < profile.throughputRounds(); round++) {
      for (Configuration configuration : shuffled(profile.throughput())) {
        throughput(bench, Stage.COMPARE, round, configuration);
      }
    }
    for (int round = 0; round < profile.latencyRounds(); round++) {
      for (Configuration configuration : shuffled(profile.latency())) {
        latency(bench, Stage.COMPARE, round, configuration);
      }
    }
    Analysis analysis = Analysis.of(runs);
    Set<Configuration> confirmed = new LinkedHashSet<>();
    confirmed.add(Configuration.baseline());
    confirmed.add(analysis.recommended(Goal.BOTH));
    if (profile.sustainable()) {
      confirmed.add(analysis.recommended(Goal.THROUGHPUT));
      confirmed.add(analysis.recommended(Goal.LATENCY));
    }
    if (confirmed.size() > 1) {
      int more = confirmed.size() * profile.confirmRounds();
      backlogs.planned += more;
      steady.planned += more;
      for (int round = 0; round < profile.confirmRounds(); round++) {
        for (Configuration configuration : shuffled(confirmed)) {
          throughput(bench, Stage.CONFIRM, round, configuration);
          latency(bench, Stage.CONFIRM, round, configuration);
        }
      }
    }
    if (profile.sustainable()) {
      searches.planned += confirmed.size();
      say("searching the sustainable rates of %d configurations ...", confirmed.size());
      for (Configuration configuration : confirmed) {
        attempt(
            bench,
            searches,
            Stage.CONFIRM,
            0,
            configuration,
            () -> sustainable(bench, configuration));
      }
    }
  }

  private List<Configuration> shuffled(Collection<Configuration> all) {
    List<Configuration> shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, random);
    return shuffled;
  }

  private void throughput(Bench bench, Stage stage, int round, Configuration configuration)
      throws InterruptedException, GivenUp {
    attempt(
        bench,
        backlogs,
        stage,
        round,
        configuration,
        () -> bench.throughput(configuration, profile.backlog()));
  }

  private void latency(Bench bench, Stage stage, int round, Configuration configuration)
      throws InterruptedException, GivenUp {
    Load load = steadyLoad(configuration);
    attempt(bench, steady, stage, round, configuration, () -> bench.latency(configuration, load));
  }

  /** Returns the load of the next steady run of a configuration. */
  Load steadyLoad(Configuration configuration) {
    return profile.steady().after(phase(configuration));
  }

  /** Returns where in the trigger interval a schedule begins: elsewhere in each run. */
  private Duration phase(Configuration configuration) {
    return Duration.ofNanos(
        (long) (random.nextDouble() * configuration.continuous().trigger().toNanos()));
  }

  private Bench.Measured sustainable(Bench bench, Configuration configuration)
      throws InterruptedException {
    RateSearch.Found found =
        RateSearch.search(
            START_RATE,
            LEAST_RATE,
            MOST_RATE,
            PRECISION,
            rate ->
                bench.keepsUp(
                    configuration,
                    new Load(rate, PROBE, PROBE_UNCOUNTED, PROBE_PATIENCE)
                        .after(phase(configuration))));
    return new Bench.Measured(
        Map.of(Measure.SUSTAINABLE, found.rate()), found.words(), new Run.Trace("", 0, 0, 0));
  }

  /** Measures something. */
  private interface Measuring {
    Bench.Measured now() throws InterruptedException;
  }

  /** Nothing works any more. */
  private static final class GivenUp extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;

    GivenUp(String reason) {
      super(reason);
      this.reason = reason;
    }
  }

  private void attempt(
      Bench bench,
      Kind kind,
      Stage stage,
      int round,
      Configuration configuration,
      Measuring measuring)
      throws InterruptedException, GivenUp {
    Bench.Measured measured;
    long start = System.nanoTime();
    try {
      measured = measuring.now();
    } catch (InterruptedException | StudyStoppedException e) {
      throw e;
    } catch (Exception e) { // Scala throws checked exceptions that its signatures do not tell of.
      if (stopped) {
        throw new StudyStoppedException();
      }
      kind.done(start);
      failed(bench, new FailedRun(stage, round, configuration, kind.title, reason(e)));
      return;
    }
    kind.done(start);
    failuresInARow = 0;
    if (stage == Stage.WARM_UP) {
      return;
    }
    runs.add(
        new Run(
            stage, round, configuration, measured.values(), measured.verdict(), measured.trace()));
    StringBuilder values = new StringBuilder();
    measured
        .values()
        .forEach(
            (measure, value) ->
                values.append(
                    String.format(
                        Locale.ROOT, "  %s %,.0f %s", measure.title(), value, measure.unit())));
    say("%s  %s:%s", progress(), configuration.label(), values);
  }

  private void failed(Bench bench, FailedRun run) throws GivenUp {
    failures.add(run);
    say(
        "%s  %s: %s failed: %s",
        progress(), run.configuration().label(), run.measured(), run.reason());
    failuresInARow++;
    if (!bench.isAlive()) {
      throw new GivenUp("The process of broker and sender is gone.");
    }
    if (failuresInARow == FAILURES_IN_A_ROW) {
      throw new GivenUp(
          FAILURES_IN_A_ROW + " runs failed in a row, the last one because: " + run.reason());
    }
  }

  private static String reason(Exception e) {
    String message = e.getMessage();
    String reason = message == null ? e.getClass().getSimpleName() : message;
    String line = reason.lines().findFirst().orElse("").strip();
    return line.length() > LONGEST_REASON ? line.substring(0, LONGEST_REASON) + " ..." : line;
  }

  /** Runs of a kind: how many there are, and how long those to come may take. */
  private static final class Kind {
    private final String title;
    private final double guessSeconds;
    private int planned;
    private int done;
    private double seconds;

    Kind(String title, double guessSeconds) {
      this.title = title;
      this.guessSeconds = guessSeconds;
    }

    void done(long startNanos) {
      done++;
      seconds += (System.nanoTime() - startNanos) / 1e9;
    }

    double secondsLeft() {
      return (planned - done) * (done == 0 ? guessSeconds : seconds / done);
    }
  }

  private String progress() {
    List<Kind> all = List.of(backlogs, steady, searches);
    return String.format(
        Locale.ROOT,
        "%3d of %d, about %.1f min left",
        all.stream().mapToInt(kind -> kind.done).sum(),
        all.stream().mapToInt(kind -> kind.planned).sum(),
        all.stream().mapToDouble(Kind::secondsLeft).sum() / 60);
  }

  private void say(String message, Object... values) {
    messages.accept(String.format(Locale.ROOT, message, values));
  }
}
