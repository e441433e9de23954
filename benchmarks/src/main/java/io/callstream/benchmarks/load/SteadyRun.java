package io.callstream.benchmarks.load;

import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.ProgressListener;
import io.callstream.progress.StabilityVerdict;
import io.callstream.progress.StabilityVerdict.Symptom;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.HdrHistogram.Histogram;
import org.apache.commons.math3.stat.regression.SimpleRegression;

/**
 * Counts calls that come at a steady rate, and tells how long they take from the moment when they
 * are due to the moment when a sink sees them counted, and whether the engine keeps up.
 *
 * <p>The pipeline counts by type, and by hour, type and disposition, with a durable checkpoint and
 * files for dead letters. Before the schedule begins some calls go through it, so that nothing is
 * measured before the engine runs.
 */
public final class SteadyRun {
  /** How many calls go through before the schedule begins. */
  private static final int FIRST = 2_000;

  /** How steeply lag may rise, in parts of the rate, and still be called level. */
  private static final double LEVEL = 0.05;

  /** How late a sender may be, in parts of the schedule's length, and still be called in time. */
  private static final double IN_TIME = 0.02;

  /** By how much a sender may be late without moving a percentile of seconds by much. */
  private static final Duration HARMLESS = Duration.ofMillis(200);

  private static final Duration LOOK = Duration.ofMillis(100);
  private static final Duration START_PATIENCE = Duration.ofSeconds(60);
  private static final Set<Symptom> FALLING_BEHIND =
      Set.of(Symptom.GROWING_LAG, Symptom.INPUT_OUTRUNS_PROCESSING);

  /**
   * What is measured.
   *
   * @param rate calls per second
   * @param length how long calls come
   * @param uncounted for how long from the start nothing is recorded
   * @param patience how long the rest may take when the last call was sent
   * @param offset how long the schedule waits when the engine is ready. An engine with a trigger
   *     interval is ready at the same moment of the interval each time: repeats that are to say
   *     something about each other want offsets that differ
   */
  public record Load(
      double rate, Duration length, Duration uncounted, Duration patience, Duration offset) {
    /** A load without an offset. */
    public Load(double rate, Duration length, Duration uncounted, Duration patience) {
      this(rate, length, uncounted, patience, Duration.ZERO);
    }

    /** Returns the load with an offset. */
    public Load after(Duration wait) {
      return new Load(rate, length, uncounted, patience, wait);
    }

    int calls() {
      return Math.toIntExact(Math.round(rate * length.toMillis() / 1e3));
    }

    long inTimeMicros() {
      return Math.round(IN_TIME * length.toNanos() / 1e3);
    }

    /** Returns how late a sender may be before what follows is of no use and the run ends. */
    long mostLateMicros() {
      return Math.max(inTimeMicros(), HARMLESS.toNanos() / 1_000);
    }
  }

  /** Whether an engine keeps up with a rate. */
  public enum Answer {
    /** It does. */
    KEPT_UP,
    /** It does not. */
    FELL_BEHIND,
    /**
     * Nobody knows, for the engine made too few batches. Between batches lag rises like a saw: over
     * k of them the slope of a line through it is off by up to a k²-th of the rate.
     */
    TOO_EARLY,
    /** Nobody knows, for the sender was late: what looks like the engine's lag may be its. */
    SENDER_LATE
  }

  /**
   * What came of it.
   *
   * @param load what was to be measured
   * @param schedule when its calls were due
   * @param missing how many of them were not counted when patience ended
   * @param latencies of those that count, in microseconds; one that is missing has waited as long
   *     as patience is, at least
   * @param lateMicros by how much the sender was behind the schedule at most, from when latencies
   *     are recorded
   * @param lagPerSecond by how many calls a second those grew that were due and not yet counted
   * @param lagAtEnd how many those were when the last call was due
   * @param verdict what the stability monitor said of the scheduled time; empty if there were too
   *     few batches
   */
  public record Outcome(
      Load load,
      Schedule schedule,
      long missing,
      Histogram latencies,
      long lateMicros,
      double lagPerSecond,
      long lagAtEnd,
      Optional<StabilityVerdict> verdict) {
    /** Returns a percentile of latency, in milliseconds. */
    public double millis(double percentile) {
      return latencies.getValueAtPercentile(percentile) / 1e3;
    }

    /**
     * Returns whether the run was ended before its time, for the sender was so late that latencies
     * are its own. What it measured until then is of no use.
     */
    public boolean brokenOff() {
      return lateMicros > load.mostLateMicros();
    }

    /** Returns whether the engine kept up: neither lag nor the monitor says no. */
    public Answer answer() {
      if (lateMicros > load.inTimeMicros()) {
        return Answer.SENDER_LATE;
      }
      if (missing > 0) {
        return Answer.FELL_BEHIND;
      }
      if (verdict.isEmpty()) {
        return Answer.TOO_EARLY;
      }
      boolean level =
          lagPerSecond <= LEVEL * load.rate()
              && verdict.get().findings().stream()
                  .noneMatch(finding -> FALLING_BEHIND.contains(finding.symptom()));
      return level ? Answer.KEPT_UP : Answer.FELL_BEHIND;
    }
  }

