package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.broker.EmbeddedBroker;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hawkular.agent.prometheus.text.TextPrometheusMetricsProcessor;
import org.hawkular.agent.prometheus.types.Counter;
import org.hawkular.agent.prometheus.types.Gauge;
import org.hawkular.agent.prometheus.types.Metric;
import org.hawkular.agent.prometheus.walkers.CollectorPrometheusMetricsWalker;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the endpoints for Prometheus and for an orchestrator while a command runs. */
class ServedMetricsTest {
  private static final String TOPIC = "scraped";
  private static final int CALLS = 500;
  private static final Pattern DASHBOARD = Pattern.compile("dashboard (http://\\S+)");

  private final HttpClient client = HttpClient.newHttpClient();

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"local", "spark"})
  void aRunningCommandIsScrapedAndProbed(String engine) throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      String address = broker.bootstrapServers();
      assertThat(
              CommandRun.of(
                      "produce",
                      "--synthetic",
                      String.valueOf(CALLS),
                      "--partitions",
                      "2",
                      "--topic",
                      TOPIC,
                      "--bootstrap-servers",
                      address)
                  .status())
          .isZero();
      try (CommandProcess statistics =
          CommandProcess.start(
              directory,
              "statistics",
              "--dashboard",
              "0",
              "--engine",
              engine,
              "--topic",
              TOPIC,
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
                        .containsAllEntriesOf(Map.of("engine", engine, "pipeline", TOPIC)));
        assertThat(values(uri, "callstream_pipeline_running")).containsExactly(1.0);
        assertThat(values(uri, "callstream_partition_end_offset"))
            .hasSize(2)
            .satisfies(
                ends -> assertThat(ends.stream().mapToDouble(end -> end).sum()).isEqualTo(CALLS));
        assertThat(values(uri, "callstream_phase_duration_seconds")).isNotEmpty();
        assertThat(get(uri, "/metrics").headers().firstValue("Content-Type"))
            .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
        assertUp(get(uri, "/health/live"));
        assertUp(get(uri, "/health/ready"));
      }
    }
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
