package io.callstream.dashboard;

import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.sink.Columns;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The cells of result rows, for people and for machines. Times are in a zone, with its offset. */
final class Cells {
  /** How many characters of a text are shown. */
  private static final int MAX_TEXT = 100;

  private final Columns columns;
  private final DateTimeFormatter time;

  Cells(Statistic statistic, ZoneId zone) {
    this.columns = Columns.of(statistic);
    this.time = DateTimeFormatter.ISO_OFFSET_DATE_TIME.withZone(zone);
  }

  /** Returns how many calls all rows have, without making them. */
  static long calls(Results results) {
    long calls = 0;
    for (byte[] block : BlockResults.of(results).blocks().values()) {
      BlockReader groups = new BlockReader(block);
      while (groups.next()) {
        calls += groups.count();
      }
    }
    return calls;
  }

  /** Returns the beginning of a text, where somebody has sent very much of it. */
  static String clipped(String text) {
    return text.codePointCount(0, text.length()) <= MAX_TEXT
        ? text
        : text.substring(0, text.offsetByCodePoints(0, MAX_TEXT - 1)) + "…";
  }

  /** Returns the cells as people read them. */
  List<String> texts(ResultRow row) {
    return columns.values(row).stream().map(value -> clipped(text(value))).toList();
  }

  private String text(@Nullable Object value) {
    if (value == null) {
      return "";
    }
    if (value instanceof Instant moment) {
      return time.format(moment);
    }
    if (value instanceof Long number) {
      return String.format(Locale.ROOT, "%,d", number);
    }
    if (value instanceof Double fraction) {
      return new BigDecimal(fraction).setScale(3, RoundingMode.HALF_UP).toPlainString();
    }
    return value.toString();
  }

  /** Writes a row as an object with a field for each column. */
  void write(JsonGenerator json, ResultRow row) throws IOException {
    List<@Nullable Object> values = columns.values(row);
    json.writeStartObject();
    for (int i = 0; i < values.size(); i++) {
      json.writeFieldName(columns.list().get(i).name());
      Object value = values.get(i);
      if (value instanceof Long number) {
        json.writeNumber(number);
      } else if (value instanceof Double fraction) {
        json.writeNumber(fraction);
      } else if (value == null) {
        json.writeNull();
      } else {
        json.writeString(text(value));
      }
    }
    json.writeEndObject();
  }
}
