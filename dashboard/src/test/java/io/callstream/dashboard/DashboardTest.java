package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.CallstreamException;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RestartPolicy;
import io.callstream.engine.RunOptions;
import io.callstream.engine.Supervisor;
import io.callstream.internal.sink.StatisticsApi;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.StabilityMonitor;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DashboardTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private WatchedRun run;
  private Dashboard dashboard;

  @BeforeEach
  void start() throws Exception {
    run = WatchedRun.standard().receive(SomeCalls.of(1_000));
    dashboard = Dashboard.of(run.running()).start(0);
  }

  @AfterEach
  void stop() {
    dashboard.close();
    run.close();
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return CLIENT.send(
        HttpRequest.newBuilder(dashboard.uri().resolve(path)).build(), BodyHandlers.ofString());
  }

  private JsonNode json(String path) throws IOException, InterruptedException {
    HttpResponse<String> response = get(path);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    return JSON.readTree(response.body());
  }

  /** Sends a request unchanged and returns the whole response. */
  private String raw(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), dashboard.uri().getPort())) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write(request.replace("\n", "\r\n").getBytes(UTF_8));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  @Test
  void isAliveButNotReadyBetweenTwoRuns(@TempDir Path directory) throws Exception {
    MemorySource source = MemorySource.withPartitions(1);
    AtomicBoolean isBroken = new AtomicBoolean();
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(
                Sinks.callback(
                    batch -> {
                      if (isBroken.get()) {
                        throw new IllegalStateException("broken");
                      }
                    }))
            .build();
    RunOptions options =
        RunOptions.continuous()
            .triggeringEvery(Duration.ZERO)
            .checkpointingTo(directory.resolve("state").toString());
    Duration delay = Duration.ofMillis(200);
    try (Supervisor supervisor =
            Supervisor.start(
                Engines.named("local"),
                pipeline,
                options,
                RestartPolicy.defaults().delaying(delay, delay).atMost(1_000));
        Dashboard dashboard = Dashboard.of(supervisor).start(0)) {
      for (Call call : SomeCalls.of(5)) {
        source.add(0, call.time(), SanFranciscoCalls.json().write(call));
      }
      WatchedRun.await("five received records", () -> supervisor.accounting().received() == 5);
      isBroken.set(true);
      source.add(0, Instant.EPOCH, null);
      WatchedRun.await("not ready", () -> status(dashboard, "/health/ready") == 503);
      assertThat(status(dashboard, "/health/live")).isEqualTo(200);
      isBroken.set(false);
      WatchedRun.await("the run after the restart", () -> supervisor.accounting().rejected() == 1);
      WatchedRun.await("ready", () -> status(dashboard, "/health/ready") == 200);
    }
  }

  @Test
  void servesTheTopRowsOfAStatistic() throws Exception {
    JsonNode answer = json("/api/statistics/calls-by-type?top=7");
    List<ResultRow> top = run.running().results("calls-by-type").top(7);
    assertThat(answer.get("rows")).hasSize(7);
    for (int i = 0; i < 7; i++) {
      JsonNode row = answer.get("rows").get(i);
      assertThat(row.get("crime_type").asText()).isEqualTo(top.get(i).dimension("crime_type"));
      assertThat(row.get("count").asLong()).isEqualTo(top.get(i).count());
    }
    assertThat(answer.get("totalRows").asInt()).isEqualTo(40);
    assertThat(answer.get("statistic").asText()).isEqualTo("calls-by-type");
    assertThat(answer.get("batch").asLong()).isZero();
  }

  @Test
  void servesTheRowsOfAWindow() throws Exception {
    int types = 2 * StatisticsApi.DEFAULT_ROWS;
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < types; i++) {
      calls.add(SomeCalls.call(5_000 + i, "Type " + i, SomeCalls.END).build());
    }
    run.receive(calls);
    String name = "/api/statistics/calls-by-type-and-disposition-hourly?window=";
    JsonNode all = json(name + "2018-11-08T23:00:00-08:00");
    assertThat(all.get("rows"))
        .hasSize(types)
        .allSatisfy(
            row -> {
              assertThat(row.get("window_start").asText()).isEqualTo("2018-11-08T23:00:00-08:00");
              assertThat(row.get("count").asLong()).isEqualTo(1);
            });
    assertThat(all.get("totalRows").asInt()).isEqualTo(types);
    JsonNode first = json(name + "2018-11-08T23:00:00-08:00&top=3");
    assertThat(first.get("rows")).hasSize(3);
    assertThat(first.get("totalRows").asInt()).isEqualTo(types);
    assertThat(json(name + "1999-01-01T00:00:00Z").get("rows")).isEmpty();
  }

  @Test
  void streamsAllRowsInTheOrderOfTheEngine() throws Exception {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 2 * StatisticsApi.MAX_TOP + 1; i++) {
      calls.add(SomeCalls.call(5_000 + i, "A", SomeCalls.START).address("place " + i).build());
    }
    run.receive(calls);
    for (String name : List.of("calls-by-location", "calls-by-type-and-disposition-hourly")) {
      HttpResponse<String> response = get("/api/statistics/" + name + "?top=all");
      assertThat(response.headers().firstValue("content-length")).isEmpty();
      JsonNode answer = JSON.readTree(response.body());
      List<ResultRow> all = run.running().results(name).rows();
      assertThat(answer.get("totalRows").asInt()).isEqualTo(all.size());
      assertThat(answer.get("rows")).hasSize(all.size());
      for (int i = 0; i < all.size(); i++) {
        JsonNode row = answer.get("rows").get(i);
        assertThat(row.get("count").asLong()).isEqualTo(all.get(i).count());
        String dimension = name.equals("calls-by-location") ? "address" : "crime_type";
        assertThat(row.get(dimension).asText()).isEqualTo(all.get(i).dimension(dimension));
      }
    }
  }

  @Test
  void leavesAnInterruptedObjectIncomplete() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThatThrownBy(
            () ->
                Json.write(
                    out,
                    Json.object(
                        "rows",
                        (Json.Part)
                            json -> {
                              json.writeStartArray();
                              json.writeNumber(1);
                              throw new IllegalStateException("no more");
                            })))
        .hasMessage("no more");
    assertThat(out.toString(UTF_8)).isEqualTo("{\"rows\":[1");
  }

  @Test
  void releasesThePortIfTheStartFails() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    assertThatThrownBy(() -> Dashboard.of(run.running()).timeLimit(null).start(port))
        .isInstanceOf(NullPointerException.class);
    try (Dashboard second = Dashboard.of(run.running()).start(port)) {
      assertThat(status(second, "/health/live")).isEqualTo(200);
    }
  }

  @Test
  void listsStatisticsWithTheirColumns() throws Exception {
    JsonNode all = json("/api/statistics").get("statistics");
    assertThat(all)
        .extracting(statistic -> statistic.get("name").asText())
        .containsExactlyElementsOf(
            run.running().pipeline().statistics().stream().map(Statistic::name).toList());
    assertThat(all)
        .filteredOn(statistic -> statistic.get("name").asText().equals("calls-by-hour-of-week"))
        .singleElement()
        .satisfies(statistic -> assertThat(statistic.get("columns")).hasSize(3));
  }

  @Test
  void servesTheLastBatchAndTheAccounting() throws Exception {
    assertThat(json("/api/progress").get("progress").get("batch").asInt()).isZero();
    run.receive("no call".getBytes(UTF_8));
    // The response is up to date, although the state of the page may be a second old.
    JsonNode progress = json("/api/progress");
    assertThat(progress.get("progress").get("batch").asInt()).isEqualTo(1);
    assertThat(progress.get("state").asText()).isEqualTo("RUNNING");
    assertThat(progress.get("accounting").toString())
        .isEqualTo(run.running().accounting().toJson());
    assertThat(progress.get("progress").toString())
        .isEqualTo(JSON.readTree(run.running().progress().get().toJson()).toString());
    assertThat(progress.get("accounting").get("rejected").asLong()).isEqualTo(1);
    assertThat(progress.get("stability").isNull()).isTrue();
  }

  @Test
  void servesTheVerdictOfTheMonitorOfThePipeline() throws Exception {
    StabilityMonitor monitor = StabilityMonitor.ofThisJvm(Duration.ofHours(1), Duration.ZERO);
    try (WatchedRun other =
            WatchedRun.of(
                pipeline ->
                    pipeline.statistic(StandardStatistics.callsByType()).listener(monitor));
        Dashboard second = Dashboard.of(other.running()).start(0)) {
      for (int i = 0; i < StabilityMonitor.MIN_BATCHES; i++) {
        other.receive(SomeCalls.of(1));
      }
      URI uri = second.uri().resolve("/api/progress");
      WatchedRun.await(
          "the verdict",
          () ->
              !JSON.readTree(
                      CLIENT
                          .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                          .body())
                  .get("stability")
                  .isNull());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-999999999-01-01T00:00:00Z",
        "%2B999999999-12-31T23:59:59.999999999Z",
        "%2B292278994-08-17T07:12:55.808Z",
        "-292275055-05-16T17:00:00Z"
      })
  void servesNoRowsForWindowsAtTheLimitsOfTime(String start) throws Exception {
    JsonNode answer = json("/api/statistics/calls-by-type-and-disposition-hourly?window=" + start);
    assertThat(answer.get("rows")).isEmpty();
    assertThat(answer.get("totalRows").asInt()).isZero();
  }

  @Test
  void rejectsWindowsThatAStatisticCannotHave() throws Exception {
    Map<String, String> errors =
        Map.of(
            "calls-by-type?window=2018-11-04T01:00:00-07:00",
            "The statistic calls-by-type has no windows. Leave out the parameter window.",
            "calls-by-type-and-disposition-hourly?window=2018-11-04T01:30:00-07:00",
            "No window of the statistic calls-by-type-and-disposition-hourly starts at"
                + " 2018-11-04T01:30:00-07:00. The window of this time starts at"
                + " 2018-11-04T01:00:00-07:00.");
    for (Map.Entry<String, String> error : errors.entrySet()) {
      HttpResponse<String> response = get("/api/statistics/" + error.getKey());
      assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
      assertThat(JSON.readTree(response.body()).get("error").asText()).isEqualTo(error.getValue());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"?top=-1", "?top=10001", "?top=many", "?top=", "?window=yesterday", "?limit=5"})
  void rejectsWrongParametersWithAnExplanation(String query) throws Exception {
    HttpResponse<String> response =
        CLIENT.send(
            HttpRequest.newBuilder(
                    URI.create(dashboard.uri() + "api/statistics/calls-by-type" + query))
                .build(),
            BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(JSON.readTree(response.body()).get("error").asText()).contains("window");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "statistics/calls-by-type?top=1&top=2",
        "explore?top=1&%74op=1&type=a",
        "explore?top&top"
      })
  void namesAParameterThatOccursTwice(String path) throws Exception {
    HttpResponse<String> response = get("/api/" + path);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(JSON.readTree(response.body()).get("error").asText())
        .isEqualTo("The parameter top occurs 2 times; it must occur once.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /api/nothing HTTP/1.1\nHost: localhost",
        "GET /api HTTP/1.1\nHost: localhost",
        "GET /api/statistics/ HTTP/1.1\nHost: localhost",
        "GET /api/statistics/x?top=1&top=1 HTTP/1.1\nHost: localhost",
        "POST /api/explore HTTP/1.1\nHost: localhost",
        "GET /api/explore HTTP/1.1\nHost: evil.example",
        "GET /api/explore HTTP/1.1\nHost: localhost\nSec-Fetch-Site: cross-site"
      })
  void errorsOfTheApiAreJson(String request) throws Exception {
    String answer = raw(request + "\nConnection: close\n\n");
    assertThat(answer)
        .startsWith("HTTP/1.1 4")
        .containsIgnoringCase("content-type: application/json");
    String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
    assertThat(JSON.readTree(body).get("error").asText()).isNotBlank();
  }

  @Test
  void listsTheStatisticsIfTheNameIsUnknown() throws Exception {
    HttpResponse<String> response = get("/api/statistics/calls-by-tipe");
    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.body()).contains("calls-by-type");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/nothing", "/../etc/passwd", "/dashboard.html", "/api", "/api/statistics/"})
  void respondsNotFoundForUnknownPaths(String path) throws Exception {
    assertThat(raw("GET " + path + " HTTP/1.1\nHost: localhost\nConnection: close\n\n"))
        .startsWith("HTTP/1.1 404");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/operations",
        "/explore.js",
        "/explore/state.js",
        "/explore.css",
        "/operations.js",
        "/operations.css",
        "/dashboard.css",
        "/uplot.js",
        "/uplot.css",
        "/icon.svg"
      })
  void servesThePageWithSecurityHeaders(String path) throws Exception {
    HttpResponse<String> response = get(path);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-security-policy").orElse(""))
        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
        .doesNotContain("unsafe");
    assertThat(response.headers().firstValue("x-content-type-options")).contains("nosniff");
    assertThat(response.headers().firstValue("content-type").orElse("")).contains("charset=utf-8");
    assertThat(response.headers().firstValue("access-control-allow-origin")).isEmpty();
  }

  @Test
  void compressesFilesForClientsThatAcceptIt() throws Exception {
    HttpResponse<byte[]> response =
        CLIENT.send(
            HttpRequest.newBuilder(dashboard.uri().resolve("/dashboard.css"))
                .header("Accept-Encoding", "gzip")
                .build(),
            BodyHandlers.ofByteArray());
    assertThat(response.headers().firstValue("content-encoding")).contains("gzip");
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(response.body()))) {
      assertThat(new String(in.readAllBytes(), UTF_8)).isEqualTo(get("/dashboard.css").body());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'br, gzip;q=0.5',true",
    "'gzip;q=0',false",
    "'gzip ; q=0.000, br',false",
    "br,false"
  })
  void followsTheWeightOfTheCompression(String accepted, boolean isCompressed) throws Exception {
    String head = " HTTP/1.1\nHost: localhost\nConnection: close\nAccept-Encoding: ";
    for (String path : List.of("/dashboard.css", "/api/explore")) {
      String response = raw("GET " + path + head + accepted + "\n\n");
      assertThat(response).startsWith("HTTP/1.1 200").contains("Vary: Accept-Encoding");
      assertThat(response.contains("Content-encoding: gzip")).as(path).isEqualTo(isCompressed);
    }
  }

  @Test
  void servesEveryModuleThatThePageImports() throws Exception {
    Pattern imports = Pattern.compile("from '(\\./[^']+)'");
    List<String> modules = new ArrayList<>(List.of("/explore.js"));
    for (int i = 0; i < modules.size(); i++) {
      URI module = URI.create(modules.get(i));
      HttpResponse<String> response = get(module.toString());
      assertThat(response.statusCode()).as("%s", module).isEqualTo(200);
      imports
          .matcher(response.body())
          .results()
          .map(part -> module.resolve(part.group(1)).toString())
          .filter(part -> !modules.contains(part))
          .forEach(modules::add);
    }
    assertThat(modules).contains("/explore/load.js", "/explore/formats.js");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS"})
  void rejectsOtherMethodsThanGetAndHead(String method) throws Exception {
    assertThat(raw(method + " /api/progress HTTP/1.1\nHost: localhost\nConnection: close\n\n"))
        .startsWith("HTTP/1.1 405");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/api/progress",
        "/api/updates",
        "/api/statistics/calls-by-type",
        "/api/links"
      })
  void answersHeadWithoutABody(String path) throws Exception {
    String answer = raw("HEAD " + path + " HTTP/1.1\nHost: localhost\nConnection: close\n\n");
    assertThat(answer).startsWith("HTTP/1.1 200").endsWith("\r\n\r\n");
    assertThat(answer.indexOf("\r\n\r\n")).isEqualTo(answer.length() - 4);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:4041", ""})
  void rejectsForeignHostNames(String host) throws Exception {
    assertThat(raw("GET /api/progress HTTP/1.1\nHost: " + host + "\nConnection: close\n\n"))
        .startsWith("HTTP/1.1 421");
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "LOCALHOST:80", "127.0.0.1:4041", "127.1.2.3", "[::1]:9"})
  void acceptsNamesOfThisMachine(String host) throws Exception {
    assertThat(raw("GET /api/progress HTTP/1.1\nHost: " + host + "\nConnection: close\n\n"))
        .startsWith("HTTP/1.1 200");
  }

  @Test
  void allowsLinksFromOtherSitesButNotTheApi() throws Exception {
    String head = " HTTP/1.1\nHost: localhost\nConnection: close\nSec-Fetch-Site: cross-site\n";
    assertThat(raw("GET /api/updates" + head + "Sec-Fetch-Mode: cors\n\n"))
        .startsWith("HTTP/1.1 403");
    String link = "Sec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\n\n";
    assertThat(raw("GET /" + head + link)).startsWith("HTTP/1.1 200");
    assertThat(raw("GET /operations" + head + link)).startsWith("HTTP/1.1 200");
    for (String path : List.of("/api/updates", "/api/statistics/calls-by-type?top=all")) {
      assertThat(raw("GET " + path + head + link)).as(path).startsWith("HTTP/1.1 403");
    }
    assertThat(raw("GET /" + head + link.replace("document", "iframe"))).startsWith("HTTP/1.1 403");
  }

  @Test
  void healthFollowsTheStateOfTheRun() throws Exception {
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
    assertThat(get("/health/ready").statusCode()).isEqualTo(200);
    run.running().stop();
    assertThat(get("/health/live").statusCode()).isEqualTo(200);
    assertThat(get("/health/ready").statusCode()).isEqualTo(503);
    assertThat(get("/health/ready").body())
        .isEqualTo("{\"status\":\"DOWN\",\"state\":\"FINISHED\"}");
  }

  @Test
  void failedRunIsNotAlive() throws Exception {
    AtomicBoolean broken = new AtomicBoolean();
    try (WatchedRun other =
            WatchedRun.of(
                pipeline ->
                    pipeline
                        .statistic(StandardStatistics.callsByType())
                        .results(
                            Sinks.callback(
                                batch -> {
                                  if (broken.get()) {
                                    throw new IllegalStateException("the disk <b>burns</b>");
                                  }
                                })));
        Dashboard second = Dashboard.of(other.running()).start(0)) {
      other.receive(SomeCalls.of(1));
      broken.set(true);
      other.receive(SomeCalls.of(2));
      HttpResponse<String> live =
          CLIENT.send(
              HttpRequest.newBuilder(second.uri().resolve("/health/live")).build(),
              BodyHandlers.ofString());
      assertThat(live.statusCode()).isEqualTo(503);
      assertThat(live.body()).contains("FAILED");
    }
  }

  @Test
  void servesTheGivenMetrics() throws Exception {
    assertThat(get("/metrics").statusCode()).isEqualTo(404);
    try (Dashboard second = Dashboard.of(run.running()).metrics(() -> "a 1\n").start(0)) {
      HttpResponse<String> metrics =
          CLIENT.send(
              HttpRequest.newBuilder(second.uri().resolve("/metrics")).build(),
              BodyHandlers.ofString());
      assertThat(metrics.body()).isEqualTo("a 1\n");
      assertThat(metrics.headers().firstValue("content-type").orElse(""))
          .startsWith("text/plain; version=0.0.4");
    }
  }

  @Test
  void servesTheGivenLinksAndNotes() throws Exception {
    try (Dashboard second =
        Dashboard.of(run.running())
            .linking("Spark UI", URI.create("http://localhost:4040"))
            .noting("Kafka UI: none")
            .start(0)) {
      assertThat(
              CLIENT
                  .send(
                      HttpRequest.newBuilder(second.uri().resolve("/api/links")).build(),
                      BodyHandlers.ofString())
                  .body())
          .isEqualTo(
              "{\"links\":{\"Spark UI\":\"http://localhost:4040\"},\"notes\":[\"Kafka UI:"
                  + " none\"]}");
    }
  }

  @Test
  void servesALinkOnlyWhileItHasATarget() throws Exception {
    AtomicBoolean exists = new AtomicBoolean(true);
    URI target = URI.create("http://localhost:4040");
    try (Dashboard second =
        Dashboard.of(run.running())
            .linking("Spark UI", () -> Optional.of(target).filter(uri -> exists.get()))
            .start(0)) {
      HttpRequest request = HttpRequest.newBuilder(second.uri().resolve("/api/links")).build();
      assertThat(CLIENT.send(request, BodyHandlers.ofString()).body())
          .contains("\"Spark UI\":\"http://localhost:4040\"");
      exists.set(false);
      assertThat(CLIENT.send(request, BodyHandlers.ofString()).body())
          .isEqualTo("{\"links\":{},\"notes\":[]}");
    }
  }

  @Test
  void reportsAPortInUse() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> Dashboard.of(run.running()).start(taken.getLocalPort()))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("choose another port");
    }
  }

  /** An open page without a browser. */
  private final class Page implements AutoCloseable {
    private final HttpResponse<InputStream> response =
        CLIENT.send(
            HttpRequest.newBuilder(dashboard.uri().resolve("/api/updates")).build(),
            BodyHandlers.ofInputStream());
    private final BufferedReader lines =
        new BufferedReader(new InputStreamReader(response.body(), UTF_8));

    Page() throws IOException, InterruptedException {}

    /** Returns the name and the data of the next event except heartbeats. */
    List<String> next() throws IOException {
      List<String> event = new ArrayList<>();
      String line;
      while ((line = lines.readLine()) != null && !line.isEmpty()) {
        event.add(line.substring(line.indexOf(": ") + 2));
      }
      return !event.isEmpty() && event.get(0).equals("alive") ? next() : event;
    }

    @Override
    public void close() throws IOException {
      response.body().close();
    }
  }

  @Test
  void pushesTheStateAtOnceAndItsChangesAfterABatch() throws Exception {
    try (Page page = new Page()) {
      assertThat(page.response.headers().firstValue("content-type").orElse(""))
          .startsWith("text/event-stream");
      assertThat(page.response.headers().firstValue("x-accel-buffering")).contains("no");
      List<String> first = page.next();
      assertThat(first.get(0)).isEqualTo("state");
      assertThat(received(first)).isEqualTo(1_000);
      run.receive(SomeCalls.of(500));
      List<String> second = page.next();
      assertThat(second.get(0)).isEqualTo("patch");
      assertThat(received(second)).isEqualTo(1_500);
      assertThat(second.get(1)).doesNotContain("settings", "source");
    }
  }

  private static long received(List<String> event) throws IOException {
    return JSON.readTree(event.get(1)).get("accounting").get("received").asLong();
  }

  @Test
  void pushesTheLastStateAndTheEnd() throws Exception {
    try (Page page = new Page()) {
      page.next();
      run.running().stop();
      dashboard.close();
      List<String> last = page.next();
      assertThat(JSON.readTree(last.get(1)).get("state").asText()).isEqualTo("FINISHED");
      assertThat(page.next()).containsExactly("end", "");
    }
  }

  @Test
  void rejectsPagesOverTheLimitAndServesTheOthers() throws Exception {
    List<Page> pages = new ArrayList<>();
    try {
      for (int i = 0; i < UpdateStream.MAX_CLIENTS; i++) {
        Page page = new Page();
        page.next();
        pages.add(page);
      }
      try (Page extra = new Page()) {
        assertThat(extra.next()).containsExactly("full", "32");
        assertThat(extra.lines.read()).as("the end of the stream").isEqualTo(-1);
      }
      assertThat(get("/health/live").statusCode()).isEqualTo(200);
    } finally {
      for (Page page : pages) {
        page.close();
      }
    }
  }

  /** Connects with a receive buffer so small that the server cannot send without a reader. */
  private static Socket connect(Dashboard dashboard, String request) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(1_024);
    socket.connect(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), dashboard.uri().getPort()));
    socket.getOutputStream().write(request.getBytes(UTF_8));
    return socket;
  }

  private static int status(Dashboard dashboard, String path)
      throws IOException, InterruptedException {
    return CLIENT
        .send(
            HttpRequest.newBuilder(dashboard.uri().resolve(path))
                .timeout(Duration.ofSeconds(30))
                .build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  private static void close(List<Socket> sockets) throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  @Test
  void disconnectsClientsThatSendSlowly() throws Exception {
    List<Socket> slow = new ArrayList<>();
    try (Dashboard second =
        Dashboard.of(run.running()).timeLimit(Duration.ofMillis(500)).start(0)) {
      for (int i = 0; i < 60; i++) {
        slow.add(connect(second, "GET /"));
      }
      assertThat(status(second, "/health/live")).isEqualTo(200);
      for (Socket socket : slow) {
        socket.setSoTimeout(30_000);
        assertThat(atEnd(socket)).isTrue();
      }
    } finally {
      close(slow);
    }
  }

  @Test
  void answersHealthChecksWhileClientsSendSlowly() throws Exception {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 60; i++) {
        slow.add(connect(dashboard, "GET /"));
      }
      // The time limit for reading a response is ten seconds.
      assertThat(
              CLIENT
                  .send(
                      HttpRequest.newBuilder(dashboard.uri().resolve("/health/live"))
                          .timeout(Duration.ofSeconds(8))
                          .build(),
                      BodyHandlers.discarding())
                  .statusCode())
          .isEqualTo(200);
    } finally {
      close(slow);
    }
  }

  private static boolean atEnd(Socket socket) {
    try {
      return socket.getInputStream().readAllBytes() != null;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void limitsRequestsForRowsAndDisconnectsClientsThatDoNotRead() throws Exception {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < StatisticsApi.MAX_TOP; i++) {
      calls.add(SomeCalls.call(i, i + "x".repeat(1_000), SomeCalls.START).build());
    }
    String path = "/api/statistics/calls-by-type?top=" + StatisticsApi.MAX_TOP;
    List<Socket> stalled = new ArrayList<>();
    try (WatchedRun many = WatchedRun.of(StandardStatistics.callsByType());
        Dashboard second =
            Dashboard.of(many.receive(calls).running()).timeLimit(Duration.ofSeconds(3)).start(0)) {
      for (int i = 0; i < RequestHandler.MAX_RESULTS; i++) {
        Socket socket = connect(second, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stalled.add(socket);
        assertThat(socket.getInputStream().readNBytes(12))
            .asString(UTF_8)
            .isEqualTo("HTTP/1.1 200");
      }
      assertThat(status(second, path)).isEqualTo(503);
      assertThat(status(second, "/health/live")).isEqualTo(200);
      WatchedRun.await("the stalled clients are disconnected", () -> status(second, path) == 200);
    } finally {
      close(stalled);
    }
  }

  @Test
  void acceptsAddressesAndTheMachineNameIfBoundToAllAddresses() throws Exception {
    InetAddress everywhere = InetAddress.getByName("0.0.0.0");
    try (Dashboard second = Dashboard.of(run.running()).bindingTo(everywhere).start(0)) {
      assertThat(second.uri().getHost()).isEqualTo(InetAddress.getLocalHost().getHostName());
      AllowedHosts hosts = AllowedHosts.of(new InetSocketAddress(everywhere, 80), List.of());
      assertThat(hosts.allow(InetAddress.getLocalHost().getHostName() + ":80")).isTrue();
      for (String host :
          List.of("10.1.2.3:4041", "[2001:db8::1]:80", "[fe80::1%eth0]", "localhost")) {
        assertThat(hosts.allow(host)).as(host).isTrue();
      }
      for (String host : List.of("evil.example", "10.1.2.3.evil.example", "[evil]", "")) {
        assertThat(hosts.allow(host)).as(host).isFalse();
      }
      try (Socket socket =
          connect(second, "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")) {
        assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
            .startsWith("HTTP/1.1 421")
            .contains("Request localhost", "--host-name");
      }
    }
  }

  @Test
  void acceptsTheGivenNamesAndTheNameOfItsAddress() throws Exception {
    InetAddress named = InetAddress.getByAddress("dash.example", new byte[] {127, 0, 0, 3});
    try (Dashboard second =
        Dashboard.of(run.running())
            .bindingTo(named)
            .answeringTo("stats.example", "callstream_1")
            .start(0)) {
      assertThat(second.uri().getHost()).isEqualTo("dash.example");
      for (String host : List.of("stats.example", "Stats.Example:443", "callstream_1")) {
        assertThat(statusFor(second, named, host)).as(host).isEqualTo("HTTP/1.1 200");
      }
      assertThat(statusFor(second, named, "dash.example:80")).isEqualTo("HTTP/1.1 200");
      assertThat(statusFor(second, named, "other.example")).isEqualTo("HTTP/1.1 421");
    }
    assertThatThrownBy(() -> Dashboard.of(run.running()).answeringTo("https://stats.example"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("without scheme and port");
  }

  private static String statusFor(Dashboard dashboard, InetAddress address, String host)
      throws IOException {
    try (Socket socket = new Socket(address, dashboard.uri().getPort())) {
      socket
          .getOutputStream()
          .write(("GET /health/live HTTP/1.1\r\nHost: " + host + "\r\n\r\n").getBytes(UTF_8));
      return new String(socket.getInputStream().readNBytes(12), UTF_8);
    }
  }

  @Test
  void uriContainsAnotherLoopbackAddress() throws Exception {
    try (Dashboard second =
        Dashboard.of(run.running()).bindingTo(InetAddress.getByName("127.0.0.2")).start(0)) {
      assertThat(second.uri().getHost()).isEqualTo("127.0.0.2");
      assertThat(status(second, "/")).isEqualTo(200);
    }
  }
}
