package io.callstream.statistic;

import io.callstream.statistic.Window.Calendar;
import io.callstream.statistic.Window.Calendar.Unit;
import java.time.Duration;
import java.time.ZoneId;
import java.util.function.Function;

/**
 * Kinds of windows. Specify the allowed lateness to get a {@link Window}: {@code
 * Windows.tumbling(ofMinutes(60)).allowingLateness(ofHours(1))}. This fails with an {@link
 * IllegalArgumentException} if a value is out of its bounds.
 */
public final class Windows {
  private final Function<Duration, Window> withLateness;

  private Windows(Function<Duration, Window> withLateness) {
    this.withLateness = withLateness;
  }

  /** Returns adjacent windows of a fixed size. See {@link Window.Tumbling}. */
  public static Windows tumbling(Duration size) {
    return new Windows(lateness -> new Window.Tumbling(size, lateness));
  }

  /**
   * Returns overlapping windows of a fixed size, a multiple of the slide. See {@link
   * Window.Sliding}.
   */
  public static Windows sliding(Duration size, Duration slide) {
    return new Windows(lateness -> new Window.Sliding(size, slide, lateness));
  }

  /**
   * Returns hours in a time zone, which start when the local clocks show a full hour. A change of
   * the zone's offset also starts a window. So an hour that occurs twice has two windows, and a
   * change by half an hour causes a window of half an hour.
   */
  public static Windows hourly(ZoneId zone) {
    return new Windows(lateness -> new Calendar(Unit.HOUR, zone, lateness));
  }

  /** Returns days in a time zone, which have 23 or 25 hours when the clocks change. */
  public static Windows daily(ZoneId zone) {
    return new Windows(lateness -> new Calendar(Unit.DAY, zone, lateness));
  }

  /** Returns weeks in a time zone, from Monday to Monday. */
  public static Windows weekly(ZoneId zone) {
    return new Windows(lateness -> new Calendar(Unit.WEEK, zone, lateness));
  }

  /** Returns months in a time zone. */
  public static Windows monthly(ZoneId zone) {
    return new Windows(lateness -> new Calendar(Unit.MONTH, zone, lateness));
  }

  /**
   * Returns sessions: the calls of a group without a pause that is longer than the gap. A statistic
   * with sessions emits {@link Emission#ON_CLOSE}. See {@link Window.Session}.
   */
  public static Windows session(Duration gap) {
    return new Windows(lateness -> new Window.Session(gap, lateness));
  }

  /**
   * Returns the window with an allowed lateness: its calls are counted until the watermark reaches
   * its end plus {@code lateness}.
   */
  public Window allowingLateness(Duration lateness) {
    return withLateness.apply(lateness);
  }

  /**
   * Returns the window without lateness: its calls are late as soon as the watermark reaches its
   * end.
   */
  public Window withoutLateness() {
    return withLateness.apply(Duration.ZERO);
  }
}
