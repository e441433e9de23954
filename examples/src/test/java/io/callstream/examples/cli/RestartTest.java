package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.contract.TestBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests {@code statistics --restart} in real processes whose output directory fails temporarily.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX signals to send")
class RestartTest {
  private static final AtomicInteger TOPICS = new AtomicInteger();

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();

  private final String topic = "restart-" + TOPICS.incrementAndGet();

  @TempDir Path directory;

  private void produce(int calls, int seed) {
    CommandRun run =
        CommandRun.of(
            "produce",
            "--synthetic",
            String.valueOf(calls),
            "--seed",
            String.valueOf(seed),
            "--topic",
            topic,
            "--bootstrap-servers",
            BROKERS);
    assertThat(run.status()).as(run.err()).isZero();
  }

  private CommandProcess start(String engine, String... more) throws Exception {
    String[] args = {
      "statistics",
      "--engine",
      engine,
      "--topic",
      topic,
      "--bootstrap-servers",
      BROKERS,
      "--checkpoint",
      directory.resolve("state").toString(),
      "--output",
      directory.resolve("out").toString(),
      "--trigger",
      "100ms",
      "--restart",
      "--restart-delay",
      "200ms"
    };
    String[] line = new String[args.length + more.length];
    System.arraycopy(args, 0, line, 0, args.length);
    System.arraycopy(more, 0, line, args.length, more.length);
    return CommandProcess.start(directory, line);
  }

  private static long received(Output output) {
    try {
      return output.accounting().get("received").asLong();
    } catch (Exception e) {
      return -1; // It does not exist yet.
    }
  }

  /** Replaces the output directory by a file. */
  private void breakOutput() throws Exception {
    Files.move(directory.resolve("out"), directory.resolve("moved"));
    Files.createFile(directory.resolve("out"));
  }

  @ParameterizedTest
  @ValueSource(strings = "local")
  void resumesWhenTheOutputWorksAgain(String engine) throws Exception {
    Output output = new Output(directory.resolve("out"));
    produce(300, 1);
    try (CommandProcess statistics = start(engine)) {
      statistics.await("all is counted", () -> received(output) == 300);
      breakOutput();
      produce(200, 2);
      statistics.await(
          "it is restarted again and again", () -> statistics.err().contains("attempt 2 of 20"));
      Files.delete(directory.resolve("out"));
      Files.move(directory.resolve("moved"), directory.resolve("out"));
      statistics.await("the rest is counted", () -> received(output) == 500);

      assertThat(statistics.signal("TERM")).as(statistics.err()).isZero();
      output.assertAccountingAddsUp();
      assertThat(received(output)).isEqualTo(500);
      assertThat(statistics.err()).contains("SINK_FAILED").doesNotContain("ERROR");
      statistics.assertLeftNothing();
    }
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(strings = "spark")
  void sparkResumesWhenTheOutputWorksAgain(String engine) throws Exception {
    resumesWhenTheOutputWorksAgain(engine);
  }

  @Test
  void givesUpWithStatusOne() throws Exception {
    Output output = new Output(directory.resolve("out"));
    produce(300, 1);
    try (CommandProcess statistics = start("local", "--max-restarts", "2")) {
      statistics.await("all is counted", () -> received(output) == 300);
      breakOutput();
      produce(200, 2);

      assertThat(statistics.status()).isEqualTo(1);
      assertThat(statistics.err())
          .contains("attempt 1 of 2", "attempt 2 of 2", "the limit of 2 restarts in a row")
          .containsPattern("callstream statistics: .*output directory");
    }
  }
}
