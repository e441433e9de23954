package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonGenerator;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Supervisor;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.progress.Progress;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.net.URLDecoder;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the requests that come to a dashboard. Thread-safe. */
final class Requests implements HttpHandler {
  static final int DEFAULT_ROWS = 100;

  /**
   * How many of the highest are found at most, and how many are to be read in a patience's time.
   */
  static final int MAX_TOP = 10_000;

  private static final Logger LOG = LoggerFactory.getLogger(Requests.class);

  /** How many at a time may have rows computed and sent. */
  static final int MAX_RESULTS = 2;

  private static final Set<String> METHODS = Set.of("GET", "HEAD");
  private static final String UPDATES = "/api/updates";
  private static final String STATISTICS = "/api/statistics";
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final RunningPipeline running;
  private final LiveSnapshot snapshot;
  private final UpdateStream updates;
  private final Answerers answerers;
  private final Assets assets;
  private final @Nullable Supplier<String> metrics;
  private final Hosts hosts;
  private final Semaphore resultPermits = new Semaphore(MAX_RESULTS);

  Requests(
      RunningPipeline running,
      LiveSnapshot snapshot,
      UpdateStream updates,
      Answerers answerers,
      Assets assets,
      @Nullable Supplier<String> metrics,
      Hosts hosts) {
    this.running = running;
    this.snapshot = snapshot;
    this.updates = updates;
    this.answerers = answerers;
    this.assets = assets;
    this.metrics = metrics;
    this.hosts = hosts;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    answerers.begin();
    try (exchange) {
      secure(exchange.getResponseHeaders());
      Answer refusal = refusal(exchange);
      String path = exchange.getRequestURI().getPath();
      if (refusal != null) {
        refusal.send(exchange);
      } else if (path.equals(UPDATES) && !exchange.getRequestMethod().equals("HEAD")) {
        updates.serve(exchange, snapshot.current());
      } else if (path.startsWith(STATISTICS + "/")) {
        serveResults(exchange);
      } else {
        answer(exchange).send(exchange);
      }
    } catch (RuntimeException | Error e) {
      // The server of the JDK would drop it.
      LOG.warn("The dashboard could not answer to the end", e);
      throw e;
    }
  }

  private void serveResults(HttpExchange exchange) throws IOException {
    if (!resultPermits.tryAcquire()) {
      exchange.getResponseHeaders().set("Retry-After", "1");
      Answer.error(503, "Others are being answered. Try again in a second.").send(exchange);
      return;
    }
    try {
      answer(exchange).send(exchange);
    } finally {
      resultPermits.release();
    }
  }

  private static void secure(Headers headers) {
    headers.set("Content-Security-Policy", POLICY);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    headers.set("Cache-Control", "no-store");
  }

