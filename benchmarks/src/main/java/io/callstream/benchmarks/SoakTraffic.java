package io.callstream.benchmarks;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.Pace;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A broker, and a producer of disordered, repeated and damaged calls at a steady rate, in a process
 * of their own, so that what {@link Soak} measures is the pipeline alone. It prints where the
 * broker is, and ends when its standard input does.
 *
 * <p>Arguments: calls per second, number of calls.
 */
public final class SoakTraffic {
  private static final String TOPIC = "soak";
  private static final int PARTITIONS = 2;

  private SoakTraffic() {}

  /** Serves and sends. */
  public static void main(String[] args) throws IOException {
    double rate = Double.parseDouble(args[0]);
    SyntheticCalls calls =
        SyntheticCalls.of(Long.parseLong(args[1]))
            .withDisorder(0.02)
            .withDuplicates(0.01)
            .withGarbage(0.001);
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      KafkaCluster cluster = KafkaCluster.at(broker.bootstrapServers());
      try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
        admin.ensure(TOPIC, PARTITIONS, 1);
      }
      try (CallProducer producer =
          CallProducer.to(cluster, TOPIC, SanFranciscoCalls.json())
              .pace(Pace.perSecond(rate))
              .connect()) {
        Thread sending = new Thread(() -> producer.send(calls), "traffic");
        // Without traffic all lines are flat.
        sending.setUncaughtExceptionHandler(
            (thread, failure) -> {
              System.err.println(failure);
              Runtime.getRuntime().halt(1);
            });
        sending.setDaemon(true);
        sending.start();
        System.out.println(broker.bootstrapServers());
        System.out.flush();
        System.in.transferTo(OutputStream.nullOutputStream());
      }
    }
  }

  /** The process of a broker and a producer, seen from outside. */
  record Child(Process process, String bootstrapServers) implements AutoCloseable {
    static Child start(double rate, long calls, Path log) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(
          List.of(
              "-Xmx1g",
              "-cp",
              System.getProperty("java.class.path"),
              SoakTraffic.class.getName(),
              Double.toString(rate),
              Long.toString(calls)));
      Process process = new ProcessBuilder(command).redirectError(log.toFile()).start();
      String servers = process.inputReader().readLine();
      if (servers == null) {
        throw new IOException("The traffic did not start; " + log + " says why");
      }
      return new Child(process, servers);
    }

    String topic() {
      return TOPIC;
    }

    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      try {
        if (process.waitFor(30, TimeUnit.SECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      process.destroyForcibly();
    }
  }
}
