package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.statistic.RadioCodes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Verifies that after SIGKILL at random moments, while the table of a lookup changes all the time,
 * each batch has the results of one version of the table, whenever it was delivered.
 *
 * <p>Each row of the table shows its version. Each call is a separate group, so a result shows the
 * version that the batch of the call used. The topic of results keeps all deliveries. {@code
 * -Dcallstream.kill.rounds=100} kills a hundred times.
 */
class LookupKillTest {
  private static final int CALLS = 3_000;
  private static final int LONG = Integer.getInteger("callstream.kill.rounds", 12);
  private static final ObjectMapper JSON = new ObjectMapper();

  private static EmbeddedBroker broker;

  @TempDir Path directory;
  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private volatile boolean ended;

  @BeforeAll
  static void start() {
    broker = EmbeddedBroker.start();
    CommandRun produced =
        CommandRun.of(
            "produce",
            "--synthetic",
            Integer.toString(CALLS),
            "--duplicates",
            "0.05",
            "--bootstrap-servers",
            broker.bootstrapServers());
    assertThat(produced.status()).as(produced.err()).isZero();
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  @Test
  @Tag("thorough")
  void localRunsThatWereKilledUseOneVersionInEachBatch() throws Exception {
    killAndCheck("local", 10, Duration.ofSeconds(3), 3);
  }

  @Tag("thorough")
  @Test
  void sparkRunsThatWereKilledUseOneVersionInEachBatch() throws Exception {
    killAndCheck("spark", 150, Duration.ofSeconds(10), 2);
  }

  @Test
  @Tag("thorough")
  void localRunsThatWereKilledOftenUseOneVersionInEachBatch() throws Exception {
    killAndCheck("local", 10, Duration.ofSeconds(3), LONG);
  }

  @Test
  @Tag("thorough")
  void sparkRunsThatWereKilledOftenUseOneVersionInEachBatch() throws Exception {
    killAndCheck("spark", 50, Duration.ofSeconds(10), LONG);
  }

  private void killAndCheck(String engine, int batch, Duration mostDelay, int rounds)
      throws Exception {
    System.out.println("LookupKillTest: " + engine + ", seed " + seed);
    Files.writeString(
        directory.resolve("each.properties"),
        """
        lookup.codes.file = codes.csv
        lookup.codes.key = disposition
        lookup.codes.text.version = version
        lookup.codes.text.meaning = meaning
        statistic.each.by = id, disposition, version, meaning
        """);
    String topic = "each-" + engine + "-" + rounds;
    writeTable(1);
    Thread changes = new Thread(this::changeTable, "changes");
    changes.setDaemon(true);
    changes.start();
    int kills = 0;
    try {
      for (int round = 0; round < rounds; round++) {
        try (CommandProcess run = start(engine, batch, topic)) {
          if (run.endsWithin(mostDelay.multipliedBy(random.nextInt(1_000)).dividedBy(1_000))
              || !run.killIfAlive()) {
            assertThat(run.status()).as(run.err()).isZero();
            break;
          }
          kills++;
        }
      }
      try (CommandProcess run = start(engine, batch, topic)) {
        assertThat(run.status()).as(run.err()).isZero();
      }
    } finally {
      ended = true;
      changes.join();
    }
    check(topic, kills);
  }

  private CommandProcess start(String engine, int batch, String topic) throws IOException {
    return CommandProcess.start(
        directory,
        "statistics",
        "--once",
        "--engine",
        engine,
        "--distinct",
        "--statistics-file",
        directory.resolve("each.properties").toString(),
        "--max-offsets-per-trigger",
        Integer.toString(batch),
        "--checkpoint",
        directory.resolve("state").toString(),
        "--output",
        directory.resolve("out").toString(),
        "--results-topic",
        topic,
        "--bootstrap-servers",
        broker.bootstrapServers());
  }

  private void changeTable() {
    for (int version = 2; !ended; version++) {
      writeTable(version);
      LockSupport.parkNanos(2_000_000);
    }
  }

  private void writeTable(int version) {
    StringBuilder text = new StringBuilder("disposition,version,meaning\n");
    for (String code : RadioCodes.sanFrancisco().descriptions().keySet()) {
      text.append(code + "," + version + "," + meaning(code, version) + "\n");
    }
    try {
      Path draft = Files.writeString(directory.resolve("codes.csv.draft"), text);
      Files.move(draft, directory.resolve("codes.csv"), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String meaning(String code, int version) {
    return code + " of " + version;
  }

  /** Checks all deliveries of the results, which the topic has in their order. */
  private void check(String topic, int kills) throws IOException {
    Map<String, String> versions = new HashMap<>();
    Map<Long, Set<String>> ofBatches = new TreeMap<>();
    Map<String, Long> firstBatches = new HashMap<>();
    long deliveries =
        TopicReader.of(KafkaCluster.at(broker.bootstrapServers()), topic)
            .fromBeginning()
            .read(
                row -> {
                  JsonNode result = row.value() == null ? null : json(row.value());
                  if (result == null || !result.has("id")) {
                    return;
                  }
                  String id = result.get("id").asText();
                  String version = result.get("version").asText();
                  assertThat(versions.merge(id, version, (first, next) -> first))
                      .as("version of call %s in all deliveries, seed %s", id, seed)
                      .isEqualTo(version);
                  if (!version.isEmpty()) {
                    assertThat(result.get("meaning").asText())
                        .isEqualTo(
                            meaning(result.get("disposition").asText(), Integer.parseInt(version)));
                  }
                  firstBatches.merge(id, result.get("_batch").asLong(), Math::min);
                });
    firstBatches.forEach(
        (id, number) -> {
          if (!versions.get(id).isEmpty()) {
            ofBatches.computeIfAbsent(number, n -> new HashSet<>()).add(versions.get(id));
          }
        });
    int last = 0;
    for (Map.Entry<Long, Set<String>> entry : ofBatches.entrySet()) {
      assertThat(entry.getValue()).as("batch %s, seed %s", entry.getKey(), seed).hasSize(1);
      int version = Integer.parseInt(entry.getValue().iterator().next());
      assertThat(version).as("batch %s", entry.getKey()).isGreaterThanOrEqualTo(last);
      last = version;
    }
    assertThat(versions).as("calls").hasSize(CALLS);
    Output output = new Output(directory.resolve("out"));
    assertThat(output.rows("each")).hasSize(CALLS);
    assertThat(output.accounting().get("unknownCodes").asLong())
        .isEqualTo(versions.values().stream().filter(String::isEmpty).count())
        .isPositive();
    Set<String> used = new HashSet<>(versions.values());
    System.out.printf(
        "LookupKillTest: %d kills, %d batches, %d versions, %d deliveries%n",
        kills, ofBatches.size(), used.size(), deliveries);
    assertThat(used).as("versions that batches used").hasSizeGreaterThan(ofBatches.size() / 2);
  }

  private static JsonNode json(byte[] value) {
    try {
      return JSON.readTree(new String(value, UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
