package io.callstream.statistic;

import io.callstream.statistic.Window.Calendar;
import io.callstream.statistic.Window.Calendar.Unit;
import java.time.Duration;
import java.time.ZoneId;
import java.util.function.Function;

/**
 * Kinds of windows, each of which becomes a {@link Window} once it is decided how late calls may
 * be: {@code Windows.tumbling(ofMinutes(60)).allowingLateness(ofHours(1))}.
 */
public final class Windows {
  private final Function<Duration, Window> withLateness;

  private Windows(Function<Duration, Window> withLateness) {
    this.withLateness = withLateness;
  }

  /** Windows of one size that touch; see {@link Window.Tumbling}. */
  public static Windows tumbling(Duration size) {
    return new Windows(lateness -> new Window.Tumbling(size, lateness));
  }

  /** Windows of one size, a whole number of slides long; see {@link Window.Sliding}. */
  public static Windows sliding(Duration size, Duration slide) {
    return new Windows(lateness -> new Window.Sliding(size, slide, lateness));
  }

  /** Days of a zone, which have 23 or 25 hours when its clocks change. */
  public static Windows daily(ZoneId zone) {
    return new Windows(lateness -> new Calendar(Unit.DAY, zone, lateness));
  }

  /** Weeks of a zone, Monday to Monday. */
  public static Windows weekly(ZoneId zone) {
    return new Windows(lateness -> new Calendar(Unit.WEEK, zone, lateness));
  }

  /** Months of a zone. */
  public static Windows monthly(ZoneId zone) {
    return new Windows(lateness -> new Calendar(Unit.MONTH, zone, lateness));
  }

  /** Returns the window whose calls are counted until the watermark is that far past its end. */
  public Window allowingLateness(Duration lateness) {
    return withLateness.apply(lateness);
  }

  /** Returns the window whose calls are late as soon as the watermark has reached its end. */
  public Window withoutLateness() {
    return withLateness.apply(Duration.ZERO);
  }
}
