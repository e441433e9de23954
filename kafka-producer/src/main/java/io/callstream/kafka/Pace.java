package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;

/** How fast calls are sent. */
public sealed interface Pace {
  /** As fast as the broker takes them. */
  record Max() implements Pace {}

  /**
   * So many records a second on average: each is due at a moment that is fixed from the start, so
   * that a sender that was held up catches up.
   *
   * @param records more than 0
   */
  record PerSecond(double records) implements Pace {
    /** Checks the bounds. */
    public PerSecond {
      if (!(records > 0) || Double.isInfinite(records)) {
        throw outside("The rate", records + " records per second");
      }
    }
  }

  /**
   * In event time, faster or slower: calls that were made an hour apart are sent an hour divided by
   * the speed-up apart. A record whose time cannot be read, or is earlier than that of one already
   * sent, is sent at once. So is one that is more than a day away from the one before; if the next
   * one is there too, time goes on from there.
   *
   * @param speedUp more than 0; 1 is real time
   */
  record EventTime(double speedUp) implements Pace {
    /** Checks the bounds. */
    public EventTime {
      if (!(speedUp > 0) || Double.isInfinite(speedUp)) {
        throw outside("The speed-up", String.valueOf(speedUp));
      }
    }
  }

  /** Returns the pace of as fast as possible. */
  static Pace max() {
    return new Max();
  }

  /** Returns a pace of so many records a second, which must be more than 0. */
  static Pace perSecond(double records) {
    return new PerSecond(records);
  }

  /** Returns the pace of event time, so many times as fast; more than 0. */
  static Pace eventTime(double speedUp) {
    return new EventTime(speedUp);
  }

  private static CallstreamException outside(String what, String value) {
    return new CallstreamException(
        ErrorCode.INVALID_ARGUMENT, what + " is " + value + "; it must be a number above 0");
  }
}
