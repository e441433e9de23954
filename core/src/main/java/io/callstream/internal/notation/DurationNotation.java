package io.callstream.internal.notation;

import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads durations in the usual notation ({@code 500ms}, {@code 1h30m}) or in ISO-8601. */
public final class DurationNotation {
  private static final Pattern PART = Pattern.compile("([0-9]{1,12})(ms|s|m|h|d)");
  private static final Pattern WHOLE = Pattern.compile("(" + PART.pattern() + ")+");

  /** A duration in the format of {@link Duration#toString}. */
  private static final Pattern ISO =
      Pattern.compile("\\bPT(-?[0-9]+H)?(-?[0-9]+M)?(-?[0-9.]+S)?(?<!T)\\b");

  private DurationNotation() {}

  /**
   * Returns the duration that a text means.
   *
   * @throws IllegalArgumentException if it is not a duration
   */
  public static Duration parse(String value) {
    String text = value.trim().toLowerCase(Locale.ROOT);
    try {
      if (text.startsWith("p")) {
        return Duration.parse(text);
      }
      if (text.equals("0")) {
        return Duration.ZERO;
      }
      if (WHOLE.matcher(text).matches()) {
        return sum(text);
      }
    } catch (DateTimeException | ArithmeticException e) {
      throw noDuration(value);
    }
    throw noDuration(value);
  }

  private static Duration sum(String text) {
    Duration sum = Duration.ZERO;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      long number = Long.parseLong(part.group(1));
      sum =
          sum.plus(
              switch (part.group(2)) {
                case "ms" -> Duration.ofMillis(number);
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default -> Duration.ofDays(number);
              });
    }
    return sum;
  }

  /**
   * Returns a text in which ISO-8601 durations are replaced by the notation that {@link #parse}
   * reads.
   */
  public static String rewrite(String text) {
    return ISO.matcher(text).replaceAll(match -> write(Duration.parse(match.group())));
  }

  private static String write(Duration duration) {
    Duration size = duration.abs();
    if (size.toNanosPart() % 1_000_000 != 0) {
      return duration.toString();
    }
    StringBuilder text = new StringBuilder();
    append(text, size.toDaysPart(), "d");
    append(text, size.toHoursPart(), "h");
    append(text, size.toMinutesPart(), "m");
    append(text, size.toSecondsPart(), "s");
    append(text, size.toMillisPart(), "ms");
    return text.isEmpty() ? "0" : duration.isNegative() ? "-" + text : text.toString();
  }

  private static void append(StringBuilder text, long number, String unit) {
    if (number > 0) {
      text.append(number).append(unit);
    }
  }

  private static IllegalArgumentException noDuration(String value) {
    return new IllegalArgumentException(
        "'" + value + "' is no duration; write it like 500ms, 1s, 30m, 1h30m, 2d or PT1H");
  }
}
