package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.KafkaSinks;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.spark.Processes.Running;
import io.callstream.spark.SparkSettings.StateStore;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewPartitions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Verifies that each process of a cluster can be killed without a change in any byte of the
 * results, which are those of an undisturbed run of the local engine.
 *
 * <p>All tests use one {@link StandaloneCluster}, one HDFS with the checkpoints, which only a
 * logical name identifies, and one broker of three nodes with a replica on each. They print how
 * long it took until the next batch.
 */
@Tag("cluster")
class ClusterFaultTest {
  private static final int CALLS = 5_000;
  private static final int RECORDS = 5_400;
  private static final Pattern BATCH = Pattern.compile("batch (\\d+)\n");

  @TempDir static Path clusterDirectory;
  private static StandaloneCluster cluster;
  private static EmbeddedBroker broker;
  private static KafkaTopic calls;
  private static Map<String, String> expected;

  @TempDir Path directory;
  private Processes processes;
  private KafkaTopic topic;

  @BeforeAll
  static void startCluster() throws Exception {
    assumeThat(StandaloneCluster.isPossible())
        .as("this machine has the addresses 127.0.0.2 and 127.0.0.3")
        .isTrue();
    broker = EmbeddedBroker.builder().nodes(3).start();
    cluster = StandaloneCluster.start(clusterDirectory);
    calls = topic("calls", 3);
    send(
        calls,
        SyntheticCalls.of(CALLS)
            .withDisorder(0.1, Duration.ofMinutes(40))
            .withDuplicates(0.05)
            .withGarbage(0.03));
    expected = undisturbed(calls, clusterDirectory.resolve("undisturbed"));
    assertThat(expected.get("accounting.json"))
        .contains("\"received\":" + RECORDS, "\"rejected\":150", "\"duplicates\":250");
  }

  @AfterAll
  static void endCluster() {
    if (cluster != null) {
      cluster.close();
    }
    if (broker != null) {
      broker.close();
    }
  }

  @BeforeEach
  void begin() {
    processes = new Processes(directory);
    topic = calls;
  }

  @AfterEach
  void end() {
    processes.close();
  }

  private static KafkaTopic topic(String name, int partitions) {
    try (TopicAdmin admin = TopicAdmin.connect(KafkaCluster.at(broker.bootstrapServers()))) {
      admin.ensure(name, partitions, 3);
    }
    return KafkaTopic.of(name).at(broker.bootstrapServers());
  }

  private static void send(KafkaTopic topic, SyntheticCalls calls) {
    KafkaCluster brokers = KafkaCluster.at(topic.bootstrapServers());
    try (CallProducer producer =
        CallProducer.to(brokers, topic.name(), SanFranciscoCalls.json()).connect()) {
      producer.send(calls);
    }
  }

  private static Map<String, String> undisturbed(KafkaTopic topic, Path out) throws Exception {
    Pipeline pipeline =
        Driver.standard(topic)
            .distinct()
            .results(Sinks.csv(out))
            .deadLetters(Sinks.deadLetterFiles(out))
            .build();
    try (RunningPipeline run =
        new LocalEngine().start(pipeline, RunOptions.bounded().readingAtMost(500))) {
      run.awaitTermination();
    }
    return files(out);
  }

