package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Verifies that Ctrl-C, SIGTERM and SIGHUP end real processes within seconds, and that only the
 * intended files remain.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX signals to send")
class SignalTest {
  private static final Pattern ADDRESS = Pattern.compile("127\\.0\\.0\\.1:(\\d+)");

  @TempDir Path directory;

  @Test
  void demoEndsWithCompleteFilesAndNothingLeft() throws Exception {
    Output output = new Output(directory.resolve("out"));
    try (CommandProcess demo =
        CommandProcess.start(
            directory,
            "demo",
            "--calls",
            "10000000",
            "--rate",
            "3000",
            "--garbage",
            "0.01",
            "--output",
            output.directory().toString())) {
      demo.await("the demo counts", () -> received(output) > 0);

      int status = demo.signal("INT");

      assertThat(status).isEqualTo(130);
      output.assertAccountingAddsUp();
      assertTellsWhatIsMissing(demo.err(), output);
      assertThat(demo.out())
          .contains(
              String.format(
                  "accounting: %,d received", output.accounting().get("received").asLong()));
      demo.assertLeftNothing();
      assertFree(port(demo.err()));
    }
  }

  @Test
  @Tag("thorough")
  void demoEndsWhileItSends() throws Exception {
    try (CommandProcess demo = CommandProcess.start(directory, "demo", "--calls", "1000000000")) {
      demo.await("the demo sends", () -> demo.err().contains("produced "));

      assertThat(demo.signal("TERM")).isEqualTo(143);
      demo.assertLeftNothing();
      assertFree(port(demo.err()));
    }
  }

  @Test
  void demoEndsWhenItsTerminalIsClosed() throws Exception {
    try (CommandProcess demo =
        CommandProcess.start(directory, "demo", "--calls", "1000000000", "--engine", "local")) {
      demo.await("the demo sends", () -> demo.err().contains("produced "));

      // The kernel and the shell each send one.
      assertThat(demo.signal("HUP", "HUP")).isEqualTo(129);
      demo.assertLeftNothing();
      assertFree(port(demo.err()));
    }
  }

