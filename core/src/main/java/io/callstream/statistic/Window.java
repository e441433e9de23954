package io.callstream.statistic;

import java.io.Serializable;
import java.time.Duration;
import java.time.ZoneId;

/**
 * Divides event time into windows {@code [start, end)}, each with separate results, and defines the
 * allowed lateness: for how long after the end of a window its calls are still counted.
 *
 * <p>{@link Windows} creates windows.
 */
public sealed interface Window extends Serializable {
  /** The maximum size and the maximum allowed lateness: 3,660 days. */
  Duration MAX = Duration.ofDays(3_660);

  /**
   * Returns for how long after the end of a window its calls are still counted. A call is late if
   * {@code end + allowedLateness <= watermark}, where {@code end} is that of its window. For a
   * session, it is that of the session which the call would start alone.
   */
  Duration allowedLateness();

  /** Returns the number of windows that contain a call: 1 unless windows overlap. */
  int windowsPerCall();

  /**
   * Adjacent windows of a fixed size, aligned to 1970-01-01T00:00Z.
   *
   * @param size from 1 ms to {@link #MAX}, in whole milliseconds
   * @param allowedLateness from 0 to {@link #MAX}, in whole milliseconds
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
   * Windows of a fixed size that may overlap, aligned to 1970-01-01T00:00Z.
   *
   * @param size a multiple of {@code slide}; at most {@link #MAX}, and at most {@value
   *     #MAX_WINDOWS_PER_CALL} times {@code slide}
   * @param slide the time between the starts of consecutive windows; at least 1 ms, in whole
   *     milliseconds
   * @param allowedLateness from 0 to {@link #MAX}, in whole milliseconds
   */
  record Sliding(Duration size, Duration slide, Duration allowedLateness) implements Window {
    /** The maximum number of windows that contain a call. */
    public static final int MAX_WINDOWS_PER_CALL = 1_000;

    /** Checks the bounds. */
    public Sliding {
      requireSize("size of a sliding window", size);
      requireSize("slide of a sliding window", slide);
      requireLateness(allowedLateness);
      if (size.toMillis() % slide.toMillis() != 0) {
        throw new IllegalArgumentException(
            ("A sliding window of %s is not a multiple of its slide of %s, so calls would be in"
                    + " different numbers of windows. Choose a slide that divides the size.")
                .formatted(size, slide));
      }
      if (size.toMillis() / slide.toMillis() > MAX_WINDOWS_PER_CALL) {
        throw new IllegalArgumentException(
            ("A sliding window of %s with a slide of %s puts each call in more than %s windows."
                    + " Choose a longer slide.")
                .formatted(size, slide, MAX_WINDOWS_PER_CALL));
      }
    }

    @Override
    public int windowsPerCall() {
      return (int) (size.toMillis() / slide.toMillis());
    }
  }

  /**
   * Hours, days, weeks or months of a time zone. Their length follows the local clocks: a day on
   * which the clocks change has 23 or 25 hours.
   *
   * @param unit the unit of the windows
   * @param zone the time zone
   * @param allowedLateness from 0 to {@link #MAX}, in whole milliseconds
   */
  record Calendar(Unit unit, ZoneId zone, Duration allowedLateness) implements Window {
    /** The unit of calendar windows. */
    public enum Unit {
      /**
       * From one full local hour to the next. A change of the zone's offset also starts a window.
       */
      HOUR,
      /** From midnight to midnight. */
      DAY,
      /** From Monday to Monday. */
      WEEK,
      /** From the first day of a month to the first day of the next. */
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

  /**
   * Sessions: the calls of a group without a pause that is longer than a gap. All dimensions of a
   * statistic together are its group. Two consecutive calls of a session are at most {@code gap}
   * apart.
   *
   * <p>A session starts with its first call and ends {@code gap} after its last one. A call can
   * connect two sessions, which then become one. So a call is late if the session that it would
   * start alone, {@code [time, time + gap)}, is closed, and a session closes when no call that is
   * not late can join it: {@code end + gap + allowedLateness <= watermark}.
   *
   * @param gap from 1 ms to {@link #MAX}, in whole milliseconds
   * @param allowedLateness from 0 to {@link #MAX}, in whole milliseconds
   */
  record Session(Duration gap, Duration allowedLateness) implements Window {
    /** Checks the bounds. */
    public Session {
      requireSize("gap of sessions", gap);
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
