package io.callstream.spark;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.engine.contract.Testbed;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Source;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Spark engine on topics of a real broker, in the session of all tests. */
final class SparkTestbed implements Testbed {
  private static final KafkaProducer<byte[], byte[]> PRODUCER =
      new KafkaProducer<>(
          Map.of(
              ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
              TestTopics.cluster().bootstrapServers(),
              ProducerConfig.COMPRESSION_TYPE_CONFIG,
              "gzip",
              ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
              4 << 20),
          new ByteArraySerializer(),
          new ByteArraySerializer());

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> PRODUCER.close(Duration.ZERO)));
  }

  @Override
  public Engine engine() {
    return SparkEngine.on(TestTopics.session());
  }

  @Override
  public ContractSource source(int partitions) {
    KafkaTopic topic = TestTopics.create(partitions);
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
      public Optional<Transaction> begin() {
        return Optional.of(KafkaTransaction.begin(topic));
      }
    };
  }

  @Override
  public Duration patience() {
    return Duration.ofMinutes(2);
  }

  @Override
  public int mostBatches() {
    return 5;
  }
}
