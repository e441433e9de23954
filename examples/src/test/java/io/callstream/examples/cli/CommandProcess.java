package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A command in a separate process, with a separate directory for all temporary files. */
final class CommandProcess implements AutoCloseable {
  private static final Map<String, Integer> NUMBERS = Map.of("HUP", 1, "INT", 2, "TERM", 15);
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private final Process process;
  private final Path temporary;
  private final Path out;
  private final Path err;

  private CommandProcess(Process process, Path temporary, Path out, Path err) {
    this.process = process;
    this.temporary = temporary;
    this.out = out;
    this.err = err;
  }

  static CommandProcess start(Path directory, String... args) throws IOException {
    return start(directory, List.of(), args);
  }

  /** Starts a command in a JVM with additional options. */
  static CommandProcess start(Path directory, List<String> jvm, String... args) throws IOException {
    return start(directory, Map.of(), jvm, args);
  }

  /** Starts a command with additional environment variables. */
  static CommandProcess start(
      Path directory, Map<String, String> environment, List<String> jvm, String... args)
      throws IOException {
    Path temporary = Files.createTempDirectory(directory, "tmp");
    List<String> line = hearing(line(temporary, jvm, args));
    Path out = Files.createTempFile(directory, "out", ".txt");
    Path err = Files.createTempFile(directory, "err", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(line).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    return new CommandProcess(process, temporary, out, err);
  }

  static List<String> line(Path temporary, List<String> jvm, String... args) {
    List<String> line = new ArrayList<>(jvm(temporary));
    line.addAll(CommandClasses.options());
    line.addAll(jvm);
    line.add(Callstream.class.getName());
    line.addAll(List.of(args));
    return line;
  }

  /** Returns the program and the options of a JVM for a command. */
  static List<String> jvm(Path temporary) {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String opened : System.getProperty("spark.add-opens").trim().split("\\s+")) {
      line.add("--add-opens=" + opened + "=ALL-UNNAMED");
    }
    // The optimizing compiler takes half of the processor time of a run that lasts seconds.
    line.addAll(
        List.of(
            "-Xmx1g",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.io.tmpdir=" + temporary,
            "-Dlogback.configurationFile=logback.xml"));
    return line;
  }

  /**
   * Returns a command line whose process receives signals. A process inherits the ignored signals
   * of this process: SIGINT if a script started it in the background, SIGHUP under nohup. A JVM
   * keeps ignoring them, and bash cannot change it.
   */
  private static List<String> hearing(List<String> line) throws IOException {
    boolean hears = true;
    for (String signal : NUMBERS.keySet()) {
      hears &= !ignores("self", signal);
    }
    List<String> all = new ArrayList<>();
    if (!hears) {
      all.addAll(List.of("env", "--default-signal=" + String.join(",", NUMBERS.keySet())));
    }
    all.addAll(line);
    return all;
  }

  /** Returns whether a process ignores a signal, as far as the operating system reports it. */
  private static boolean ignores(String process, String signal) throws IOException {
    Path status = Path.of("/proc", process, "status");
    if (!Files.exists(status)) {
      return false;
    }
    String ignored =
        Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .map(line -> line.substring("SigIgn:".length()).strip())
            .findFirst()
            .orElseThrow();
    return (Long.parseUnsignedLong(ignored, 16) >> (NUMBERS.get(signal) - 1) & 1) == 1;
  }

  /** Returns a command as a line for a shell. */
  static String shellLine(Path directory, String... args) throws IOException {
    return line(Files.createTempDirectory(directory, "tmp"), List.of(), args).stream()
        .map(word -> "'" + word + "'")
        .collect(Collectors.joining(" "));
  }

  /** Waits until a condition is true. */
  void await(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertThat(process.isAlive()).as("%s; it said: %s", what, err()).isTrue();
      assertThat(System.nanoTime()).as("%s; it said: %s", what, err()).isLessThan(end);
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }

  /**
   * Sends signals, one after the other, and returns the exit status. The process must end within
   * seconds.
   */
  int signal(String... names) throws IOException, InterruptedException {
    assertThat(process.isAlive()).as("lives; it said: %s", err()).isTrue();
    for (String name : names) {
      assertThat(ignores(String.valueOf(process.pid()), name)).as("ignores SIG" + name).isFalse();
      new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
    }
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).as("ends; it said: %s", err()).isTrue();
    return process.exitValue();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Returns whether the process ends within a time, however short it is. */
  boolean endsWithin(Duration time) throws InterruptedException {
    return process.waitFor(time.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Waits for the end and returns the exit status. */
  int status() throws IOException, InterruptedException {
    assertThat(endsWithin(PATIENCE)).as("ends; it said: %s", err()).isTrue();
    return process.exitValue();
  }

  /** Ends the process with SIGKILL, which it cannot handle. */
  void kill() throws IOException, InterruptedException {
    assertThat(process.isAlive()).as("lives; it said: %s", err()).isTrue();
    assertThat(process.destroyForcibly().waitFor()).isEqualTo(128 + 9);
  }

  /** Ends the process with SIGKILL. Returns false if it had ended before. */
  boolean killIfAlive() throws InterruptedException {
    return process.destroyForcibly().waitFor() == 128 + 9;
  }

  String out() throws IOException {
    return Files.readString(out);
  }

  String err() throws IOException {
    return Files.readString(err);
  }

  /** Asserts that no temporary file is left, and that no stack trace was printed. */
  void assertLeftNothing() throws IOException {
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left.filter(file -> !file.getFileName().toString().startsWith("hsperfdata")))
          .isEmpty();
    }
    assertThat(err()).doesNotContain("\tat ").doesNotContain("ERROR");
  }

  @Override
  public void close() {
    process.destroyForcibly();
    boolean interrupted = false;
    while (process.isAlive()) {
      try {
        process.waitFor();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
