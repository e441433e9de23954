package io.callstream.examples.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.internal.sink.RowFormatter;
import io.callstream.internal.sink.StatisticsApi;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes results as a JSON object on one line. */
final class ResultsJson {
  private static final JsonFactory JSON =
      new JsonFactory().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);

  private ResultsJson() {}

  /**
   * Writes the results and the accounting.
   *
   * @param top the number of rows of each statistic, highest counts first; if empty, all rows in
   *     the order of the CSV files
   * @param output the directory of the result files; null without files
   */
  static void write(PrintStream out, FinalResults counted, OptionalInt top, @Nullable Path output) {
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeObjectFieldStart("statistics");
      for (Statistic statistic : counted.pipeline().statistics()) {
        json.writeFieldName(statistic.name());
        write(
            json,
            counted.results().apply(statistic.name()),
            top,
            counted.pipeline().format().zone());
      }
      json.writeEndObject();
      writeStarts(json, counted);
      if (counted.part().isPresent()) {
        json.writeStringField("part", counted.part().get().toString());
      }
      json.writeFieldName("accounting");
      json.writeRawValue(counted.accounting().toJson());
      json.writeStringField(
          "output", output == null ? null : output.toAbsolutePath().normalize().toString());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    out.println();
  }

  /** Writes from where statistics count that were added to the pipeline later, if there are any. */
  private static void writeStarts(JsonGenerator json, FinalResults counted) throws IOException {
    Map<String, CountedSince> starts = new LinkedHashMap<>();
    for (Statistic statistic : counted.pipeline().statistics()) {
      counted
          .results()
          .apply(statistic.name())
          .countedSince()
          .ifPresent(since -> starts.put(statistic.name(), since));
    }
    if (starts.isEmpty()) {
      return;
    }
    json.writeObjectFieldStart("countedSince");
    for (Map.Entry<String, CountedSince> start : starts.entrySet()) {
      json.writeFieldName(start.getKey());
      StatisticsApi.write(json, start.getValue());
    }
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Results results, OptionalInt top, ZoneId zone)
      throws IOException {
    RowFormatter writer = new RowFormatter(results.statistic(), zone);
    json.writeStartArray();
    try (Stream<ResultRow> rows =
        top.isPresent() ? results.top(top.getAsInt()).stream() : results.stream()) {
      for (ResultRow row : (Iterable<ResultRow>) rows::iterator) {
        writer.write(json, row);
      }
    }
    json.writeEndArray();
  }
}
