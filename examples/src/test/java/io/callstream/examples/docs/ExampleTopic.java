package io.callstream.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;

/** The topic that the pages use. */
final class ExampleTopic {
  static final int CALLS = 2_000;

  private ExampleTopic() {}

  static String brokers() {
    return Holder.CLUSTER.bootstrapServers();
  }

  private static final class Holder {
    static final KafkaCluster CLUSTER = fill(TestBroker.cluster());

    private static KafkaCluster fill(KafkaCluster cluster) {
      try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
        admin.ensure("police.service.calls", 2, 1);
      }
      try (CallProducer producer =
          CallProducer.to(cluster, "police.service.calls", SanFranciscoCalls.json()).connect()) {
        producer.send(SyntheticCalls.of(CALLS));
      }
      return cluster;
    }
  }

  /** A program from a page that runs until it is interrupted. */
  interface Program {
    void run() throws Exception;
  }

  /** Runs a program until all calls are counted in the files of a directory. */
  static void runUntilCounted(Program program, Path output) throws Exception {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                program.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              } catch (Exception | Error e) {
                failure.set(e);
              }
            });
    thread.start();
    long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (thread.isAlive() && !isCounted(output) && System.nanoTime() < deadline) {
      thread.join(50);
    }
    thread.interrupt();
    thread.join(Duration.ofMinutes(1).toMillis());
    assertThat(failure.get()).isNull();
    assertThat(isCounted(output)).isTrue();
  }

  private static boolean isCounted(Path output) throws IOException {
    Path accounting = output.resolve("accounting.json");
    return Files.exists(accounting)
        && Files.readString(accounting).contains("\"received\":" + CALLS + ",");
  }
}
