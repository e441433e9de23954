package io.callstream.benchmarks.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A {@link TrafficProcess}, which fills topics with synthetic calls and optionally contains a
 * broker. Closing ends the process and deletes the topics that it created. Use it from one thread
 * at a time; {@link #close} is thread-safe.
 */
public final class Traffic implements AutoCloseable {
  private static final int END_TIMEOUT_SECONDS = 30;

  private final Process process;
  private final BufferedReader replies;
  private final PrintStream commands;
  private final String bootstrapServers;
  private final List<String> topics = new ArrayList<>();

  private Traffic(Process process) throws IOException {
    this.process = process;
    replies = process.inputReader(UTF_8);
    commands = new PrintStream(process.getOutputStream(), true, UTF_8);
    String servers = replies.readLine();
    if (servers == null) {
      process.destroyForcibly();
      throw new IOException(
          "The process of the sender did not start. Standard error contains the reason.");
    }
    bootstrapServers = servers;
  }

  /** Starts a process that contains a broker. */
  public static Traffic embedded() {
    return start(TrafficProcess.EMBEDDED);
  }

  /** Starts a process that sends to running brokers, {@code host:port}. */
  public static Traffic to(String bootstrapServers) {
    return start(bootstrapServers);
  }

  private static Traffic start(String brokers) {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx1g",
            "-XX:+UseParallelGC",
            "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
            "-Dcallstream.log=" + System.getProperty("callstream.log", "ERROR"),
            "-cp",
            System.getProperty("java.class.path"),
            TrafficProcess.class.getName(),
            brokers);
    try {
      return new Traffic(
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the brokers. */
  public String bootstrapServers() {
    return bootstrapServers;
  }

  /** Returns whether the process is running. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Creates an empty topic. */
  public void create(String topic, int partitions) {
    request("create", topic, partitions);
    topics.add(topic);
  }

  /** Deletes a topic. */
  public void delete(String topic) {
    request("delete", topic);
    topics.remove(topic);
  }

  /** Sends calls as fast as possible, and returns when all are in the topic. */
  public void fill(String topic, long calls) {
    request("fill", topic, calls);
  }

  /**
   * Sends some calls immediately. The calls of {@code load} follow after {@link Sender#begin}.
   *
   * @param unscheduled the number of calls to send immediately
   */
  Sender prepare(String topic, int unscheduled, Load load) {
    request(
        "steady",
        topic,
        unscheduled,
        load.calls(),
        load.rate(),
        load.uncountedMicros(),
        load.maxSenderDelayMicros());
    return new Sender(load);
  }

  /** Sends calls according to a schedule. */
  final class Sender implements AutoCloseable {
    private final Load load;
    private boolean begun;
    private boolean ended;
    private long delayMicros;

    private Sender(Load load) {
      this.load = load;
    }

    /** Starts the schedule shortly after the start delay of the load, and returns it. */
    Schedule begin() {
      begun = true;
      long startDelay = load.startDelay().toNanos() / 1_000;
      return new Schedule(Long.parseLong(request(TrafficProcess.BEGIN, startDelay)), load.rate());
    }

    /** Returns whether the sender ended because it was too late. */
    boolean endedTooLate() {
      try {
        return (ended || replies.ready()) && awaitEnd() > load.maxSenderDelayMicros();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Stops the sender early; {@link #awaitEnd} then returns soon. */
    void stop() {
      commands.println(TrafficProcess.STOP);
    }

    /**
     * Waits until the broker has all calls or the sender ended early. Returns the maximum delay of
     * the sender while latencies were recorded, in microseconds.
     */
    long awaitEnd() {
      if (!ended) {
        ended = true;
        delayMicros = Long.parseLong(reply());
      }
      return delayMicros;
    }

    /** Stops the sender if it is running, so that the process accepts other commands. */
    @Override
    public void close() {
      if (!ended) {
        ended = true;
        String ignored = request(begun ? TrafficProcess.STOP : TrafficProcess.CANCEL);
      }
    }
  }

  private String request(String command, Object... arguments) {
    StringBuilder line = new StringBuilder(command);
    for (Object argument : arguments) {
      line.append(' ').append(argument);
    }
    commands.println(line);
    return reply();
  }

  private String reply() {
    try {
      String reply = replies.readLine();
      if (reply == null) {
        throw new IllegalStateException("The process of the sender ended");
      }
      if (reply.startsWith(TrafficProcess.FAILED)) {
        throw new IllegalStateException(
            "The sender failed: " + reply.substring(TrafficProcess.FAILED.length()));
      }
      return reply;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    for (String topic : topics) {
      commands.println("delete " + topic);
    }
    commands.close();
    try {
      if (process.waitFor(END_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }
}
