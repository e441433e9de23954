package io.callstream.kafka;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.engine.contract.Testbed;
import io.callstream.engine.local.LocalEngine;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Source;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The local engine on topics of a real broker, which ends with the JVM. */
final class KafkaTestbed implements Testbed {
  private static final AtomicInteger NUMBERS = new AtomicInteger();
  private static final EmbeddedBroker BROKER = EmbeddedBroker.start();
  private static final KafkaProducer<byte[], byte[]> PRODUCER =
      new KafkaProducer<>(
          Map.of(
              ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
              BROKER.bootstrapServers(),
              ProducerConfig.COMPRESSION_TYPE_CONFIG,
              "gzip",
              ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
              4 << 20),
          new ByteArraySerializer(),
          new ByteArraySerializer());

  static {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  PRODUCER.close(Duration.ZERO);
                  BROKER.close();
                }));
  }

  static KafkaCluster cluster() {
    return KafkaCluster.at(BROKER.bootstrapServers());
  }

  /** Returns a new topic without records. */
  static KafkaTopic topic(int partitions) {
    String name = "calls-" + NUMBERS.incrementAndGet();
    try (TopicAdmin admin = TopicAdmin.connect(cluster())) {
      admin.ensure(name, partitions, 1);
    }
    return KafkaTopic.of(name).at(BROKER.bootstrapServers());
  }

  static void send(KafkaTopic topic, List<SourceRecord> records) {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (SourceRecord r : records) {
      sent.add(
          PRODUCER.send(
              new ProducerRecord<>(
                  topic.name(), r.partition(), r.timestamp().toEpochMilli(), null, r.value())));
    }
    PRODUCER.flush();
    for (Future<RecordMetadata> outcome : sent) {
      try {
        outcome.get();
      } catch (InterruptedException | ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public Engine engine() {
    return new LocalEngine();
  }

  @Override
  public ContractSource source(int partitions) {
    KafkaTopic topic = topic(partitions);
    return new ContractSource() {
      @Override
      public Source source() {
        return topic;
      }

      @Override
      public String topic() {
        return topic.name();
      }

      @Override
      public void send(List<SourceRecord> records) {
        KafkaTestbed.send(topic, records);
      }

      @Override
      public Optional<Transaction> begin() {
        return Optional.of(KafkaTransaction.begin(topic));
      }
    };
  }

  @Override
  public int mostBatches() {
    return 10;
  }
}
