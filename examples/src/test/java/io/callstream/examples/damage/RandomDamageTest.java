package io.callstream.examples.damage;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import io.callstream.spark.SparkSettings.StateStore;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages one file of a checkpoint or of an output directory at random, and then runs over more
 * records. The run must either be rejected with a message that names the damage, or end with
 * exactly the files and the accounting of a run without damage.
 *
 * <p>{@code -Dcallstream.damages=500} sets the number of damages on the local engine; Spark gets a
 * fifth of it. {@code -Dcallstream.damages.seed} sets the seed of the first damage. The seed is
 * fixed by default, and random with {@code -Dcallstream.damages.random=true}, as in the profile
 * {@code thorough}. The output and a failure report the seed.
 */
@Tag("campaign")
class RandomDamageTest {
  private static final int DAMAGES = Integer.getInteger("callstream.damages", 20);
  private static final long SEED = 14;
  private static final int SPARK_DAMAGES = Math.max(1, DAMAGES / 5);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();

  /** Fills a log of results in so few batches that a snapshot replaces it. */
  private static final String LONG_TEXT = "x".repeat(20_000);

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();

  @TempDir Path directory;

  /** The change to a file. */
  private enum Damage {
    FLIPPED_BIT {
      @Override
      String inflict(Path file, SplittableRandom random) throws IOException {
        byte[] content = Files.readAllBytes(file);
        if (content.length == 0) {
          return "nothing: the file is empty";
        }
        int bit = random.nextInt(8 * content.length);
        content[bit / 8] ^= (byte) (1 << bit % 8);
        Files.write(file, content);
        return "bit " + bit + " of " + 8 * content.length + " flipped";
      }
    },
    TRUNCATION {
      @Override
      String inflict(Path file, SplittableRandom random) throws IOException {
        byte[] content = Files.readAllBytes(file);
        int length = content.length == 0 ? 0 : random.nextInt(content.length);
        Files.write(file, Arrays.copyOf(content, length));
        return "cut off after " + length + " of " + content.length + " bytes";
      }
    },
    DELETION {
      @Override
      String inflict(Path file, SplittableRandom random) throws IOException {
        Files.delete(file);
        return "deleted";
      }
    },
    APPENDED_BYTES {
      @Override
      String inflict(Path file, SplittableRandom random) throws IOException {
        byte[] content = Files.readAllBytes(file);
        byte[] more = new byte[1 + random.nextInt(100)];
        int kind = random.nextInt(3);
        if (kind == 0) {
          random.nextBytes(more);
        } else if (kind == 1 && content.length >= more.length) {
          more = Arrays.copyOfRange(content, content.length - more.length, content.length);
        }
        byte[] longer = Arrays.copyOf(content, content.length + more.length);
        System.arraycopy(more, 0, longer, content.length, more.length);
        Files.write(file, longer);
        return more.length + " bytes appended";
      }
    },
    /**
     * Replaces a file by a copy of another file of the checkpoint or the output, as an incomplete
     * restore does.
     */
    REPLACEMENT {
      @Override
      String inflict(Path file, SplittableRandom random) throws IOException {
        List<Path> others;
        try (Stream<Path> near = Files.walk(file.getParent().getParent())) {
          others =
              near.filter(Files::isRegularFile)
                  .filter(other -> extension(other).equals(extension(file)) && !other.equals(file))
                  .sorted()
                  .toList();
        }
        if (others.isEmpty()) {
          return "nothing: no other file is like it";
        }
        Path other = others.get(random.nextInt(others.size()));
        Files.copy(other, file, StandardCopyOption.REPLACE_EXISTING);
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
        return "replaced by " + other;
      }
    };

    private static String extension(Path file) {
      String name = file.getFileName().toString();
      return name.substring(name.lastIndexOf('.') + 1).replaceAll("^[^.]*[0-9]$", "");
    }

    /** Damages a file, and returns a description of the damage. */
    abstract String inflict(Path file, SplittableRandom random) throws IOException;
  }

  /** How the previous run ended. */
  private enum Ending {
    WELL,
    KILLED
  }

  /** An engine, its pipeline, and the files of an earlier run in a directory. */
  private record History(
      String name, Engine engine, List<Statistic> statistics, Path left, int batch) {
    RunOptions options(Path directory) {
      return RunOptions.bounded()
          .readingAtMost(batch)
          .checkpointingTo(directory.resolve("checkpoint").toString());
    }
  }

  /** The final results of a run. */
  private record Ended(Accounting accounting, Map<String, String> files) {}

  // ---- the state before the damage

  private KafkaTopic topic(String name) {
    try (TopicAdmin admin = TopicAdmin.connect(cluster())) {
      admin.ensure(name, 2, 1);
    }
    return KafkaTopic.of(name).at(BROKERS);
  }