  @Test
  void demoSucceedsWhenAllWasCountedBeforeTheSignal() throws Exception {
    Output output = new Output(directory.resolve("out"));
    StopRequest interruption = StopRequest.none();
    FutureTask<CommandRun> demo =
        new FutureTask<>(
            () ->
                CommandRun.of(
                    interruption,
                    "demo",
                    "--calls",
                    "500",
                    "--engine",
                    "local",
                    "--output",
                    output.directory().toString()));
    new Thread(demo, "demo").start();
    while (!demo.isDone() && received(output) < 500) {
      LockSupport.parkNanos(1_000_000);
    }

    interruption.request(130);

    assertThat(demo.get(60, TimeUnit.SECONDS).status()).as(demo.get().err()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = "local")
  void statisticsAsJsonTellsEachBatchAndThenTheResults(String engine) throws Exception {
    KafkaTopic topic = topicOf(4_000);
    try (CommandProcess statistics =
        CommandProcess.start(
            directory,
            "statistics",
            "--json",
            "--engine",
            engine,
            "--top",
            "1",
            "--max-offsets-per-trigger",
            "1000",
            "--trigger",
            "0s",
            "--topic",
            topic.name(),
            "--bootstrap-servers",
            topic.bootstrapServers())) {
      statistics.await(
          "all calls are reported", () -> statistics.out().contains("{\"received\":4000,"));

      assertThat(statistics.signal("INT")).isZero();

      List<JsonNode> lines = new ArrayList<>();
      for (String line : statistics.out().split("\n")) {
        lines.add(new ObjectMapper().readTree(line));
      }
      JsonNode results = lines.remove(lines.size() - 1);
      assertThat(lines).hasSizeGreaterThanOrEqualTo(4);
      assertThat(lines.stream().mapToLong(batch -> batch.get("inputRows").asLong()).sum())
          .isEqualTo(4_000);
      assertThat(results.at("/accounting/received").asLong()).isEqualTo(4_000);
      assertThat(results.get("statistics"))
          .filteredOn(rows -> rows.size() == 1)
          .hasSameSizeAs(StandardStatistics.all(ZoneOffset.UTC, Duration.ZERO));
      statistics.assertLeftNothing();
    }
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(strings = "spark")
  void sparkTellsEachBatchAsJsonAndThenTheResults(String engine) throws Exception {
    statisticsAsJsonTellsEachBatchAndThenTheResults(engine);
  }

  @Test
  void statisticsEndsWithCompleteFiles() throws Exception {
    Output output = new Output(directory.resolve("out"));
    KafkaTopic topic = topicOf(4_000);
    try (CommandProcess statistics =
        CommandProcess.start(
            directory,
            "statistics",
            "--topic",
            topic.name(),
            "--bootstrap-servers",
            topic.bootstrapServers(),
            "--output",
            output.directory().toString(),
            "--max-offsets-per-trigger",
            "1000",
            "--trigger",
            "100ms")) {
      statistics.await("some are counted", () -> received(output) > 0);

      // A signal is the normal end of this run.
      assertThat(statistics.signal("TERM")).isZero();
      output.assertAccountingAddsUp();
      assertThat(statistics.out()).contains("accounting: ");
      statistics.assertLeftNothing();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = "INT")
  void brokerGivesItsPortAndDirectoryBack(String signals) throws Exception {
    try (CommandProcess broker = CommandProcess.start(directory, "broker", "--port", "0")) {
      broker.await("the broker prints its address", () -> broker.out().endsWith("\n"));

      assertThat(broker.signal(signals.split(" "))).isZero();
      assertThat(broker.out().trim()).matches(ADDRESS);
      broker.assertLeftNothing();
      assertFree(port(broker.out()));
    }
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(strings = "HUP HUP")
  void brokerWhoseTerminalIsClosedGivesItsPortAndDirectoryBack(String signals) throws Exception {
    brokerGivesItsPortAndDirectoryBack(signals);
  }

  @Test
  void produceTellsExactlyHowManyItSent() throws Exception {
    KafkaTopic topic = topicOf(0);
    try (CommandProcess produce =
        CommandProcess.start(
            directory,
            "produce",
            "--synthetic",
            "1000000",
            "--rate",
            "1000",
            "--topic",
            topic.name(),
            "--bootstrap-servers",
            topic.bootstrapServers())) {
      produce.await("some are sent", () -> produce.err().contains("produced "));

      assertThat(produce.signal("INT")).isEqualTo(130);
      assertThat(produce.err())
          .contains(String.format("sent      %,d records", records(topic)))
          .contains("then interrupted");
      produce.assertLeftNothing();
    }
  }

  @Test
  void produceEndsWhileItWaitsForStandardInput() throws Exception {
    try (CommandProcess produce =
        CommandProcess.start(
            directory,
            "produce",
            "--input",
            "-",
            "--topic",
            "signals",
            "--bootstrap-servers",
            TestBroker.cluster().bootstrapServers())) {
      produce.await("the topic is there", () -> exists("signals"));

      assertThat(produce.signal("INT")).isEqualTo(130);
      produce.assertLeftNothing();
    }
  }

  private static KafkaTopic topicOf(int calls) {
    KafkaTopic topic = TestBroker.topic(2);
    TestBroker.send(topic, SyntheticCalls.of(calls));
    return topic;
  }

  private static long received(Output output) throws IOException {
    return Files.exists(output.directory().resolve("accounting.json"))
        ? output.accounting().get("received").asLong()
        : 0;
  }

  private static boolean exists(String topic) {
    try (TopicAdmin admin = TopicAdmin.connect(TestBroker.cluster())) {
      return admin.describe(topic).isPresent();
    }
  }

  private static long records(KafkaTopic topic) {
    try (TopicAdmin admin = TopicAdmin.connect(TestBroker.cluster())) {
      return admin.require(topic.name()).offsets();
    }
  }

  /**
   * Asserts that the message contains the numbers of sent and counted records if they differ, and
   * that it is absent otherwise.
   */
  private static void assertTellsWhatIsMissing(String err, Output output) throws IOException {
    Matcher records = Pattern.compile("sent {6}([\\d,]+) records").matcher(err);
    assertThat(records.find()).isTrue();
    long sent = Long.parseLong(records.group(1).replace(",", ""));
    long received = received(output);
    if (received == sent) {
      assertThat(err).doesNotContain("ended early");
    } else {
      assertThat(err)
          .contains(
              String.format(
                  Locale.ROOT,
                  "ended early: %,d of %,d records were counted, and the tables lack the other %,d",
                  received,
                  sent,
                  sent - received));
    }
  }

  private static int port(String text) {
    Matcher address = ADDRESS.matcher(text);
    assertThat(address.find()).isTrue();
    return Integer.parseInt(address.group(1));
  }

  private static void assertFree(int port) throws IOException {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
      assertThat(socket.isBound()).isTrue();
    }
  }
}
