package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.CallstreamException;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests real processes in environments in which something is missing. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX locales, user ids and mounts")
class SurroundingsTest {
  private static final AtomicInteger TOPICS = new AtomicInteger();

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();

  @TempDir Path directory;

  /** Sends calls to a new topic, and returns the options for a command that uses it. */
  private static List<String> topicOf(int calls, String... more) {
    List<String> topic =
        List.of(
            "--topic", "surroundings-" + TOPICS.incrementAndGet(), "--bootstrap-servers", BROKERS);
    List<String> args = new ArrayList<>(List.of("produce", "--synthetic", String.valueOf(calls)));
    args.addAll(List.of(more));
    args.addAll(topic);
    CommandRun sent = CommandRun.of(args.toArray(String[]::new));
    assertThat(sent.status()).as(sent.err()).isZero();
    return topic;
  }

  private record Ended(int status, String out, String err) {}

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "elsewhere file names are UTF-8 in every locale")
  void namesTheLocaleWhenAnArgumentIsNotInItsCharacterSet() throws Exception {
    try (CommandProcess demo =
        CommandProcess.start(
            directory,
            Map.of("LC_ALL", "C"),
            List.of(),
            "demo",
            "--output",
            directory.resolve("ärger").toString())) {
      assertThat(demo.status()).isEqualTo(1);
      assertThat(demo.err()).contains("character set of the locale, ANSI_X3.4", "LC_ALL=C.UTF-8");
      demo.assertLeftNothing();
    }
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "elsewhere file names are UTF-8 in every locale")
  void anEmbeddingApplicationIsToldOfTheLocaleByTheEngine() throws Exception {
    Ended ended =
        run(
            List.of("env", "LC_ALL=C"),
            List.of("-cp", System.getProperty("java.class.path"), Embedding.class.getName()));

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out())
        .startsWith("ENVIRONMENT The path ")
        .contains("character set of file names of this JVM, ANSI_X3.4", "LC_ALL=C.UTF-8");
  }

  /** Starts a pipeline with a checkpoint whose name is not ASCII. */
  static final class Embedding {
    private Embedding() {}

    @SuppressWarnings("try")
    public static void main(String[] args) {
      Pipeline pipeline =
          Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
              .statistic(StandardStatistics.callsByType())
              .build();
      try (RunningPipeline ignored =
          Engines.named("local")
              .start(pipeline, RunOptions.bounded().checkpointingTo("\u00e4rger"))) {
        System.out.println("started");
      } catch (CallstreamException e) {
        System.out.println(e.code() + " " + e.getMessage());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = "spark")
  void runsAsAUserWithoutAName(String engine) throws Exception {
    List<String> asNobody = List.of("unshare", "--map-user=54321", "--map-group=54321");
    assumeCan(asNobody, "this user may not have another id in a separate namespace");

    Ended ended =
        run(
            asNobody,
            command(
                List.of(),
                "demo",
                "--calls",
                "100",
                "--no-dashboard",
                "--engine",
                engine,
                "--checkpoint",
                directory.resolve("checkpoint").toString()));

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out()).contains("calls-by-type: 100 counted");
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(strings = "local")
  void theLocalEngineRunsAsAUserWithoutAName(String engine) throws Exception {
    runsAsAUserWithoutAName(engine);
  }

  @ParameterizedTest
  @ValueSource(strings = "spark")
  void runsOnAMachineWhoseHostNameCanNotBeResolved(String engine) throws Exception {
    List<String> unknownHost =
        List.of("unshare", "-ru", "sh", "-c", "hostname no-such-host.invalid && exec \"$@\"", "sh");
    assumeCan(unknownHost, "this user may not give a host name in a separate namespace");

    Ended ended =
        run(
            unknownHost,
            command(List.of(), "demo", "--calls", "100", "--no-dashboard", "--engine", engine));

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out()).contains("calls-by-type: 100 counted");
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(strings = "local")
  void theLocalEngineRunsWhereTheHostNameCanNotBeResolved(String engine) throws Exception {
    runsOnAMachineWhoseHostNameCanNotBeResolved(engine);
  }

  @Test
  void namesTheHostNameWhenAClusterNeedsIt() throws Exception {
    List<String> unknownHost =
        List.of("unshare", "-ru", "sh", "-c", "hostname no-such-host.invalid && exec \"$@\"", "sh");
    assumeCan(unknownHost, "this user may not give a host name in a separate namespace");

    Ended ended =
        run(
            unknownHost,
            command(
                List.of(), "demo", "--calls", "100", "--no-dashboard", "--master", "spark://x:1"));

    assertThat(ended.status()).as(ended.err()).isEqualTo(1);
    assertThat(ended.err()).contains("host name can't be resolved (no-such", "SPARK_LOCAL_IP");
  }

  @ParameterizedTest
  @CsvSource({
    "zstd,statistics --once --engine local",
    "snappy,produce --synthetic 100 --kafka-config PROPERTIES"
  })
  void namesTheTemporaryDirectoryFromWhichNoLibraryCanBeLoaded(String codec, String command)
      throws Exception {
    Path noexec = Files.createDirectory(directory.resolve("noexec"));
    List<String> mounted =
        List.of(
            "unshare",
            "-rm",
            "sh",
            "-c",
            "mount -t tmpfs -o noexec callstream '" + noexec + "' && exec \"$@\"",
            "sh");
    assumeCan(mounted, "this user may not mount a file system in a separate namespace");
    Path properties =
        Files.writeString(directory.resolve("kafka.properties"), "compression.type=" + codec);
    List<String> words =
        new ArrayList<>(List.of(command.replace("PROPERTIES", properties.toString()).split(" ")));
    words.addAll(topicOf(500, "--kafka-config", properties.toString()));

    Ended ended =
        run(mounted, command(List.of("-Djava.io.tmpdir=" + noexec), words.toArray(String[]::new)));

    assertThat(ended.status()).as(ended.err()).isEqualTo(1);
    assertThat(ended.err())
        .contains("A native library can't be loaded", noexec.toString(), "-Djava.io.tmpdir=DIR")
        .doesNotContain("failed unexpectedly");
  }

  @ParameterizedTest
  @Tag("thorough")
  @CsvSource({
    "snappy,statistics --once --engine local",
    "zstd,statistics --once",
    "snappy,statistics --once",
    "zstd,consume --from-beginning",
    "snappy,consume --from-beginning",
    "zstd,produce --synthetic 100 --kafka-config PROPERTIES"
  })
  void eachCommandNamesTheTemporaryDirectory(String codec, String command) throws Exception {
    namesTheTemporaryDirectoryFromWhichNoLibraryCanBeLoaded(codec, command);
  }

  @Test
  void namesTheHeapWhenTheLocalEngineRunsOutOfMemory() throws Exception {
    List<String> words =
        new ArrayList<>(List.of("statistics", "--once", "--engine", "local", "--distinct"));
    words.addAll(topicOf(500_000));

    Ended ended = run(List.of(), command(List.of("-Xmx50m"), words.toArray(String[]::new)));

    assertThat(ended.status()).as(ended.err()).isEqualTo(1);
    assertThat(ended.err())
        .contains("Java ran out of memory")
        .contains("larger heap, such as -Xmx4g", "CALLSTREAM_JAVA_OPTS");
  }

  /** By default, Spark ends the whole process, with status 52. */
  @Test
  void aTaskOfSparkThatRunsOutOfMemoryFailsThePipelineAndNotTheProcess() throws Exception {
    List<String> java = new ArrayList<>(command(List.of()));
    java.set(java.size() - 1, Hungry.class.getName());
    List<String> topic = topicOf(10);
    java.add(topic.get(1));
    java.add(BROKERS);

    Ended ended = run(List.of(), java);

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out())
        .startsWith("ENVIRONMENT Java ran out of memory (Java heap space)")
        .contains("larger heap, such as -Xmx4g");
  }

  /** Counts calls with a filter that needs more memory than the JVM has. */
  static final class Hungry {
    private Hungry() {}

    public static void main(String[] args) throws InterruptedException {
      Pipeline pipeline =
          Pipeline.builder(KafkaTopic.of(args[0]).at(args[1]), SanFranciscoCalls.json())
              .statistic(
                  Statistic.named("hungry")
                      .where(call -> new long[Integer.MAX_VALUE - 8].length > 0)
                      .build())
              .build();
      try (RunningPipeline running = Engines.named("spark").start(pipeline, RunOptions.bounded())) {
        running.awaitTermination();
        System.out.println("counted");
      } catch (CallstreamException e) {
        System.out.println(e.code() + " " + e.getMessage());
      }
    }
  }

  @Test
  void namesTheHeapWhenSparkHasTooLittle() throws Exception {
    Ended ended =
        run(List.of(), command(List.of("-Xmx200m"), "demo", "--calls", "100", "--no-dashboard"));

    assertThat(ended.status()).as(ended.err()).isEqualTo(1);
    assertThat(ended.err())
        .contains("Spark needs a heap of at least 512 MiB")
        .contains("-Xmx1g", "CALLSTREAM_JAVA_OPTS");
  }

  /**
   * Returns the command line for a JVM with additional options. They come last and therefore take
   * precedence.
   */
  private List<String> command(List<String> jvm, String... args) {
    List<String> line = new ArrayList<>(CommandProcess.line(directory, jvm, args));
    return line.subList(1, line.size());
  }

  private static void assumeCan(List<String> prefix, String reason) throws Exception {
    List<String> line = new ArrayList<>(prefix);
    line.add("true");
    boolean can;
    try {
      Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
      can = process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      can = false;
    }
    assumeTrue(can, reason);
  }

  /** Runs Java with arguments through another program. */
  private Ended run(List<String> prefix, List<String> java) throws Exception {
    List<String> line = new ArrayList<>(prefix);
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(java);
    Path out = directory.resolve("out.txt");
    Path err = directory.resolve("err.txt");
    Process process =
        new ProcessBuilder(line).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).as(Files.readString(err)).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
  }
}