  private static KafkaCluster cluster() {
    return TestBroker.cluster();
  }

  /** Sends calls of one day, records of each kind, and calls that are late by days. */
  private static void send(KafkaTopic topic, int calls, int day) {
    LocalDate date = LocalDate.of(2018, 10, day);
    try (CallProducer producer = CallProducer.to(cluster(), topic.name(), FORMAT).connect()) {
      producer.send(
          SyntheticCalls.of(calls)
              .withSeed(day)
              .startingOn(date)
              .withDisorder(0.1, Duration.ofMinutes(30))
              .withDuplicates(0.05)
              .withGarbage(0.03));
      producer.send(SyntheticCalls.of(20).withSeed(50 + day).startingOn(date.minusDays(8)));
    }
  }

  private static List<Statistic> statistics() {
    return StandardStatistics.all(FORMAT.zone(), Duration.ofHours(2));
  }

  private static List<Statistic> statisticsWithLongTexts() {
    Dimension longType = Dimension.of("long_type", call -> call.type() + " " + LONG_TEXT);
    return List.of(Statistic.named("by-long-type").by(longType).build());
  }

  private static Pipeline.Builder pipeline(
      KafkaTopic topic, List<Statistic> statistics, Path directory) {
    return Pipeline.builder(topic, FORMAT)
        .statistics(statistics)
        .distinct()
        .results(Sinks.csv(directory.resolve("output")))
        .deadLetters(Sinks.deadLetterFiles(directory.resolve("output")));
  }

  /** Runs over the records so far, and returns the directories that the run leaves. */
  private History history(
      String name,
      Engine engine,
      KafkaTopic topic,
      List<Statistic> statistics,
      Ending ending,
      int batch)
      throws Exception {
    Path ended = directory.resolve("ended " + name);
    Path killed = directory.resolve("killed " + name);
    int moment = batch > 200 ? 2 : 11;
    Pipeline pipeline =
        pipeline(topic, statistics, ended)
            .results(Sinks.callback(results -> copyAtBatch(moment, results, ended, killed)))
            .build();
    History history =
        new History(name, engine, statistics, ending == Ending.WELL ? ended : killed, batch);
    assertThat(run(history, pipeline, ended).accounting().received()).isPositive();
    return history;
  }

  /**
   * Copies the files that a kill at this moment would leave. The batch was delivered to the sinks.
   */
  private static void copyAtBatch(int moment, BatchResults results, Path from, Path to) {
    if (results.number() == moment) {
      try {
        copy(from, to);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes a)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(dir).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
            try {
              Files.copy(file, to.resolve(from.relativize(file).toString()));
            } catch (NoSuchFileException e) {
              // A file of results was just replaced.
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  // ---- runs

  private static Ended run(History history, Pipeline pipeline, Path directory) throws Exception {
    // Otherwise Spark would keep the state of another run of this directory in memory.
    org.apache.spark.sql.execution.streaming.state.StateStore.stop();
    try (RunningPipeline run = history.engine.start(pipeline, history.options(directory))) {
      assertThat(run.awaitTermination(PATIENCE)).as("the run ended").isTrue();
      return new Ended(run.accounting(), published(directory.resolve("output")));
    }
  }

  private static Map<String, String> published(Path output) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(output)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        if (!file.getFileName().toString().startsWith(".")) {
          files.put(file.getFileName().toString(), Files.readString(file));
        }
      }
    }
    return files;
  }

  // ---- the random damages

  @Test
  void noDamageOfTheLocalEnginesFilesIsSilentlyWrong() throws Exception {
    KafkaTopic topic = topic("damaged-local");
    send(topic, 1_500, 10);
    Engine engine = new LocalEngine();
    List<History> histories = new ArrayList<>();
    histories.add(history("standard", engine, topic, statistics(), Ending.WELL, 100));
    histories.add(history("doubtful", engine, topic, statistics(), Ending.KILLED, 100));
    List<Statistic> texts = statisticsWithLongTexts();
    History snapshot = history("snapshot", engine, topic, texts, Ending.WELL, 20);
    try (Stream<Path> files = Files.list(snapshot.left.resolve("checkpoint/callstream"))) {
      assertThat(files).anyMatch(file -> file.getFileName().toString().startsWith("snapshot-"));
    }
    histories.add(snapshot);
    send(topic, 500, 13);
    campaign(topic, histories, DAMAGES);
  }

