package io.callstream.examples.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.sink.Columns;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a run came to as a JSON object in one line. */
final class ResultsJson {
  private static final JsonFactory JSON =
      new JsonFactory().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);

  private ResultsJson() {}

  /**
   * Writes it.
   *
   * @param top how many rows of each statistic, those with the highest counts; all, in the order of
   *     the files, if it is empty
   * @param output where the files are, or null
   */
  static void write(
      PrintStream out, RunningPipeline running, OptionalInt top, @Nullable Path output) {
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeObjectFieldStart("statistics");
      for (Statistic statistic : running.pipeline().statistics()) {
        json.writeFieldName(statistic.name());
        write(json, running.results(statistic.name()), top, running.pipeline().format().zone());
      }
      json.writeEndObject();
      json.writeFieldName("accounting");
      json.writeRawValue(running.accounting().toJson());
      json.writeStringField(
          "output", output == null ? null : output.toAbsolutePath().normalize().toString());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    out.println();
  }

  private static void write(JsonGenerator json, Results results, OptionalInt top, ZoneId zone)
      throws IOException {
    Columns columns = Columns.of(results.statistic());
    DateTimeFormatter times = DateTimeFormatter.ISO_OFFSET_DATE_TIME.withZone(zone);
    json.writeStartArray();
    try (Stream<ResultRow> rows =
        top.isPresent() ? results.top(top.getAsInt()).stream() : results.stream()) {
      for (ResultRow row : (Iterable<ResultRow>) rows::iterator) {
        List<@Nullable Object> values = columns.values(row);
        json.writeStartObject();
        for (int c = 0; c < values.size(); c++) {
          json.writeFieldName(columns.list().get(c).name());
          Object value = values.get(c);
          if (value instanceof Instant time) {
            json.writeString(times.format(time));
          } else if (value instanceof Long number) {
            json.writeNumber(number);
          } else if (value instanceof Double number) {
            json.writeNumber(number);
          } else {
            json.writeString((String) value);
          }
        }
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }
}
