package io.callstream.statistic;

import java.io.Serializable;
import java.time.Duration;
import java.time.ZoneId;

/**
 * How event time is cut into pieces, each of which has results of its own, and for how long after a
 * piece's end calls may still come in. A window holds the times {@code [start, end)}.
 *
 * <p>Windows come from {@link Windows}, which asks for the allowed lateness.
 */
public sealed interface Window extends Serializable {
  /** The longest size and the longest allowed lateness: 3,660 days. */
  Duration MAX = Duration.ofDays(3_660);

  /**
   * Returns for how long past a window's end its calls are still counted: a call is late when
   * {@code end + allowedLateness <= watermark}.
   */
  Duration allowedLateness();

  /** Returns how many windows each call is in: 1 unless windows overlap. */
  int windowsPerCall();

  /**
   * Windows of one size that touch, the first of them starting at 1970-01-01T00:00Z.
   *
   * @param size at least 1 ms, at most {@link #MAX}, in whole milliseconds
   */
  record Tumbling(Duration size, Duration allowedLateness) implements Window {
    /** Checks the bounds. */
    public Tumbling {
      requireSize("size of a tumbling window", size);
      requireLateness(allowedLateness);
    }

    @Override
    public int windowsPerCall() {
      return 1;
    }
  }

  /**
   * Windows of one size that overlap, one of them starting at 1970-01-01T00:00Z.
   *
   * @param size a whole multiple of {@code slide}, at most {@link #MAX}
   * @param slide from one start to the next; at least 1 ms, in whole milliseconds
   */
  record Sliding(Duration size, Duration slide, Duration allowedLateness) implements Window {
    /** The most windows that a call may be in. */
    public static final int MAX_WINDOWS_PER_CALL = 1_000;

    /** Checks the bounds. */
    public Sliding {
      requireSize("size of a sliding window", size);
      requireSize("slide of a sliding window", slide);
      requireLateness(allowedLateness);
      if (size.toMillis() % slide.toMillis() != 0) {
        throw new IllegalArgumentException(
            "A sliding window of "
                + size
                + " is no whole number of slides of "
                + slide
                + "; calls would be in unequal numbers of windows. Choose a slide that divides it.");
      }
      if (size.toMillis() / slide.toMillis() > MAX_WINDOWS_PER_CALL) {
        throw new IllegalArgumentException(
            "A sliding window of "
                + size
                + " with a slide of "
                + slide
                + " puts each call in more than "
                + MAX_WINDOWS_PER_CALL
                + " windows. Choose a longer slide.");
      }
    }

    @Override
    public int windowsPerCall() {
      return (int) (size.toMillis() / slide.toMillis());
    }
  }

  /**
   * Days, weeks or months of a zone, as long as its clocks make them: a day in which they change
   * has 23 or 25 hours.
   */
  record Calendar(Unit unit, ZoneId zone, Duration allowedLateness) implements Window {
    /** What a calendar window spans. */
    public enum Unit {
      /** From midnight to midnight. */
      DAY,
      /** From Monday to Monday. */
      WEEK,
      /** From the first to the first. */
      MONTH
    }

    /** Checks the bounds. */
    public Calendar {
      requireLateness(allowedLateness);
    }

    @Override
    public int windowsPerCall() {
      return 1;
    }
  }

  private static void requireSize(String what, Duration size) {
    if (size.isNegative() || size.isZero() || size.compareTo(MAX) > 0 || hasMicros(size)) {
      throw new IllegalArgumentException(
          "The " + what + " is " + size + "; it must be whole milliseconds, 1 ms to " + MAX);
    }
  }

  private static void requireLateness(Duration lateness) {
    if (lateness.isNegative() || lateness.compareTo(MAX) > 0 || hasMicros(lateness)) {
      throw new IllegalArgumentException(
          "The allowed lateness is " + lateness + "; it must be whole milliseconds, 0 to " + MAX);
    }
  }

  private static boolean hasMicros(Duration duration) {
    return duration.toNanosPart() % 1_000_000 != 0;
  }
}
