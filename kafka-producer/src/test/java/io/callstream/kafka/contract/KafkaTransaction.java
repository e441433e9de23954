package io.callstream.kafka.contract;

import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.kafka.TopicAdmin;
import io.callstream.pipeline.KafkaTopic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A transaction of a real producer. The producer is closed when the transaction has ended. */
public final class KafkaTransaction implements ContractSource.Transaction {
  private final KafkaTopic topic;
  private final KafkaProducer<byte[], byte[]> producer;

  private KafkaTransaction(KafkaTopic topic, KafkaProducer<byte[], byte[]> producer) {
    this.topic = topic;
    this.producer = producer;
  }

  /** Begins a transaction in a topic of the {@link TestBroker}. */
  public static KafkaTransaction begin(KafkaTopic topic) {
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                topic.bootstrapServers(),
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                topic.name()),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    producer.initTransactions();
    producer.beginTransaction();
    return new KafkaTransaction(topic, producer);
  }

  @Override
  public void send(List<SourceRecord> records) {
    send(null, records);
  }

  /** Sends records with a key, which a compacted topic requires. */
  public void send(byte[] key, List<SourceRecord> records) {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (SourceRecord r : records) {
      sent.add(
          producer.send(
              new ProducerRecord<>(
                  topic.name(),
                  r.partition(),
                  r.timestamp().toEpochMilli(),
                  key == null ? r.key() : key,
                  r.value(),
                  TestBroker.headers(r))));
    }
    producer.flush();
    for (Future<RecordMetadata> outcome : sent) {
      try {
        outcome.get();
      } catch (InterruptedException | ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public void commit() {
    producer.commitTransaction();
    close();
  }

  @Override
  public void abort() {
    producer.abortTransaction();
    close();
  }

  /**
   * Waits for the end of the transaction, because the coordinator writes the markers after it has
   * answered.
   */
  private void close() {
    producer.close(Duration.ZERO);
    try (TopicAdmin admin = TopicAdmin.connect(TestBroker.cluster())) {
      long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (admin.require(topic.name()).heldBack() > 0) {
        if (System.nanoTime() > deadline) {
          throw new IllegalStateException("A transaction is still open in " + topic);
        }
        LockSupport.parkNanos(1_000_000);
      }
    }
  }
}