  private @Nullable Answer refusal(HttpExchange exchange) {
    Headers headers = exchange.getRequestHeaders();
    if (!hosts.allow(headers.getFirst("Host"))) {
      return Answer.text(
          421,
          "This dashboard does not answer to that name. Ask for "
              + hosts
              + ", or start it with the name: --host-name, or answeringTo in a program.");
    }
    if (!METHODS.contains(exchange.getRequestMethod())) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      return Answer.text(405, "Only GET and HEAD are answered.");
    }
    // A foreign page may link to the page, but has no business with what is behind it.
    boolean isLink =
        exchange.getRequestURI().getPath().equals("/")
            && "navigate".equals(headers.getFirst("Sec-Fetch-Mode"))
            && "document".equals(headers.getFirst("Sec-Fetch-Dest"));
    if ("cross-site".equals(headers.getFirst("Sec-Fetch-Site")) && !isLink) {
      return Answer.text(403, "Other sites may not read this.");
    }
    return null;
  }

  private Answer answer(HttpExchange exchange) {
    try {
      return route(exchange);
    } catch (RuntimeException e) {
      LOG.warn("The dashboard could not answer", e);
      return Answer.error(500, "This could not be answered; the log of the program says why.");
    }
  }

  private Answer route(HttpExchange exchange) {
    String path = exchange.getRequestURI().getPath();
    return switch (path) {
      case UPDATES -> new Answer(200, UpdateStream.TYPE, new byte[0]);
      case "/api/progress" -> progress();
      case "/api/snapshot" -> Answer.json(200, snapshot.current().json());
      case STATISTICS -> names();
      case "/health/live" -> health(running.state() != State.FAILED);
      case "/health/ready" -> health(isReading());
      case "/metrics" -> metrics();
      default ->
          path.startsWith(STATISTICS + "/")
              ? results(
                  path.substring(STATISTICS.length() + 1), exchange.getRequestURI().getRawQuery())
              : assets.find(path).orElseGet(() -> Answer.text(404, "There is nothing here."));
    };
  }

  /** Between two runs, a supervisor is alive, and nothing is read. */
  private boolean isReading() {
    RunningPipeline run = running instanceof Supervisor s ? s.current() : running;
    return running.state() == State.RUNNING && run.state() == State.RUNNING;
  }

  private Answer metrics() {
    return metrics == null
        ? Answer.text(404, "No metrics: the program that shows this dashboard gave it none.")
        : new Answer(
            200, "text/plain; version=0.0.4; charset=utf-8", metrics.get().getBytes(UTF_8));
  }

  private Answer health(boolean up) {
    return Answer.json(
        up ? 200 : 503,
        SnapshotJson.object(
            json -> {
              json.writeStringField("status", up ? "UP" : "DOWN");
              json.writeStringField("state", running.state().name());
            }));
  }

  private Answer progress() {
    Snapshot now = snapshot.run();
    return Answer.json(200, SnapshotJson.object(json -> SnapshotJson.writeRun(json, now)));
  }

  private Answer names() {
    return Answer.json(
        200,
        SnapshotJson.object(
            json -> {
              json.writeArrayFieldStart("statistics");
              for (Statistic statistic : running.pipeline().statistics()) {
                json.writeStartObject();
                json.writeStringField("name", statistic.name());
                json.writeArrayFieldStart("columns");
                for (String column : statistic.columns()) {
                  json.writeString(column);
                }
                json.writeEndArray();
                json.writeEndObject();
              }
              json.writeEndArray();
            }));
  }

  private Answer results(String name, @Nullable String query) {
    if (running.pipeline().statistics().stream().noneMatch(s -> s.name().equals(name))) {
      return Answer.error(
          404,
          "There is no statistic of that name; the names are "
              + running.pipeline().statistics().stream()
                  .map(Statistic::name)
                  .collect(Collectors.joining(", "))
              + ".");
    }
    Optional<Integer> top;
    Optional<Instant> window;
    try {
      Map<String, String> parameters = parameters(query == null ? "" : query);
      window = window(parameters.remove("window"));
      top = top(parameters.remove("top"), window.isPresent());
      if (!parameters.isEmpty()) {
        return Answer.error(400, "The parameters are top and window.");
      }
    } catch (IllegalArgumentException | DateTimeException e) {
      return Answer.error(
          400,
          "top is a whole number from 0 to "
              + MAX_TOP
              + " or all, window the start of a window, such as 2018-11-04T01:00:00-07:00.");
    }
    // The batch first: rows may be of a later one, but never of one before.
    long batch = running.progress().map(Progress::batch).orElse(-1L);
    Results results = running.results(name);
    SnapshotJson.Body body;
    if (window.isPresent()) {
      List<ResultRow> rows = results.window(window.get());
      Stream<ResultRow> wanted = rows.stream().limit(top.orElse(Integer.MAX_VALUE));
      body = json -> write(json, results.statistic(), batch, rows.size(), wanted);
    } else {
      Stream<ResultRow> wanted =
          top.isPresent() ? results.top(top.get()).stream() : results.stream();
      body = json -> write(json, results.statistic(), batch, results.size(), wanted);
    }
    // So few rows are made first: if one of them fails, there is still a status to tell it by.
    return top.isPresent()
        ? Answer.json(200, SnapshotJson.object(body))
        : Answer.json(200, out -> SnapshotJson.writeObject(out, body));
  }

  /** Writes rows as they are made. Whoever reads all has the patience's time for each 10,000. */
  private void write(
      JsonGenerator json, Statistic statistic, long batch, long totalRows, Stream<ResultRow> rows)
      throws IOException {
    json.writeStringField("statistic", statistic.name());
    json.writeNumberField("batch", batch);
    json.writeNumberField("totalRows", totalRows);
    json.writeArrayFieldStart("rows");
    Cells cells = new Cells(statistic, running.pipeline().format().zone());
    int written = 0;
    for (Iterator<ResultRow> each = rows.iterator(); each.hasNext(); ) {
      cells.write(json, each.next());
      if (++written % MAX_TOP == 0) {
        answerers.begin();
      }
    }
    json.writeEndArray();
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (String parameter : query.split("&", -1)) {
      int equals = parameter.indexOf('=');
      if (equals > 0) {
        parameters.put(
            parameter.substring(0, equals),
            URLDecoder.decode(parameter.substring(equals + 1), UTF_8));
      } else if (!parameter.isEmpty()) {
        parameters.put(parameter, "");
      }
    }
    return parameters;
  }

  /** Returns how many rows are wanted; empty for all, as of a window if nothing is said. */
  private static Optional<Integer> top(@Nullable String text, boolean ofWindow) {
    if (text == null ? ofWindow : text.equals("all")) {
      return Optional.empty();
    }
    int top = text == null ? DEFAULT_ROWS : Integer.parseInt(text);
    if (top < 0 || top > MAX_TOP) {
      throw new IllegalArgumentException("out of bounds");
    }
    return Optional.of(top);
  }

  private static Optional<Instant> window(@Nullable String text) {
    // A plus that was not encoded is a space by now.
    return Optional.ofNullable(text)
        .map(time -> OffsetDateTime.parse(time.replace(' ', '+')).toInstant());
  }
}
