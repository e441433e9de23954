package io.callstream.kafka;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.LocalEngine;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Verifies that no call is lost or counted twice if the node that leads a partition is killed. The
 * topic has a replica on each of three nodes, and its broker confirms a record when two have it.
 */
@Timeout(120)
class BrokerKillTest {
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();
  private static final int CALLS = 6_000;
  private static EmbeddedBroker broker;

  @TempDir Path directory;
  private int killed;
  private long killedNanos;

  @BeforeAll
  static void start() {
    broker = EmbeddedBroker.builder().nodes(3).start();
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  @AfterEach
  void restart() {
    if (killed != 0) {
      broker.restart(killed);
    }
  }

  private void killLeader(String topic) {
    killed = broker.leader(topic, 0);
    killedNanos = System.nanoTime();
    broker.kill(killed);
  }

  /** Prints how long it took since the kill. */
  private void report(String what) {
    System.out.printf(
        "BrokerKillTest: %s after %.1f s%n", what, (System.nanoTime() - killedNanos) / 1e9);
  }

  private static KafkaCluster cluster() {
    return KafkaCluster.at(broker.bootstrapServers());
  }

  private static void send(String topic, CallSource calls) {
    try (TopicAdmin admin = TopicAdmin.connect(cluster())) {
      admin.ensure(topic, 3, 3);
    }
    try (CallProducer producer = CallProducer.to(cluster(), topic, FORMAT).connect()) {
      producer.send(calls);
    }
  }

  /** Runs an action before a record of a source. */
  private static CallSource interrupted(CallSource source, int record, Runnable action) {
    return new CallSource() {
      @Override
      public String name() {
        return source.name();
      }

      @Override
      public CallRecords open() {
        CallRecords records = source.open();
        return new CallRecords() {
          private int number;

          @Override
          public boolean hasNext() {
            return records.hasNext();
          }

          @Override
          public byte[] next() {
            if (number++ == record) {
              action.run();
            }
            return records.next();
          }

          @Override
          public void close() {
            records.close();
          }
        };
      }
    };
  }

  @Test
  void aProducerSendsEachCallOnce() throws Exception {
    SyntheticCalls calls = SyntheticCalls.of(CALLS).withGarbage(0.01);
    List<String> expected = new ArrayList<>();
    try (CallRecords records = calls.open()) {
      while (records.hasNext()) {
        expected.add(new String(records.next(), UTF_8));
      }
    }

    send("sent", interrupted(calls, CALLS / 2, () -> killLeader("sent")));
    report("all calls sent");

    List<String> actual = new ArrayList<>();
    TopicReader.of(cluster(), "sent")
        .fromBeginning()
        .read(row -> actual.add(new String(row.value(), UTF_8)));
    assertThat(actual).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  @Tag("thorough")
  void theLocalEngineCountsEachCallOnce() throws Exception {
    String topic = "counted";
    send(
        topic,
        SyntheticCalls.of(CALLS)
            .withDisorder(0.1, Duration.ofMinutes(40))
            .withDuplicates(0.05)
            .withGarbage(0.03));
    run(topic, "undisturbed", number -> {});

    run(
        topic,
        "disturbed",
        number -> {
          if (number == 5) {
            killLeader(topic);
          } else if (number == 6) {
            report("next batch");
          }
        });

    assertThat(files("disturbed")).isEqualTo(files("undisturbed"));
    assertThat(files("disturbed").get("accounting.json"))
        .contains("\"received\":6480", "\"rejected\":180", "\"duplicates\":300");
  }

  @Test
  @Tag("thorough")
  void clientsStartBeforeThePartitionsHaveNewLeaders() {
    send("led", SyntheticCalls.of(100));
    killLeader("led");
    send("led", SyntheticCalls.of(200).withSeed(2));
    List<Long> offsets = new ArrayList<>();
    TopicReader.of(cluster(), "led").fromBeginning().read(row -> offsets.add(row.offset()));
    assertThat(offsets).hasSize(300);
  }

  private void run(String topic, String name, LongConsumer batches) throws Exception {
    Path out = directory.resolve(name);
    Pipeline pipeline =
        Pipeline.builder(KafkaTopic.of(topic).at(broker.bootstrapServers()), FORMAT)
            .statistics(StandardStatistics.all(FORMAT.zone(), Duration.ofHours(1)))
            .distinct()
            .results(Sinks.csv(out))
            .results(Sinks.callback(batch -> batches.accept(batch.number())))
            .deadLetters(Sinks.deadLetterFiles(out))
            .build();
    RunOptions options =
        RunOptions.bounded()
            .readingAtMost(300)
            .checkpointingTo(directory.resolve(name + "-state").toString());
    try (RunningPipeline run = new LocalEngine().start(pipeline, options)) {
      run.awaitTermination();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
  }

  private Map<String, String> files(String name) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> found = Files.list(directory.resolve(name))) {
      for (Path file : found.filter(f -> !f.getFileName().toString().startsWith(".")).toList()) {
        files.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return files;
  }
}
