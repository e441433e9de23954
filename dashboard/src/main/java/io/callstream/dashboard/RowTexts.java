package io.callstream.dashboard;

import io.callstream.internal.sink.RowFormatter;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Column;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * Formats the result rows of a statistic as the texts of a table. Times are in a given zone, with
 * its short name, shares are in percent, and days of the week have their names.
 */
final class RowTexts {
  private static final int MAX_CHARACTERS = 100;
  private static final int DECIMALS = 3;

  private final Statistic statistic;
  private final ZoneId zone;
  private final DateTimeFormatter seconds;

  RowTexts(Statistic statistic, ZoneId zone) {
    this.statistic = statistic;
    this.zone = zone;
    this.seconds = Formats.pattern("EEE d MMM yyyy HH:mm:ss zzz").withZone(zone);
  }

  /** Returns one text for each column. */
  List<String> of(ResultRow row) {
    return statistic.typedColumns().stream()
        .map(column -> row.value(column).map(value -> shortened(text(column, value))).orElse(""))
        .toList();
  }

  private String text(Column column, Object value) {
    if (column.role() == Column.Role.DIMENSION) {
      return RowFormatter.shown(statistic.dimensions().get(column.index()), (String) value);
    }
    if (value instanceof Instant time) {
      boolean isMinute = time.equals(time.truncatedTo(ChronoUnit.MINUTES));
      return isMinute ? Formats.time(time, zone) : seconds.format(time);
    }
    if (column.role() == Column.Role.MEASURE
        && statistic.measures().get(column.index()) instanceof Measure.Share) {
      return Formats.percent((double) value);
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