  private final Traffic traffic;
  private final int partitions;
  private final UnaryOperator<KafkaTopic> reading;
  private final BooleanSupplier givenUp;
  private final ProgressListener listener;

  /**
   * Creates a run.
   *
   * @param partitions of the topic
   * @param reading says how the topic is read
   * @param givenUp is asked now and then whether to break off
   * @param listener of the pipeline
   */
  public SteadyRun(
      Traffic traffic,
      int partitions,
      UnaryOperator<KafkaTopic> reading,
      BooleanSupplier givenUp,
      ProgressListener listener) {
    this.traffic = traffic;
    this.partitions = partitions;
    this.reading = reading;
    this.givenUp = givenUp;
    this.listener = listener;
  }

  /**
   * Runs an engine over a new topic, which is deleted in the end. Where the sender gets too late
   * the run ends at once, and is {@link Outcome#brokenOff}.
   */
  public Outcome measure(Load load, Engine engine, RunOptions options) throws InterruptedException {
    String topic = "callstream-steady-" + Long.toHexString(System.nanoTime());
    SteadyCalls.Places places = SteadyCalls.Places.of(FIRST + load.calls());
    traffic.create(topic, partitions);
    try (Scratch scratch = Scratch.create()) {
      return measure(load, topic, places, scratch, engine, options);
    } finally {
      traffic.delete(topic);
    }
  }

  private Outcome measure(
      Load load,
      String topic,
      SteadyCalls.Places places,
      Scratch scratch,
      Engine engine,
      RunOptions options)
      throws InterruptedException {
    LatencyProbe probe =
        new LatencyProbe(
            StandardStatistics.callsByType().name(),
            places,
            FIRST,
            load.uncounted().toNanos() / 1_000);
    Verdict verdict = new Verdict(options.trigger());
    Pipeline pipeline =
        Pipeline.builder(
                reading.apply(KafkaTopic.of(topic).at(traffic.bootstrapServers())),
                SteadyCalls.format())
            .statistics(
                StandardStatistics.all(
                        SteadyCalls.format().zone(), StandardStatistics.DEFAULT_LATENESS)
                    .subList(0, 2))
            .results(Sinks.callback(probe::take))
            .deadLetters(Sinks.deadLetterFiles(scratch.directory().resolve("dead-letters")))
            .listener(verdict)
            .listener(listener)
            .build();
    String checkpoint = scratch.directory().resolve("checkpoint").toString();
    try (Traffic.Steady steady = traffic.steady(topic, FIRST, load);
        RunningPipeline running = engine.start(pipeline, options.checkpointingTo(checkpoint))) {
      await(running, START_PATIENCE, () -> probe.counted() >= FIRST);
      if (probe.counted() < FIRST && !givenUp.getAsBoolean()) {
        throw new IllegalStateException(
            "Of the first "
                + FIRST
                + " calls only "
                + probe.counted()
                + " were counted within "
                + START_PATIENCE.toSeconds()
                + " s");
      }
      Schedule schedule = steady.begin();
      probe.begin(schedule);
      verdict.begin();
      SimpleRegression lag = new SimpleRegression();
      long from = schedule.startMicros() + load.uncounted().toNanos() / 1_000;
      long end = schedule.startMicros() + load.length().toNanos() / 1_000;
      long now = Schedule.nowMicros();
      long lagAtEnd = 0;
      while (now < end && !givenUp.getAsBoolean() && !steady.brokeOff()) {
        requireRunning(running, running.awaitTermination(LOOK));
        now = Schedule.nowMicros();
        lagAtEnd = Math.min(load.calls(), schedule.dueBy(now)) - (probe.counted() - FIRST);
        if (now >= from && now < end) {
          lag.addData(now / 1e6, (double) lagAtEnd);
        }
      }
      if (givenUp.getAsBoolean()) {
        steady.stop();
      }
      Optional<StabilityVerdict> told = verdict.told();
      long lateMicros = steady.awaitEnd();
      long all = (long) FIRST + load.calls();
      boolean complete = lateMicros <= load.mostLateMicros();
      if (complete) {
        await(running, load.patience(), () -> probe.counted() >= all);
      }
      long missing = all - probe.counted();
      Histogram latencies = probe.latencies();
      if (complete && missing > 0 && !givenUp.getAsBoolean()) {
        latencies.recordValueWithCount(load.patience().toNanos() / 1_000, missing);
      }
      return new Outcome(
          load,
          schedule,
          missing,
          latencies,
          lateMicros,
          lag.getN() < 2 ? 0 : lag.getSlope(),
          lagAtEnd,
          told);
    }
  }

  private void await(RunningPipeline running, Duration patience, BooleanSupplier done)
      throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (!done.getAsBoolean() && !givenUp.getAsBoolean() && System.nanoTime() < end) {
      requireRunning(running, running.awaitTermination(LOOK));
    }
  }

  private static void requireRunning(RunningPipeline running, boolean ended) {
    if (ended) {
      throw new IllegalStateException("The run ended by itself: " + running.accounting());
    }
  }
}
