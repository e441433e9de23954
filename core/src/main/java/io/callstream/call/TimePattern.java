package io.callstream.call;

import java.math.BigDecimal;
import java.text.ParsePosition;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A form of a time in records. Immutable and thread-safe.
 *
 * @param kind how the time is read
 * @param formatter the formatter of a form that {@link java.time} reads, otherwise null
 * @param isDate whether such a form has no time of day, which is then midnight
 */
record TimePattern(Kind kind, @Nullable DateTimeFormatter formatter, boolean isDate) {
  static final String ISO = "iso";
  static final String PORTAL = "M/d/yyyy h:mm[:ss] a";

  private static final ZonedDateTime SAMPLE =
      ZonedDateTime.of(2024, 3, 5, 14, 7, 9, 0, ZoneOffset.UTC);
  private static final DateTimeFormatter WALL_CLOCK =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS");
  private static final DateTimeFormatter PORTAL_CLOCK =
      DateTimeFormatter.ofPattern("MM/dd/uuuu hh:mm:ss a", Locale.ENGLISH);

  /** How a time is read. */
  enum Kind {
    /** {@code yyyy-MM-ddTHH:mm[:ss[.fraction]][offset]}. */
    ISO,
    /** As in the CSV exports of open data portals. */
    PORTAL,
    /** Seconds since the epoch, with an optional fraction. */
    SECONDS,
    /** Milliseconds since the epoch. */
    MILLIS,
    /** With a formatter of {@link java.time}. */
    OTHER
  }

  /**
   * Returns the forms with these patterns, in this order; only {@link #ISO} if there are none.
   *
   * @throws IllegalArgumentException if a pattern is not valid
   */
  static List<TimePattern> of(List<String> patterns) {
    return patterns.isEmpty()
        ? List.of(new TimePattern(Kind.ISO, null, false))
        : patterns.stream().map(TimePattern::of).toList();
  }

  private static TimePattern of(String pattern) {
    return switch (pattern) {
      case ISO -> new TimePattern(Kind.ISO, null, false);
      case PORTAL -> new TimePattern(Kind.PORTAL, null, false);
      case "epoch-seconds" -> new TimePattern(Kind.SECONDS, null, false);
      case "epoch-millis" -> new TimePattern(Kind.MILLIS, null, false);
      default -> other(pattern);
    };
  }

  private static TimePattern other(String pattern) {
    if (pattern.replaceAll("'[^']*'", "").matches(".*[zvV].*")) {
      throw new IllegalArgumentException(
          "'%s' is not a pattern of times (the name of a zone is not exact when clocks go back); give the offset of a time, such as XXX, or no zone"
              .formatted(pattern));
    }
    try {
      DateTimeFormatter formatter =
          new DateTimeFormatterBuilder()
              .parseCaseInsensitive()
              .appendPattern(pattern)
              .parseDefaulting(ChronoField.ERA, 1)
              .toFormatter(Locale.ENGLISH)
              .withResolverStyle(ResolverStyle.STRICT);
      String sample = formatter.format(SAMPLE);
      TemporalAccessor fields = formatter.parseUnresolved(sample, new ParsePosition(0));
      boolean isDate =
          Arrays.stream(ChronoField.values())
              .noneMatch(field -> field.isTimeBased() && fields.isSupported(field));
      TimePattern form = new TimePattern(Kind.OTHER, formatter, isDate);
      TemporalAccessor ignored = formatter.parse(sample, EventTimeReader.query(form));
      return form;
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IllegalArgumentException(
          ("'%s' is not a pattern of times (%s); give iso, epoch-seconds, epoch-millis, or a pattern"
                  + " with a date, such as MM/dd/yyyy HH:mm")
              .formatted(pattern, e.getMessage()),
          e);
    }
  }

  /**
   * Returns a time as text or a number of this form. A wall-clock time has its offset only if it
   * occurs twice and is not ambiguous, and the form allows it.
   */
  Object write(Instant instant, ZoneId zone, boolean ambiguous) {
    ZonedDateTime time = instant.atZone(zone);
    return switch (kind) {
      case SECONDS -> BigDecimal.valueOf(instant.toEpochMilli(), 3).stripTrailingZeros();
      case MILLIS -> instant.toEpochMilli();
      case PORTAL -> PORTAL_CLOCK.format(time);
      case OTHER -> formatter == null ? "" : formatter.format(time);
      case ISO -> {
        OffsetDateTime exact = time.toOffsetDateTime();
        boolean twice = zone.getRules().getValidOffsets(exact.toLocalDateTime()).size() > 1;
        String text = WALL_CLOCK.format(exact);
        yield twice && !ambiguous ? text + exact.getOffset() : text;
      }
    };
  }
}
