package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.load.Scratch;
import io.callstream.benchmarks.load.SteadyRun;
import io.callstream.benchmarks.load.SteadyRun.Answer;
import io.callstream.benchmarks.load.SteadyRun.Load;
import io.callstream.benchmarks.load.SteadyRun.Outcome;
import io.callstream.benchmarks.load.Traffic;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import io.callstream.progress.StabilityVerdict.Finding;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkEngine;
import io.callstream.statistic.StandardStatistics;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/**
 * Measures one configuration at a time, each on a Spark context of its own in this JVM, which gets
 * warm with the runs. Making the context is not measured. Topics stay until the traffic ends.
 */
final class Bench {
  private static final Duration LOOK = Duration.ofMillis(50);

  /** What a backlog may take at the least, and how few calls a second are no failure yet. */
  private static final long LEAST_PATIENCE_SECONDS = 180;

  private static final int LEAST_RATE = 5_000;

  /** How often calls at a steady rate are sent before the sender is given up. */
  private static final int STEADY_TRIALS = 2;

  private static final String NOT_STEADY = "none: a backlog is no steady state";

  private final Traffic traffic;
  private final BooleanSupplier givenUp;
  private final Map<Integer, String> backlogs = new HashMap<>();

  /** What one run came to. */
  record Measured(Map<Measure, Double> values, String verdict, Run.Trace trace) {}

  Bench(Traffic traffic, BooleanSupplier givenUp) {
    this.traffic = traffic;
    this.givenUp = givenUp;
  }

  /** Returns whether broker and sender are there. */
  boolean isAlive() {
    return traffic.isAlive();
  }

  /** Counts a backlog, from the start of the pipeline to its end. */
  Measured throughput(Configuration configuration, int backlog) throws InterruptedException {
    String topic = backlog(configuration.topicPartitions(), backlog);
    checkNotGivenUp();
    SanFranciscoCalls format = SanFranciscoCalls.json();
    try (Session session = Session.of(configuration);
        Scratch scratch = Scratch.create()) {
      Pipeline pipeline =
          Pipeline.builder(
                  configuration.reading(KafkaTopic.of(topic).at(traffic.bootstrapServers())),
                  format)
              .statistics(
                  StandardStatistics.all(format.zone(), StandardStatistics.DEFAULT_LATENESS)
                      .subList(0, 2))
              .results(Sinks.callback(batch -> {}))
              .deadLetters(Sinks.deadLetterFiles(scratch.directory().resolve("dead-letters")))
              .listener(session.trace)
              .build();
      RunOptions options =
          configuration
              .limited(RunOptions.bounded())
              .checkpointingTo(scratch.directory().resolve("checkpoint").toString());
      System.gc();
      long start = System.nanoTime();
      try (RunningPipeline running =
          SparkEngine.on(session.spark, configuration.sparkSettings()).start(pipeline, options)) {
        while (!running.awaitTermination(LOOK)) {
          if (givenUp.getAsBoolean()) {
            session.spark.sparkContext().cancelAllJobs(); // Nobody wants its batch finished.
            throw new StudyStoppedException();
          }
          long patience = Math.max(LEAST_PATIENCE_SECONDS, backlog / LEAST_RATE);
          if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(patience)) {
            session.spark.sparkContext().cancelAllJobs();
            throw new IllegalStateException(
                "The backlog was not counted within " + patience + " s");
          }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        long received = running.accounting().received();
        if (received != backlog) {
          throw new IllegalStateException(
              "Of the " + backlog + " calls of " + topic + " " + received + " were received");
        }
        return new Measured(
            Map.of(Measure.THROUGHPUT, backlog / seconds), NOT_STEADY, session.trace.told());
      }
    }
  }

  private String backlog(int partitions, int calls) {
    return backlogs.computeIfAbsent(
        partitions,
        number -> {
          String topic = "callstream-tune-" + Long.toHexString(System.nanoTime()) + "-" + number;
          traffic.create(topic, number);
          traffic.fill(topic, calls, calls);
          return topic;
        });
  }

