package io.callstream.internal.sink;

import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.progress.Progress;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests for statistics and their rows in JSON, for any web server. {@code
 * docs/dashboard.md} describes the requests. Thread-safe.
 */
public final class StatisticsApi {
  /** The number of rows if a request does not specify it. */
  public static final int DEFAULT_ROWS = 100;

  /** The maximum of the parameter {@code top}. */
  public static final int MAX_TOP = 10_000;

  private static final int MAX_NAME = 40;

  private final RunningPipeline running;

  public StatisticsApi(RunningPipeline running) {
    this.running = running;
  }

  /** Writes the JSON of an answer. */
  @FunctionalInterface
  public interface Body {
    void writeTo(JsonGenerator json) throws IOException;
  }

  /**
   * An answer.
   *
   * @param status the HTTP status
   * @param isBounded whether the body is small enough for memory
   */
  public record Answer(int status, boolean isBounded, Body body) {
    private static Answer error(int status, String message) {
      return new Answer(
          status,
          true,
          json -> {
            json.writeStartObject();
            json.writeStringField("error", message);
            json.writeEndObject();
          });
    }
  }

  /** Returns the names and columns of the statistics. */
  public Answer statistics() {
    return new Answer(
        200,
        true,
        json -> {
          json.writeStartObject();
          json.writeArrayFieldStart("statistics");
          for (Statistic statistic : running.pipeline().statistics()) {
            write(json, statistic);
          }
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  /** Writes from where a statistic counts, as a JSON object. */
  public static void write(JsonGenerator json, CountedSince since) throws IOException {
    json.writeStartObject();
    json.writeNumberField("batch", since.batch());
    json.writeStringField("time", since.time().toString());
    json.writeObjectFieldStart("offsets");
    for (Map.Entry<Integer, Long> offset : since.offsets().entrySet()) {
      json.writeNumberField(offset.getKey().toString(), offset.getValue());
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private void write(JsonGenerator json, Statistic statistic) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", statistic.name());
    json.writeArrayFieldStart("columns");
    for (String column : statistic.columns()) {
      json.writeString(column);
    }
    json.writeEndArray();
    Optional<CountedSince> since = running.results(statistic.name()).countedSince();
    if (since.isPresent()) {
      json.writeFieldName("countedSince");
      write(json, since.get());
    }
    json.writeEndObject();
  }

  /**
   * Returns the value of each parameter of a request.
   *
   * @param parameters the values of each parameter
   * @throws IllegalArgumentException with a message for the client if a parameter has several
   */
  public static Map<String, String> single(Map<String, List<String>> parameters) {
    Map<String, String> single = new LinkedHashMap<>();
    parameters.forEach(
        (name, values) -> {
          if (values.size() > 1) {
            throw new IllegalArgumentException(
                "The parameter %s occurs %s times; it must occur once."
                    .formatted(TerminalText.cut(name, MAX_NAME), values.size()));
          }
          single.put(name, values.get(0));
        });
    return single;
  }

  /**
   * Returns rows of a statistic.
   *
   * @param parameters the values of each parameter of the request
   * @param afterMaxTop is called after each {@value #MAX_TOP} rows
   */
  public Answer rows(String name, Map<String, List<String>> parameters, Runnable afterMaxTop) {
    if (running.pipeline().statistics().stream().noneMatch(s -> s.name().equals(name))) {
      return Answer.error(
          404,
          "There is no statistic with this name. The names are "
              + running.pipeline().statistics().stream()
                  .map(Statistic::name)
                  .collect(Collectors.joining(", "))
              + ".");
    }
    Optional<Integer> top;
    Optional<Instant> window;
    Map<String, String> unknown;
    try {
      unknown = single(parameters);
    } catch (IllegalArgumentException e) {
      return Answer.error(400, String.valueOf(e.getMessage()));
    }
    try {
      window = window(unknown.remove("window"));
      top = top(unknown.remove("top"), window.isPresent());
      if (!unknown.isEmpty()) {
        return Answer.error(400, "A parameter is unknown. The parameters are top and window.");
      }
    } catch (IllegalArgumentException | DateTimeException e) {
      return Answer.error(
          400,
          "A parameter has a wrong value. top is an integer from 0 to "
              + MAX_TOP
              + " or all. window is the start of a window, such as 2018-11-04T01:00:00-07:00.");
    }
    // Read the batch first: rows may belong to a later batch, but never to an earlier one.
    long batch = running.progress().map(Progress::batch).orElse(-1L);
    Results results = running.results(name);
    long totalRows = results.size();
    Stream<ResultRow> selected;
    if (window.isPresent()) {
      List<ResultRow> rows = results.window(window.get());
      if (rows.isEmpty()) {
        Optional<String> error = windowError(results.statistic(), window.get());
        if (error.isPresent()) {
          return Answer.error(400, error.get());
        }
      }
      totalRows = rows.size();
      selected = rows.stream().limit(top.orElse(Integer.MAX_VALUE));
    } else {
      try {
        selected = top.isPresent() ? results.top(top.get()).stream() : results.stream();
      } catch (IllegalArgumentException e) {
        return Answer.error(400, String.valueOf(e.getMessage())); // Fewer rows are here.
      }
    }
    long size = totalRows;
    return new Answer(
        200,
        top.isPresent(),
        json -> {
          json.writeStartObject();
          json.writeStringField("statistic", name);
          json.writeNumberField("batch", batch);
          json.writeNumberField("totalRows", size);
          json.writeArrayFieldStart("rows");
          write(json, results.statistic(), selected, afterMaxTop);
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  /** Returns why a statistic cannot have a window that starts at a time. */
  private Optional<String> windowError(Statistic statistic, Instant start) {
    if (statistic.window().isEmpty()) {
      return Optional.of(
          "The statistic %s has no windows. Leave out the parameter window."
              .formatted(statistic.name()));
    }
    Instant last;
    try {
      long millis = new WindowAssigner(statistic.window().get()).lastStart(start.toEpochMilli());
      last = Instant.ofEpochMilli(millis);
    } catch (ArithmeticException e) {
      return Optional.empty(); // The time is outside the years that a call can have.
    }
    DateTimeFormatter times = RowFormatter.times(running.pipeline().format().zone());
    return last.equals(start)
        ? Optional.empty()
        : Optional.of(
            "No window of the statistic %s starts at %s. The window of this time starts at %s."
                .formatted(statistic.name(), times.format(start), times.format(last)));
  }

  private void write(
      JsonGenerator json, Statistic statistic, Stream<ResultRow> rows, Runnable afterMaxTop)
      throws IOException {
    RowFormatter writer = new RowFormatter(statistic, running.pipeline().format().zone());
    int written = 0;
    for (Iterator<ResultRow> each = rows.iterator(); each.hasNext(); ) {
      writer.write(json, each.next());
      if (++written % MAX_TOP == 0) {
        afterMaxTop.run();
      }
    }
  }

  /** Returns the requested number of rows; empty for all, which is the default for a window. */
  private static Optional<Integer> top(@Nullable String text, boolean hasWindow) {
    if (text == null ? hasWindow : text.equals("all")) {
      return Optional.empty();
    }
    int top = text == null ? DEFAULT_ROWS : Integer.parseInt(text);
    if (top < 0 || top > MAX_TOP) {
      throw new IllegalArgumentException("out of bounds");
    }
    return Optional.of(top);
  }

  private static Optional<Instant> window(@Nullable String text) {
    // Decoding has turned an unencoded plus sign into a space.
    return Optional.ofNullable(text)
        .map(time -> OffsetDateTime.parse(time.replace(' ', '+')).toInstant());
  }
}
