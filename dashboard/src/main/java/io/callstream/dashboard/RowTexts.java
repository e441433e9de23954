package io.callstream.dashboard;

import io.callstream.internal.sink.RowFormatter;
import io.callstream.pipeline.ResultRow;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Formats result rows as the texts of a table. Times are in a given zone, with its offset. */
final class RowTexts {
  private static final int MAX_CHARACTERS = 100;
  private static final int DECIMALS = 3;

  private final DateTimeFormatter times;

  RowTexts(ZoneId zone) {
    this.times = DateTimeFormatter.ISO_OFFSET_DATE_TIME.withZone(zone);
  }

  /** Returns one text for each column. */
  List<String> of(ResultRow row) {
    return row.columns().stream().map(value -> shortened(text(value))).toList();
  }

  private String text(@Nullable Object value) {
    if (value == null) {
      return "";
    }
    if (value instanceof Instant time) {
      return times.format(time);
    }
    if (value instanceof Duration duration) {
      return Formats.duration(duration);
    }
    if (value instanceof Long number) {
      return String.format(Locale.ROOT, "%,d", number);
    }
    if (value instanceof Double fraction) {
      return RowFormatter.rounded(fraction, DECIMALS);
    }
    if (value instanceof BigDecimal number) {
      return String.format(Locale.ROOT, "%,." + number.scale() + "f", number);
    }
    return value.toString();
  }

  /** Returns a text with at most {@value #MAX_CHARACTERS} characters. */
  static String shortened(String text) {
    return text.codePointCount(0, text.length()) <= MAX_CHARACTERS
        ? text
        : text.substring(0, text.offsetByCodePoints(0, MAX_CHARACTERS - 1)) + "…";
  }
}
