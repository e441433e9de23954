package io.callstream.internal.sink;

import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.CodeTable;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Formats result rows and times as texts for files and tables. */
public final class RowFormatter {
  private static final int DECIMALS = 6;
  private static final double MIN_PLAIN = 1e-6;
  private static final double MAX_PLAIN = 1e15;

  private final Statistic statistic;
  private final DateTimeFormatter time;

  public RowFormatter(Statistic statistic, ZoneId zone) {
    this.statistic = statistic;
    this.time = times(zone);
  }

  /** Returns the ISO-8601 format with offset: {@code 2018-11-04T01:00:00-07:00}. */
  public static DateTimeFormatter times(ZoneId zone) {
    return DateTimeFormatter.ISO_OFFSET_DATE_TIME.withZone(zone);
  }

  /** Returns the cells of a row, one for each of {@link Statistic#columns()}. */
  public List<String> cells(ResultRow row) {
    List<String> cells = new ArrayList<>();
    if (row.window().isPresent()) {
      WindowBounds window = row.window().get();
      cells.add(text(window.start()));
      cells.add(text(window.end()));
    }
    for (int i = 0; i < statistic.dimensions().size(); i++) {
      Dimension dimension = statistic.dimensions().get(i);
      String value = row.dimensions().get(i);
      cells.add(value);
      Optional<CodeTable> codes = dimension.codes();
      if (codes.isPresent()) {
        cells.add(codes.get().description(value));
      }
    }
    for (int i = 0; i < statistic.measures().size(); i++) {
      Measure measure = statistic.measures().get(i);
      cells.add(row.values().get(i).map(value -> measure(measure, value)).orElse(""));
    }
    return cells;
  }

  /** Writes a row as a JSON object with one field for each column; null without data. */
  public void write(JsonGenerator json, ResultRow row) throws IOException {
    List<String> names = statistic.columns();
    List<@Nullable Object> values = row.columns();
    json.writeStartObject();
    for (int i = 0; i < values.size(); i++) {
      Object value = values.get(i);
      json.writeFieldName(names.get(i));
      if (value instanceof BigDecimal number) {
        json.writeNumber(number.toPlainString());
      } else {
        json.writeObject(value instanceof Instant moment ? text(moment) : value);
      }
    }
    json.writeEndObject();
  }

  private String text(Instant moment) {
    return time.format(moment);
  }

  /**
   * Formats shares with six decimals, other numbers without loss, and other values as Java does.
   */
  private static String measure(Measure measure, Object value) {
    if (value instanceof Double number) {
      return measure instanceof Measure.Share ? rounded(number, DECIMALS) : exact(number);
    }
    return value instanceof BigDecimal number ? number.toPlainString() : value.toString();
  }

  /**
   * Returns a text from which the same number can be read. It has an exponent only if the number is
   * very small or very large.
   */
  private static String exact(double number) {
    double size = Math.abs(number);
    return size >= MIN_PLAIN && size < MAX_PLAIN
        ? BigDecimal.valueOf(number).toPlainString()
        : Double.toString(number);
  }

  /** Returns a value of a dimension for people. Days of the week have their names. */
  public static String shown(Dimension dimension, String value) {
    return dimension.isDayOfWeek() && !value.equals(Statistic.OTHER)
        ? DayOfWeek.of(Integer.parseInt(value)).getDisplayName(TextStyle.FULL, Locale.ENGLISH)
        : value;
  }

  /** Formats a number for people. Only very small and very large numbers have an exponent. */
  public static String rounded(double number, int decimals) {
    double size = Math.abs(number);
    return number == 0 || (size >= Math.pow(10, -decimals) && size < MAX_PLAIN)
        ? new BigDecimal(number).setScale(decimals, RoundingMode.HALF_UP).toPlainString()
        : Double.toString(number);
  }
}
