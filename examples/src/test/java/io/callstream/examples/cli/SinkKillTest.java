package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.kafka.broker.EmbeddedBroker;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SIGKILL at any moment leaves every sink's store as the files of an undisturbed run are. */
class SinkKillTest {
  private static final int KILLS = 3;
  private static final int MOST_BATCHES = 3;
  private static final Duration MOST_DELAY = Duration.ofMillis(800);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path directory;
  private static EmbeddedBroker broker;
  private static EmbeddedPostgres postgres;

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(
        !System.getProperty("user.name").equals("root") || unshares(),
        "PostgreSQL can't run as root here: unshare -U is not there or not allowed");
    broker = EmbeddedBroker.start();
    postgres = EmbeddedPostgres.builder().start();
  }

  private static boolean unshares() throws InterruptedException {
    try {
      return new ProcessBuilder("unshare", "-U", "true").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  @AfterAll
  static void stop() throws IOException {
    if (postgres != null) {
      postgres.close();
    }
    if (broker != null) {
      broker.close();
    }
  }

  @Test
  void storesOfRunsThatWereKilledEndAsTheFilesOfOneThatWasNot() throws Exception {
    long seed = System.nanoTime();
    System.out.println("SinkKillTest: seed " + seed);
    Random random = new Random(seed);
    CommandRun produced =
        CommandRun.of(
            "produce",
            "--synthetic",
            "5000",
            "--disorder",
            "0.1",
            "--duplicates",
            "0.05",
            "--garbage",
            "0.03",
            "--bootstrap-servers",
            broker.bootstrapServers());
    assertThat(produced.status()).as(produced.err()).isZero();
    SinkStores stores =
        new SinkStores(
            postgres.getJdbcUrl("postgres", "postgres"),
            "counts",
            broker.bootstrapServers(),
            "counts",
            "letters",
            directory.resolve("parquet"));
    try (Connection database = stores.connect();
        Statement statement = database.createStatement()) {
      statement.execute("CREATE SCHEMA counts");
    }

    Output undisturbed = new Output(directory.resolve("B"));
    runToItsEnd(start(directory.resolve("A"), undisturbed, List.of()));
    undisturbed.assertAccountingAddsUp();
    assertThat(undisturbed.lines("late.ndjson")).isNotEmpty();
    assertThat(undisturbed.lines("rejected.ndjson")).isNotEmpty();

    Path checkpoint = directory.resolve("killed-state");
    Output killed = new Output(directory.resolve("killed-out"));
    List<String> sinks =
        List.of(
            "--jdbc",
            stores.jdbcUrl(),
            "--jdbc-user",
            "postgres",
            "--jdbc-schema",
            stores.schema(),
            "--results-topic",
            stores.resultsTopic(),
            "--dead-letter-topic",
            stores.letterTopic(),
            "--parquet",
            stores.parquet().toString());
    for (int kill = 1; kill <= KILLS; kill++) {
      try (CommandProcess run = start(checkpoint, killed, sinks)) {
        if (kill % 2 == 0) {
          awaitBatchInDatabaseAlone(run, checkpoint, stores);
        } else {
          awaitBatches(run, checkpoint, 1 + random.nextInt(MOST_BATCHES));
          Duration delay = Duration.ofNanos((long) (random.nextDouble() * MOST_DELAY.toNanos()));
          assertThat(run.endsWithin(delay)).as("ends before it is killed").isFalse();
        }
        run.kill();
      }
      System.out.printf(
          "SinkKillTest: kill %d, committed %d, in the database %d%n",
          kill, committed(checkpoint), inDatabase(stores));
    }
    runToItsEnd(start(checkpoint, killed, sinks));

    for (String file :
        List.of(
            "calls-by-type.csv",
            "calls-by-type-and-disposition-hourly.csv",
            "calls-by-location.csv",
            "calls-by-hour-of-week.csv",
            "accounting.json",
            "rejected.ndjson",
            "late.ndjson")) {
      assertThat(killed.directory().resolve(file))
          .as("seed %d", seed)
          .hasSameBinaryContentAs(undisturbed.directory().resolve(file));
    }
    stores.assertAreAs(undisturbed);
  }

  private CommandProcess start(Path checkpoint, Output output, List<String> more)
      throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                "statistics",
                "--once",
                "--distinct",
                "--allowed-lateness",
                "0s",
                "--max-offsets-per-trigger",
                "400",
                "--checkpoint",
                checkpoint.toString(),
                "--output",
                output.directory().toString(),
                "--bootstrap-servers",
                broker.bootstrapServers()));
    line.addAll(more);
    return CommandProcess.start(directory, line.toArray(String[]::new));
  }

  private static void runToItsEnd(CommandProcess run) throws Exception {
    try (run) {
      assertThat(run.status()).as(run.err()).isZero();
      run.assertLeftNothing();
    }
  }

  private static void awaitBatches(CommandProcess run, Path checkpoint, int batches)
      throws Exception {
    long before = committed(checkpoint);
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (committed(checkpoint) < before + batches) {
      assertThat(run.endsWithin(Duration.ofMillis(2))).as(run.err()).isFalse();
      assertThat(System.nanoTime()).as("progress; it said: %s", run.err()).isLessThan(end);
    }
  }

  /** The nasty moment: a sink has the batch, and the engine has not committed it. */
  private static void awaitBatchInDatabaseAlone(
      CommandProcess run, Path checkpoint, SinkStores stores) throws Exception {
    awaitBatches(run, checkpoint, 1);
    long end = System.nanoTime() + PATIENCE.toNanos();
    try (Connection database = stores.connect()) {
      while (inDatabase(database) <= committed(checkpoint)) {
        assertThat(run.endsWithin(Duration.ofMillis(1))).as(run.err()).isFalse();
        assertThat(System.nanoTime()).as("progress; it said: %s", run.err()).isLessThan(end);
      }
    }
  }

  private static long inDatabase(SinkStores stores) throws SQLException {
    try (Connection database = stores.connect()) {
      return inDatabase(database);
    }
  }

  private static long inDatabase(Connection database) throws SQLException {
    try (Statement statement = database.createStatement();
        ResultSet batch = statement.executeQuery("SELECT min(batch) FROM counts._batches")) {
      batch.next();
      return batch.getLong(1);
    }
  }

  private static long committed(Path checkpoint) throws IOException {
    try (Stream<Path> commits = Files.list(checkpoint.resolve("commits"))) {
      return commits
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches("\\d+"))
          .mapToLong(Long::parseLong)
          .max()
          .orElse(-1);
    } catch (NoSuchFileException e) {
      return -1;
    }
  }
}
