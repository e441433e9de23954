package io.callstream.internal.aggregate;

import io.callstream.statistic.Window;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.Period;
import java.time.ZoneId;
import java.time.temporal.TemporalAdjusters;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;

/**
 * Computes the windows that contain an event time, in milliseconds since the epoch. For sessions,
 * this is the window of a call alone, which decides whether the call is late. Not thread-safe,
 * because it caches the last calendar window.
 */
public final class WindowAssigner {
  private static final long HOUR = Duration.ofHours(1).toMillis();

  private final Window window;
  private final long latenessMillis;

  /**
   * The distance between two starts, and the length of a window; 0 for calendar windows. The
   * session of a single call starts at any millisecond.
   */
  private final long slide;

  private final long size;
  private long start = Long.MAX_VALUE;
  private long end = Long.MIN_VALUE;

  public WindowAssigner(Window window) {
    this.window = window;
    this.latenessMillis = window.allowedLateness().toMillis();
    if (window instanceof Window.Tumbling tumbling) {
      size = tumbling.size().toMillis();
      slide = size;
    } else if (window instanceof Window.Sliding sliding) {
      size = sliding.size().toMillis();
      slide = sliding.slide().toMillis();
    } else if (window instanceof Window.Session session) {
      size = session.gap().toMillis();
      slide = 1;
    } else {
      size = 0;
      slide = 0;
    }
  }

  /** Returns the latest start of a window that contains the time. */
  public long lastStart(long time) {
    if (slide > 0) {
      return time - Math.floorMod(time, slide);
    }
    if (time < start || time >= end) {
      find((Window.Calendar) window, time);
    }
    return start;
  }

  /** Returns the distance between overlapping windows; 0 if they do not overlap. */
  long slide() {
    return window instanceof Window.Sliding ? slide : 0;
  }

  public long end(long windowStart) {
    if (size > 0) {
      return windowStart + size;
    }
    if (windowStart != start) {
      find((Window.Calendar) window, windowStart);
    }
    return end;
  }

  /** Returns the watermark at which the window closes. From then on, it accepts no calls. */
  public long closesAt(long windowStart) {
    return end(windowStart) + latenessMillis;
  }

  /** Returns a time so that exactly the windows that start before it are closed at a watermark. */
  public long firstOpen(long watermark) {
    // Before the first watermark, it has the least number.
    if (watermark < Long.MIN_VALUE / 2) {
      return Long.MIN_VALUE;
    }
    long ended = watermark - latenessMillis;
    return size > 0 ? ended - size + 1 : lastStart(ended);
  }

  private void find(Window.Calendar calendar, long time) {
    ZoneId zone = calendar.zone();
    LocalDate day = LocalDate.ofInstant(Instant.ofEpochMilli(time), zone);
    switch (calendar.unit()) {
      case HOUR -> findHour(time, zone.getRules());
      case DAY -> findDays(time, day, Period.ofDays(1), zone);
      case WEEK -> {
        LocalDate monday = day.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
        findDays(time, monday, Period.ofWeeks(1), zone);
      }
      case MONTH -> findDays(time, day.withDayOfMonth(1), Period.ofMonths(1), zone);
    }
  }

  private void findHour(long time, ZoneRules rules) {
    Instant instant = Instant.ofEpochMilli(time);
    long offset = rules.getOffset(instant).getTotalSeconds() * 1_000L;
    start = time - Math.floorMod(time + offset, HOUR);
    end = start + HOUR;
    ZoneOffsetTransition last = rules.previousTransition(instant.plusMillis(1));
    if (last != null) {
      start = Math.max(start, last.toEpochSecond() * 1_000);
    }
    ZoneOffsetTransition next = rules.nextTransition(instant);
    if (next != null) {
      end = Math.min(end, next.toEpochSecond() * 1_000);
    }
  }

  private void findDays(long time, LocalDate firstDay, Period length, ZoneId zone) {
    LocalDate first = firstDay;
    start = start(first, zone);
    end = start(first.plus(length), zone);
    // If clocks go back across midnight, a part of a day repeats after the next day has started.
    while (end <= time) {
      first = first.plus(length);
      start = end;
      end = start(first.plus(length), zone);
    }
  }

  private static long start(LocalDate day, ZoneId zone) {
    return day.atStartOfDay(zone).toInstant().toEpochMilli();
  }
}
