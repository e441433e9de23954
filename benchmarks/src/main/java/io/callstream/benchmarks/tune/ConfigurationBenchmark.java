package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.load.LatencyResult;
import io.callstream.benchmarks.load.Load;
import io.callstream.benchmarks.load.SparkSessions;
import io.callstream.benchmarks.load.SteadyRun;
import io.callstream.benchmarks.load.TemporaryDirectory;
import io.callstream.benchmarks.load.Traffic;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.StabilityMonitor;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkEngine;
import io.callstream.statistic.StandardStatistics;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.spark.sql.SparkSession;

/**
 * Measures one configuration at a time. Each run has a new Spark context in this JVM, so that the
 * JVM stays warm. The start of the context is not measured. Backlogs remain until the traffic ends.
 */
final class ConfigurationBenchmark {
  private static final Duration POLL_INTERVAL = Duration.ofMillis(50);

  private static final long MIN_TIMEOUT_SECONDS = 180;

  /** The throughput, in calls per second, from which the timeout of a large backlog follows. */
  private static final int MIN_THROUGHPUT = 5_000;

  private static final int STEADY_ATTEMPTS = 2;
  private static final String NOT_STEADY = "none, because a backlog is not a steady load";

  private final Traffic traffic;
  private final BooleanSupplier cancelled;
  private final Map<Integer, String> backlogs = new HashMap<>();

  record Measured(Map<Measure, Double> values, String verdict, StudyRun.Trace trace) {}

  /** Creates a benchmark; {@code cancelled} returns true if a run must end early. */
  ConfigurationBenchmark(Traffic traffic, BooleanSupplier cancelled) {
    this.traffic = traffic;
    this.cancelled = cancelled;
  }

  /** Measures the time from the start of a pipeline until it has counted a backlog. */
  Measured throughput(Configuration configuration, int backlog) throws InterruptedException {
    requireUsable();
    String topic = backlog(configuration.topicPartitions(), backlog);
    requireNotCancelled();
    try (Session session = Session.of(configuration);
        TemporaryDirectory directory = TemporaryDirectory.create()) {
      Pipeline pipeline =
          directory
              .pipeline(
                  configuration.configure(KafkaTopic.of(topic).at(traffic.bootstrapServers())),
                  SanFranciscoCalls.json().zone(),
                  StandardStatistics.DEFAULT_LATENESS,
                  2)
              .results(Sinks.callback(batch -> {}))
              .listener(session.trace)
              .build();
      RunOptions options =
          configuration.limit(RunOptions.bounded()).checkpointingTo(directory.checkpoint());
      System.gc();
      long start = System.nanoTime();
      try (RunningPipeline running = session.engine(configuration).start(pipeline, options)) {
        awaitEnd(running, session, start, Math.max(MIN_TIMEOUT_SECONDS, backlog / MIN_THROUGHPUT));
        double seconds = (System.nanoTime() - start) / 1e9;
        long received = running.accounting().received();
        if (received != backlog) {
          throw new IllegalStateException(
              "The engine received " + received + " of " + backlog + " calls of " + topic);
        }
        return new Measured(
            Map.of(Measure.THROUGHPUT, backlog / seconds), NOT_STEADY, session.trace.trace());
      }
    }
  }

  private void awaitEnd(RunningPipeline running, Session session, long start, long timeoutSeconds)
      throws InterruptedException {
    while (!running.awaitTermination(POLL_INTERVAL)) {
      boolean late = System.nanoTime() - start > TimeUnit.SECONDS.toNanos(timeoutSeconds);
      if (late || cancelled.getAsBoolean()) {
        session.spark.sparkContext().cancelAllJobs(); // Otherwise closing waits for the batch.
        requireNotCancelled();
        throw new IllegalStateException(
            "The engine did not count the backlog within " + timeoutSeconds + " s");
      }
    }
  }

  private String backlog(int partitions, int calls) {
    return backlogs.computeIfAbsent(
        partitions,
        number -> {
          String topic = "callstream-tune-" + Long.toHexString(System.nanoTime()) + "-" + number;
          traffic.create(topic, number);
          traffic.fill(topic, calls);
          return topic;
        });
  }

  /**
   * Measures the latency at a steady rate. If the sender is too late, it measures once more.
   *
   * @throws IllegalStateException if the sender is too late again
   */
  Measured latency(Configuration configuration, Load load) throws InterruptedException {
    long delayMicros = 0;
    for (int i = 0; i < STEADY_ATTEMPTS; i++) {
      try (Session session = Session.of(configuration)) {
        LatencyResult outcome = steady(configuration, load, session);
        if (!outcome.senderTooLate()) {
          return new Measured(
              Map.of(
                  Measure.P50, outcome.millis(50),
                  Measure.P95, outcome.millis(95),
                  Measure.P99, outcome.millis(99)),
              verdict(outcome),
              session.trace.trace());
        }
        delayMicros = outcome.senderDelayMicros();
      }
    }
    throw new IllegalStateException(
        "The sender was " + delayMicros / 1_000 + " ms late in the last of two attempts");
  }

  /** Measures whether the engine keeps up with a load. */
  LatencyResult.Conclusion keepsUp(Configuration configuration, Load load)
      throws InterruptedException {
    try (Session session = Session.of(configuration)) {
      return steady(configuration, load, session).conclusion();
    }
  }

  private LatencyResult steady(Configuration configuration, Load load, Session session)
      throws InterruptedException {
    requireUsable();
    LatencyResult outcome =
        new SteadyRun(
                traffic,
                configuration.topicPartitions(),
                configuration::configure,
                cancelled,
                session.trace)
            .measure(load, session.engine(configuration), configuration.continuous());
    requireNotCancelled();
    return outcome;
  }

  private void requireNotCancelled() {
    if (cancelled.getAsBoolean()) {
      throw new CancellationException("The study was stopped");
    }
  }

  private void requireUsable() {
    requireNotCancelled();
    if (!traffic.isAlive()) {
      throw new TuningStudy.AbortedException("The process of the broker and the sender has ended.");
    }
  }

  /** Returns in words whether the engine kept up. */
  static String verdict(LatencyResult outcome) {
    String findings = outcome.findings();
    return switch (outcome.conclusion()) {
      case KEPT_UP -> findings.isEmpty() ? StudyRun.STABLE : findings;
      case FELL_BEHIND ->
          String.format(
              Locale.ROOT,
              "does not keep up: %,d calls were waiting when the last one was due, and %,d were"
                  + " never counted%s",
              outcome.lagAtEnd(),
              outcome.missing(),
              findings.isEmpty() ? "" : "; " + findings);
      case TOO_FEW_BATCHES ->
          StudyRun.TOO_FEW_BATCHES + " " + StabilityMonitor.MIN_BATCHES + " batches in that time";
      case SENDER_LATE ->
          String.format(
              Locale.ROOT,
              "unknown, the sender was %,d ms late",
              outcome.senderDelayMicros() / 1_000);
    };
  }

  /** A Spark context of an application, and the trace of its batches. */
  private record Session(SparkSession spark, PlanTrace trace) implements AutoCloseable {
    static Session of(Configuration configuration) {
      SparkSession spark =
          SparkSessions.start(configuration.master(), configuration.sessionProperties());
      PlanTrace trace = new PlanTrace();
      spark.sparkContext().addSparkListener(trace);
      return new Session(spark, trace);
    }

    Engine engine(Configuration configuration) {
      return SparkEngine.on(spark, configuration.sparkSettings());
    }

    @Override
    public void close() {
      spark.stop();
      SparkSession.clearDefaultSession();
      SparkSession.clearActiveSession();
    }
  }
}
