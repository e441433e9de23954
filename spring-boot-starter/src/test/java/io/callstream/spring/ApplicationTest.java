package io.callstream.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import consumer.CallsApplication;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.dashboard.Dashboard;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Supervisor;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.ResultSink;
import io.callstream.statistic.Statistic;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.ServerSocket;
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
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;

/** Runs the application of docs/embed.md as a web application with actuator. */
@ExtendWith(OutputCaptureExtension.class)
@Timeout(120)
class ApplicationTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TOPIC = "police.service.calls";
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir private Path directory;

  private ServletWebServerApplicationContext start(Class<?> addition, String... properties) {
    List<String> arguments = new ArrayList<>();
    arguments.add("--server.port=0");
    arguments.add("--callstream.checkpoint=" + directory.resolve("state"));
    arguments.add("--callstream.restart.max-delay=1s");
    arguments.add("--management.endpoint.health.show-details=always");
    arguments.add("--management.endpoint.health.probes.enabled=true");
    arguments.add(
        "--management.endpoint.health.group.liveness.include=livenessState,callstreamLive");
    arguments.add("--management.endpoint.health.group.readiness.include=readinessState,callstream");
    Stream.of(properties).map(property -> "--" + property).forEach(arguments::add);
    return (ServletWebServerApplicationContext)
        new SpringApplicationBuilder(CallsApplication.class, addition)
            .run(arguments.toArray(String[]::new));
  }

  private static HttpResponse<String> get(
      ServletWebServerApplicationContext application, String path) throws Exception {
    URI uri = URI.create("http://localhost:" + application.getWebServer().getPort() + path);
    return CLIENT.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
  }

  private static int status(ServletWebServerApplicationContext application, String path)
      throws Exception {
    return get(application, path).statusCode();
  }

  private static JsonNode health(ServletWebServerApplicationContext application) throws Exception {
    return JSON.readTree(get(application, "/actuator/health").body()).at("/components/callstream");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private EmbeddedBroker broker(int port) {
    return EmbeddedBroker.builder().data(directory.resolve("broker")).port(port).start();
  }

  private static void send(EmbeddedBroker broker, int calls) {
    KafkaCluster cluster = KafkaCluster.at(broker.bootstrapServers());
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      admin.ensure(TOPIC, 2, 1);
    }
    try (CallProducer producer =
        CallProducer.to(cluster, TOPIC, SanFranciscoCalls.json()).connect()) {
      producer.send(SyntheticCalls.of(calls).withSeed(7));
    }
  }

  @Configuration(proxyBeanMethods = false)
  static class Nothing {}

  @Test
  void startsBeforeItsBrokerAndCountsWhenItComes() throws Exception {
    int port = freePort();
    Path out = directory.resolve("out");
    try (var application =
        start(
            Nothing.class,
            "callstream.bootstrap-servers=localhost:" + port,
            "callstream.sink.directory=" + out,
            "callstream.sink.jdbc=true",
            "spring.datasource.url=jdbc:h2:mem:calls;DB_CLOSE_DELAY=-1")) {
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> health(application).at("/details/lastFailure").asText().contains("BROKER"));
      assertThat(health(application).at("/status").asText()).isEqualTo("DOWN");
      assertThat(health(application).at("/details/lastFailure").asText())
          .startsWith("BROKER_UNAVAILABLE: ")
          .contains("localhost:" + port);
      assertThat(status(application, "/actuator/health/readiness")).isEqualTo(503);
      assertThat(status(application, "/actuator/health/liveness")).isEqualTo(200);
      assertThat(get(application, "/callstream/statistics/calls-by-type").body())
          .isEqualTo("{\"statistic\":\"calls-by-type\",\"batch\":-1,\"totalRows\":0,\"rows\":[]}");

      try (EmbeddedBroker broker = broker(port)) {
        send(broker, 1_000);
        RunningPipeline running = application.getBean(RunningPipeline.class);
        Awaitility.await()
            .atMost(PATIENCE)
            .until(
                () -> running.accounting().received() == 1_000 && running.progress().isPresent());

        assertThat(status(application, "/actuator/health/readiness")).isEqualTo(200);
        assertThat(health(application).at("/status").asText()).isEqualTo("UP");
        assertThat(health(application).at("/details/received").asLong()).isEqualTo(1_000);
        MeterRegistry registry = application.getBean(MeterRegistry.class);
        assertThat(
                registry
                    .get("callstream.records.received")
                    .tags("engine", "local", "pipeline", TOPIC)
                    .functionCounter()
                    .count())
            .isEqualTo(1_000);
        assertThat(sum(rows(application, "calls-by-type?top=all"))).isEqualTo(1_000);
        servesWhatTheDashboardServes(application);
        JdbcTemplate database = application.getBean(JdbcTemplate.class);
        Awaitility.await()
            .atMost(PATIENCE)
            .until(
                () ->
                    database
                        .queryForObject("select sum(\"count\") from \"calls_by_type\"", Long.class)
                        .equals(1_000L));

        application.stop();

        assertThat(running.state()).isEqualTo(State.FINISHED);
        assertThat(out.resolve("accounting.json")).content().contains("\"received\":1000,");
        assertThat(out.resolve("noise.csv")).isNotEmptyFile();
      }
    }
  }

  private static JsonNode rows(ServletWebServerApplicationContext application, String request)
      throws Exception {
    return JSON.readTree(get(application, "/callstream/statistics/" + request).body()).at("/rows");
  }

  private static long sum(JsonNode rows) {
    long sum = 0;
    for (JsonNode row : rows) {
      sum += row.at("/count").asLong();
    }
    return sum;
  }

  private static void servesWhatTheDashboardServes(ServletWebServerApplicationContext application)
      throws Exception {
    URI dashboard = application.getBean(Dashboard.class).uri();
    String window = "%s".formatted(rows(application, "noise?top=1").at("/0/window_start").asText());
    for (String request :
        List.of(
            "",
            "/calls-by-type",
            "/calls-by-type?top=3",
            "/noise?top=all",
            "/noise?window=" + window,
            "/noise?top=-1",
            "/noise?limit=1",
            "/noise?top=1&top=2",
            "/other")) {
      HttpResponse<String> expected =
          CLIENT.send(
              HttpRequest.newBuilder(dashboard.resolve("/api/statistics" + request)).build(),
              BodyHandlers.ofString());
      HttpResponse<String> answer = get(application, "/callstream/statistics" + request);
      assertThat(answer.body()).as(request).isEqualTo(expected.body()).startsWith("{");
      assertThat(answer.statusCode()).as(request).isEqualTo(expected.statusCode());
      assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
    }
  }

  /** An application with a source in memory and a sink that can fail. */
  @Configuration(proxyBeanMethods = false)
  static class FailingSink {
    @Bean
    MemorySource source() {
      return MemorySource.withPartitions(1);
    }

    @Bean
    Store sink() {
      return new Store();
    }
  }

  private static final class Store implements ResultSink {
    private volatile boolean away = true;
    private volatile boolean written;

    @Override
    public void write(BatchResults batch) {
      if (away) {
        throw new IllegalStateException("the store is away");
      }
      written = true;
    }

    @Override
    public String toString() {
      return "the store";
    }
  }

  @Test
  void restartsWhenASinkFails(CapturedOutput output) throws Exception {
    try (var application = start(FailingSink.class, "callstream.restart.first-delay=200ms")) {
      Supervisor supervisor = application.getBean(Supervisor.class);
      Awaitility.await().atMost(PATIENCE).until(supervisor::isReading);

      add(application.getBean(MemorySource.class), "Noise Nuisance");

      Awaitility.await().atMost(PATIENCE).until(() -> supervisor.restarts() > 0);
      assertThat(health(application).at("/details/lastFailure").asText())
          .startsWith("SINK_FAILED: the store failed");
      assertThat(output.getAll())
          .containsPattern("ERROR .*RunningPipeline.* failed with SINK_FAILED")
          .containsPattern("WARN .*Supervisor.* and is restarted in");
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> status(application, "/actuator/health/readiness") == 503);
      assertThat(status(application, "/actuator/health/liveness")).isEqualTo(200);

      Store store = application.getBean(Store.class);
      store.away = false;

      Awaitility.await().atMost(PATIENCE).until(() -> store.written && supervisor.isReading());
      assertThat(supervisor.accounting().received()).isEqualTo(1);
      assertThat(status(application, "/actuator/health/readiness")).isEqualTo(200);
      assertThat(sum(rows(application, "noise"))).isEqualTo(1);
    }
  }

  /** An application with a statistic that fails on each call. */
  @Configuration(proxyBeanMethods = false)
  static class BrokenStatistic {
    @Bean
    MemorySource source() {
      return MemorySource.withPartitions(1);
    }

    @Bean
    Statistic broken() {
      return Statistic.named("broken")
          .where(
              call -> {
                throw new IllegalStateException("a defect");
              })
          .build();
    }
  }

  @Test
  void isNotLiveAfterAFailureThatRestartsCannotFix() throws Exception {
    try (var application = start(BrokenStatistic.class)) {
      add(application.getBean(MemorySource.class), "Traffic Stop");
      Supervisor supervisor = application.getBean(Supervisor.class);
      Awaitility.await().atMost(PATIENCE).until(() -> supervisor.state() == State.FAILED);
      assertThat(status(application, "/actuator/health/liveness")).isEqualTo(503);
      assertThat(status(application, "/actuator/health/readiness")).isEqualTo(503);
      assertThat(health(application).at("/details/lastFailure").asText())
          .startsWith("STATISTIC_FAILED: ");
    }
  }

  private static void add(MemorySource source, String type) {
    Instant time = Instant.parse("2018-11-04T08:30:00Z");
    source.add(0, time, SanFranciscoCalls.json().write(Call.builder("1", type, time).build()));
  }
}
