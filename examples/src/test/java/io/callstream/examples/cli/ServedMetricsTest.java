package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hawkular.agent.prometheus.text.TextPrometheusMetricsProcessor;
import org.hawkular.agent.prometheus.types.Counter;
import org.hawkular.agent.prometheus.types.Gauge;
import org.hawkular.agent.prometheus.types.Metric;
import org.hawkular.agent.prometheus.walkers.CollectorPrometheusMetricsWalker;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the dashboard's endpoints for Prometheus, orchestrators and the page while a command runs.
 */
class ServedMetricsTest {
  private static final int CALLS = 500;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern DASHBOARD = Pattern.compile("dashboard (http://\\S+)");

  private final HttpClient client = HttpClient.newHttpClient();

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = "spark")
  void aRunningCommandIsScrapedAndProbed(String engine) throws Exception {
    String address = TestBroker.cluster().bootstrapServers();
    String topic = "scraped." + engine;
    assertThat(
            CommandRun.of(
                    "produce",
                    "--synthetic",
                    String.valueOf(CALLS),
                    "--partitions",
                    "2",
                    "--topic",
                    topic,
                    "--bootstrap-servers",
                    address)
                .status())
        .isZero();
    try (ServerSocket taken = takeSparksPort();
        CommandProcess statistics =
            CommandProcess.start(
                directory,
                Map.of("SPARK_LOCAL_IP", "127.0.0.1"),
                List.of(),
                "statistics",
                "--dashboard",
                "0",
                "--engine",
                engine,
                "--topic",
                topic,
                "--bootstrap-servers",
                address)) {
      statistics.await("the dashboard is up", () -> DASHBOARD.matcher(statistics.err()).find());
      Matcher dashboard = DASHBOARD.matcher(statistics.err());
      assertThat(dashboard.find()).isTrue();
      URI uri = URI.create(dashboard.group(1));
      statistics.await(
          "all calls are counted and reported by partition",
          () ->
              values(uri, "callstream_records_received_total").equals(List.of((double) CALLS))
                  && !values(uri, "callstream_partition_end_offset").isEmpty());

      assertThat(series(uri))
          .filteredOn(metric -> metric.getName().startsWith("callstream_"))
          .hasSizeGreaterThan(30)
          .allSatisfy(
              metric ->
                  assertThat(metric.getLabels())
                      .containsAllEntriesOf(Map.of("engine", engine, "pipeline", topic)));
      assertThat(values(uri, "callstream_pipeline_running")).containsExactly(1.0);
      assertThat(values(uri, "callstream_partition_end_offset"))
          .hasSize(2)
          .satisfies(
              ends -> assertThat(ends.stream().mapToDouble(end -> end).sum()).isEqualTo(CALLS));
      assertThat(values(uri, "callstream_phase_duration_seconds")).isNotEmpty();
      assertThat(get(uri, "/metrics").headers().firstValue("Content-Type"))
          .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
      Map<String, Long> counted = new HashMap<>();
      JSON.readTree(get(uri, "/api/statistics/calls-by-type?top=all").body())
          .get("rows")
          .forEach(row -> counted.put(row.get("crime_type").asText(), row.get("count").asLong()));
      assertThat(counted).isEqualTo(callsByType());
      JsonNode page = JSON.readTree(get(uri, "/api/operations").body());
      assertThat(page.at("/accounting/received").asInt()).isEqualTo(CALLS);
      assertThat(page.at("/progress/stateRows").asLong()).isPositive();
      assertThat(page.at("/partitions")).hasSize(2);
      assertThat(page.at("/partitions/0/time").asText()).isNotEmpty();
      assertThat(page.at("/settings/engine").asText()).startsWith(engine);
      assertThat(page.at("/letters").isArray()).isTrue();
      assertThat(page.at("/state").asText()).isEqualTo("RUNNING");
      assertUp(get(uri, "/health/live"));
      assertUp(get(uri, "/health/ready"));
      JsonNode links = JSON.readTree(get(uri, "/api/links").body()).get("links");
      if (engine.equals("spark")) {
        assertServesSparksPages(URI.create(links.get("Spark UI").asText()), taken);
      } else {
        assertThat(links).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(strings = "local")
  void theLocalEngineIsScrapedAndProbed(String engine) throws Exception {
    aRunningCommandIsScrapedAndProbed(engine);
  }

  /** Takes the usual port of Spark's pages, unless another program has it. */
  private static ServerSocket takeSparksPort() throws IOException {
    ServerSocket socket = new ServerSocket();
    try {
      socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 4040));
    } catch (BindException e) {
      // It is taken already.
    }
    return socket;
  }

  /** Spark's pages are on another port than the one in use, and cannot end a job. */
  private void assertServesSparksPages(URI pages, ServerSocket taken) throws Exception {
    assertThat(taken.isClosed()).isFalse();
    assertThat(pages.getHost()).isEqualTo("127.0.0.1");
    assertThat(pages.getPort()).isNotEqualTo(4040);
    HttpResponse<String> jobs = get(pages, "/jobs/");
    assertThat(jobs.statusCode()).isEqualTo(200);
    assertThat(jobs.body()).contains("Spark Jobs").doesNotContain("kill/?id");
    assertThat(get(pages, "/StreamingQuery/").body()).contains("Active Streaming Queries");
  }

  private static Map<String, Long> callsByType() throws IOException {
    Map<String, Long> calls = new HashMap<>();
    try (CallRecords records = SyntheticCalls.of(CALLS).open()) {
      while (records.hasNext()) {
        JsonNode call = JSON.readTree(records.next());
        calls.merge(call.get("original_crime_type_name").asText(), 1L, Long::sum);
      }
    }
    return calls;
  }

  private static void assertUp(HttpResponse<String> health) {
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.body()).isEqualTo("{\"status\":\"UP\",\"state\":\"RUNNING\"}");
  }

  private List<Double> values(URI dashboard, String name) throws Exception {
    return series(dashboard).stream()
        .filter(metric -> metric.getName().equals(name))
        .map(
            metric ->
                metric instanceof Counter counter
                    ? counter.getValue()
                    : ((Gauge) metric).getValue())
        .toList();
  }

  private List<Metric> series(URI dashboard) throws Exception {
    CollectorPrometheusMetricsWalker walker = new CollectorPrometheusMetricsWalker();
    byte[] scraped = get(dashboard, "/metrics").body().getBytes(UTF_8);
    new TextPrometheusMetricsProcessor(new ByteArrayInputStream(scraped), walker).walk();
    return walker.getAllMetricFamilies().stream()
        .flatMap(family -> family.getMetrics().stream())
        .toList();
  }

  private HttpResponse<String> get(URI dashboard, String path)
      throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(dashboard.resolve(path)).build(), BodyHandlers.ofString());
  }
}