  /**
   * Returns the contents of the files that are not hidden. The lines of dead letters are sorted,
   * because engines form different batches.
   */
  private static Map<String, String> files(Path directory) {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> found = Files.list(directory)) {
      for (Path file : found.filter(f -> !f.getFileName().toString().startsWith(".")).toList()) {
        String content = Files.readString(file);
        files.put(
            file.getFileName().toString(),
            file.toString().endsWith(".ndjson")
                ? String.join("\n", content.lines().sorted().toList())
                : content);
      }
    } catch (NoSuchFileException e) {
      return files; // A file is being replaced, or the driver has not written any.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }

  private String checkpoint() {
    return HdfsCluster.URI + "/" + directory.getFileName();
  }

  private Path out() {
    return directory.resolve("out");
  }

  private Running driver(String name, Map<String, String> settings) {
    return processes.java(
        name,
        List.of(),
        Driver.class.getName(),
        Driver.arguments(topic, checkpoint(), out(), "bounded distinct", settings));
  }

  /** Returns the number of the last batch in the output of a driver; -1 if there is none. */
  private static long batch(String text) {
    return BATCH
        .matcher(text)
        .results()
        .mapToLong(m -> Long.parseLong(m.group(1)))
        .max()
        .orElse(-1);
  }

  private static void awaitBatch(Running driver, long number) {
    Processes.await(
        () -> batch(driver.text()) >= number || !driver.process().isAlive(), driver::text);
    assertThat(batch(driver.text())).as(driver.text()).isGreaterThanOrEqualTo(number);
  }

  private void assertExact(Running driver) throws Exception {
    assertThat(driver.awaitEnd()).as(driver.text()).isZero();
    assertThat(driver.text()).contains("received " + RECORDS);
    assertThat(files(out())).isEqualTo(expected);
  }

  /** Prints how long it takes from now on until a condition is true. */
  private static void report(String fault, Runnable wait) {
    long start = System.nanoTime();
    wait.run();
    System.out.printf("ClusterFaultTest: %s: %.1f s%n", fault, secondsSince(start));
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }

  private void faultDuring(Map<String, String> settings, String fault, Callable<?> action)
      throws Exception {
    Running driver = driver("driver", settings);
    awaitBatch(driver, 3);
    long before = batch(driver.text());
    action.call();
    report(fault, () -> awaitBatch(driver, before + 2));
    assertExact(driver);
  }

  private static Callable<Void> doing(Runnable action) {
    return () -> {
      action.run();
      return null;
    };
  }

  @ParameterizedTest
  @EnumSource(
      value = StateStore.class,
      names = {"MEMORY", "ROCKSDB_WITH_CHANGELOG"})
  void anExecutorIsKilled(StateStore store) throws Exception {
    Map<String, String> settings = cluster.settings();
    settings.put(Driver.STATE_STORE, store.name());
    faultDuring(
        settings,
        "executor killed, " + store,
        doing(() -> StandaloneCluster.kill(cluster.executor())));
  }

  @Test
  void aWorkerIsKilled() throws Exception {
    faultDuring(cluster.settings(), "worker killed", doing(cluster::killWorker));
    cluster.restartWorker();
  }

  @Test
  void aMachineWithAWorkerAndItsExecutorFails() throws Exception {
    faultDuring(cluster.settings(), "machine killed", doing(cluster::killMachine));
    cluster.restartWorker();
  }

  @Test
  void theDriverIsKilled() throws Exception {
    Running killed = driver("killed", cluster.settings());
    awaitBatch(killed, 3);
    killed.process().destroyForcibly().waitFor();
    Running next = driver("next", cluster.settings());
    report("driver killed", () -> awaitBatch(next, 4));
    assertExact(next);
  }

  @Test
  void theDriverIsKilledOnItsWorker() throws Exception {
    String classPath = System.getProperty("java.class.path");
    String jar =
        Arrays.stream(classPath.split(File.pathSeparator))
            .filter(path -> path.endsWith(".jar"))
            .findFirst()
            .orElseThrow();
    List<String> arguments =
        new ArrayList<>(
            List.of("--master", cluster.url(), "--deploy-mode", "cluster", "--supervise"));
    Map<String, String> settings = cluster.settings();
    settings.remove("spark.master");
    settings.put("spark.driver.extraClassPath", classPath);
    settings.put("spark.driver.extraJavaOptions", String.join(" ", Processes.jvmOptions()));
    settings.forEach((key, value) -> arguments.addAll(List.of("--conf", key + "=" + value)));
    arguments.addAll(List.of("--class", Driver.class.getName(), jar));
    arguments.addAll(
        Driver.arguments(topic, checkpoint(), out(), "bounded distinct logged", Map.of()));
    Running submitted =
        processes.java("submit", List.of(), "org.apache.spark.deploy.SparkSubmit", arguments);
    assertThat(submitted.awaitEnd()).as(submitted.text()).isZero();
    Supplier<String> text = () -> read(Driver.log(out()));
    Processes.await(() -> batch(text.get()) >= 3, () -> text.get() + cluster.text());

    StandaloneCluster.kill(cluster.driver());
    String before = text.get();

    report(
        "driver in the cluster killed",
        () -> Processes.await(() -> text.get().length() > before.length(), text));
    Processes.await(() -> text.get().contains("received"), text);
    assertThat(text.get()).contains("received " + RECORDS);
    assertThat(files(out())).isEqualTo(expected);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theMasterIsKilledAndThenAnExecutor() throws Exception {
    Running driver = driver("driver", cluster.settings());
    awaitBatch(driver, 2);
    cluster.killMaster();
    long before = batch(driver.text());
    report("master killed", () -> awaitBatch(driver, before + 2));
    StandaloneCluster.kill(cluster.executor());
    cluster.restartMaster();
    // Only a master can start another executor.
    report(
        "master started again",
        () -> Processes.await(() -> cluster.executors() == 2, cluster::text));
    assertExact(driver);
  }

  @Test
  void anExecutorStopsAndASecondAttemptOfItsTaskRunsElsewhere() throws Exception {
    Map<String, String> settings = cluster.settings();
    settings.put("spark.speculation", "true");
    settings.put("spark.speculation.quantile", "0.5");
    settings.put("spark.speculation.minTaskRuntime", "1s");
    Running driver = driver("driver", settings);
    awaitBatch(driver, 3);
    ProcessHandle stopped = cluster.executor();
    long before = batch(driver.text());
    StandaloneCluster.signal("STOP", stopped);
    report("executor stopped", () -> awaitBatch(driver, before + 2));
    StandaloneCluster.signal("CONT", stopped);
    assertExact(driver);
  }

  /** Tasks write the results into a topic, and the driver does not have them. */
  @ParameterizedTest
  @ValueSource(strings = {"executor killed", "executor stopped", "driver killed"})
  void resultsThatTasksWriteAreExact(String fault) throws Exception {
    String name = "results-" + fault.replace(' ', '-');
    Map<String, String> settings = cluster.settings();
    settings.put(Driver.RESULTS_TOPIC, name);
    settings.put("spark.speculation", "true");
    settings.put("spark.speculation.quantile", "0.5");
    settings.put("spark.speculation.minTaskRuntime", "1s");
    Running driver = driver("driver", settings);
    awaitBatch(driver, 3);
    long before = batch(driver.text());
    ProcessHandle executor = cluster.executor();
    switch (fault) {
      case "executor killed" -> StandaloneCluster.kill(executor);
      case "executor stopped" -> StandaloneCluster.signal("STOP", executor);
      default -> {
        StandaloneCluster.kill(driver.process().toHandle());
        driver = driver("next", settings);
      }
    }
    Running last = driver;
    report(fault + ", results of tasks", () -> awaitBatch(last, before + 2));
    if (fault.equals("executor stopped")) {
      StandaloneCluster.signal("CONT", executor);
    }
    assertThat(last.awaitEnd()).as(last.text()).isZero();
    assertThat(last.text()).contains("received " + RECORDS);
    Map<String, String> rows = rows(name);
    assertThat(rows).hasSizeGreaterThan(100).isEqualTo(expectedRows());
  }

  /** Returns the rows of an undisturbed run of the local engine. */
  private static Map<String, String> expectedRows() throws Exception {
    Pipeline pipeline =
        Driver.standard(calls)
            .distinct()
            .results(
                KafkaSinks.at(KafkaCluster.at(broker.bootstrapServers()))
                    .creating(2, 3)
                    .startingOver()
                    .results("results-expected"))
            .build();
    try (RunningPipeline run =
        new LocalEngine().start(pipeline, RunOptions.bounded().readingAtMost(500))) {
      run.awaitTermination();
    }
    return rows("results-expected");
  }

  /** Returns the last value of each row in a topic, without the batch that wrote it. */
  private static Map<String, String> rows(String name) {
    Map<String, String> rows = new TreeMap<>();
    TopicReader.of(KafkaCluster.at(broker.bootstrapServers()), name)
        .fromBeginning()
        .read(
            row -> {
              String key = new String(row.key(), UTF_8);
              if (key.startsWith("{\"statistic\"")) {
                String value = new String(row.value(), UTF_8);
                rows.put(key, value.replaceAll(",\"_(batch|watermark)\":(null|[^,}]*)", ""));
              }
            });
    return rows;
  }

  @Test
  void theNodeThatLeadsAPartitionIsKilled() throws Exception {
    int leader = broker.leader(topic.name(), 0);
    Running driver = driver("driver", cluster.settings());
    awaitBatch(driver, 3);
    long before = batch(driver.text());
    long start = System.nanoTime();
    broker.kill(leader);
    report("leader of a partition killed", () -> awaitBatch(driver, before + 2));
    // Kafka's client waits for a minute if nothing repeats its request.
    assertThat(secondsSince(start)).isLessThan(60);
    assertExact(driver);
    broker.restart(leader);
  }

  @Test
  void partitionsAreAdded() throws Exception {
    topic = topic("growing", 2);
    send(topic, SyntheticCalls.of(3_000));
    Running driver =
        processes.java(
            "driver",
            List.of(),
            Driver.class.getName(),
            Driver.arguments(
                topic, checkpoint(), out(), "continuous distinct", cluster.settings()));
    awaitBatch(driver, 3);
    try (Admin admin =
        Admin.create(
            Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, broker.bootstrapServers()))) {
      admin.createPartitions(Map.of(topic.name(), NewPartitions.increaseTo(4))).all().get();
    }
    send(topic, SyntheticCalls.of(2_000).withSeed(2).startingOn(LocalDate.of(2018, 10, 4)));
    Map<String, String> all = undisturbed(topic, directory.resolve("undisturbed"));
    Processes.await(
        () -> {
          assertThat(driver.process().isAlive()).as(driver.text()).isTrue();
          return files(out()).equals(all);
        },
        () -> files(out()).get("accounting.json") + all.get("accounting.json") + driver.text());
  }
}
