package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonGenerator;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Supervisor;
import io.callstream.internal.sink.RowFormatter;
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

/** Handles the HTTP requests of a dashboard. Thread-safe. */
final class RequestHandler implements HttpHandler {
  static final int DEFAULT_ROWS = 100;

  /** The maximum of {@code top}, and the number of rows that a time limit covers. */
  static final int MAX_TOP = 10_000;

  private static final Logger LOG = LoggerFactory.getLogger(RequestHandler.class);

  /** The maximum number of concurrent requests for rows. */
  static final int MAX_RESULTS = 2;

  private static final Set<String> METHODS = Set.of("GET", "HEAD");
  private static final Set<String> PAGES = Set.of("/", "/operations");
  private static final String UPDATES = "/api/updates";
  private static final String STATISTICS = "/api/statistics";
  private static final String SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final RunningPipeline running;
  private final Operations operations;
  private final UpdateStream updates;
  private final RequestExecutor executor;
  private final Assets assets;
  private final @Nullable Supplier<String> metrics;
  private final AllowedHosts allowedHosts;
  private final ExploreApi explore;
  private final Semaphore resultPermits = new Semaphore(MAX_RESULTS);

  RequestHandler(
      RunningPipeline running,
      Operations operations,
      UpdateStream updates,
      RequestExecutor executor,
      Assets assets,
      @Nullable Supplier<String> metrics,
      AllowedHosts allowedHosts,
      ExploreApi explore) {
    this.running = running;
    this.operations = operations;
    this.updates = updates;
    this.executor = executor;
    this.assets = assets;
    this.metrics = metrics;
    this.allowedHosts = allowedHosts;
    this.explore = explore;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    executor.startLimit();
    try (exchange) {
      setSecurityHeaders(exchange.getResponseHeaders());
      Response rejection = rejection(exchange);
      String path = exchange.getRequestURI().getPath();
      if (rejection != null) {
        rejection.send(exchange);
      } else if (path.equals(UPDATES) && !exchange.getRequestMethod().equals("HEAD")) {
        updates.serve(exchange, operations.current());
      } else if (path.startsWith(STATISTICS + "/")) {
        serveResults(exchange);
      } else {
        respond(exchange).send(exchange);
      }
    } catch (RuntimeException | Error e) {
      // The JDK's server would not log it.
      LOG.warn("The dashboard could not complete a response", e);
      throw e;
    }
  }

  private void serveResults(HttpExchange exchange) throws IOException {
    if (!resultPermits.tryAcquire()) {
      exchange.getResponseHeaders().set("Retry-After", "1");
      Response.error(
              503, MAX_RESULTS + " other requests for rows are in progress. Try again in a second.")
          .send(exchange);
      return;
    }
    try {
      respond(exchange).send(exchange);
    } finally {
      resultPermits.release();
    }
  }

  private static void setSecurityHeaders(Headers headers) {
    headers.set("Content-Security-Policy", SECURITY_POLICY);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    headers.set("Cache-Control", "no-store");
  }

