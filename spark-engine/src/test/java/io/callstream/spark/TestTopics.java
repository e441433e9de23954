package io.callstream.spark;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.pipeline.KafkaTopic;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.sql.SparkSession;

/** One broker and one Spark context for all tests of this module; both end with the JVM. */
final class TestTopics {
  private static final AtomicInteger NUMBERS = new AtomicInteger();
  private static final EmbeddedBroker BROKER = startBroker();

  private TestTopics() {}

  private static EmbeddedBroker startBroker() {
    EmbeddedBroker broker = EmbeddedBroker.start();
    Runtime.getRuntime().addShutdownHook(new Thread(broker::close));
    return broker;
  }

  static KafkaCluster cluster() {
    return KafkaCluster.at(BROKER.bootstrapServers());
  }

  /** Returns a new topic without records. */
  static KafkaTopic create(int partitions) {
    String name = "calls-" + NUMBERS.incrementAndGet();
    try (TopicAdmin admin = TopicAdmin.connect(cluster())) {
      admin.ensure(name, partitions, 1);
    }
    return KafkaTopic.of(name).at(BROKER.bootstrapServers());
  }

  static void send(KafkaTopic topic, CallSource source) {
    try (CallProducer producer =
        CallProducer.to(cluster(), topic.name(), SanFranciscoCalls.json()).connect()) {
      producer.send(source);
    }
  }

  /** Returns a session that stays for all tests. */
  static SparkSession session() {
    return Holder.SESSION;
  }

  private static final class Holder {
    static final SparkSession SESSION =
        SparkSession.builder()
            .master("local[2]")
            .appName("tests")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
  }
}
