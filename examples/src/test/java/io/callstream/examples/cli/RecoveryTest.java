package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tests killed brokers and producers, and full disks, with real processes and real signals. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX signals to send")
@SuppressWarnings("try") // Brokers run while a block does.
class RecoveryTest {
  private static final int CALLS = 6_000;

  @TempDir Path directory;
  private final List<CommandProcess> processes = new ArrayList<>();
  private String servers;
  private int port;

  @BeforeEach
  void choosePort() {
    port = freePort();
    servers = "127.0.0.1:" + port;
  }

  /**
   * Returns a free port that systems do not give to clients, because one could take it while the
   * broker is down.
   */
  private static int freePort() {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(10_000, 30_000);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException e) {
        // Another server uses the port.
      }
    }
  }

  /** Starts a broker with the data of the previous ones. */
  private CommandProcess broker() throws Exception {
    CommandProcess broker =
        started(
            "broker",
            "--port",
            String.valueOf(port),
            "--data",
            directory.resolve("broker").toString());
    broker.await("the broker runs", () -> broker.out().contains(servers));
    return broker;
  }

  private CommandProcess command(String... args) throws IOException {
    return started(with(args));
  }

  private CommandProcess started(String... args) throws IOException {
    CommandProcess process = CommandProcess.start(directory, args);
    processes.add(process);
    return process;
  }

  @AfterEach
  void endProcesses() {
    processes.forEach(CommandProcess::close);
  }

  private String[] with(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("--bootstrap-servers", servers));
    return all.toArray(String[]::new);
  }

  private void produce(String... more) {
    List<String> args = new ArrayList<>(List.of("produce", "--synthetic", "" + CALLS));
    args.addAll(List.of(more));
    CommandRun run = CommandRun.of(with(args.toArray(String[]::new)));
    assertThat(run.status()).as(run.err()).isZero();
  }

  private Output count(String... more) {
    Output output = new Output(directory.resolve("counted"));
    List<String> args =
        new ArrayList<>(
            List.of(
                "statistics", "--once", "--engine", "local", "--output", "" + output.directory()));
    args.addAll(List.of(more));
    CommandRun run = CommandRun.of(with(args.toArray(String[]::new)));
    assertThat(run.status()).as(run.err()).isZero();
    return output;
  }

  /** Returns the configuration of Kafka clients that give up after seconds instead of minutes. */
  private String impatient() throws IOException {
    return Files.writeString(
            directory.resolve("impatient.properties"),
            """
            request.timeout.ms=2000
            default.api.timeout.ms=3000
            delivery.timeout.ms=4000
            """)
        .toString();
  }

  /**
   * Returns the configuration of a producer that waits for the broker as long as the test may need.
   */
  private String patient() throws IOException {
    return Files.writeString(directory.resolve("patient.properties"), "delivery.timeout.ms=90000\n")
        .toString();
  }

  private static long received(Output output) throws IOException {
    return Files.exists(output.directory().resolve("accounting.json"))
        ? output.accounting().get("received").asLong()
        : 0;
  }

  private static void assertCounted(Output output, long calls) throws IOException {
    output.assertAccountingAddsUp();
    JsonNode byType = output.accounting().get("statistics").get("calls-by-type");
    assertThat(byType.get("counted").asLong()).isEqualTo(calls);
  }

  @Tag("thorough")
  @Test
  void aBrokerThatIsKilledAndComesBackHoldsStatisticsUpAndNothingMore() throws Exception {
    Output output = new Output(directory.resolve("out"));
    CommandProcess first = broker();
    produce();
    try (CommandProcess statistics =
        command(
            "statistics",
            "--max-offsets-per-trigger",
            "200",
            "--trigger",
            "0s",
            "--checkpoint",
            directory.resolve("checkpoint").toString(),
            "--output",
            output.directory().toString())) {
      statistics.await("it counts", () -> received(output) > 0);
      first.kill();
      long before = received(output);
      try (CommandProcess second = broker()) {
        statistics.await("the rest is counted", () -> received(output) == CALLS);
        assertThat(before).as("counted before the kill").isLessThan(CALLS);
        produce("--seed", "2");
        statistics.await("more is counted", () -> received(output) == 2 * CALLS);
        assertThat(statistics.signal("INT")).as(statistics.err()).isZero();
        assertCounted(output, 2 * CALLS);
        statistics.assertLeftNothing();
        Output undisturbed = count();
        for (String file : List.of("calls-by-type.csv", "calls-by-location.csv")) {
          assertThat(output.directory().resolve(file))
              .hasSameBinaryContentAs(undisturbed.directory().resolve(file));
        }
      }
    }
  }

  @Test
  @Tag("thorough")
  void aBrokerThatStaysAwayEndsStatisticsWhichGoOnLater() throws Exception {
    Output output = new Output(directory.resolve("out"));
    CommandProcess first = broker();
    produce();
    String[] statistics = {
      "statistics",
      "--checkpoint",
      directory.resolve("checkpoint").toString(),
      "--output",
      output.directory().toString(),
      "--kafka-config",
      impatient()
    };
    try (CommandProcess run = command(statistics)) {
      run.await("all is counted", () -> received(output) == CALLS);
      first.kill();
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err()).contains("The Kafka broker stopped answering", "nothing is lost");
      run.assertLeftNothing();
    }
    assertCounted(output, CALLS);
    try (CommandProcess second = broker();
        CommandProcess run = command(statistics)) {
      produce("--seed", "2");
      run.await("the rest is counted", () -> received(output) == 2 * CALLS);
      assertThat(run.signal("TERM")).as(run.err()).isZero();
      assertCounted(output, 2 * CALLS);
    }
  }

  @Test
  @Tag("thorough")
  void aBrokerThatIsKilledAndComesBackLosesAndRepeatsNoCallOfAProducer() throws Exception {
    CommandProcess first = broker();
    try (CommandProcess produce = command("produce", "--synthetic", "" + CALLS, "--rate", "1500")) {
      produce.await("it sends", () -> produce.err().contains("produced "));
      first.kill();
      try (CommandProcess second = broker()) {
        assertThat(produce.status()).as(produce.err()).isZero();
        assertCounted(count(), CALLS);
        assertThat(received(new Output(directory.resolve("counted")))).isEqualTo(CALLS);
      }
    }
  }

  @Test
  @Tag("thorough")
  void aProducerWhoseBrokerStaysAwaySaysSoAndResumes() throws Exception {
    CommandProcess first = broker();
    try (CommandProcess produce =
        command(
            "produce",
            "--synthetic",
            "" + CALLS,
            "--rate",
            "1000",
            "--kafka-config",
            impatient())) {
      produce.await("it sends", () -> produce.err().contains("produced "));
      first.kill();
      assertThat(produce.status()).isEqualTo(1);
      assertThat(produce.err()).contains("could not be sent", "produce --resume");
    }
    try (CommandProcess second = broker()) {
      produce("--resume");
      assertCounted(count("--distinct"), CALLS);
    }
  }

  @Test
  @Tag("thorough")
  void aProducerThatIsKilledResumes() throws Exception {
    try (CommandProcess broker = broker()) {
      for (int kill = 0; kill < 3; kill++) {
        try (CommandProcess produce =
            command(
                "produce",
                "--synthetic",
                "" + CALLS,
                "--duplicates",
                "0.05",
                "--garbage",
                "0.02",
                "--rate",
                "300",
                "--resume")) {
          produce.await("it sends", () -> produce.err().contains("produced "));
          produce.kill();
        }
      }
      produce("--duplicates", "0.05", "--garbage", "0.02", "--resume");
      Output output = count("--distinct");
      assertCounted(output, CALLS);
      // Each record was sent at least once. Records in flight at the time of the kill may be sent
      // twice.
      assertThat(output.accounting().get("rejected").asLong()).isBetween(120L, 140L);
      assertThat(received(output)).isBetween(6_420L, 6_600L);
      CommandRun again =
          CommandRun.of(
              with(
                  "produce",
                  "--synthetic",
                  "" + CALLS,
                  "--duplicates",
                  "0.05",
                  "--garbage",
                  "0.02",
                  "--resume"));
      assertThat(again.err()).contains("sent      0 records", "6,420 records in the topic already");
    }
  }

  /**
   * The disk is a file system in memory. Only the command sees it, and the test enlarges it later.
   */
  @Tag("thorough")
  @Test
  void aFullDiskEndsStatisticsWhichGoOnWhenThereIsRoom() throws Exception {
    assumeTrue(mayMount(), "this user may not mount a file system in a separate namespace");
    try (CommandProcess broker = broker()) {
      produce("--garbage", "0.1");
      Path disk = Files.createDirectory(directory.resolve("disk"));
      Path results = Files.createDirectory(directory.resolve("results"));
      for (String full : List.of("checkpoint", "out")) {
        String other = full.equals("out") ? "checkpoint" : "out";
        String statistics =
            CommandProcess.shellLine(
                directory,
                with(
                    "statistics",
                    "--once",
                    "--max-offsets-per-trigger",
                    "1500",
                    "--" + (full.equals("out") ? "output" : "checkpoint"),
                    disk.resolve(full).toString(),
                    "--" + (other.equals("out") ? "output" : "checkpoint"),
                    directory.resolve("roomy-" + other).toString()));
        Path script =
            Files.writeString(
                directory.resolve("fill-" + full + ".sh"),
                String.join(
                    "\n",
                    "mount -t tmpfs -o size=150k callstream " + disk,
                    statistics,
                    "echo \"status $?\"",
                    "mount -o remount,size=100m " + disk,
                    statistics,
                    "echo \"then $?\"",
                    "cp -r " + disk + " " + results.resolve(full)));
        Path said = directory.resolve("said-" + full + ".txt");
        Process shell =
            new ProcessBuilder("unshare", "-rm", "bash", script.toString())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        try {
          assertThat(shell.waitFor(3, TimeUnit.MINUTES)).isTrue();
        } finally {
          shell.descendants().forEach(ProcessHandle::destroyForcibly);
          shell.destroyForcibly();
        }
        String text = Files.readString(said);
        assertThat(text).as(full).contains("status 1", "No space left", disk.toString());
        assertThat(text).as(full).contains("then 0").doesNotContain("\tat ");
        Output output =
            new Output(
                full.equals("out") ? results.resolve("out/out") : directory.resolve("roomy-out"));
        assertCounted(output, CALLS);
        assertThat(received(output)).isEqualTo(6_600);
      }
    }
  }

  private static boolean mayMount() throws Exception {
    try {
      Process mount =
          new ProcessBuilder("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt")
              .redirectErrorStream(true)
              .start();
      return mount.waitFor(10, TimeUnit.SECONDS) && mount.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
