package io.callstream.benchmarks.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.benchmarks.load.SteadyRun.Load;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process that fills topics with synthetic calls, and a broker in it if none is given. Topics
 * that were created here are deleted when it ends. For one thread at a time, but for {@link
 * #close}.
 */
public final class Traffic implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 30;

  private final Process process;
  private final BufferedReader answers;
  private final PrintStream commands;
  private final String bootstrapServers;
  private final List<String> topics = new ArrayList<>();

  private Traffic(Process process) throws IOException {
    this.process = process;
    answers = process.inputReader(UTF_8);
    commands = new PrintStream(process.getOutputStream(), true, UTF_8);
    String servers = answers.readLine();
    if (servers == null) {
      process.destroyForcibly();
      throw new IOException("The process of the traffic did not start; see standard error for why");
    }
    bootstrapServers = servers;
  }

  /** Starts a process with a broker of its own. */
  public static Traffic embedded() {
    return start(TrafficProcess.EMBEDDED);
  }

  /** Starts a process that sends to a broker that is there: {@code host:port}. */
  public static Traffic to(String bootstrapServers) {
    return start(bootstrapServers);
  }

  private static Traffic start(String broker) {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx1g",
            "-XX:+UseParallelGC",
            "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
            "-cp",
            System.getProperty("java.class.path"),
            TrafficProcess.class.getName(),
            broker);
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

  /** Returns whether the process is there. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Creates an empty topic. */
  public void create(String topic, int partitions) {
    ask("create " + topic + " " + partitions);
    topics.add(topic);
  }

  /** Deletes a topic. */
  public void delete(String topic) {
    ask("delete " + topic);
    topics.remove(topic);
  }

  /**
   * Sends the first calls of so many as fast as it goes; returns when all are in the topic.
   *
   * @param calls how many are sent
   * @param of how many there would be, which says how dense they are in event time
   */
  public void fill(String topic, long calls, long of) {
    ask("fill " + topic + " " + calls + " " + of);
  }

  /** Begins to send disordered, repeated and damaged calls at a rate, and goes on with that. */
  public void mess(String topic, long calls, double rate) {
    ask("mess " + topic + " " + calls + " " + rate);
  }

  /**
   * Sends some calls at once; those that follow wait for {@link Steady#begin}.
   *
   * @param first how many are sent at once
   * @param load which follow
   */
  Steady steady(String topic, int first, Load load) {
    ask(
        String.join(
            " ",
            "steady",
            topic,
            Integer.toString(first),
            Integer.toString(load.calls()),
            Double.toString(load.rate()),
            Long.toString(load.uncounted().toNanos() / 1_000),
            Long.toString(load.mostLateMicros())));
    return new Steady(load);
  }

  /** Calls that are about to be sent by schedule. */
  final class Steady implements AutoCloseable {
    private final Load load;
    private boolean begun;
    private boolean ended;
    private long lateMicros;

    private Steady(Load load) {
      this.load = load;
    }

    /** Begins, the load's offset and a moment from now; returns the schedule. */
    Schedule begin() {
      begun = true;
      long offset = load.offset().toNanos() / 1_000;
      return new Schedule(Long.parseLong(ask(TrafficProcess.BEGIN + offset)), load.rate());
    }

    /** Returns whether the sender has ended, too late for what it sent to be of use. */
    boolean brokeOff() {
      try {
        return (ended || answers.ready()) && awaitEnd() > load.mostLateMicros();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Has the sending break off; {@link #awaitEnd} returns soon then. */
    void stop() {
      commands.println(TrafficProcess.STOP);
    }

    /**
     * Waits until the broker has them all, or the sender broke off; returns by how many
     * microseconds it was behind its schedule at most, from when latencies are recorded.
     */
    long awaitEnd() {
      if (!ended) {
        ended = true;
        lateMicros = Long.parseLong(answer());
      }
      return lateMicros;
    }

    /** Ends what was not waited for, so that the process can be asked for something else. */
    @Override
    public void close() {
      if (!ended) {
        ended = true;
        String ignored = ask(begun ? TrafficProcess.STOP : "cancel");
      }
    }
  }

  private String ask(String command) {
    commands.println(command);
    return answer();
  }

  private String answer() {
    try {
      String answer = answers.readLine();
      if (answer == null || answer.startsWith(TrafficProcess.FAILED)) {
        throw new IllegalStateException(
            "The traffic failed: "
                + (answer == null
                    ? "its process ended"
                    : answer.substring(TrafficProcess.FAILED.length())));
      }
      return answer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Deletes the topics and ends the process. */
  @Override
  public void close() {
    for (String topic : topics) {
      commands.println("delete " + topic);
    }
    commands.close();
    try {
      if (process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }
}
