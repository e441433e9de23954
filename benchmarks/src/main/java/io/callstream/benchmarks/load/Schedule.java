package io.callstream.benchmarks.load;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * When each call is due. It is fixed before the first one is sent, and latency counts from it: a
 * sender that falls behind delays calls, and cannot hide that.
 *
 * @param startMicros when the first one is due, in microseconds since the epoch
 * @param rate calls per second; over 0
 */
public record Schedule(long startMicros, double rate) {
  private static final double MICROS_PER_SECOND = 1e6;

  /** Returns the time, in microseconds since the epoch. */
  public static long nowMicros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }

  /** Returns when a call is due, in microseconds since the epoch. */
  long dueMicros(long call) {
    return startMicros + (long) (call * MICROS_PER_SECOND / rate);
  }

  /** Returns how many calls are due by a moment. */
  long dueBy(long micros) {
    return micros < startMicros
        ? 0
        : 1 + (long) ((micros - startMicros) * rate / MICROS_PER_SECOND);
  }
}
