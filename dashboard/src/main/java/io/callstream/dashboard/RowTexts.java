package io.callstream.dashboard;

import io.callstream.internal.sink.RowFormatter;
import io.callstream.pipeline.ResultRow;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
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
    return value instanceof Duration duration
        ? Formats.duration(duration)
        : RowFormatter.readable(value, DECIMALS);
  }

  /** Returns a text with at most {@value #MAX_CHARACTERS} characters. */
  static String shortened(String text) {
    return text.codePointCount(0, text.length()) <= MAX_CHARACTERS
        ? text
        : text.substring(0, text.offsetByCodePoints(0, MAX_CHARACTERS - 1)) + "…";
  }
}
