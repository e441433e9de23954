package consumer;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs one pipeline over a topic, first on one engine and then on the other. */
class BothEnginesTest {
  private static final String TOPIC = "police.service.calls";
  private static final int CALLS = 2_000;

  @TempDir Path directory;

  @Test
  void countATopicAlike() throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      send(KafkaCluster.at(broker.bootstrapServers()));

      Path local = count("local", broker);
      Path spark = count("spark", broker);

      Path byType = Path.of("calls-by-type.csv");
      assertThat(local.resolve(byType)).hasSameTextualContentAs(spark.resolve(byType));
      assertThat(
              Files.readAllLines(local.resolve(byType)).stream()
                  .skip(1)
                  .mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf(',') + 1))))
          .allMatch(count -> count > 0)
          .satisfies(
              counts -> assertThat(counts.stream().mapToLong(n -> n).sum()).isEqualTo(CALLS));
    }
  }

  private static void send(KafkaCluster cluster) {
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      admin.ensure(TOPIC, 2, 1);
    }
    try (CallProducer producer =
        CallProducer.to(cluster, TOPIC, SanFranciscoCalls.json()).connect()) {
      producer.send(SyntheticCalls.of(CALLS));
    }
  }

  private Path count(String engine, EmbeddedBroker broker) throws InterruptedException {
    Path output = directory.resolve(engine);
    Pipeline pipeline =
        Pipeline.builder(
                KafkaTopic.of(TOPIC).at(broker.bootstrapServers()), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(Sinks.csv(output))
            .build();
    try (RunningPipeline running = Engines.named(engine).start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
      assertThat(running.accounting().received()).isEqualTo(CALLS);
    }
    return output;
  }
}
