package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs drivers and executors in separate processes, on one master with one worker of two cores. */
class ClusterTest {
  @TempDir static Path clusterDirectory;
  private static Processes cluster;
  private static String master;

  @TempDir Path directory;
  private Processes processes;

  @BeforeAll
  static void startCluster() {
    cluster = new Processes(clusterDirectory);
    master = cluster.master();
    cluster.worker("worker", master, 2, List.of());
  }

  @AfterAll
  static void endCluster() {
    cluster.close();
  }

  @BeforeEach
  void begin() {
    processes = new Processes(directory);
  }

  @AfterEach
  void end() {
    processes.close();
  }

  private static void sendLetters(KafkaTopic topic, int count) {
    String lines = ("no call " + "x".repeat(300_000) + "\n").repeat(count);
    TestBroker.send(
        topic, CallSource.stream("no calls", new ByteArrayInputStream(lines.getBytes(UTF_8))));
  }

  private static Map<String, String> hdfs(Map<String, String> settings) {
    Map<String, String> all = new LinkedHashMap<>(settings);
    HdfsCluster.settings().forEach((key, value) -> all.put("spark.hadoop." + key, value));
    // Otherwise, a file system that another task opened in the same process would help a task that
    // lacks these settings.
    all.put("spark.hadoop.fs.hdfs.impl.disable.cache", "true");
    return all;
  }

  private Processes.Running driver(
      String name, KafkaTopic topic, String checkpoint, String mode, Map<String, String> settings) {
    return processes.java(
        name,
        List.of(),
        Driver.class.getName(),
        Driver.arguments(topic, checkpoint, directory.resolve(name), mode, settings));
  }

  @Tag("thorough")
  @Test
  void manyDeadLettersReachTheDriverThroughAFileSystemThatOnlyTheSessionKnows() throws Exception {
    KafkaTopic topic = TestBroker.topic(1);
    TestBroker.send(topic, SyntheticCalls.of(100));
    sendLetters(topic, 40);
    Processes.Running driver =
        driver(
            "driver",
            topic,
            HdfsCluster.URI + "/" + topic.name(),
            "bounded",
            hdfs(Driver.cluster(master)));

    assertThat(driver.awaitEnd()).as(driver.text()).isZero();
    assertThat(driver.text()).contains("received 140");
    assertThat(Files.readAllLines(directory.resolve("driver/rejected.ndjson"))).hasSize(40);
  }

  /** Needs two hosts: Spark runs the second attempt of a task only on another host. */
  @Test
  @Tag("thorough")
  void aBatchWithASpeculativeAttemptDeliversEachDeadLetterOnceAndLeavesNoFile() throws Exception {
    InetAddress otherHost = InetAddress.getByName("127.0.0.2");
    assumeThat(canBind(otherHost)).as("this machine has the second address 127.0.0.2").isTrue();
    KafkaTopic topic = TestBroker.topic(1);
    sendLetters(topic, 40);
    TestBroker.send(topic, SyntheticCalls.of(1));
    processes.worker("other", otherHost.getHostAddress(), master, 1, List.of());
    Map<String, String> settings = Driver.cluster(master);
    settings.put("spark.cores.max", "3");
    settings.put("spark.scheduler.minRegisteredResourcesRatio", "1.0");
    settings.put("spark.speculation", "true");
    settings.put("spark.speculation.task.duration.threshold", "1s");
    Path checkpoint = directory.resolve("checkpoint");

    // The driver ends only because a second attempt of the task runs in addition to the first one.
    Processes.Running driver =
        driver("driver", topic, checkpoint.toString(), "bounded blocked", settings);

    assertThat(driver.awaitEnd()).as(driver.text()).isZero();
    assertThat(driver.text()).contains("received 41");
    assertThat(Files.readAllLines(directory.resolve("driver/rejected.ndjson"))).hasSize(40);
    assertThat(checkpoint.resolve("callstream/letters")).doesNotExist();
  }

