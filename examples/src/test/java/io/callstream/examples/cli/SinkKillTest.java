package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Verifies that after SIGKILL at any moment, the store of every sink matches the files of an
 * undisturbed run. {@code -Dcallstream.kill.rounds=30} kills repeatedly until all calls are
 * counted.
 */
@Tag("thorough")
class SinkKillTest {
  private static final int ROUNDS = Integer.getInteger("callstream.kill.rounds", 5);
  private static final Duration MOST_DELAY = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** The moment when a run is killed. */
  private enum Moment {
    /** Before the first batch of the checkpoint is committed. */
    FIRST_BATCH,
    /** When the database contains a batch that is not committed. */
    BATCH_IN_DATABASE,
    /** While Parquet files are being written. */
    PARQUET_BEING_WRITTEN,
    /** At any time. */
    RANDOM
  }

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
    killRepeatedly("counts", false);
  }

  /** Tasks write the stores, and the driver has no results. */
  @Test
  void storesThatTasksWriteEndAsTheFilesOfARunThatWasNotKilled() throws Exception {
    killRepeatedly("of_tasks", true);
  }

  private void killRepeatedly(String name, boolean inExecutors) throws Exception {
    String topic = "calls-" + name;
    long seed = System.nanoTime();
    System.out.println("SinkKillTest: seed " + seed);
    Random random = new Random(seed);
    CommandRun produced =
        CommandRun.of(
            "produce",
            "--synthetic",
            "3400",
            "--disorder",
            "0.1",
            "--duplicates",
            "0.05",
            "--garbage",
            "0.03",
            "--bootstrap-servers",
            broker.bootstrapServers(),
            "--topic",
            topic);
    assertThat(produced.status()).as(produced.err()).isZero();
    SinkStores stores =
        new SinkStores(
            postgres.getJdbcUrl("postgres", "postgres"),
            name,
            broker.bootstrapServers(),
            name,
            "letters-" + name,
            directory.resolve("parquet"));
    try (Connection database = stores.connect();
        Statement statement = database.createStatement()) {
      statement.execute("CREATE SCHEMA " + name);
    }

    Output undisturbed = new Output(directory.resolve("B"));
    List<String> files = List.of("--output", undisturbed.directory().toString());
    String ignored = runToItsEnd(start(topic, directory.resolve("A"), files));
    undisturbed.assertAccountingAddsUp();
    assertThat(undisturbed.lines("late.ndjson")).isNotEmpty();
    assertThat(undisturbed.lines("rejected.ndjson")).isNotEmpty();

    Path checkpoint = directory.resolve("killed-state");
    Output killed = new Output(directory.resolve("killed-out"));
    List<String> sinks = new ArrayList<>();
    sinks.addAll(
        inExecutors
            ? List.of("--results", "executors", "--json", "--top", "1")
            : List.of("--output", killed.directory().toString()));
    sinks.addAll(
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
            stores.parquet().toString()));
    Set<Moment> hits = EnumSet.noneOf(Moment.class);
    boolean ended = false;
    for (int round = 0; round < ROUNDS && !ended; round++) {
      Moment moment = Moment.values()[round % Moment.values().length];
      try (CommandProcess run = start(topic, checkpoint, sinks)) {
        ended = !comes(moment, run, checkpoint, stores, random);
        if (!ended) {
          run.kill();
        }
      }
      if (!ended && isProved(moment, checkpoint, stores)) {
        hits.add(moment);
      }
      System.out.printf(
          "SinkKillTest: %s, committed %d, in the database %d, ended %s%n",
          moment, committed(checkpoint), inDatabase(stores), ended);
    }
    assertThat(hits).as("seed %d", seed).contains(Moment.FIRST_BATCH);
    String shown = runToItsEnd(start(topic, checkpoint, sinks));

    stores.assertAreAs(undisturbed, !inExecutors);
    if (inExecutors) {
      JsonNode expected = undisturbed.accounting();
      // Spikes need results in the driver.
      ((ObjectNode) expected.get("statistics")).remove("spikes-by-type");
      assertThat(new ObjectMapper().readTree(shown).path("accounting"))
          .as("seed %d", seed)
          .isEqualTo(expected);
      return;
    }
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
  }

  private CommandProcess start(String topic, Path checkpoint, List<String> more)
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
                "150",
                "--checkpoint",
                checkpoint.toString(),
                "--topic",
                topic,
                "--bootstrap-servers",
                broker.bootstrapServers()));
    line.addAll(more);
    return CommandProcess.start(directory, line.toArray(String[]::new));
  }

  /** Waits for the end of a run, and returns its standard output. */
  private static String runToItsEnd(CommandProcess run) throws Exception {
    try (run) {
      assertThat(run.status()).as(run.err()).isZero();
      run.assertLeftNothing();
      return run.out();
    }
  }

  /** Waits for a moment. Returns false if the run ended before that. */
  private static boolean comes(
      Moment moment, CommandProcess run, Path checkpoint, SinkStores stores, Random random)
      throws Exception {
    long committed = committed(checkpoint);
    return switch (moment) {
      case FIRST_BATCH -> await(run, () -> Files.exists(checkpoint.resolve("callstream/batch-0")));
      case BATCH_IN_DATABASE -> {
        try (Connection database = stores.connect()) {
          // Files of the previous run do not show the progress of this one.
          yield await(run, () -> committed(checkpoint) > committed)
              && await(run, () -> inDatabase(database, stores) > committed(checkpoint));
        }
      }
      case PARQUET_BEING_WRITTEN ->
          await(run, () -> committed(checkpoint) > committed)
              && await(run, () -> isWritingParquet(stores));
      case RANDOM ->
          !run.endsWithin(MOST_DELAY.multipliedBy(random.nextInt(1_000)).dividedBy(1_000));
    };
  }

  private static boolean isProved(Moment moment, Path checkpoint, SinkStores stores)
      throws Exception {
    return switch (moment) {
      case FIRST_BATCH -> committed(checkpoint) < 0;
      case BATCH_IN_DATABASE -> inDatabase(stores) > committed(checkpoint);
      case PARQUET_BEING_WRITTEN -> isWritingParquet(stores);
      case RANDOM -> true;
    };
  }

  private static boolean await(CommandProcess run, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      if (run.endsWithin(Duration.ofMillis(1))) {
        assertThat(run.status()).as(run.err()).isZero();
        return false;
      }
      assertThat(System.nanoTime()).as("progress; it said: %s", run.err()).isLessThan(end);
    }
    return true;
  }

  /** Returns whether files of a batch are not published yet. */
  private static boolean isWritingParquet(SinkStores stores) {
    return files(stores.parquet(), "staging-") > 0;
  }

  /** Counts files and directories, which may be created and deleted in the meantime. */
  private static long files(Path directory, String start) {
    while (true) {
      try (Stream<Path> all = Files.walk(directory)) {
        return all.filter(file -> file.getFileName().toString().startsWith(start)).count();
      } catch (NoSuchFileException e) {
        return 0;
      } catch (UncheckedIOException e) {
        // A file was deleted; count again.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static long inDatabase(SinkStores stores) throws SQLException {
    try (Connection database = stores.connect()) {
      return inDatabase(database, stores);
    }
  }

  private static long inDatabase(Connection database, SinkStores stores) throws SQLException {
    try (Statement statement = database.createStatement();
        ResultSet batch =
            statement.executeQuery("SELECT min(batch) FROM " + stores.schema() + "._batches")) {
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
