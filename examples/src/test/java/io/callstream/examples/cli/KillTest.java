package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.callstream.kafka.broker.EmbeddedBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SIGKILL at any moment changes no byte of what {@code statistics} ends with. */
class KillTest {
  private static final int KILLS = 4;

  /** How many files of a checkpoint a run that is to be killed adds at most; a batch adds two. */
  private static final int MOST_FILES = 6;

  private static final Duration MOST_DELAY = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path directory;
  private static EmbeddedBroker broker;

  @BeforeAll
  static void start() {
    broker = EmbeddedBroker.start();
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  @Test
  void runsThatWereKilledEndWithTheFilesOfOneThatWasNot() throws Exception {
    long seed = System.nanoTime();
    System.out.println("KillTest: seed " + seed);
    Random random = new Random(seed);
    CommandRun produced =
        CommandRun.of(
            "produce",
            "--synthetic",
            "8000",
            "--disorder",
            "0.1",
            "--duplicates",
            "0.05",
            "--garbage",
            "0.03",
            "--bootstrap-servers",
            broker.bootstrapServers());
    assertThat(produced.status()).as(produced.err()).isZero();

    Output undisturbed = new Output(directory.resolve("B"));
    runToItsEnd(directory.resolve("A"), undisturbed);
    undisturbed.assertAccountingAddsUp();
    JsonNode accounting = undisturbed.accounting();
    assertThat(accounting.get("received").asLong()).isEqualTo(8_640);
    assertThat(accounting.get("rejected").asLong()).isEqualTo(240);
    assertThat(accounting.get("duplicates").asLong()).isEqualTo(400);
    assertThat(undisturbed.lines("late.ndjson")).isNotEmpty();

    Path checkpoint = directory.resolve("killed-state");
    Output killed = new Output(directory.resolve("killed-out"));
    for (int kill = 1; kill <= KILLS; kill++) {
      runAndKill(checkpoint, killed, random);
    }
    runToItsEnd(checkpoint, killed);

    Map<String, byte[]> expected = files(undisturbed.directory());
    Map<String, byte[]> actual = files(killed.directory());
    assertThat(actual.keySet()).as("seed %d", seed).isEqualTo(expected.keySet());
    for (Map.Entry<String, byte[]> file : expected.entrySet()) {
      assertThat(actual.get(file.getKey()))
          .as("%s, seed %d", file.getKey(), seed)
          .isEqualTo(file.getValue());
    }
    assertThat(actual.keySet()).noneMatch(name -> name.startsWith("."));
  }

  private CommandProcess statistics(Path checkpoint, Output output) throws IOException {
    return CommandProcess.start(
        directory,
        "statistics",
        "--once",
        "--distinct",
        "--allowed-lateness",
        "0s",
        "--max-offsets-per-trigger",
        "500",
        "--checkpoint",
        checkpoint.toString(),
        "--output",
        output.directory().toString(),
        "--bootstrap-servers",
        broker.bootstrapServers());
  }

  private void runToItsEnd(Path checkpoint, Output output) throws Exception {
    try (CommandProcess run = statistics(checkpoint, output)) {
      assertThat(run.status()).as(run.err()).isZero();
      run.assertLeftNothing();
    }
  }

  /** Kills a run a moment after some files have been added to its checkpoint. */
  private void runAndKill(Path checkpoint, Output output, Random random) throws Exception {
    int files = 1 + random.nextInt(MOST_FILES);
    Duration delay = Duration.ofNanos((long) (random.nextDouble() * MOST_DELAY.toNanos()));
    Set<String> before = progress(checkpoint);
    Set<String> after = before;
    try (CommandProcess run = statistics(checkpoint, output)) {
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (after.size() < before.size() + files) {
        assertThat(run.endsWithin(Duration.ofMillis(2))).as(run.err()).isFalse();
        assertThat(System.nanoTime()).as("progress; it said: %s", run.err()).isLessThan(end);
        Set<String> seen = new HashSet<>(after);
        seen.addAll(progress(checkpoint));
        after = seen;
      }
      assertThat(run.endsWithin(delay)).as("ends before it is killed").isFalse();
      run.kill();
    }
    System.out.printf(
        "KillTest: killed %d ms after file %d: %s%n", delay.toMillis(), files, last(after, before));
  }

  private static List<String> last(Set<String> after, Set<String> before) {
    return after.stream().filter(file -> !before.contains(file)).sorted().toList();
  }

  /** Returns the files that tell how far a run is. */
  private static Set<String> progress(Path checkpoint) throws IOException {
    Set<String> files = new HashSet<>();
    for (String part : List.of("commits", "callstream")) {
      try (Stream<Path> found = Files.list(checkpoint.resolve(part))) {
        found
            .map(file -> file.getFileName().toString())
            .filter(name -> !name.startsWith("."))
            .forEach(name -> files.add(part + "/" + name));
      } catch (NoSuchFileException e) {
        // Not yet.
      }
    }
    return files;
  }

  private static Map<String, byte[]> files(Path directory) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    List<Path> found = new ArrayList<>();
    try (Stream<Path> all = Files.walk(directory)) {
      all.filter(Files::isRegularFile).forEach(found::add);
    }
    for (Path file : found) {
      files.put(directory.relativize(file).toString(), Files.readAllBytes(file));
    }
    return files;
  }
}