  private static boolean canBind(InetAddress address) {
    try (ServerSocket socket = new ServerSocket(0, 1, address)) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  @Tag("thorough")
  void ofTwoDriversOnOneRemoteCheckpointTheNewerOneSurvivesWithExactResults() throws Exception {
    KafkaTopic topic = TestBroker.topic(2);
    String checkpoint = HdfsCluster.URI + "/" + topic.name();
    Map<String, String> settings = hdfs(Map.of("spark.master", "local[1]"));
    TestBroker.send(topic, SyntheticCalls.of(3_000));
    Processes.Running older = driver("older", topic, checkpoint, "continuous", settings);
    older.awaitText("batch 1");
    Processes.Running newer = driver("newer", topic, checkpoint, "continuous", settings);
    // The older run is in the middle of its batches when the newer one takes over.
    AtomicLong seed = new AtomicLong(100);
    Processes.await(
        () -> {
          TestBroker.send(topic, SyntheticCalls.of(100).withSeed(seed.incrementAndGet()));
          return !older.process().isAlive();
        },
        older::text);
    assertThat(older.awaitEnd()).isEqualTo(1);
    assertThat(older.text())
        .contains(
            "failed CHECKPOINT: Another run has taken over the checkpoint directory " + checkpoint,
            ", process " + newer.process().pid() + ",")
        .doesNotContain("estore it");
    TestBroker.send(topic, SyntheticCalls.of(500).withSeed(3));

    Path undisturbed = directory.resolve("undisturbed");
    Pipeline pipeline = Driver.standard(topic).results(Sinks.csv(undisturbed)).build();
    try (RunningPipeline run =
        SparkEngine.on(TestSession.get())
            .start(pipeline, RunOptions.bounded().readingAtMost(500))) {
      run.awaitTermination();
    }
    Path out = directory.resolve("newer");
    Processes.await(
        () -> {
          assertThat(newer.process().isAlive()).as(newer.text()).isTrue();
          return read(out, "accounting.json").equals(read(undisturbed, "accounting.json"));
        },
        () -> newer.text() + read(out, "accounting.json") + read(undisturbed, "accounting.json"));
    for (String file : List.of("calls-by-type.csv", "calls-by-location.csv")) {
      assertThat(out.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
    }
  }

  private static String read(Path directory, String file) {
    try {
      return Files.readString(directory.resolve(file));
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  @Tag("thorough")
  void aLocalCheckpointIsRefusedIfAnExecutorDoesNotSeeIt() throws Exception {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    List<String> ownDisk =
        List.of(
            "unshare", "-m", "sh", "-c", "mount -t tmpfs none " + disk + " && exec \"$@\"", "sh");
    List<String> trial = new ArrayList<>(ownDisk);
    trial.add("true");
    assumeThat(processes.start("trial", trial).awaitEnd())
        .as("this user may give a process a private disk (unshare -m, mount)")
        .isZero();
    KafkaTopic topic = TestBroker.topic(1);
    TestBroker.send(topic, SyntheticCalls.of(100));
    processes.worker("apart", master, 1, ownDisk);
    Map<String, String> settings = Driver.cluster(master);
    // All cores of both workers.
    settings.put("spark.cores.max", "3");
    settings.put("spark.scheduler.minRegisteredResourcesRatio", "1.0");

    Processes.Running refused =
        driver("refused", topic, disk.resolve("checkpoint").toString(), "bounded", settings);

    assertThat(refused.awaitEnd()).as(refused.text()).isEqualTo(1);
    assertThat(refused.text())
        .contains("failed CHECKPOINT: The checkpoint directory file:" + disk)
        .contains("do not all see what the driver writes")
        .containsOnlyOnce("it does not see the file")
        .doesNotContain("batch 0");

    Processes.Running accepted =
        driver("accepted", topic, directory.resolve("checkpoint").toString(), "bounded", settings);
    assertThat(accepted.awaitEnd()).as(accepted.text()).isZero();
    assertThat(accepted.text()).contains("received 100");
  }

  @Test
  @Tag("thorough")
  void theDocumentedCommandRunsTheDriverOnTheClusterAndTheMessageNamesItsOption() throws Exception {
    KafkaTopic topic = TestBroker.topic(1);
    TestBroker.send(topic, SyntheticCalls.of(100));
    String documented =
        Files.readString(Path.of("../docs/operate.md"))
            .lines()
            .dropWhile(line -> !line.matches("spark-submit .* --deploy-mode cluster .*"))
            .takeWhile(line -> !line.equals("```"))
            .collect(Collectors.joining("\n"));
    assertThat(documented).startsWith("spark-submit ").contains("--driver-java-options \"");

    String command =
        documented
            .replace("spark://HOST:7077", master)
            .replace("io.callstream.examples.cli.Callstream", Driver.class.getName())
            .replaceAll("--jars \\$\\(cat [^)]*\\)", "")
            .replaceAll("(?s)examples/target/callstream.jar.*", "");
    String bare = command.replaceAll("(?s)--driver-java-options \"\\$\\(.*?\\)\"", "");
    assertThat(bare).doesNotContain("--driver-java-options");
    String refused = submit("refused", bare, topic, 1);
    assertThat(refused)
        .contains("failed ENVIRONMENT: Spark needs packages of java.base opened")
        .contains("--deploy-mode cluster");
    String option =
        refused.lines().filter(l -> l.contains("--driver-java-options")).findFirst().orElseThrow();

    assertThat(submit("named", bare + " " + option.strip(), topic, 2)).contains("received 100");
    assertThat(submit("documented", command, topic, 3)).contains("received 100");
  }

  /** Returns the output of the driver with this number on the cluster. */
  private String submit(String name, String command, KafkaTopic topic, int number)
      throws Exception {
    String classPath = System.getProperty("java.class.path");
    Path jar =
        Arrays.stream(classPath.split(File.pathSeparator))
            .filter(path -> path.endsWith(".jar"))
            .map(Path::of)
            .findFirst()
            .orElseThrow();
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("spark.executor.memory", "600m");
    settings.put("spark.executor.extraClassPath", classPath);
    String arguments =
        String.join(
            " ",
            Driver.arguments(
                topic,
                directory.resolve(name + "-checkpoint").toString(),
                directory.resolve(name),
                "bounded",
                settings));
    String script =
        """
        spark-submit() {
          "%s/bin/java" -cp "$CLASS_PATH" org.apache.spark.deploy.SparkSubmit \
            --conf spark.driver.extraClassPath="$CLASS_PATH" --conf spark.cores.max=1 "$@"
        }
        CLASS_PATH='%s'
        %s %s %s
        """
            .formatted(
                System.getProperty("java.home"),
                classPath,
                command.stripTrailing().replaceAll("\\\\$", ""),
                jar,
                arguments);
    Processes.Running submitted = processes.start(name, List.of("bash", "-ec", script));
    assertThat(submitted.awaitEnd()).as(submitted.text()).isZero();
    Processes.await(
        () -> driverOutputs().matches("(?s)(.*(received|failed) ){" + number + "}.*"),
        () -> submitted.text() + driverOutputs());
    return driverOutputs();
  }

  private String driverOutputs() {
    try (Stream<Path> drivers = Files.list(clusterDirectory.resolve("worker"))) {
      StringBuilder all = new StringBuilder();
      for (Path driver : drivers.sorted().toList()) {
        if (driver.getFileName().toString().startsWith("driver-")) {
          all.append(read(driver, "stdout"));
        }
      }
      return all.toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
