package io.callstream.internal.sink;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Column;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
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
    for (Column column : statistic.typedColumns()) {
      cells.add(row.value(column).map(value -> text(column, value)).orElse(""));
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
  private String text(Column column, Object value) {
    if (value instanceof Instant moment) {
      return text(moment);
    }
    if (value instanceof Double number) {
      return isShare(statistic, column) ? rounded(number, DECIMALS) : exact(number);
    }
    return value instanceof BigDecimal number ? number.toPlainString() : value.toString();
  }

  /** Returns whether a column has shares, which are from 0 to 1. */
  static boolean isShare(Statistic statistic, Column column) {
    return column.role() == Column.Role.MEASURE
        && statistic.measures().get(column.index()) instanceof Measure.Share;
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

  /**
   * Formats a value for people: whole numbers and decimal numbers with thousands separators.
   *
   * @param decimals the decimals of other numbers
   */
  public static String readable(Object value, int decimals) {
    if (value instanceof Long number) {
      return String.format(Locale.ROOT, "%,d", number);
    }
    if (value instanceof BigDecimal number) {
      return String.format(Locale.ROOT, "%,." + number.scale() + "f", number);
    }
    return value instanceof Double number ? rounded(number, decimals) : value.toString();
  }

  /**
   * Returns a key of fixed length for the dimensions of a row: 64 hexadecimal digits, the SHA-256
   * of the lengths and UTF-8 bytes of their texts. Rows have equal keys if and only if their
   * dimensions are equal.
   */
  public static String key(ResultRow row) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String dimension : row.dimensions()) {
        byte[] text = dimension.getBytes(UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(text.length).array());
        digest.update(text);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
