package io.callstream.engine.local;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** A clock whose time changes only when it is set. Thread-safe. */
public final class ManualClock extends Clock {
  private volatile Instant now;

  /** Creates a clock with a time. */
  public ManualClock(Instant now) {
    this.now = now;
  }

  /** Sets the time. */
  public void set(Instant moment) {
    now = moment;
  }

  /** Advances the time by a duration, which may be negative. */
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

  /** Returns this clock, because its time does not depend on a zone. */
  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
