package io.callstream.dashboard;

import io.callstream.statistic.Column;
import java.text.NumberFormat;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Formats numbers and times for the report. */
final class Formats {
  /** The text for a missing value. */
  static final String NONE = "–";

  static final DateTimeFormatter MINUTE = pattern("EEE d MMM yyyy HH:mm");

  private static final DateTimeFormatter ZONED = pattern("EEE d MMM yyyy HH:mm zzz");

  private static final int HALF_A_SECOND = 500;

  private Formats() {}

  static DateTimeFormatter pattern(String pattern) {
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH);
  }

  static String text(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  /** Returns a time with the short name of the zone, such as PST, or its offset. */
  static String time(Instant time, ZoneId zone) {
    return ZONED.withZone(zone).format(time);
  }

  /** Returns the name of a column in words. */
  static String words(Column column) {
    return words(
        switch (column.role()) {
          case WINDOW -> column.name().replaceFirst("^window_", "");
          case MEASURE -> column.name().replaceFirst("_p(\\d\\d)$", " ($1 %)");
          case DIMENSION, DESCRIPTION -> column.name();
        });
  }

  /** Returns the name of a statistic in words. */
  static String words(String name) {
    String words = name.replaceAll("[-_]", " ");
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }

  static String number(long number) {
    return text("%,d", number);
  }

  /** Returns a count in about four characters, such as 9999, 12K and 1.2M. */
  static String compact(long count) {
    if (count < 10_000) {
      return Long.toString(count);
    }
    NumberFormat compact =
        NumberFormat.getCompactNumberInstance(Locale.US, NumberFormat.Style.SHORT);
    compact.setMaximumFractionDigits(Long.toString(count).length() % 3 == 1 ? 1 : 0);
    return compact.format(count);
  }

  /** Returns a mean that may be small. */
  static String few(double mean) {
    return mean < 0.05 ? "under 0.1" : text(mean < 10 ? "%.1f" : "%,.0f", mean);
  }

  static String rate(double perSecond) {
    return Double.isFinite(perSecond) ? text("%,.0f", perSecond) : NONE;
  }

  static String percent(double fraction) {
    return text("%.1f %%", fraction * 100);
  }

  static String milliseconds(Duration duration) {
    return number(duration.toMillis()) + " ms";
  }

  /** Returns a duration in its two largest units, such as 7 min 40 s. */
  static String duration(Duration duration) {
    Duration size = duration.abs();
    String sign = duration.isNegative() ? "-" : "";
    if (size.toSeconds() == 0) {
      return sign + milliseconds(size);
    }
    size = size.plusMillis(HALF_A_SECOND);
    List<String> parts =
        Stream.of(
                part(size.toDays(), "d"),
                part(size.toHoursPart(), "h"),
                part(size.toMinutesPart(), "min"),
                part(size.toSecondsPart(), "s"))
            .dropWhile(String::isEmpty)
            .limit(2)
            .filter(part -> !part.isEmpty())
            .toList();
    return sign + String.join(" ", parts);
  }

  private static String part(long number, String unit) {
    return number == 0 ? "" : number(number) + " " + unit;
  }
}
