package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.dashboard.Operations.Update;
import io.callstream.engine.Engines;
import io.callstream.engine.RestartPolicy;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.Supervisor;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.sink.RecentDeadLetters;
import io.callstream.statistic.StandardStatistics;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.io.BufferedReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OperationsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long BYTES_PER_HOUR = 10_000_000;

  /** The frame of a chunk in HTTP, with its length in up to four digits. */
  private static final int CHUNK_BYTES = 8;

  private static WatchedRun standardWithSamples() {
    return WatchedRun.of(
        pipeline ->
            pipeline
                .statistics(
                    StandardStatistics.all(
                        ZoneId.of("America/Los_Angeles"), StandardStatistics.DEFAULT_LATENESS))
                .lookup(StandardStatistics.dispositions())
                .deadLetters(new RecentDeadLetters()));
  }

  private static JsonNode state(Operations operations) throws IOException {
    return JSON.readTree(operations.latest().full());
  }

  /** Applies a merge patch as RFC 7396 defines it, except for the history. */
  private static JsonNode patched(JsonNode target, JsonNode patch) {
    if (!patch.isObject()) {
      return patch;
    }
    ObjectNode result = target.isObject() ? target.deepCopy() : JSON.createObjectNode();
    patch
        .properties()
        .forEach(
            field -> {
              String name = field.getKey();
              if (field.getValue().isNull()) {
                result.remove(name);
              } else if (name.equals("history")) {
                result.<ArrayNode>withArray("history").addAll((ArrayNode) field.getValue());
              } else {
                JsonNode old = result.has(name) ? result.get(name) : JSON.nullNode();
                result.set(name, patched(old, field.getValue()));
              }
            });
    return result;
  }

  @Test
  void changesLeadFromEachStateToALaterOne() throws Exception {
    try (WatchedRun run = standardWithSamples()) {
      Operations operations = new Operations(run.running());
      List<Update> updates = new ArrayList<>(List.of(operations.latest()));
      List<Call> calls = SomeCalls.of(600);
      for (int i = 0; i < 3; i++) {
        run.receive(calls.subList(200 * i, 200 * (i + 1)));
        updates.add(operations.latest());
      }
      run.receive("no call".getBytes(UTF_8));
      updates.add(operations.latest());
      run.running().stop();
      updates.add(operations.latest());
      JsonNode last = JSON.readTree(updates.get(5).full());
      assertThat(last.at("/history")).hasSize(4);
      for (int from = 0; from < updates.size(); from++) {
        JsonNode before = JSON.readTree(updates.get(from).full());
        JsonNode changes = JSON.readTree(updates.get(5).changesSince(updates.get(from)));
        assertThat(patched(before, changes)).as("from state %s", from).isEqualTo(last);
      }
      assertThat(operations.latest()).as("nothing has changed").isSameAs(updates.get(5));
    }
  }

  @Test
  void aFieldThatHasGoneIsNullInTheChanges() {
    assertThat(Json.patch(Json.tree(Json.object("a", 1, "b", 2)), Json.tree(Json.object("b", 2))))
        .hasSize(1)
        .containsEntry("a", null);
  }

  @Test
  void showsTheFiguresAndTheClocksOfTheRun() throws Exception {
    try (WatchedRun run = standardWithSamples()) {
      Operations operations = new Operations(run.running());
      JsonNode empty = state(operations);
      assertThat(empty.has("progress")).isFalse();
      assertThat(empty.at("/accounting/received").asLong()).isZero();
      assertThat(empty.at("/health/text").asText()).isEqualTo("Running, no batch yet");
      assertThat(empty.at("/watermark/why").asText()).contains("before the first batch");

      List<Call> calls = SomeCalls.of(1_000);
      run.receive(calls);
      JsonNode shown = state(operations);
      Progress progress = run.running().progress().orElseThrow();
      assertThat(shown.at("/progress/records").asLong()).isEqualTo(1_000);
      assertThat(shown.at("/progress/durationMs").asLong())
          .isEqualTo(progress.batchDuration().toMillis());
      assertThat(shown.at("/progress/phasesMs").size()).isEqualTo(progress.phases().size());
      assertThat(shown.at("/partitions")).hasSize(2);
      // The calls are in order, and alternate between two partitions.
      assertThat(shown.at("/partitions/0/time").asText())
          .isEqualTo(calls.get(998).time().toString());
      assertThat(shown.at("/partitions/1/time").asText())
          .isEqualTo(calls.get(999).time().toString());
      assertThat(shown.at("/watermark/next").asText()).isEqualTo(calls.get(998).time().toString());
      assertThat(shown.at("/watermark/why").asText()).startsWith("Partition 0 holds the watermark");
      assertThat(shown.at("/settings/trigger").asText()).isEqualTo("0");
      assertThat(shown.at("/settings/maximum event time jump").asText()).isEqualTo("1h");
      assertThat(shown.at("/settings/statistic calls-by-location").asText())
          .isEqualTo("no window, at most 100000 groups");
      assertThat(shown.at("/health/level").asText()).isEqualTo("good");
    }
  }

  @Test
  void startsBeforeTheFirstRunOfASupervisor(@TempDir Path directory) throws Exception {
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .build();
    try (Supervisor supervisor =
        Supervisor.of(
            Engines.named("local"),
            pipeline,
            RunOptions.continuous().checkpointingTo(directory.toString()),
            RestartPolicy.defaults())) {
      assertThat(state(new Operations(supervisor)).get("health"))
          .hasToString("{\"level\":\"good\",\"text\":\"Starting\"}");
    }
  }

  @Test
  void showsReasonsAndSamplesOfDeadLetters() throws Exception {
    try (WatchedRun run = standardWithSamples()) {
      run.receive("<b>no call</b>".getBytes(UTF_8));
      run.receive(SomeCalls.of(1_000));
      // One call a day. The last letter is that of the last call in partition 1.
      run.receive(SomeCalls.of(10));
      JsonNode letters = state(new Operations(run.running())).get("letters");
      assertThat(letters).hasSize(2);
      Accounting all = run.running().accounting();
      assertThat(letters.at("/0/reason").asText())
          .isEqualTo("late: calls-by-type-and-disposition-hourly");
      assertThat(letters.at("/0/count").asLong())
          .isEqualTo(all.statistics().get("calls-by-type-and-disposition-hourly").late())
          .isPositive();
      assertThat(letters.at("/0/latest")).hasSize(RecentDeadLetters.MAX_LETTERS);
      assertThat(letters.at("/0/latest/0/detail").asText())
          .isEqualTo("window from 2018-11-07T07:00:00Z to 2018-11-07T08:00:00Z");
      assertThat(letters.at("/1/reason").asText()).isEqualTo("rejected: not-json");
      assertThat(letters.at("/1/latest/0/record").asText()).isEqualTo("<b>no call</b>");
    }
  }

  @Test
  void limitsTheNumberOfPartitions() throws Exception {
    MemorySource source = MemorySource.withPartitions(40);
    for (int i = 0; i < 40; i++) {
      source.add(i, SomeCalls.END, SanFranciscoCalls.json().write(SomeCalls.of(1).get(0)));
    }
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .build();
    try (RunningPipeline run = Engines.named("local").start(pipeline, RunOptions.bounded())) {
      run.awaitTermination();
      JsonNode shown = state(new Operations(run));
      assertThat(shown.at("/partitions")).hasSize(Operations.MAX_PARTITIONS);
      assertThat(shown.at("/partitionCount").asInt()).isEqualTo(40);
    }
  }

  @Test
  void hasNoSamplesWithoutASinkForThem() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      assertThat(state(new Operations(run.running())).has("letters")).isFalse();
    }
  }

  @Test
  void historyHasTheFiguresOfTheBatches() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      Operations operations = new Operations(run.running());
      List<Progress> batches = new ArrayList<>();
      for (int i = 1; i <= 3; i++) {
        run.receive(SomeCalls.of(10 * i));
        operations.observe();
        batches.add(run.running().progress().orElseThrow());
      }
      JsonNode history = state(operations).get("history");
      assertThat(history).hasSize(3);
      for (int i = 0; i < 3; i++) {
        Progress batch = batches.get(i);
        JsonNode sample = history.get(i);
        assertThat(sample.get(0).asDouble()).isEqualTo(batch.timestamp().toEpochMilli() / 1e3);
        assertRate(sample.get(1), batch.inputRowsPerSecond());
        assertRate(sample.get(2), batch.processedRowsPerSecond());
        assertRate(sample.get(3), batch.outputRowsPerSecond());
        assertThat(sample.get(4).asLong()).isEqualTo(batch.lag());
        assertThat(sample.get(5).asLong())
            .isEqualTo(batch.latency().orElseThrow().mean().toMillis());
        assertThat(sample.get(6).asLong()).isEqualTo(batch.batchDuration().toMillis());
      }
    }
  }

  private static void assertRate(JsonNode rate, double expected) {
    assertThat(rate.isNull()).isEqualTo(Double.isNaN(expected));
    assertThat(rate.asDouble()).isCloseTo(Double.isNaN(expected) ? 0 : expected, within(0.05));
  }

  /** Counts the bytes of a response. */
  private static final class Counted extends FilterInputStream {
    private long bytes;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int n = in.read(into, offset, length);
      bytes += Math.max(0, n);
      return n;
    }
  }

  /** Unpacks a stream. A reader must not wait for more than the events that have arrived. */
  private static final class Unpacked extends GZIPInputStream {
    Unpacked(InputStream in) throws IOException {
      super(in);
    }

    @Override
    public int available() {
      return 0;
    }
  }

  @Test
  void anOpenPageCostsAtMostTenMegabytesAnHourAtOneBatchASecond() throws Exception {
    int batches = 60;
    RequestExecutor executor = new RequestExecutor(4, Thread::new, Duration.ofSeconds(10));
    UpdateStream updates = new UpdateStream(executor);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    try (WatchedRun run = standardWithSamples()) {
      Operations operations = new Operations(run.running());
      server.setExecutor(executor);
      server.createContext(
          "/",
          exchange -> {
            try (exchange) {
              updates.serve(exchange, operations.latest());
            }
          });
      server.start();
      HttpResponse<InputStream> response =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(
                          URI.create("http://localhost:" + server.getAddress().getPort()))
                      .header("Accept-Encoding", "gzip, deflate")
                      .build(),
                  BodyHandlers.ofInputStream());
      assertThat(response.headers().firstValue("Content-Encoding")).contains("gzip");
      Counted counted = new Counted(response.body());
      List<Call> calls = SomeCalls.of(200 * batches);
      long plain = 0;
      try (BufferedReader page =
          new BufferedReader(new InputStreamReader(new Unpacked(counted), UTF_8))) {
        next(page, "state");
        long first = counted.bytes;
        for (int i = 0; i < batches; i++) {
          run.receive(calls.subList(200 * i, 200 * (i + 1)));
          updates.publish(operations.latest());
          plain += next(page, "patch").length();
        }
        long perBatch = (counted.bytes - first) / batches + CHUNK_BYTES;
        assertThat(perBatch * 3_600 + first)
            .as("%s bytes at first, %s per batch, %s plain", first, perBatch, plain / batches)
            .isLessThan(BYTES_PER_HOUR);
      }
    } finally {
      updates.close(Duration.ofSeconds(1));
      server.stop(0);
      executor.close();
    }
  }

  private static String next(BufferedReader page, String name) throws IOException {
    String line;
    do {
      line = page.readLine();
      assertThat(line).as("the next event").isNotNull();
    } while (!line.equals("event: " + name));
    return page.readLine();
  }
}
