package io.callstream.benchmarks.tune;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.internal.files.RunLock;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs the main class, most of the time in a separate process. */
@Timeout(120)
class TuneTest {
  @TempDir Path directory;

  private record Ended(int status, String out, String err) {}

  private Process start(String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path")));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("-XX:TieredStopAtLevel"))
        .forEach(command::add);
    command.addAll(Arrays.asList(System.getProperty("spark.add-opens", "").split(" ")));
    command.removeIf(String::isEmpty);
    command.add(Tune.class.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectOutput(directory.resolve("out").toFile()).start();
  }

  private Ended run(String... arguments) throws Exception {
    Process process = start(arguments);
    try (BufferedReader err = process.errorReader(UTF_8)) {
      String messages = String.join("\n", err.lines().toList());
      return new Ended(process.waitFor(), Files.readString(directory.resolve("out")), messages);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void printsHelp() throws Exception {
    Ended ended = run("--help");

    assertThat(ended.out())
        .startsWith("Usage: callstream tune")
        .contains("--profile", "--output", "--bootstrap-servers", "--seed", "--verbose");
    assertThat(ended.err()).isEmpty();
    assertThat(ended.status()).isZero();
  }

  @Test
  void parsesTheCommandsOfTheDocumentation() throws Exception {
    List<String> commands =
        Files.readAllLines(Path.of("..", "docs", "command-line.md")).stream()
            .filter(line -> line.startsWith("./callstream tune"))
            .map(
                line ->
                    line.replaceFirst("#.*", "").replaceFirst("./callstream tune *", "").strip())
            .toList();

    assertThat(commands).isNotEmpty();
    for (String command : commands) {
      Tune.commandLine().parseArgs(command.isEmpty() ? new String[0] : command.split(" +"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "--profile long, 'SHORT, THOROUGH'",
    "--output /proc/callstream, Name a directory",
    "--seed x, 'x' is not a long",
    "--bootstrap-servers nowhere, 'nowhere'",
    "--unknown, Unknown option"
  })
  void rejectsWrongOptions(String options, String message) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();

    int status =
        Tune.commandLine()
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(options.split(" "));

    assertThat(err.toString()).contains(message.replace("''", "'"));
    assertThat(out.toString()).isEmpty();
    assertThat(status).isEqualTo(2);
  }

  @Test
  void reportsThatNoBrokerAnswers() throws Exception {
    Ended ended = run("--output", directory.toString(), "--bootstrap-servers", "127.0.0.1:1");

    assertThat(ended.err())
        .startsWith("callstream tune: ")
        .contains("127.0.0.1:1")
        .doesNotContain("\tat ");
    assertThat(ended.status()).isEqualTo(1);
  }

  @Test
  @SuppressWarnings("try")
  void rejectsADirectoryThatAnotherStudyUses() throws Exception {
    try (RunLock first = RunLock.ofOutput(directory, "the first")) {
      Ended ended = run("--output", directory.toString());

      assertThat(ended.err())
          .contains("The output directory " + directory + " is in use by another run");
      assertThat(ended.status()).isEqualTo(1);
    }
  }

  @Tag("thorough")
  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
  void sigtermEndsAStudyWithoutAReport() throws Exception {
    Path output = directory.resolve("tuning");
    Process process = start("--output", output.toString());
    try (BufferedReader err = process.errorReader(UTF_8)) {
      String line = err.readLine();
      while (line != null && !line.contains("warming up")) {
        line = err.readLine();
      }
      assertThat(line).isNotNull();
      List<ProcessHandle> children = process.descendants().toList();
      assertThat(children).as("the sender").isNotEmpty();

      children.forEach(ProcessHandle::destroy); // A terminal signals all processes.
      process.toHandle().destroy(); // Unlike Process.destroy, it does not close the stream.

      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(128 + 15);
      assertThat(children).noneMatch(ProcessHandle::isAlive);
      assertThat(output.toFile().list()).as("files except for the lock").containsExactly(".lock");
      assertThat(err.lines()).noneMatch(message -> message.contains("\tat "));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }
}
