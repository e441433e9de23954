package io.callstream.examples.embedding;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;

/**
 * A pipeline with a custom statistic and a custom dimension ({@link NightNoise}), and a callback
 * that receives each batch. The program contains everything that it needs: a broker, a topic and
 * 20,000 generated calls.
 */
public final class OwnStatistic {
  private static final String TOPIC = "calls";

  private OwnStatistic() {}

  /** Runs the pipeline. */
  public static void main(String[] args) throws InterruptedException {
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      produce(KafkaCluster.at(broker.bootstrapServers()));

      Pipeline pipeline =
          Pipeline.builder(
                  KafkaTopic.of(TOPIC).at(broker.bootstrapServers()), SanFranciscoCalls.json())
              .statistic(NightNoise.statistic())
              .results(Sinks.callback(OwnStatistic::print))
              .build();

      RunOptions inBatches = RunOptions.bounded().readingAtMost(5_000);
      try (RunningPipeline running = Engines.named("local").start(pipeline, inBatches)) {
        running.awaitTermination();
        System.out.println("The loudest streets of a night:");
        running.results(NightNoise.NAME).top(5).forEach(row -> System.out.println("  " + row));
      }
    }
  }

  private static void print(BatchResults batch) {
    System.out.printf(
        "batch %d: %d rows changed, %d calls so far, watermark %s%n",
        batch.number(),
        batch.updates(NightNoise.NAME).size(),
        batch.total().calls(),
        batch.watermark().map(Object::toString).orElse("none yet"));
  }

  private static void produce(KafkaCluster cluster) {
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      admin.ensure(TOPIC, 2, 1);
    }
    try (CallProducer producer =
        CallProducer.to(cluster, TOPIC, SanFranciscoCalls.json()).connect()) {
      producer.send(SyntheticCalls.of(20_000));
    }
  }
}
