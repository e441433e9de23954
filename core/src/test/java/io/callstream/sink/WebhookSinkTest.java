package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.BatchResults;
import io.callstream.statistic.StandardStatistics;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WebhookSinkTest {
  private static final Instant FIRST = Instant.parse("2018-06-04T17:00:00Z");
  private static final Duration SHORT = Duration.ofMillis(5);
  private static final Duration LONG = Duration.ofSeconds(30);

  private record Post(String path, String key, String token, JsonNode body) {}

  private final BlockingQueue<Post> posts = new LinkedBlockingQueue<>();
  private final Queue<Integer> statuses = new ConcurrentLinkedQueue<>();
  private final CompletableFuture<Void> hanging = new CompletableFuture<>();
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/hook", this::answer);
    server.createContext("/hangs", exchange -> hanging.join());
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      JsonNode body = new ObjectMapper().readTree(exchange.getRequestBody());
      posts.add(
          new Post(
              exchange.getRequestURI().toString(),
              exchange.getRequestHeaders().getFirst("Idempotency-Key"),
              exchange.getRequestHeaders().getFirst("Authorization"),
              body));
      Integer status = statuses.poll();
      byte[] text = "thanks".getBytes(UTF_8);
      exchange.sendResponseHeaders(status == null ? 200 : status, text.length);
      exchange.getResponseBody().write(text);
    }
  }

  @AfterEach
  void stop() {
    hanging.complete(null);
    server.stop(0);
  }

  private WebhookSink sink(String path, Duration closing) {
    URI target = URI.create("http://localhost:" + server.getAddress().getPort() + path);
    return new WebhookSink(target, Map.of("Authorization", "secret"), SHORT, closing);
  }

  private Post next() throws InterruptedException {
    Post post = posts.poll(LONG.toSeconds(), TimeUnit.SECONDS);
    assertThat(post).as("a request").isNotNull();
    return post;
  }

  /** Returns the batches of a run over five days. On the last one, some types have spikes. */
  private static List<BatchResults> batches(Iterable<String> types, WebhookSink... sinks) {
    List<BatchResults> batches = new ArrayList<>();
    try (PipelineTester run =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            pipeline -> {
              pipeline
                  .statistic(
                      StandardStatistics.spikesByType(
                          SanFranciscoCalls.json().zone(), Duration.ZERO, Set.of()))
                  .statistic(StandardStatistics.callsByType())
                  .results(Sinks.callback(batches::add));
              List.of(sinks).forEach(pipeline::results);
              return pipeline;
            })) {
      int id = 0;
      for (int day = 0; day < 4; day++) {
        run.receive(SomeCalls.call(id++, "usual", FIRST.plus(Duration.ofDays(day))).build());
      }
      Instant last = FIRST.plus(Duration.ofDays(4));
      for (String type : types) {
        for (int i = 0; i < 20; i++) {
          run.receive(SomeCalls.call(id++, type, last).build());
        }
      }
      Call later = SomeCalls.call(id++, "usual", last.plus(Duration.ofHours(2))).build();
      run.receive(later).endBatch();
      run.receive(SomeCalls.call(id, "usual", later.time()).build()).endBatch();
    }
    return batches;
  }

  @Test
  void postsEachSpikeWithItsKeyAndASentence() throws Exception {
    BatchResults last = batches(List.of("b", "a"), sink("/hook?token=1", LONG)).get(1);
    Post first = next();
    Post second = next();
    assertThat(posts).isEmpty();
    assertThat(last.updates("spikes-by-type")).hasSize(2);
    assertThat(first.path()).isEqualTo("/hook?token=1");
    assertThat(first.token()).isEqualTo("secret");
    assertThat(first.key())
        .startsWith("spikes-by-type/2018-06-08T17:00:00Z/")
        .isEqualTo(first.body().get("key").asText())
        .isNotEqualTo(second.key());
    assertThat(first.body().get("text").asText())
        .startsWith("spikes-by-type: a, 20 calls from 2018-06-08T10:00:00-07:00, usually 0.");
    assertThat(first.body().get("statistic").asText()).isEqualTo("spikes-by-type");
    JsonNode row = first.body().get("row");
    assertThat(row.get("window_start").asText()).isEqualTo("2018-06-08T10:00:00-07:00");
    assertThat(row.get("crime_type").asText()).isEqualTo("a");
    assertThat(row.get("count").asLong()).isEqualTo(20);
    assertThat(row.get("history").asLong()).isEqualTo(4);
    assertThat(row.get("score").asDouble()).isGreaterThan(5);
    assertThat(second.body().get("row").get("crime_type").asText()).isEqualTo("b");
  }

  @Test
  void repeatsASpikeUntilTheServerAcceptsIt() throws Exception {
    statuses.addAll(List.of(503, 404, 302));
    List<BatchResults> ignored = batches(List.of("a", "b"), sink("/hook", LONG));
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      keys.add(next().key());
    }
    assertThat(posts).isEmpty();
    assertThat(keys.subList(0, 4)).containsOnly(keys.get(0));
    assertThat(keys.get(4)).isNotEqualTo(keys.get(0));
  }

  @Test
  void continuesAfterASpikeThatTheServerRefuses() throws Exception {
    statuses.add(422);
    List<BatchResults> ignored = batches(List.of("a", "b"), sink("/hook", LONG));
    assertThat(next().body().get("row").get("crime_type").asText()).isEqualTo("a");
    assertThat(next().body().get("row").get("crime_type").asText()).isEqualTo("b");
    assertThat(posts).isEmpty();
  }

  @Test
  void aRunSendsTheSpikesOfTheLastDayAgain() throws Exception {
    BatchResults restored = batches(List.of("a")).get(1);
    WebhookSink sink = sink("/hook", LONG);
    sink.open(restored);
    sink.close();
    assertThat(next().key()).startsWith("spikes-by-type/2018-06-08T17:00:00Z/");
    BatchResults later =
        new BatchResults(
            restored.lineage(),
            restored.number(),
            restored.pipeline(),
            restored.watermark().map(time -> time.plus(Duration.ofDays(1))),
            restored.updates(),
            restored.current(),
            restored.accounting(),
            restored.total(),
            restored.lookups());
    sink.open(later);
    sink.close();
    assertThat(posts).isEmpty();
  }

  @Test
  void theEndOfARunDoesNotWaitForeverForTheServer() {
    assertThat(batches(List.of("a", "b"), sink("/hangs", SHORT))).hasSize(2);
  }

  @Test
  void aBatchWaitsWhileManySpikesAreNotSent() throws Exception {
    List<String> types = new ArrayList<>();
    for (int i = 0; i < WebhookSink.MAX_WAITING + 1; i++) {
      types.add("type " + i);
    }
    List<BatchResults> batches = batches(types);
    WebhookSink sink = sink("/hangs", SHORT);
    sink.open(batches.get(0));
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    Thread writer =
        new Thread(
            () -> {
              try {
                sink.write(batches.get(1));
                failure.complete(null);
              } catch (RuntimeException e) {
                failure.complete(e);
              }
            });
    writer.start();
    WatchedRun.await("the batch waits", () -> writer.getState() == Thread.State.WAITING);
    writer.interrupt(); // As the engine does at the time limit of sinks.
    assertThat(failure.get(LONG.toSeconds(), TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("1000 spikes wait because webhook at localhost:");
    sink.close();
  }

  @Test
  void rejectsAnAddressWithoutAHostAndShowsNoSecret() {
    assertThatThrownBy(() -> Sinks.webhook(URI.create("file:///secret"), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("The address of a webhook")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> Sinks.webhook(URI.create("http://h"), Map.of("Content-Length", "1")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(Sinks.webhook(URI.create("https://h/secret?x=secret"), Map.of()))
        .hasToString("webhook at h");
  }

  @Test
  void aHeaderThatIsNotValidIsNamedWithoutItsValue() {
    assertThatThrownBy(
            () ->
                Sinks.webhook(
                    URI.create("http://localhost/alerts"), Map.of("Authorization", "geheim\n")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'Authorization'")
        .hasMessageNotContaining("geheim")
        .hasNoCause();
  }
}
