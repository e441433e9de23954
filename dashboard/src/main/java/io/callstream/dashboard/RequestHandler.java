package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.internal.sink.StatisticsApi;
import java.io.IOException;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Handles the HTTP requests of a dashboard. Thread-safe. */
final class RequestHandler implements HttpHandler {
  private static final Logger LOG = LoggerFactory.getLogger(RequestHandler.class);

  /** The maximum number of concurrent requests for rows. */
  static final int MAX_RESULTS = 2;

  private static final Set<String> METHODS = Set.of("GET", "HEAD");
  private static final Set<String> PAGES = Set.of("/", "/operations");
  private static final String API = "/api/";
  private static final String UPDATES = API + "updates";
  private static final String STATISTICS = API + "statistics";
  private static final String SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src"
          + " 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final RunningPipeline running;
  private final StatisticsApi statistics;
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
    statistics = new StatisticsApi(running);
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
      Response.busy(
              exchange,
              MAX_RESULTS + " other requests for rows are in progress. Try again in a second.")
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
      return failure(
          exchange,
          421,
          "The dashboard does not accept this host name. Request "
              + allowedHosts
              + ", or start the dashboard with this name: --host-name on the command line,"
              + " answeringTo in Java.");
    }
    if (!METHODS.contains(exchange.getRequestMethod())) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      return failure(exchange, 405, "The method is not supported. Use GET or HEAD.");
    }
    // A foreign site may link to the page, but may not use the API.
    boolean isLink =
        PAGES.contains(exchange.getRequestURI().getPath())
            && "navigate".equals(headers.getFirst("Sec-Fetch-Mode"))
            && "document".equals(headers.getFirst("Sec-Fetch-Dest"));
    if ("cross-site".equals(headers.getFirst("Sec-Fetch-Site")) && !isLink) {
      return failure(exchange, 403, "Requests from other web sites are not allowed.");
    }
    return null;
  }

  /** Returns an error: JSON for the API, and text for other paths. */
  private static Response failure(HttpExchange exchange, int status, String message) {
    return (exchange.getRequestURI().getPath() + "/").startsWith(API)
        ? Response.error(status, message)
        : Response.text(status, message);
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
      case STATISTICS -> json(statistics.statistics());
      case "/health/live" -> health(running.state() != State.FAILED);
      case "/health/ready" -> health(running.isReading());
      case "/metrics" -> metrics();
      default ->
          path.startsWith(STATISTICS + "/")
              ? rows(
                  path.substring(STATISTICS.length() + 1), exchange.getRequestURI().getRawQuery())
              : assets
                  .find(exchange)
                  .orElseGet(() -> failure(exchange, 404, "This path does not exist."));
    };
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

  /** Returns rows. The time limit applies to each {@value StatisticsApi#MAX_TOP} of them. */
  private Response rows(String name, @Nullable String query) {
    return json(statistics.rows(name, parameters(query), executor::startLimit));
  }

  /**
   * Returns a response. A small body is computed before the response starts, so that a failure
   * still gets an error status.
   */
  private static Response json(StatisticsApi.Answer answer) {
    Json.Part body = answer.body()::writeTo;
    return answer.isBounded() ? Response.json(answer.status(), body) : Response.streamedJson(body);
  }

  /** Returns the values of each parameter. The server rejects queries with a wrong encoding. */
  static Map<String, List<String>> parameters(@Nullable String query) {
    Map<String, List<String>> parameters = new LinkedHashMap<>();
    if (query == null) {
      return parameters;
    }
    for (String parameter : query.split("&", -1)) {
      String[] parts = parameter.split("=", 2);
      if (!parameter.isEmpty()) {
        parameters
            .computeIfAbsent(URLDecoder.decode(parts[0], UTF_8), name -> new ArrayList<>())
            .add(parts.length == 1 ? "" : URLDecoder.decode(parts[1], UTF_8));
      }
    }
    return parameters;
  }
}