  /**
   * Counts calls that come at a steady rate; again if the sender was so late that latencies are its
   * own.
   *
   * @throws IllegalStateException if the sender was as late a second time
   */
  Measured latency(Configuration configuration, Load load) throws InterruptedException {
    long lateMicros = 0;
    for (int i = 0; i < STEADY_TRIALS; i++) {
      try (Session session = Session.of(configuration)) {
        Outcome outcome = steady(configuration, load, session);
        if (!outcome.brokenOff()) {
          Map<Measure, Double> values = new EnumMap<>(Measure.class);
          values.put(Measure.P50, outcome.millis(50));
          values.put(Measure.P95, outcome.millis(95));
          values.put(Measure.P99, outcome.millis(99));
          return new Measured(values, verdict(outcome), session.trace.told());
        }
        lateMicros = outcome.lateMicros();
      }
    }
    throw new IllegalStateException("The sender was " + lateMicros / 1_000 + " ms late, twice");
  }

  /** Tells whether a rate is kept up with. */
  Answer keepsUp(Configuration configuration, Load load) throws InterruptedException {
    try (Session session = Session.of(configuration)) {
      return steady(configuration, load, session).answer();
    }
  }

  private Outcome steady(Configuration configuration, Load load, Session session)
      throws InterruptedException {
    checkNotGivenUp();
    SteadyRun run =
        new SteadyRun(
            traffic,
            configuration.topicPartitions(),
            configuration::reading,
            givenUp,
            session.trace);
    Outcome outcome =
        run.measure(
            load,
            SparkEngine.on(session.spark, configuration.sparkSettings()),
            configuration.continuous());
    checkNotGivenUp();
    return outcome;
  }

  private void checkNotGivenUp() {
    if (givenUp.getAsBoolean()) {
      throw new StudyStoppedException();
    }
  }

  static String verdict(Outcome outcome) {
    return switch (outcome.answer()) {
      case KEPT_UP -> outcome.verdict().map(Bench::words).orElseThrow();
      case FELL_BEHIND ->
          String.format(
              Locale.ROOT,
              "does not keep up: %,d calls waited when the last was due, %,d to the end%s",
              outcome.lagAtEnd(),
              outcome.missing(),
              outcome
                  .verdict()
                  .filter(told -> !told.stable())
                  .map(t -> "; " + words(t))
                  .orElse(""));
      case TOO_EARLY ->
          Run.TOO_EARLY + ": fewer than " + StabilityMonitor.MIN_BATCHES + " batches in that time";
      case SENDER_LATE ->
          String.format(
              Locale.ROOT,
              "cannot be told: the sender was %,d ms late",
              outcome.lateMicros() / 1_000);
    };
  }

  private static String words(StabilityVerdict verdict) {
    return verdict.stable()
        ? Run.STABLE
        : verdict.findings().stream().map(Finding::evidence).collect(Collectors.joining("; "));
  }

  /** A Spark context as a host would make it, with callstream's choices for its own. */
  private record Session(SparkSession spark, PlanTrace trace) implements AutoCloseable {
    static Session of(Configuration configuration) {
      SparkSession.Builder builder =
          SparkSession.builder()
              .appName("callstream tuning study")
              .master(configuration.master())
              .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
              .config("spark.ui.enabled", "false")
              .config("spark.ui.showConsoleProgress", "false")
              .config("spark.driver.bindAddress", "127.0.0.1")
              .config("spark.driver.host", "127.0.0.1");
      configuration.hostProperties().forEach(builder::config);
      SparkSession spark = builder.getOrCreate();
      PlanTrace trace = new PlanTrace();
      spark.sparkContext().addSparkListener(trace.listener());
      return new Session(spark, trace);
    }

    @Override
    public void close() {
      spark.stop();
      SparkSession.clearDefaultSession();
      SparkSession.clearActiveSession();
    }
  }
}
