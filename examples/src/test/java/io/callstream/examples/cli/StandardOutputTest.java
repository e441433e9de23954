package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests commands whose standard output cannot be written, with real processes, a full device and
 * closed pipes.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no /dev/full")
class StandardOutputTest {
  private static final String BROKER = "BROKER";
  private static final int CALLS = 3_000;

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();

  @TempDir Path directory;

  @BeforeAll
  static void sendCalls() {
    CommandRun sent =
        CommandRun.of(
            "produce", "--synthetic", "" + CALLS, "--topic", "out", "--bootstrap-servers", BROKERS);
    assertThat(sent.status()).as(sent.err()).isZero();
  }

  private record Ended(int status, String err) {}

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "consume --from-beginning --max 3000 --topic out --bootstrap-servers BROKER",
        "statistics --engine local --json --topic out --bootstrap-servers BROKER",
        "demo --calls 1000 --engine local --no-dashboard --stay",
        "broker --port 0"
      })
  void aFullDeviceFailsTheCommand(String command) throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/full")), "this system has no /dev/full");

    Ended ended = run(command, "> /dev/full");

    assertThat(ended.status()).as(ended.err()).isEqualTo(1);
    assertThat(ended.err())
        .containsOnlyOnce("Standard output can't be written (No space left on device)")
        .doesNotContain("\tat ");
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(
      strings = {
        "--version",
        "help consume",
        "consume --from-beginning --raw --topic out --bootstrap-servers BROKER",
        "statistics --once --engine local --topic out --bootstrap-servers BROKER",
        "statistics --once --engine local --json --topic out --bootstrap-servers BROKER",
        "statistics --once --json --quiet --topic out --bootstrap-servers BROKER"
      })
  void aFullDeviceFailsTheCommandWithTheseOptions(String command) throws Exception {
    aFullDeviceFailsTheCommand(command);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "statistics --engine local --json --topic out --bootstrap-servers BROKER",
        "demo --calls 1000 --engine local --no-dashboard"
      })
  void aClosedPipeEndsTheCommandQuietly(String command) throws Exception {
    Ended ended = run(command, "| true; exit ${PIPESTATUS[0]}");

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.err()).doesNotContain("can't be written");
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(
      strings = {
        "consume --from-beginning --topic out --bootstrap-servers BROKER",
        "consume --from-beginning --raw --topic out --bootstrap-servers BROKER",
        "statistics --once --engine local --topic out --bootstrap-servers BROKER"
      })
  void aClosedPipeEndsTheCommandWithTheseOptionsQuietly(String command) throws Exception {
    aClosedPipeEndsTheCommandQuietly(command);
  }

  @Test
  void consumeEndsQuietlyAfterTheReaderHasItsLine() throws Exception {
    Path line = directory.resolve("line.txt");

    Ended ended =
        run(
            "consume --from-beginning --topic out --bootstrap-servers BROKER",
            "| head -n 1 > " + line + "; exit ${PIPESTATUS[0]}");

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(Files.readAllLines(line)).singleElement().asString().contains("\t");
  }

  @Test
  void aClosedStandardOutputFailsTheCommand() throws Exception {
    Ended ended = run("--help", ">&-");

    assertThat(ended.status()).as(ended.err()).isEqualTo(1);
    assertThat(ended.err()).contains("Standard output can't be written");
  }

  /** Runs a command in a shell that redirects its output. */
  private Ended run(String command, String redirection) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>();
    for (String word : command.split(" ")) {
      words.add(word.equals(BROKER) ? BROKERS : word);
    }
    Path err = directory.resolve("err.txt");
    String line =
        CommandProcess.shellLine(directory, words.toArray(String[]::new)) + " " + redirection;
    Process shell =
        new ProcessBuilder("bash", "-c", line)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectError(err.toFile())
            .start();
    try {
      assertThat(shell.waitFor(90, TimeUnit.SECONDS)).as(Files.readString(err)).isTrue();
    } finally {
      shell.descendants().forEach(ProcessHandle::destroyForcibly);
      shell.destroyForcibly();
    }
    return new Ended(shell.exitValue(), Files.readString(err));
  }
}
