package io.callstream.benchmarks.load;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The times at which calls are due. The schedule is fixed before the first call is sent, and
 * latency counts from it. A slow sender therefore increases the latency instead of hiding it.
 *
 * @param startMicros the time of the first call, in microseconds since the epoch
 * @param rate calls per second; greater than 0
 */
public record Schedule(long startMicros, double rate) {
  private static final double MICROS_PER_SECOND = 1e6;

  /** Returns the current time, in microseconds since the epoch. */
  public static long nowMicros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }

  /** Returns when the call with this index is due, in microseconds since the epoch. */
  long dueMicros(long call) {
    return startMicros + (long) (call * MICROS_PER_SECOND / rate);
  }

  /** Returns the number of calls that are due at a time. */
  long dueBy(long micros) {
    return micros < startMicros
        ? 0
        : 1 + (long) ((micros - startMicros) * rate / MICROS_PER_SECOND);
  }
}
