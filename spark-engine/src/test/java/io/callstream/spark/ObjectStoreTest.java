package io.callstream.spark;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkSettings.StateStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager.CancellableFSDataOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Keeps checkpoints in an S3 server, through S3A. Results are compared with those of the local
 * engine. {@code -Dcallstream.kill.rounds=100} kills fifty drivers instead of a few.
 */
@Tag("thorough")
class ObjectStoreTest {
  private static final int ROUNDS = Integer.getInteger("callstream.kill.rounds", 6) / 2;

  @TempDir static Path serverDirectory;
  private static S3Server server;

  @TempDir Path directory;

  /** Each test has a bucket, because Hadoop keeps the client of a bucket, with its settings. */
  private final KafkaTopic topic = TestBroker.topic(1);

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private Relay relay;
  private long sent;
  private Processes processes;

  @BeforeAll
  static void startServer() throws IOException {
    server = S3Server.start(serverDirectory);
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void begin() {
    relay = new Relay(server.address());
    processes = new Processes(directory);
    server.createBucket(topic.name());
  }

  @AfterEach
  void end() throws IOException {
    processes.close();
    relay.close();
  }

  private String checkpoint() {
    return "s3a://" + topic.name() + "/checkpoint";
  }

  private SparkSession session() {
    SparkSession session = TestSession.get().newSession();
    S3Server.settings(topic.name(), relay.port()).forEach(session.conf()::set);
    return session;
  }

  private Engine engine(StateStore store) {
    return SparkEngine.on(session(), SparkSettings.defaults().stateStore(store));
  }

  private RunOptions options() {
    return RunOptions.bounded().readingAtMost(500).checkpointingTo(checkpoint());
  }

  /** Sends calls of a month. So little disorder makes none of them late. */
  private void send(int calls, int month) {
    SyntheticCalls source =
        SyntheticCalls.of(calls)
            .withSeed(month)
            .startingOn(LocalDate.of(2018, 1, 1).plusMonths(month))
            .withDisorder(0.1, Duration.ofMinutes(30))
            .withGarbage(0.03);
    TestBroker.send(topic, source);
    sent += source.counts().records();
  }

  /** Sends so many dead letters that a task writes them to a file. */
  private void sendLetters() {
    String lines = ("no call " + "x".repeat(300_000) + "\n").repeat(40);
    TestBroker.send(
        topic, CallSource.stream("no calls", new ByteArrayInputStream(lines.getBytes(UTF_8))));
  }

  private Pipeline pipeline(Path out) {
    return Driver.standard(topic)
        .results(Sinks.csv(out))
        .deadLetters(Sinks.deadLetterFiles(out))
        .build();
  }

  private void run(Engine engine, Path out, RunOptions options) throws InterruptedException {
    try (RunningPipeline run = engine.start(pipeline(out), options)) {
      run.awaitTermination();
      assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
    }
  }

  /** Requires the files that the local engine writes for the whole topic. */
  private void assertExact(Path out) throws Exception {
    assertExact(out, name -> true);
  }

  private void assertExact(Path out, Predicate<String> compared) throws Exception {
    Path local = directory.resolve("local");
    run(new LocalEngine(), local, RunOptions.bounded().readingAtMost(500));
    Map<String, String> expected = files(local);
    Map<String, String> actual = files(out);
    assertThat(expected).containsKeys("accounting.json", "calls-by-type.csv", "rejected.ndjson");
    assertThat(actual.keySet()).as("seed %d", seed).isEqualTo(expected.keySet());
    assertThat(actual.get("accounting.json"))
        .as("seed %d", seed)
        .isEqualTo(expected.get("accounting.json"));
    expected.forEach(
        (name, content) -> {
          if (compared.test(name)) {
            assertThat(actual.get(name).equals(content)).as("%s, seed %d", name, seed).isTrue();
          }
        });
  }

  private static Map<String, String> files(Path directory) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, "[!.]*")) {
      for (Path file : found) {
        if (Files.isRegularFile(file)) {
          files.put(file.getFileName().toString(), Files.readString(file));
        }
      }
    }
    return files;
  }

  /**
   * Returns a number of bytes after which to disturb a run. A run sends some kilobytes before its
   * first batch, some hundreds in a batch, and 12 megabytes in one with many dead letters.
   */
  private long someBytes(double most) {
    return (long) (5e3 * Math.pow(most / 5e3, random.nextDouble()));
  }

  @ParameterizedTest
  @EnumSource(StateStore.class)
  void aRunResumesWhereTheOneBeforeStopped(StateStore store) throws Exception {
    Path out = directory.resolve("out");
    send(1_200, 1);
    sendLetters();
    run(engine(store), out, options());
    send(1_200, 2);
    sendLetters();
    try (RunningPipeline run =
        engine(store)
            .start(
                pipeline(out),
                RunOptions.continuous()
                    .triggeringEvery(Duration.ofMillis(10))
                    .readingAtMost(500)
                    .checkpointingTo(checkpoint()))) {
      Processes.await(() -> run.accounting().received() > 1_800, () -> "" + run.failure());
      run.stop();
    }
    run(engine(store), out, options());
    assertExact(out);
    assertThat(server.objects(topic.name(), "checkpoint/callstream/"))
        .filteredOn(name -> !name.endsWith("/")) // S3A's marks of directories
        .noneMatch(name -> name.contains("/letters/") || name.contains("/visible-"));
  }

  @ParameterizedTest
  @Tag("cluster")
  @EnumSource(
      value = StateStore.class,
      names = {"MEMORY", "ROCKSDB_WITH_CHANGELOG"})
  void driversThatAreKilledDuringRequestsLeaveAWholeCheckpoint(StateStore store) throws Exception {
    send(3_000, 1);
    sendLetters();
    send(3_000, 2);
    Path out = directory.resolve("out");
    int kills = 0;
    for (int start = 0; start < 4 * ROUNDS && kills < ROUNDS; start++) {
      Processes.Running driver = driver("driver-" + start, out, "bounded", store);
      relay.after(someBytes(2e7), () -> driver.process().destroyForcibly());
      if (driver.awaitEnd() == 0) {
        send(1_000, start + 3);
      } else {
        assertThat(driver.text()).as("seed %d", seed).doesNotContain("failed ");
        kills++;
      }
    }
    System.out.printf("ObjectStoreTest: %s, seed %d, %d kills%n", store, seed, kills);
    assertThat(kills).as("seed %d", seed).isPositive();
    relay.after(Long.MAX_VALUE, () -> {});
    run(engine(store), out, options());
    assertExact(out);
  }

  private Processes.Running driver(String name, Path out, String mode, StateStore store) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("spark.master", "local[2]");
    settings.put("state", store.name());
    S3Server.settings(topic.name(), relay.port())
        .forEach((key, value) -> settings.put("spark.hadoop." + key, value));
    return processes.java(
        name,
        List.of(),
        Driver.class.getName(),
        Driver.arguments(topic, checkpoint(), out, mode, settings));
  }

  /** The pause is between two batches. One between a check and a write may harm, as documented. */
  @Test
  @Tag("cluster")
  void aDriverThatWasPausedWhileAnotherTookOverEndsWithoutHarm() throws Exception {
    send(1_000, 1);
    Processes.Running older =
        driver("older", directory.resolve("out-older"), "continuous", StateStore.MEMORY);
    Processes.await(() -> showsAllRecords("out-older"), older::text);
    signal("STOP", older);
    Processes.Running newer =
        driver("newer", directory.resolve("out-newer"), "continuous", StateStore.MEMORY);
    send(1_000, 2);
    Processes.await(() -> showsAllRecords("out-newer"), newer::text);
    signal("CONT", older);
    assertThat(older.awaitEnd()).isEqualTo(1);
    assertThat(older.text())
        .contains("failed CHECKPOINT: Another run has taken over the checkpoint directory s3a://");
    send(1_000, 3);
    Processes.await(() -> showsAllRecords("out-newer"), newer::text);
    assertThat(newer.process().isAlive()).as(newer.text()).isTrue();
    signal("KILL", newer);
    newer.process().onExit().join();
    Path out = directory.resolve("out-newer");
    run(engine(StateStore.MEMORY), out, options());
    assertExact(out, name -> !name.equals("rejected.ndjson"));
  }

  private void signal(String signal, Processes.Running driver) throws Exception {
    Processes.Running kill =
        processes.start(
            signal, List.of("kill", "-" + signal, Long.toString(driver.process().pid())));
    assertThat(kill.awaitEnd()).as(kill.text()).isZero();
  }

  /** Returns whether the files of a run show all records of the topic. */
  private boolean showsAllRecords(String out) {
    Path accounting = directory.resolve(out).resolve("accounting.json");
    try {
      return Files.exists(accounting)
          && Files.readString(accounting).contains("{\"received\":" + sent + ",");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aRunWhoseConnectionsAreCutFailsByNameAndTheNextOneResumes() throws Exception {
    Path out = directory.resolve("out");
    send(3_000, 1);
    for (int cut = 0; cut < ROUNDS; cut++) {
      relay.after(someBytes(1e6), relay::cut);
      CallstreamException e =
          catchThrowableOfType(
              CallstreamException.class, () -> run(engine(StateStore.MEMORY), out, options()));
      if (e != null) {
        System.out.printf("ObjectStoreTest: seed %d, %s: %s%n", seed, e.code(), e.getMessage());
        assertThat(e.code()).as(e.getMessage()).isEqualTo(ErrorCode.CHECKPOINT);
      }
      relay.after(Long.MAX_VALUE, () -> {});
      relay.restore();
    }
    send(500, 2);
    run(engine(StateStore.MEMORY), out, options());
    assertExact(out);
  }

  @Test
  void aCanceledFileLeavesNoObject() throws Exception {
    SparkSession session = session();
    session.conf().set("fs.s3a.bucket." + topic.name() + ".multipart.size", "5M");
    org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(checkpoint(), "snapshot-1");
    ObjectStoreFileManager files =
        new ObjectStoreFileManager(file.getParent(), session.sessionState().newHadoopConf());
    for (int bytes : new int[] {0, 1 << 10, 12 << 20}) {
      CancellableFSDataOutputStream out = files.createAtomic(file, true);
      ((OutputStream) out).write(new byte[bytes]);
      out.cancel();
      assertThat(server.objects(topic.name(), "checkpoint/snapshot")).isEmpty();
    }
  }
}
