package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.load.Scratch;
import io.callstream.benchmarks.load.SteadyRun;
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
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/**
 * Measures one configuration at a time, each on a Spark context of its own in this JVM, which gets
 * warm with the runs. Making the context is not measured. Topics stay until the traffic ends.
 */
final class Bench {
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final Duration SPAN = Duration.ofHours(1);
  private static final String TOO_FEW = "too few batches to tell";

  private final Traffic traffic;
  private final BooleanSupplier givenUp;
  private final Map<Integer, String> backlogs = new HashMap<>();

  /** What one run came to. */
  record Measured(Map<Measure, Double> values, String verdict, Run.Trace trace) {}

  Bench(Traffic traffic, BooleanSupplier givenUp) {
    this.traffic = traffic;
    this.givenUp = givenUp;
  }

  /** Counts a backlog, from the start of the pipeline to its end. */
  Measured throughput(Configuration configuration, int backlog) throws InterruptedException {
    String topic = backlog(configuration.topicPartitions(), backlog);
    checkNotGivenUp();
    SanFranciscoCalls format = SanFranciscoCalls.json();
    StabilityMonitor monitor = StabilityMonitor.ofThisJvm(SPAN, Duration.ZERO);
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
              .listener(monitor)
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
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        long received = running.accounting().received();
        if (received != backlog) {
          throw new IllegalStateException(
              "Of the " + backlog + " calls of " + topic + " " + received + " were received");
        }
        return new Measured(
            Map.of(Measure.THROUGHPUT, backlog / seconds),
            words(monitor.verdict()),
            session.trace.told());
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

  /** Counts calls that come at a steady rate. */
  Measured latency(Configuration configuration, Load load) throws InterruptedException {
    checkNotGivenUp();
    try (Session session = Session.of(configuration)) {
      Outcome outcome =
          steady(configuration, session)
              .measure(load, engine(configuration, session), configuration.continuous());
      checkNotGivenUp();
      Map<Measure, Double> values = new EnumMap<>(Measure.class);
      values.put(Measure.P50, outcome.millis(50));
      values.put(Measure.P95, outcome.millis(95));
      values.put(Measure.P99, outcome.millis(99));
      String verdict = words(outcome.verdict());
      if (!outcome.keptUp(load.rate())) {
        verdict =
            String.format(
                Locale.ROOT,
                "does not keep up: %,d calls waited when the last was sent, %,d to the end; %s",
                outcome.lagAtEnd(),
                outcome.missing(),
                verdict);
      }
      return new Measured(values, verdict, session.trace.told());
    }
  }

  /** Tells whether a rate is kept up with. */
  boolean keepsUp(Configuration configuration, Load load) throws InterruptedException {
    try (Session session = Session.of(configuration)) {
      Outcome outcome =
          steady(configuration, session)
              .measure(load, engine(configuration, session), configuration.continuous());
      checkNotGivenUp();
      return outcome.keptUp(load.rate());
    }
  }

  private SteadyRun steady(Configuration configuration, Session session) {
    return new SteadyRun(
        traffic, configuration.topicPartitions(), configuration::reading, givenUp, session.trace);
  }

  private static SparkEngine engine(Configuration configuration, Session session) {
    return SparkEngine.on(session.spark, configuration.sparkSettings());
  }

  private void checkNotGivenUp() {
    if (givenUp.getAsBoolean()) {
      throw new StudyStoppedException();
    }
  }

  private static String words(Optional<StabilityVerdict> verdict) {
    return verdict
        .map(
            told ->
                told.stable()
                    ? "stable"
                    : told.findings().stream().map(Bench::words).collect(Collectors.joining("; ")))
        .orElse(TOO_FEW);
  }

  private static String words(Finding finding) {
    return finding.evidence() + ". " + finding.advice();
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
