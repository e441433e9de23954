package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Verifies that SIGKILL at any moment does not change any byte of the final results of {@code
 * statistics}.
 *
 * <p>The test kills runs at critical moments, which it detects by the existing files, and at random
 * ones. The files after a kill show whether the kill came at the right moment. {@code
 * -Dcallstream.kill.rounds=100} kills a hundred times instead of a few times.
 */
class KillTest {
  private static final int ROUNDS = Integer.getInteger("callstream.kill.rounds", 4);
  private static final int MOST_ROUNDS = 3 * ROUNDS + 10;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** The moment when a run is killed. */
  private enum Moment {
    /** While the run reads the first batch of the checkpoint. */
    FIRST_BATCH {
      @Override
      boolean isNow(Trace trace) {
        return trace.begun() >= 0 && trace.committed() < 0;
      }
    },
    /** While a batch is made durable, before any file shows it. */
    STATE_COMMIT {
      @Override
      boolean isNow(Trace trace) {
        return trace.writesState();
      }
    },
    /** When the files show a batch that is not committed. */
    SINKS_WRITTEN {
      @Override
      boolean isNow(Trace trace) {
        return trace.showsMoreThanIsCommitted();
      }
    },
    /** While a file of results is being replaced. */
    FILE_REPLACEMENT {
      @Override
      boolean isNow(Trace trace) {
        return trace.replacesFile();
      }
    },
    /** At any time, during a batch or not. */
    RANDOM {
      @Override
      boolean isNow(Trace trace) {
        return true;
      }
    };

    abstract boolean isNow(Trace trace);
  }

  /** Determines the progress of a pipeline from its files. */
  private abstract static class Trace {
    final Path checkpoint;
    final Path output;

    Trace(Path checkpoint, Path output) {
      this.checkpoint = checkpoint;
      this.output = output;
    }

    /** Returns the last batch that was started; -1 if there is none. */
    abstract long begun();

    /** Returns the last batch that is known to be committed; -1 if there is none. */
    abstract long committed();

    abstract boolean writesState();

    abstract boolean showsMoreThanIsCommitted();

    final boolean replacesFile() {
      return any(output, name -> name.endsWith(".draft"));
    }

    /** Returns whether the files of results are newer than a file of the checkpoint. */
    final boolean isShown(Path file) {
      return modified(output.resolve("accounting.json")).compareTo(modified(file)) > 0;
    }

    static boolean any(Path directory, Predicate<String> name) {
      return list(directory, Integer.MAX_VALUE).stream()
          .anyMatch(file -> name.test(file.getFileName().toString()));
    }

