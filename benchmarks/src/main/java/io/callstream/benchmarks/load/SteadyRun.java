package io.callstream.benchmarks.load;

import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.ProgressListener;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.HdrHistogram.Histogram;
import org.apache.commons.math3.stat.regression.SimpleRegression;

/**
 * Measures the latency of calls at a steady rate, and whether an engine keeps up with the rate.
 *
 * <p>The pipeline computes the first two standard statistics, with a durable checkpoint and
 * dead-letter files. It counts some calls before the schedule starts, so that the measurement does
 * not include the start of the engine.
 */
public final class SteadyRun {
  private static final int UNSCHEDULED_CALLS = 2_000;
  private static final Duration POLL_INTERVAL = Duration.ofMillis(100);
  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

  private final Traffic traffic;
  private final int partitions;
  private final UnaryOperator<KafkaTopic> source;
  private final BooleanSupplier cancelled;
  private final ProgressListener listener;

  /**
   * Creates a run.
   *
   * @param partitions the number of partitions of the topic
   * @param source adds settings to the source
   * @param cancelled returns true if the run must end early
   * @param listener a listener of the pipeline
   */
  public SteadyRun(
      Traffic traffic,
      int partitions,
      UnaryOperator<KafkaTopic> source,
      BooleanSupplier cancelled,
      ProgressListener listener) {
    this.traffic = traffic;
    this.partitions = partitions;
    this.source = source;
    this.cancelled = cancelled;
    this.listener = listener;
  }

  /**
   * Runs an engine over a new topic, and deletes the topic. If the sender is too late, the run ends
   * early, see {@link LatencyResult#senderTooLate}.
   */
  @SuppressWarnings("try")
  public LatencyResult measure(Load load, Engine engine, RunOptions options)
      throws InterruptedException {
    String topic = "callstream-steady-" + Long.toHexString(System.nanoTime());
    LatencyProbe probe =
        new LatencyProbe(
            StandardStatistics.callsByType().name(),
            SteadyCalls.Positions.ofFirst(UNSCHEDULED_CALLS + load.calls()),
            UNSCHEDULED_CALLS,
            load.uncountedMicros());
    StabilityMonitor stability = StabilityMonitor.ofThisJvm(Duration.ofHours(1), options.trigger());
    AtomicReference<Instant> from = new AtomicReference<>(Instant.MAX);
    traffic.create(topic, partitions);
    try (Deletion ignored = () -> traffic.delete(topic);
        TemporaryDirectory directory = TemporaryDirectory.create();
        Traffic.Sender sender = traffic.prepare(topic, UNSCHEDULED_CALLS, load);
        RunningPipeline running =
            engine.start(
                pipeline(topic, directory, probe, afterwards(stability, from)),
                options.checkpointingTo(directory.checkpoint()))) {
      return measure(load, sender, running, probe, stability, from);
    }
  }

  /** Deletes a topic. */
  private interface Deletion extends AutoCloseable {
    @Override
    void close();
  }

  /** Returns a listener that passes on the batches that begin after a moment. */
  private static ProgressListener afterwards(
      ProgressListener listener, AtomicReference<Instant> moment) {
    return progress -> {
      if (progress.timestamp().isAfter(moment.get())) {
        listener.onProgress(progress);
      }
    };
  }

  private Pipeline pipeline(
      String topic, TemporaryDirectory directory, LatencyProbe probe, ProgressListener stability) {
    return directory
        .pipeline(
            source.apply(KafkaTopic.of(topic).at(traffic.bootstrapServers())),
            SteadyCalls.format().zone(),
            StandardStatistics.DEFAULT_LATENESS,
            2)
        .results(Sinks.callback(probe::accept))
        .listener(stability)
        .listener(listener)
        .build();
  }

  private LatencyResult measure(
      Load load,
      Traffic.Sender sender,
      RunningPipeline running,
      LatencyProbe probe,
      StabilityMonitor stability,
      AtomicReference<Instant> checked)
      throws InterruptedException {
    awaitCount(probe, UNSCHEDULED_CALLS, running, START_TIMEOUT);
    if (probe.counted() < UNSCHEDULED_CALLS && !cancelled.getAsBoolean()) {
      throw new IllegalStateException(
          String.format(
              "The engine counted %d of the first %d calls within %d s",
              probe.counted(), UNSCHEDULED_CALLS, START_TIMEOUT.toSeconds()));
    }
    Schedule schedule = sender.begin();
    probe.begin(schedule);
    checked.set(Instant.now());
    SimpleRegression lag = new SimpleRegression();
    long from = schedule.startMicros() + load.uncountedMicros();
    long end = schedule.startMicros() + load.length().toNanos() / 1_000;
    long now = Schedule.nowMicros();
    long lagAtEnd = 0;
    while (now < end && !cancelled.getAsBoolean() && !sender.endedTooLate()) {
      requireRunning(running, running.awaitTermination(POLL_INTERVAL));
      now = Schedule.nowMicros();
      long due = Math.min(load.calls(), schedule.dueBy(now));
      lagAtEnd = due - (probe.counted() - UNSCHEDULED_CALLS);
      if (now >= from && now < end) {
        lag.addData(now / 1e6, (double) lagAtEnd);
      }
    }
    if (cancelled.getAsBoolean()) {
      sender.stop();
    }
    Optional<StabilityVerdict> verdict = stability.verdict();
    long senderDelayMicros = sender.awaitEnd();
    long all = (long) UNSCHEDULED_CALLS + load.calls();
    boolean allSent = senderDelayMicros <= load.maxSenderDelayMicros();
    if (allSent) {
      awaitCount(probe, all, running, load.drainTimeout());
    }
    long missing = all - probe.counted();
    Histogram latencies = probe.latencies();
    if (allSent && missing > 0 && !cancelled.getAsBoolean()) {
      latencies.recordValueWithCount(load.drainTimeout().toNanos() / 1_000, missing);
    }
    double lagPerSecond = lag.getN() < 2 ? 0 : lag.getSlope();
    return new LatencyResult(
        load, schedule, missing, latencies, senderDelayMicros, lagPerSecond, lagAtEnd, verdict);
  }

  private void awaitCount(LatencyProbe probe, long calls, RunningPipeline running, Duration timeout)
      throws InterruptedException {
    long end = System.nanoTime() + timeout.toNanos();
    while (probe.counted() < calls && !cancelled.getAsBoolean() && System.nanoTime() < end) {
      requireRunning(running, running.awaitTermination(POLL_INTERVAL));
    }
  }

  private static void requireRunning(RunningPipeline running, boolean ended) {
    if (ended) {
      throw new IllegalStateException(
          "The pipeline ended before the measurement: " + running.accounting());
    }
  }
}
