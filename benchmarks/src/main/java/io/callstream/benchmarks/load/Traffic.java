package io.callstream.benchmarks.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;

/**
 * Topics with synthetic calls, and a {@link TrafficProcess} that sends the calls and optionally
 * contains the broker. Closing ends the process and deletes the topics that remain. Use it from one
 * thread.
 */
public final class Traffic implements AutoCloseable {
  private static final int END_TIMEOUT_SECONDS = 30;

  private final boolean embedded;
  private final Process process;
  private final BufferedReader replies;
  private final PrintStream commands;
  private final KafkaCluster cluster;
  private final List<String> topics = new ArrayList<>();

  private Traffic(String brokers) throws IOException {
    embedded = brokers.equals(TrafficProcess.EMBEDDED);
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:+UseParallelGC",
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                "-Dcallstream.log=" + System.getProperty("callstream.log", "ERROR"),
                "-cp",
                System.getProperty("java.class.path"),
                TrafficProcess.class.getName(),
                brokers)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    replies = process.inputReader(UTF_8);
    commands = new PrintStream(process.getOutputStream(), true, UTF_8);
    String servers = replies.readLine();
    if (servers == null) {
      process.destroyForcibly();
      throw new IOException(
          "The process of the sender did not start. Standard error contains the reason.");
    }
    cluster = KafkaCluster.at(servers);
  }

  /** Starts a process. Without brokers ({@code host:port}), it contains one. */
  public static Traffic to(String bootstrapServers) {
    try {
      return new Traffic(bootstrapServers.isEmpty() ? TrafficProcess.EMBEDDED : bootstrapServers);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the brokers. */
  public String bootstrapServers() {
    return cluster.bootstrapServers();
  }

  /** Returns whether the process is running. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Creates an empty topic. */
  public void create(String topic, int partitions) {
    requireAlive();
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      admin.ensure(topic, partitions, 1);
    }
    topics.add(topic);
  }

  /** Deletes a topic. */
  public void delete(String topic) {
    requireAlive();
    topics.remove(topic);
    delete(List.of(topic));
  }

  private void delete(Collection<String> names) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
      admin.deleteTopics(names).all().get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("The topics " + names + " can't be deleted", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Sends calls as fast as possible, and returns when all are in the topic. */
  public void fill(String topic, long calls) {
    String ignored = request(TrafficProcess.FILL + "%s %d", topic, calls);
  }

  private void requireAlive() {
    if (!isAlive()) {
      throw new IllegalStateException("The process of the sender ended");
    }
  }

  /**
   * Sends some calls immediately. The calls of {@code load} follow after {@link Sender#begin}.
   *
   * @param unscheduled the number of calls to send immediately
   */
  Sender prepare(String topic, int unscheduled, Load load) {
    request(
        TrafficProcess.STEADY + "%s %d %d %s %d %d",
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
    private boolean ended;
    private long delayMicros;

    private Sender(Load load) {
      this.load = load;
    }

    /** Starts the schedule shortly after the start delay of the load, and returns it. */
    Schedule begin() {
      long startDelay = load.startDelay().toNanos() / 1_000;
      return new Schedule(
          Long.parseLong(request(TrafficProcess.BEGIN + "%d", startDelay)), load.rate());
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
        String ignored = request(TrafficProcess.STOP);
      }
    }
  }

  private String request(String command, Object... arguments) {
    commands.println(String.format(Locale.ROOT, command, arguments));
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
    try {
      if (!embedded && !topics.isEmpty()) {
        delete(topics);
      }
    } finally {
      endProcess();
    }
  }

  private void endProcess() {
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