  @Test
  @Tag("thorough")
  void noDamageOfTheSparkEnginesFilesIsSilentlyWrong() throws Exception {
    KafkaTopic topic = topic("damaged-spark");
    send(topic, 1_500, 10);
    SparkSession session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
    try {
      List<History> histories = new ArrayList<>();
      for (StateStore store : StateStore.values()) {
        if (histories.size() >= SPARK_DAMAGES / 3) {
          break; // Each history takes as much time as some damages.
        }
        Engine engine = SparkEngine.on(session, SparkSettings.defaults().stateStore(store));
        for (Ending ending : Ending.values()) {
          histories.add(history(store + " " + ending, engine, topic, statistics(), ending, 500));
        }
      }
      send(topic, 500, 13);
      campaign(topic, histories, SPARK_DAMAGES);
    } finally {
      session.stop();
      SparkSession.clearDefaultSession();
      SparkSession.clearActiveSession();
    }
  }

  private void campaign(KafkaTopic topic, List<History> histories, int damages) throws Exception {
    List<Ended> expected = new ArrayList<>();
    for (History history : histories) {
      Path trial = directory.resolve("undamaged " + history.name);
      copy(history.left, trial);
      Ended undamaged = run(history, pipeline(topic, history.statistics, trial).build(), trial);
      assertThat(undamaged.files).containsKeys("accounting.json", "rejected.ndjson");
      expected.add(undamaged);
      delete(trial);
    }
    long first = firstSeed();
    Map<String, Integer> outcomes = new TreeMap<>();
    for (int i = 0; i < damages; i++) {
      long seed = first + i;
      SplittableRandom random = new SplittableRandom(seed);
      int number = random.nextInt(histories.size());
      History history = histories.get(number);
      Path trial = directory.resolve("trial");
      copy(history.left, trial);
      Path file = any(candidates(trial), trial, random);
      Damage damage = Damage.values()[random.nextInt(Damage.values().length)];
      String done =
          history.name + ": " + trial.relativize(file) + ": " + damage.inflict(file, random);
      // The number of damages determines the number of histories to choose from.
      String reproduce =
          "-Dcallstream.damages.seed=" + seed + " -Dcallstream.damages=" + DAMAGES + ": " + done;
      String outcome = outcome(topic, history, trial, file, expected.get(number), reproduce);
      outcomes.merge(damage + " " + outcome, 1, Integer::sum);
      System.out.println("RandomDamageTest: " + outcome + ": " + reproduce);
      delete(trial);
    }
    System.out.println("RandomDamageTest: " + damages + " damages from seed " + first);
    outcomes.forEach(
        (kind, count) -> System.out.println("RandomDamageTest: " + count + " " + kind));
    assertThat(outcomes.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(damages);
  }

  private static long firstSeed() {
    long chosen =
        Boolean.getBoolean("callstream.damages.random") ? new SplittableRandom().nextLong() : SEED;
    return Long.getLong("callstream.damages.seed", chosen);
  }

  private static String outcome(
      KafkaTopic topic, History history, Path trial, Path file, Ended expected, String done)
      throws Exception {
    try {
      Ended ended = run(history, pipeline(topic, history.statistics, trial).build(), trial);
      assertThat(ended.accounting).as(done).isEqualTo(expected.accounting);
      assertThat(ended.files).as(done).isEqualTo(expected.files);
      return "without effect";
    } catch (CallstreamException e) {
      assertThat(e.code())
          .as("%s%n%s", done, e.getMessage())
          .isIn(ErrorCode.CHECKPOINT, ErrorCode.SINK_FAILED);
      assertThat(e.getMessage())
          .as(done)
          .matches(
              message ->
                  Stream.of(
                          "is damaged",
                          "is missing",
                          "lack letters or have too many: they account for",
                          file.getFileName().toString())
                      .anyMatch(message::contains))
          .doesNotContain("has room");
      return "refused";
    }
  }

  private static List<Path> candidates(Path trial) throws IOException {
    try (Stream<Path> all = Files.walk(trial)) {
      return all.filter(Files::isRegularFile)
          .filter(file -> !file.getFileName().toString().equals("lock"))
          .sorted()
          .toList();
    }
  }

  /**
   * Chooses a directory and then a file, so that Spark's many files of the state do not dominate.
   * Each run rewrites the files of the output, so they are chosen less often.
   */
  private static Path any(List<Path> files, Path trial, SplittableRandom random) {
    TreeMap<String, List<Path>> parts = new TreeMap<>();
    for (Path file : files) {
      Path part = trial.relativize(file);
      String name = part.subpath(0, Math.min(2, part.getNameCount() - 1)).toString();
      parts.computeIfAbsent(name, p -> new ArrayList<>()).add(file);
    }
    if (random.nextInt(5) > 0) {
      parts.remove("output");
    }
    List<List<Path>> all = List.copyOf(parts.values());
    List<Path> part = all.get(random.nextInt(all.size()));
    return part.get(random.nextInt(part.size()));
  }
}