    /** Lists files that may be created and deleted in the meantime. */
    static List<Path> list(Path directory, int depth) {
      while (true) {
        try (Stream<Path> found = Files.walk(directory, depth)) {
          return found.toList();
        } catch (NoSuchFileException e) {
          return List.of();
        } catch (UncheckedIOException e) {
          // A file was deleted; list again.
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }

    private static FileTime modified(Path file) {
      try {
        return Files.getLastModifiedTime(file);
      } catch (NoSuchFileException e) {
        return FileTime.fromMillis(0);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Spark's own files and the ledger. */
  private static final class SparkTrace extends Trace {
    private static final Pattern NUMBER = Pattern.compile("(?:batch-)?(\\d+)");

    SparkTrace(Path checkpoint, Path output) {
      super(checkpoint, output);
    }

    @Override
    long begun() {
      return greatest("offsets");
    }

    @Override
    long committed() {
      return greatest("commits");
    }

    @Override
    boolean writesState() {
      return any(checkpoint.resolve("state"), name -> name.endsWith(".tmp"));
    }

    @Override
    boolean showsMoreThanIsCommitted() {
      long logged = greatest("callstream");
      return logged > committed() && isShown(checkpoint.resolve("callstream/batch-" + logged));
    }

    private long greatest(String part) {
      long greatest = -1;
      for (Path file : list(checkpoint.resolve(part), 1)) {
        Matcher number = NUMBER.matcher(file.getFileName().toString());
        if (number.matches()) {
          greatest = Math.max(greatest, Long.parseLong(number.group(1)));
        }
      }
      return greatest;
    }
  }

  /**
   * The local engine's log. An entry begins with the number of its batch, 8 bytes, and its length.
   */
  private static final class LocalTrace extends Trace {
    private static final int HEADER = 20;
    private final Path files;

    LocalTrace(Path checkpoint, Path output) {
      super(checkpoint, output);
      files = checkpoint.resolve("callstream");
    }

    @Override
    long begun() {
      return Files.exists(files.resolve("first-offsets")) ? logged() + 1 : -1;
    }

    @Override
    long committed() {
      return Math.max(-1, logged() - 1);
    }

    @Override
    boolean writesState() {
      return logged() >= 0 && !isShown(log());
    }

    @Override
    boolean showsMoreThanIsCommitted() {
      return logged() >= 0 && isShown(log());
    }

    private Path log() {
      return list(files, 1).stream()
          .filter(file -> file.getFileName().toString().startsWith("log-"))
          .max(
              Comparator.comparing(
                  file -> Long.valueOf(file.getFileName().toString().substring(4))))
          .orElse(files.resolve("none"));
    }

    private long logged() {
      long last = -1;
      for (Path file : list(files, 1)) {
        if (file.getFileName().toString().startsWith("log-")) {
          last = Math.max(last, lastIn(file));
        }
      }
      return last;
    }

    private static long lastIn(Path log) {
      try {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(log));
        long last = -1;
        while (bytes.remaining() >= HEADER) {
          long batch = bytes.getLong(bytes.position());
          int length = bytes.getInt(bytes.position() + Long.BYTES);
          if (bytes.remaining() < HEADER + length) {
            break;
          }
          last = Math.max(last, batch);
          bytes.position(bytes.position() + HEADER + length);
        }
        return last;
      } catch (NoSuchFileException e) {
        return -1;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** An engine, with its speed. */
  private enum Counter {
    SPARK("spark", 500, Duration.ofSeconds(8)) {
      @Override
      Trace trace(Path checkpoint, Path output) {
        return new SparkTrace(checkpoint, output);
      }
    },
    LOCAL("local", 20, Duration.ofSeconds(2)) {
      @Override
      Trace trace(Path checkpoint, Path output) {
        return new LocalTrace(checkpoint, output);
      }
    };

    private final String engine;
    private final int batch;
    private final Duration mostDelay;

    Counter(String engine, int batch, Duration mostDelay) {
      this.engine = engine;
      this.batch = batch;
      this.mostDelay = mostDelay;
    }

    abstract Trace trace(Path checkpoint, Path output);
  }

  @TempDir Path directory;
  private static final String BROKERS = TestBroker.cluster().bootstrapServers();
  private static final String TOPIC = "killed";

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private final Map<Moment, Integer> hits = new EnumMap<>(Moment.class);
  private int kills;
  private int rounds = ROUNDS;
  private List<String> mode = List.of("--distinct", "--topic", TOPIC);

  @BeforeAll
  static void start() {
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
            "--topic",
            TOPIC,
            "--bootstrap-servers",
            BROKERS);
    assertThat(produced.status()).as(produced.err()).isZero();
  }

  @Test
  @Tag("thorough")
  void sparkRunsThatWereKilledEndWithTheFilesOfOneThatWasNot() throws Exception {
    killAndCompare(Counter.SPARK);
  }

  @Test
  @Tag("thorough")
  void sparkRunsWithCorrectionsEndWithTheFilesOfOneThatWasNotKilled() throws Exception {
    killAndCompareCorrections(Counter.SPARK, ROUNDS);
  }

  @Test
  @Tag("thorough")
  void localRunsWithCorrectionsEndWithTheFilesOfOneThatWasNotKilled() throws Exception {
    killAndCompareCorrections(Counter.LOCAL, ROUNDS);
  }

  @Tag("thorough")
  @Test
  void aLocalRunWithCorrectionsThatWasKilledCountsTheLastVersions() throws Exception {
    killAndCompareCorrections(Counter.LOCAL, 2);
  }

  private void killAndCompareCorrections(Counter counter, int most) throws Exception {
    rounds = most;
    String topic = "corrected." + counter + most;
    mode = List.of("--corrections", "9d", "--topic", topic);
    Path calls = directory.resolve("versions.json");
    Map<String, Long> byType = writeVersions(calls);
    CommandRun produced =
        CommandRun.of(
            "produce",
            "--input",
            calls.toString(),
            "--order",
            "file",
            "--topic",
            topic,
            "--partitions",
            "1",
            "--bootstrap-servers",
            BROKERS);
    assertThat(produced.status()).as(produced.err()).isZero();
    System.out.println("KillTest: " + counter + " with corrections, seed " + seed);
    Path undisturbed = directory.resolve("undisturbed");
    runToItsEnd(counter, counter.trace(directory.resolve("undisturbed-state"), undisturbed));
    Output output = new Output(undisturbed);
    output.assertAccountingAddsUp();
    assertThat(output.accounting().get("corrections").asLong()).isGreaterThan(1_000);
    assertThat(Files.readAllLines(undisturbed.resolve("calls-by-type.csv")))
        .containsExactlyInAnyOrderElementsOf(
            Stream.concat(
                    Stream.of("crime_type,count"),
                    byType.entrySet().stream().map(type -> type.getKey() + "," + type.getValue()))
                .toList());
    Map<String, byte[]> expected = files(undisturbed);
    for (int pipeline = 0; goesOn(); pipeline++) {
      killAndCompare(
          counter,
          counter.trace(
              directory.resolve("state-" + pipeline), directory.resolve("out-" + pipeline)),
          expected);
    }
    System.out.println("KillTest: " + counter + ", " + kills + " kills, of which " + hits);
  }

  /**
   * Writes versions of calls. Some are equal, and some are late. Returns the number of calls by the
   * type of their last version.
   */
  private Map<String, Long> writeVersions(Path file) throws IOException {
    Map<Integer, String> types = new HashMap<>();
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 4_000; i++) {
      int id = i / 2 - Math.min(i / 2, random.nextInt(120));
      String type = "type-" + random.nextInt(9);
      types.put(id, type);
      LocalDateTime time =
          LocalDateTime.of(2018, 11, 1, 0, 0).plusMinutes(id).plusSeconds(random.nextInt(3_600));
      lines.append(
          "{\"crime_id\":\"%s\",\"original_crime_type_name\":\"%s\",\"call_date_time\":\"%s\",\"address\":\"%s St\"}\n"
              .formatted(id, type, time, random.nextInt(30)));
    }
    Files.writeString(file, lines);
    Map<String, Long> byType = new TreeMap<>();
    types.values().forEach(type -> byType.merge(type, 1L, Long::sum));
    return byType;
  }

  @Test
  @Tag("campaign")
  void localRunsThatWereKilledEndWithTheFilesOfOneThatWasNot() throws Exception {
    killAndCompare(Counter.LOCAL);
  }

  private void killAndCompare(Counter counter) throws Exception {
    System.out.println("KillTest: " + counter + ", seed " + seed);
    Path undisturbed = directory.resolve("undisturbed");
    runToItsEnd(counter, counter.trace(directory.resolve("undisturbed-state"), undisturbed));
    Output output = new Output(undisturbed);
    output.assertAccountingAddsUp();
    JsonNode accounting = output.accounting();
    assertThat(accounting.get("received").asLong()).isEqualTo(8_640);
    assertThat(accounting.get("rejected").asLong()).isEqualTo(240);
    assertThat(accounting.get("duplicates").asLong()).isEqualTo(400);
    assertThat(output.lines("late.ndjson")).isNotEmpty();

    Map<String, byte[]> expected = files(undisturbed);
    for (int pipeline = 0; goesOn(); pipeline++) {
      killAndCompare(
          counter,
          counter.trace(
              directory.resolve("state-" + pipeline), directory.resolve("out-" + pipeline)),
          expected);
    }
    System.out.println("KillTest: " + counter + ", " + kills + " kills, of which " + hits);
    assertThat(hits).as("seed %d", seed).containsOnlyKeys(Moment.values());
  }

  private boolean goesOn() {
    return kills < rounds
        || (rounds == ROUNDS && hits.size() < Moment.values().length && kills < MOST_ROUNDS);
  }

  /** Kills a pipeline repeatedly, until a run ends before it is killed. */
  private void killAndCompare(Counter counter, Trace trace, Map<String, byte[]> expected)
      throws Exception {
    Moment moment = Moment.FIRST_BATCH;
    boolean ended = false;
    while (!ended && goesOn()) {
      ended = !kills(counter, trace, moment);
      if (!ended && moment.isNow(trace)) {
        hits.merge(moment, 1, Integer::sum);
        moment = next(moment);
      } else if (moment == Moment.FIRST_BATCH) {
        moment = next(moment); // The first batch is committed.
      }
    }
    runToItsEnd(counter, trace);
    Map<String, byte[]> actual = files(trace.output);
    assertThat(actual.keySet()).as("seed %d", seed).isEqualTo(expected.keySet());
    expected.forEach(
        (name, content) ->
            assertThat(actual.get(name)).as("%s, seed %d", name, seed).isEqualTo(content));
  }

  /** Returns the next moment. The first batch occurs once; the other moments take turns. */
  private static Moment next(Moment moment) {
    Moment[] all = Moment.values();
    return all[moment.ordinal() % (all.length - 1) + 1];
  }

  private CommandProcess statistics(Counter counter, Trace trace) throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                "statistics",
                "--once",
                "--engine",
                counter.engine,
                "--allowed-lateness",
                "0s",
                "--max-offsets-per-trigger",
                Integer.toString(counter.batch),
                "--checkpoint",
                trace.checkpoint.toString(),
                "--output",
                trace.output.toString(),
                "--bootstrap-servers",
                BROKERS));
    line.addAll(mode);
    return CommandProcess.start(directory, line.toArray(String[]::new));
  }

  private void runToItsEnd(Counter counter, Trace trace) throws Exception {
    try (CommandProcess run = statistics(counter, trace)) {
      assertThat(run.status()).as(run.err()).isZero();
      run.assertLeftNothing();
    }
  }

  /** Kills a run at a moment. Returns false if the run ended before that. */
  private boolean kills(Counter counter, Trace trace, Moment moment) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    long begun = trace.begun();
    try (CommandProcess run = statistics(counter, trace)) {
      boolean ended;
      if (moment == Moment.RANDOM) {
        ended =
            run.endsWithin(counter.mostDelay.multipliedBy(random.nextInt(1_000)).dividedBy(1_000));
      } else {
        // Files of the previous run do not show the progress of this one.
        await(run, end, () -> trace.begun() > begun || trace.committed() == begun);
        await(run, end, () -> moment.isNow(trace));
        ended = !run.isAlive();
      }
      if (ended || !run.killIfAlive()) {
        assertThat(run.status()).as(run.err()).isZero();
        return false;
      }
      kills++;
    }
    System.out.printf(
        "KillTest: %s%s in batch %d%n",
        moment, moment.isNow(trace) ? "" : " (missed)", trace.committed() + 1);
    return true;
  }

  private static void await(CommandProcess run, long end, BooleanSupplier condition)
      throws IOException {
    while (run.isAlive() && !condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("progress; it said: %s", run.err()).isLessThan(end);
      LockSupport.parkNanos(100_000);
    }
  }

  /** Returns the contents of the files that are not hidden. Hidden files differ between runs. */
  private static Map<String, byte[]> files(Path directory) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, "[!.]*")) {
      for (Path file : found) {
        files.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }
}
