package io.callstream.internal.aggregate;

import io.callstream.statistic.Window;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.TemporalAdjusters;

/**
 * Computes in which windows an event time is, in milliseconds since the epoch. Not thread-safe: it
 * keeps the calendar window last used.
 */
public final class WindowAssigner {
  private final Window window;
  private final long latenessMillis;

  /** From one start to the next, and from start to end; 0 for calendar windows. */
  private final long slide;

  private final long size;
  private long start = Long.MAX_VALUE;
  private long end = Long.MIN_VALUE;

  /** Creates the assigner of a kind of windows. */
  public WindowAssigner(Window window) {
    this.window = window;
    this.latenessMillis = window.allowedLateness().toMillis();
    if (window instanceof Window.Tumbling tumbling) {
      size = tumbling.size().toMillis();
      slide = size;
    } else if (window instanceof Window.Sliding sliding) {
      size = sliding.size().toMillis();
      slide = sliding.slide().toMillis();
    } else {
      size = 0;
      slide = 0;
    }
  }

  /** Returns the start of the window that contains the time; of several the latest. */
  public long lastStart(long time) {
    if (slide > 0) {
      return time - Math.floorMod(time, slide);
    }
    if (time < start || time >= end) {
      find((Window.Calendar) window, time);
    }
    return start;
  }

  /** Returns by how much the starts of windows that overlap differ; 0 if they touch. */
  public long slide() {
    return window instanceof Window.Sliding ? slide : 0;
  }

  /** Returns the end of the window that starts at {@code windowStart}. */
  public long end(long windowStart) {
    if (size > 0) {
      return windowStart + size;
    }
    if (windowStart != start) {
      find((Window.Calendar) window, windowStart);
    }
    return end;
  }

  /** Returns the watermark from which on the window takes in no more calls. */
  public long closesAt(long windowStart) {
    return end(windowStart) + latenessMillis;
  }

  private void find(Window.Calendar calendar, long time) {
    ZoneId zone = calendar.zone();
    LocalDate day = LocalDate.ofInstant(Instant.ofEpochMilli(time), zone);
    LocalDate first =
        switch (calendar.unit()) {
          case DAY -> day;
          case WEEK -> day.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
          case MONTH -> day.withDayOfMonth(1);
        };
    start = start(first, zone);
    end = start(next(calendar, first), zone);
    // Where clocks go back across midnight, some of a day comes again after the next has begun.
    while (end <= time) {
      first = next(calendar, first);
      start = end;
      end = start(next(calendar, first), zone);
    }
  }

  private static LocalDate next(Window.Calendar calendar, LocalDate first) {
    return switch (calendar.unit()) {
      case DAY -> first.plusDays(1);
      case WEEK -> first.plusWeeks(1);
      case MONTH -> first.plusMonths(1);
    };
  }

  private static long start(LocalDate day, ZoneId zone) {
    return day.atStartOfDay(zone).toInstant().toEpochMilli();
  }
}
