package io.callstream.kafka;

/** Defines how fast records are sent. */
public sealed interface Pace {
  /** As fast as the broker accepts records. */
  record Max() implements Pace {}

  /**
   * A fixed average number of records per second. The due time of each record is fixed from the
   * start, so a sender that was delayed catches up.
   *
   * @param records records per second; more than 0
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
   * The pace of event time, multiplied by a speed-up: calls that are one hour apart are sent one
   * hour divided by the speed-up apart.
   *
   * <p>A record is sent at once if its time cannot be read, or is earlier than the time of a record
   * that was sent before. A record whose time is more than a day from the previous time is also
   * sent at once. If the next record has about the same time, the pace continues from that time.
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

  /** Returns the pace at which records are sent as fast as possible. */
  static Pace max() {
    return new Max();
  }

  /** Returns a pace of this many records per second, which must be more than 0. */
  static Pace perSecond(double records) {
    return new PerSecond(records);
  }

  /** Returns the pace of event time with this speed-up, which must be more than 0. */
  static Pace eventTime(double speedUp) {
    return new EventTime(speedUp);
  }

  private static IllegalArgumentException outside(String what, String value) {
    return new IllegalArgumentException(what + " is " + value + "; it must be a number above 0");
  }
}
