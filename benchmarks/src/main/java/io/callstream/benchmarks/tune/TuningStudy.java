package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.load.RateSearch;
import io.callstream.benchmarks.load.SteadyRun.Load;
import io.callstream.benchmarks.load.Traffic;
import io.callstream.benchmarks.tune.Analysis.Goal;
import io.callstream.benchmarks.tune.Run.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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
 * measures each configuration once, in an order of its own, so that what happens to the machine in
 * the meantime befalls all. The first runs, which warm the JVM up, do not count.
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

  private static final double START_RATE = 20_000;
  private static final double LEAST_RATE = 500;
  private static final double MOST_RATE = 500_000;
  private static final double PRECISION = 1.15;
  private static final Duration PROBE = Duration.ofSeconds(15);
  private static final Duration PROBE_UNCOUNTED = Duration.ofSeconds(5);
  private static final Duration PROBE_PATIENCE = Duration.ofSeconds(10);

  private final Profile profile;
  private final Path output;
  private final String bootstrapServers;
  private final long seed;
  private final Consumer<String> messages;
  private final List<Run> runs = new ArrayList<>();
  private volatile boolean stopped;
  private final Estimate estimate = new Estimate();

  /**
   * Creates a study.
   *
   * @param output the directory of the report; created if need be
   * @param bootstrapServers a broker to use, {@code host:port}; if empty the study starts one
   * @param seed of the order of runs
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
  }

  /** Has {@link #run} end soon, with its topics deleted and without a report. */
  public void stop() {
    stopped = true;
  }

  /**
   * Runs the study and writes the report.
   *
   * @return the reports: HTML, Markdown, and the tables
   * @throws StudyStoppedException if it was stopped
   */
  public List<Path> run() throws InterruptedException, IOException {
    Files.createDirectories(output);
    Instant began = Instant.now();
    long startNanos = System.nanoTime();
    estimate.plan(
        profile.throughput().size() * profile.throughputRounds(),
        profile.latency().size() * profile.latencyRounds());
    say(
        "%d runs of %d configurations, some %d minutes on two cores, and one at a time: leave the"
            + " machine alone meanwhile.",
        estimate.planned,
        profile.throughput().size() + profile.latency().size(),
        profile.minutes());
    if (stopped) {
      throw new StudyStoppedException();
    }
    try (Traffic traffic =
        bootstrapServers.isEmpty() ? Traffic.embedded() : Traffic.to(bootstrapServers)) {
      measure(new Bench(traffic, () -> stopped));
    }
    Study study =
        new Study(profile, runs, seed, began, Duration.ofNanos(System.nanoTime() - startNanos));
    return Report.of(study).write(output);
  }

  private void measure(Bench bench) throws InterruptedException {
    say("warming up ...");
    for (int i = 0; i < profile.warmUps(); i++) {
      Bench.Measured ignored = bench.throughput(Configuration.baseline(), profile.backlog());
    }
    Bench.Measured ignored = bench.latency(Configuration.baseline(), profile.steady());
    Random random = new Random(seed);
    for (int round = 0; round < profile.throughputRounds(); round++) {
      for (Configuration configuration : shuffled(profile.throughput(), random)) {
        throughput(bench, Stage.COMPARE, round, configuration);
      }
    }
    for (int round = 0; round < profile.latencyRounds(); round++) {
      for (Configuration configuration : shuffled(profile.latency(), random)) {
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
      estimate.plan(more, more);
      for (int round = 0; round < profile.confirmRounds(); round++) {
        for (Configuration configuration : shuffled(List.copyOf(confirmed), random)) {
          throughput(bench, Stage.CONFIRM, round, configuration);
          latency(bench, Stage.CONFIRM, round, configuration);
        }
      }
    }
    if (profile.sustainable()) {
      say("searching the sustainable rates of %d configurations ...", confirmed.size());
      for (Configuration configuration : confirmed) {
        sustainable(bench, configuration);
      }
    }
  }

  private static List<Configuration> shuffled(List<Configuration> all, Random random) {
    List<Configuration> shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, random);
    return shuffled;
  }

  private void throughput(Bench bench, Stage stage, int round, Configuration configuration)
      throws InterruptedException {
    long start = System.nanoTime();
    Bench.Measured measured = bench.throughput(configuration, profile.backlog());
    estimate.throughputDone((System.nanoTime() - start) / 1e9);
    add(stage, round, configuration, measured);
  }

  private void latency(Bench bench, Stage stage, int round, Configuration configuration)
      throws InterruptedException {
    Bench.Measured measured = bench.latency(configuration, profile.steady());
    estimate.latencyDone();
    add(stage, round, configuration, measured);
  }

  private void sustainable(Bench bench, Configuration configuration) throws InterruptedException {
    RateSearch.Found found =
        RateSearch.search(
            START_RATE,
            LEAST_RATE,
            MOST_RATE,
            PRECISION,
            rate ->
                bench.keepsUp(
                    configuration, new Load(rate, PROBE, PROBE_UNCOUNTED, PROBE_PATIENCE)));
    add(
        Stage.CONFIRM,
        0,
        configuration,
        new Bench.Measured(
            Map.of(Measure.SUSTAINABLE, found.rate()),
            "tried " + found.tried().size() + " rates",
            new Run.Trace("", 0, 0, 0)));
  }

  private void add(Stage stage, int round, Configuration configuration, Bench.Measured measured) {
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
    say("%s  %s:%s", estimate, configuration.label(), values);
  }

  /** How much is done, and how long the rest may take. */
  private final class Estimate {
    /** What a run at a steady rate takes beyond the time of its calls. */
    private static final double STEADY_OVERHEAD = 2.5;

    private int planned;
    private int done;
    private int throughputLeft;
    private int latencyLeft;
    private double throughputSeconds;
    private int throughputDone;

    void plan(int throughput, int latency) {
      planned += throughput + latency;
      throughputLeft += throughput;
      latencyLeft += latency;
    }

    void throughputDone(double seconds) {
      done++;
      throughputLeft--;
      throughputDone++;
      throughputSeconds += seconds;
    }

    void latencyDone() {
      done++;
      latencyLeft--;
    }

    @Override
    public String toString() {
      double seconds =
          throughputLeft * (throughputSeconds / Math.max(1, throughputDone))
              + latencyLeft * (profile.steady().length().toMillis() / 1e3 + STEADY_OVERHEAD);
      return String.format(
          Locale.ROOT, "%3d of %d, about %.1f min left", done, planned, seconds / 60);
    }
  }

  private void say(String message, Object... values) {
    messages.accept(String.format(Locale.ROOT, message, values));
  }
}
