package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests real processes that use the same directories or topics at the same time. */
class SharedPlacesTest {
  /** 2,000 calls, and 5 % of garbage in addition. */
  private static final int RECORDS = 2_100;

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();
  private static final String TOPIC = "shared";

  @TempDir Path directory;

  @BeforeAll
  static void startBroker() {
    CommandRun produced =
        CommandRun.of(
            "produce",
            "--synthetic",
            "2000",
            "--garbage",
            "0.05",
            "--topic",
            TOPIC,
            "--bootstrap-servers",
            BROKERS);
    assertThat(produced.status()).as(produced.err()).isZero();
  }

  private CommandProcess continuous(Path output) throws IOException {
    return CommandProcess.start(
        directory,
        "statistics",
        "--engine",
        "local",
        "--checkpoint",
        directory.resolve("state").toString(),
        "--output",
        output.toString(),
        "--topic",
        TOPIC,
        "--bootstrap-servers",
        BROKERS);
  }

  private static CommandRun once(Path output) {
    return CommandRun.of(
        "statistics",
        "--once",
        "--engine",
        "local",
        "--output",
        output.toString(),
        "--topic",
        TOPIC,
        "--bootstrap-servers",
        BROKERS);
  }

  private static long received(Output output) throws IOException {
    return Files.exists(output.directory().resolve("accounting.json"))
        ? output.accounting().get("received").asLong()
        : 0;
  }

  @Test
  void theSecondRunInAnOutputDirectoryIsRefusedAndTheFirstKeepsItsDeadLetters() throws Exception {
    Output output = new Output(directory.resolve("out"));
    try (CommandProcess first = continuous(output.directory())) {
      first.await("all calls are counted", () -> received(output) == RECORDS);
      Path link = Files.createSymbolicLink(directory.resolve("link"), output.directory());
      CommandRun second = once(link);
      assertThat(second.status()).isEqualTo(1);
      assertThat(second.err()).contains("The output directory " + link + " is in use by another");
      assertThat(first.signal("INT")).isZero();
    }
    assertThat(output.accounting().get("rejected").asLong()).isPositive();
    output.assertAccountingAddsUp();
  }

  @Test
  void aRunThatWasKilledLeavesItsOutputDirectoryToTheNext() throws Exception {
    Output output = new Output(directory.resolve("out"));
    try (CommandProcess first = continuous(output.directory())) {
      first.await("all calls are counted", () -> received(output) == RECORDS);
      first.kill();
    }
    CommandRun second = once(output.directory());
    assertThat(second.status()).as(second.err()).isZero();
    output.assertAccountingAddsUp();
  }

  @Test
  void aSecondBrokerOverTheSameDataIsRefused() throws Exception {
    try (EmbeddedBroker first = EmbeddedBroker.start()) {
      String data = first.data().toString();
      CommandRun second = CommandRun.of("broker", "--port", "0", "--data", data);
      assertThat(second.status()).isEqualTo(1);
      assertThat(second.err()).contains("The directory " + data + " is another broker's");
    }
  }
}