  private @Nullable Response rejection(HttpExchange exchange) {
    Headers headers = exchange.getRequestHeaders();
    if (!allowedHosts.allow(headers.getFirst("Host"))) {
      return Response.text(
          421,
          "The dashboard does not accept this host name. Request "
              + allowedHosts
              + ", or start the dashboard with this name: --host-name on the command line,"
              + " answeringTo in Java.");
    }
    if (!METHODS.contains(exchange.getRequestMethod())) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      return Response.text(405, "The method is not supported. Use GET or HEAD.");
    }
    // A foreign site may link to the page, but may not use the API.
    boolean isLink =
        PAGES.contains(exchange.getRequestURI().getPath())
            && "navigate".equals(headers.getFirst("Sec-Fetch-Mode"))
            && "document".equals(headers.getFirst("Sec-Fetch-Dest"));
    if ("cross-site".equals(headers.getFirst("Sec-Fetch-Site")) && !isLink) {
      return Response.text(403, "Requests from other web sites are not allowed.");
    }
    return null;
  }

  private Response respond(HttpExchange exchange) {
    try {
      return route(exchange);
    } catch (RuntimeException e) {
      LOG.warn("The dashboard could not answer a request", e);
      return Response.error(500, "The request failed. See the log of the program.");
    }
  }

  private Response route(HttpExchange exchange) {
    String path = exchange.getRequestURI().getPath();
    return switch (path) {
      case UPDATES -> new Response(200, UpdateStream.TYPE, new byte[0]);
      case ExploreApi.PATH -> explore.respond(exchange);
      case "/api/progress" -> Response.json(200, operations.progress());
      case "/api/operations" -> Response.json(200, Json.raw(operations.current().full()));
      case STATISTICS -> statistics();
      case "/health/live" -> health(running.state() != State.FAILED);
      case "/health/ready" -> health(isReading());
      case "/metrics" -> metrics();
      default ->
          path.startsWith(STATISTICS + "/")
              ? results(
                  path.substring(STATISTICS.length() + 1), exchange.getRequestURI().getRawQuery())
              : assets.find(path).orElseGet(() -> Response.text(404, "This path does not exist."));
    };
  }

  /** Returns whether the pipeline reads records. A supervisor does not read between two runs. */
  private boolean isReading() {
    RunningPipeline run = running instanceof Supervisor s ? s.current() : running;
    return running.state() == State.RUNNING && run.state() == State.RUNNING;
  }

  private Response metrics() {
    return metrics == null
        ? Response.text(
            404,
            "There are no metrics. Give the dashboard a registry with Dashboard.Builder.metrics.")
        : new Response(
            200, "text/plain; version=0.0.4; charset=utf-8", metrics.get().getBytes(UTF_8));
  }

  private Response health(boolean up) {
    return Response.json(
        up ? 200 : 503, Json.object("status", up ? "UP" : "DOWN", "state", running.state()));
  }

  private Response statistics() {
    return Response.json(
        200,
        Json.object("statistics", Json.array(running.pipeline().statistics(), this::statistic)));
  }

  private Object statistic(Statistic statistic) {
    Map<String, @Nullable Object> object =
        Json.object("name", statistic.name(), "columns", statistic.columns());
    running
        .results(statistic.name())
        .countedSince()
        .ifPresent(since -> object.put("countedSince", Operations.since(since)));
    return object;
  }

  private Response results(String name, @Nullable String query) {
    if (running.pipeline().statistics().stream().noneMatch(s -> s.name().equals(name))) {
      return Response.error(
          404,
          "There is no statistic with this name. The names are "
              + running.pipeline().statistics().stream()
                  .map(Statistic::name)
                  .collect(Collectors.joining(", "))
              + ".");
    }
    Optional<Integer> top;
    Optional<Instant> window;
    try {
      Map<String, String> parameters = parameters(query);
      window = window(parameters.remove("window"));
      top = top(parameters.remove("top"), window.isPresent());
      if (!parameters.isEmpty()) {
        return Response.error(400, "A parameter is unknown. The parameters are top and window.");
      }
    } catch (IllegalArgumentException | DateTimeException e) {
      return Response.error(
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
      totalRows = rows.size();
      selected = rows.stream().limit(top.orElse(Integer.MAX_VALUE));
    } else {
      try {
        selected = top.isPresent() ? results.top(top.get()).stream() : results.stream();
      } catch (IllegalArgumentException e) {
        return Response.error(400, String.valueOf(e.getMessage())); // Fewer rows are here.
      }
    }
    Map<String, ?> object =
        Json.object(
            "statistic", name,
            "batch", batch,
            "totalRows", totalRows,
            "rows", (Json.Part) json -> write(json, results.statistic(), selected));
    // A limited number of rows is computed before the response starts, so that a failure still
    // gets an error status.
    return top.isPresent() ? Response.json(200, object) : Response.streamedJson(object);
  }

  /** Writes rows one by one. The time limit applies to each {@value #MAX_TOP} rows. */
  private void write(JsonGenerator json, Statistic statistic, Stream<ResultRow> rows)
      throws IOException {
    json.writeStartArray();
    RowFormatter writer = new RowFormatter(statistic, running.pipeline().format().zone());
    int written = 0;
    for (Iterator<ResultRow> each = rows.iterator(); each.hasNext(); ) {
      writer.write(json, each.next());
      if (++written % MAX_TOP == 0) {
        executor.startLimit();
      }
    }
    json.writeEndArray();
  }

  static Map<String, String> parameters(@Nullable String query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (query == null) {
      return parameters;
    }
    for (String parameter : query.split("&", -1)) {
      String[] parts = parameter.split("=", 2);
      if (!parameter.isEmpty()) {
        parameters.put(parts[0], parts.length == 1 ? "" : URLDecoder.decode(parts[1], UTF_8));
      }
    }
    return parameters;
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
