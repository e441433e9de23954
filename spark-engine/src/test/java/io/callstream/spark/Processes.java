package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The processes of a test: drivers of pipelines, and the master and workers of a standalone
 * cluster, which are started from Spark's own classes. All processes end when this is closed.
 */
final class Processes implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final Pattern MASTER = Pattern.compile("spark://127\\.0\\.0\\.1:\\d+\\b");

  private final Path directory;
  private final List<Running> all = new ArrayList<>();

  Processes(Path directory) {
    this.directory = directory;
  }

  /** A process and its output. */
  record Running(Process process, Path output) {
    String text() {
      try {
        return Files.readString(output);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void awaitText(String part) {
      await(() -> text().contains(part) || !process.isAlive(), this::text);
      assertThat(text()).contains(part);
    }

    int awaitEnd() throws InterruptedException {
      assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(text()).isTrue();
      return process.exitValue();
    }
  }

  static void await(BooleanSupplier condition, java.util.function.Supplier<String> state) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(state.get()).isLessThan(end);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  /** Returns the opened packages of this JVM, and the level of its compiler if it is limited. */
  static List<String> jvmOptions() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(
            argument ->
                argument.startsWith("--add-opens") || argument.startsWith("-XX:TieredStopAtLevel"))
        .toList();
  }

  /** Starts a JVM with the class path and the options of this JVM. */
  Running java(String name, List<String> before, String main, List<String> arguments) {
    return java(name, before, List.of(), main, arguments);
  }

  Running java(
      String name, List<String> before, List<String> options, String main, List<String> arguments) {
    List<String> line = new ArrayList<>(before);
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(jvmOptions());
    line.addAll(options);
    line.addAll(List.of("-Xmx1g", "-cp", System.getProperty("java.class.path"), main));
    line.addAll(arguments);
    return start(name, line);
  }

  Running start(String name, List<String> line) {
    try {
      // Spark looks for its jars there. The test's jars are on the class paths that the test
      // passes.
      Files.createDirectories(directory.resolve("spark/jars"));
      Path output = directory.resolve(name + ".output");
      ProcessBuilder builder =
          new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(output.toFile());
      builder.environment().put("SPARK_HOME", directory.resolve("spark").toString());
      builder.environment().put("SPARK_SCALA_VERSION", "2.12");
      builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
      Running running = new Running(builder.start(), output);
      all.add(running);
      return running;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a standalone master and returns its URL. */
  String master() {
    Running master =
        java(
            "master",
            List.of(),
            "org.apache.spark.deploy.master.Master",
            List.of("--host", "127.0.0.1", "--port", "0", "--webui-port", "0"));
    master.awaitText("Starting Spark master at ");
    return url(master);
  }

  /** Returns the URL of a master that has started. */
  static String url(Running master) {
    Matcher url = MASTER.matcher(master.text());
    assertThat(url.find()).as(master.text()).isTrue();
    return url.group();
  }

  /**
   * Starts a worker, whose executors are separate processes.
   *
   * @param before a prefix of the worker's command line, which starts the command
   */
  Running worker(String name, String master, int cores, List<String> before) {
    return worker(name, "127.0.0.1", master, cores, before);
  }

  Running worker(String name, String host, String master, int cores, List<String> before) {
    return java(
        name,
        before,
        "org.apache.spark.deploy.worker.Worker",
        List.of(
            "--host",
            host,
            "--cores",
            "" + cores,
            "--memory",
            "3g",
            "--webui-port",
            "0",
            "--work-dir",
            directory.resolve(name).toString(),
            master));
  }

  @Override
  public void close() {
    for (Running running : all) {
      running.process().descendants().forEach(ProcessHandle::destroyForcibly);
      running.process().destroyForcibly();
    }
    for (Running running : all) {
      running.process().onExit().join();
    }
  }
}
