package io.callstream.benchmarks.load;

import java.time.Duration;

/**
 * Calls at a steady rate.
 *
 * @param rate calls per second
 * @param length how long calls are sent
 * @param uncounted the time after the start in which nothing is recorded
 * @param drainTimeout how long the engine may take to count the remaining calls after the last send
 * @param startDelay the time from the moment when the engine is ready until the schedule starts. An
 *     engine with a trigger interval is always ready at the same point of the interval, so repeated
 *     runs need different delays to be independent
 */
public record Load(
    double rate, Duration length, Duration uncounted, Duration drainTimeout, Duration startDelay) {
  /** The maximum delay of a sender that is on time, relative to the length of the schedule. */
  private static final double ON_TIME = 0.02;

  /** A delay of the sender that hardly changes percentiles of latency. */
  private static final Duration HARMLESS_DELAY = Duration.ofMillis(200);

  /** Creates a load without a start delay. */
  public Load(double rate, Duration length, Duration uncounted, Duration drainTimeout) {
    this(rate, length, uncounted, drainTimeout, Duration.ZERO);
  }

  /** Returns the load with another rate. */
  public Load withRate(double callsPerSecond) {
    return new Load(callsPerSecond, length, uncounted, drainTimeout, startDelay);
  }

  /** Returns the load with a start delay. */
  public Load startingAfter(Duration delay) {
    return new Load(rate, length, uncounted, drainTimeout, delay);
  }

  int calls() {
    return Math.toIntExact(Math.round(rate * length.toMillis() / 1e3));
  }

  long uncountedMicros() {
    return uncounted.toNanos() / 1_000;
  }

  /** Returns up to which delay the sender is on time. */
  long onTimeMicros() {
    return Math.round(ON_TIME * length.toNanos() / 1e3);
  }

  /** Returns up to which delay of the sender latencies are usable. The run ends beyond it. */
  long maxSenderDelayMicros() {
    return Math.max(onTimeMicros(), HARMLESS_DELAY.toNanos() / 1_000);
  }
}
