package io.callstream.engine.local;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** A clock that stands still until it is moved. Thread-safe. */
public final class ManualClock extends Clock {
  private volatile Instant now;

  /** Creates a clock that shows a moment. */
  public ManualClock(Instant now) {
    this.now = now;
  }

  /** Shows another moment. */
  public void set(Instant moment) {
    now = moment;
  }

  /** Moves on, or back if the duration is negative. */
  public synchronized void advance(Duration duration) {
    now = now.plus(duration);
  }

  @Override
  public Instant instant() {
    return now;
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  /** Returns this clock: it shows moments, which have no zone. */
  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
