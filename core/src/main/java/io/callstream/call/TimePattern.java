package io.callstream.call;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The forms of a time in records. Immutable and thread-safe.
 *
 * @param iso whether a time may be {@code yyyy-MM-ddTHH:mm[:ss[.fraction]][offset]}
 * @param portal whether it may be that of the CSV exports of open data portals
 * @param unit the milliseconds of the units since the epoch that a number counts; 0 if a number is
 *     not a time
 * @param others other forms
 */
record TimePattern(boolean iso, boolean portal, int unit, List<DateTimeFormatter> others) {
  static final String ISO = "iso";
  static final String PORTAL = "M/d/yyyy h:mm[:ss] a";
  private static final String SECONDS = "epoch-seconds";
  private static final String MILLIS = "epoch-millis";

  private static final DateTimeFormatter WALL_CLOCK =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS");

  /**
   * Returns the forms with these patterns; {@link #ISO} if there are none.
   *
   * @throws IllegalArgumentException if a pattern is not valid, or if there are both units of the
   *     epoch
   */
  static TimePattern of(List<String> patterns) {
    List<DateTimeFormatter> others = new ArrayList<>();
    for (String pattern : patterns) {
      if (!List.of(ISO, PORTAL, SECONDS, MILLIS).contains(pattern)) {
        others.add(formatter(pattern));
      }
    }
    if (patterns.contains(SECONDS) && patterns.contains(MILLIS)) {
      throw new IllegalArgumentException(
          "A time cannot be both epoch-seconds and epoch-millis; choose one");
    }
    return new TimePattern(
        patterns.isEmpty() || patterns.contains(ISO),
        patterns.contains(PORTAL),
        patterns.contains(SECONDS) ? 1_000 : patterns.contains(MILLIS) ? 1 : 0,
        List.copyOf(others));
  }

  private static DateTimeFormatter formatter(String pattern) {
    try {
      return new DateTimeFormatterBuilder()
          .parseCaseInsensitive()
          .appendPattern(pattern)
          .toFormatter(Locale.ENGLISH);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'%s' is not a pattern of times (%s); give iso, epoch-seconds, epoch-millis, or a pattern such as MM/dd/yyyy HH:mm"
              .formatted(pattern, e.getMessage()),
          e);
    }
  }

  /**
   * Returns a time as text or a number, of the first form that can have every time. A wall-clock
   * time has its offset only if it occurs twice and is not ambiguous.
   */
  Object write(Instant instant, ZoneId zone, boolean ambiguous) {
    if (unit > 0 && !iso) {
      return Math.floorDiv(instant.toEpochMilli(), unit);
    }
    OffsetDateTime time = instant.atZone(zone).toOffsetDateTime();
    if (!iso && !others.isEmpty()) {
      return others.get(0).format(time);
    }
    boolean twice = zone.getRules().getValidOffsets(time.toLocalDateTime()).size() > 1;
    return twice && !ambiguous
        ? WALL_CLOCK.format(time) + time.getOffset()
        : WALL_CLOCK.format(time);
  }
}
