package io.callstream.kafka;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Delays each record until it is due. Not thread-safe. */
final class Pacer {
  /** The event time of a record whose time cannot be read. */
  static final long NO_TIME = Long.MIN_VALUE;

  private static final long JUMP_MILLIS = TimeUnit.DAYS.toMillis(1);
  private static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Pace pace;
  private final WaitingClock ticker;
  private final BooleanSupplier stopped;
  private final long start;
  private long records;

  // Event time: originMillis is due at origin on the ticker, and last is the latest time that was
  // sent.
  private long origin;
  private long originMillis = NO_TIME;
  private long lastMillis;
  private long outlierMillis = NO_TIME;

  Pacer(Pace pace, WaitingClock ticker, BooleanSupplier stopped) {
    this.pace = pace;
    this.ticker = ticker;
    this.stopped = stopped;
    this.start = ticker.nanos();
  }

  /** Waits until a record with this event time is due, or until the sender stops. */
  void await(long epochMillis) {
    if (pace instanceof Pace.PerSecond rate) {
      awaitNanos(start, (long) (records * (1e9 / rate.records())));
    } else if (pace instanceof Pace.EventTime time && epochMillis != NO_TIME) {
      awaitEventTime(epochMillis, time.speedUp());
    }
    records++;
  }

  private void awaitEventTime(long millis, double speedUp) {
    if (originMillis == NO_TIME) {
      startAt(millis);
      return;
    }
    if (isFar(millis, lastMillis)) {
      if (outlierMillis != NO_TIME && !isFar(millis, outlierMillis)) {
        startAt(millis);
      } else {
        outlierMillis = millis;
      }
      return;
    }
    outlierMillis = NO_TIME;
    if (millis > lastMillis) {
      lastMillis = millis;
      awaitNanos(origin, (long) ((millis - originMillis) * (1e6 / speedUp)));
    }
  }

  private void startAt(long millis) {
    origin = ticker.nanos();
    originMillis = millis;
    lastMillis = millis;
    outlierMillis = NO_TIME;
  }

  private static boolean isFar(long millis, long other) {
    return Math.abs(millis - other) > JUMP_MILLIS;
  }

  /**
   * Waits for a delay of up to Long.MAX_VALUE. The sum of such a delay and the ticker would
   * overflow.
   */
  private void awaitNanos(long since, long delay) {
    for (long left = delay - (ticker.nanos() - since);
        left > 0;
        left = delay - (ticker.nanos() - since)) {
      if (stopped.getAsBoolean()) {
        return;
      }
      ticker.await(Math.min(left, LONGEST_WAIT_NANOS));
    }
  }
}
