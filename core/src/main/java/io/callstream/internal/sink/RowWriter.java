package io.callstream.internal.sink;

import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the rows of a statistic as JSON objects with one field for each column. Thread-safe. */
public final class RowWriter {
  private final List<String> names;
  private final DateTimeFormatter times;

  public RowWriter(Statistic statistic, ZoneId zone) {
    this.names = statistic.columns();
    this.times = RowFormatter.times(zone);
  }

  /** Writes a row. A measure without data is null. */
  public void write(JsonGenerator json, ResultRow row) throws IOException {
    List<@Nullable Object> values = row.columns();
    json.writeStartObject();
    for (int i = 0; i < values.size(); i++) {
      Object value = values.get(i);
      json.writeObjectField(
          names.get(i), value instanceof Instant time ? times.format(time) : value);
    }
    json.writeEndObject();
  }
}
