package io.callstream.kafka.contract;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.CallSource;
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
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The broker for all tests of a module, which ends with the JVM, and operations on its topics. */
public final class TestBroker {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
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

  private TestBroker() {}

  /** Returns the cluster of the broker. */
  public static KafkaCluster cluster() {
    return KafkaCluster.at(BROKER.bootstrapServers());
  }

  /** Creates a topic without records. */
  public static KafkaTopic topic(int partitions) {
    String name = "calls-" + NUMBERS.incrementAndGet();
    try (TopicAdmin admin = TopicAdmin.connect(cluster())) {
      admin.ensure(name, partitions, 1);
    }
    return KafkaTopic.of(name).at(BROKER.bootstrapServers());
  }

  /** Creates a topic as a source for the contract kit. */
  public static ContractSource source(int partitions) {
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
        TestBroker.send(topic, records);
      }

      @Override
      public Optional<Transaction> begin() {
        return Optional.of(KafkaTransaction.begin(topic));
      }
    };
  }

  static List<Header> headers(SourceRecord record) {
    List<Header> headers = new ArrayList<>();
    record.headers().forEach(h -> headers.add(new RecordHeader(h.name(), h.value())));
    return headers;
  }

  /** Sends records, and waits until the broker has them. */
  public static void send(KafkaTopic topic, List<SourceRecord> records) {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (SourceRecord r : records) {
      sent.add(
          PRODUCER.send(
              new ProducerRecord<>(
                  topic.name(),
                  r.partition(),
                  r.timestamp().toEpochMilli(),
                  r.key(),
                  r.value(),
                  headers(r))));
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

  /** Sends calls in the format of 2018. */
  public static void send(KafkaTopic topic, CallSource source) {
    try (CallProducer producer =
        CallProducer.to(cluster(), topic.name(), SanFranciscoCalls.json()).connect()) {
      producer.send(source);
    }
  }

  /** Deletes a topic. */
  public static void delete(KafkaTopic topic) throws Exception {
    administer(admin -> admin.deleteTopics(List.of(topic.name())).all());
  }

  /** Creates a deleted topic again, and waits until the broker knows the new one. */
  public static void createAgain(KafkaTopic topic) throws Exception {
    administer(admin -> created(admin, topic.name()));
  }

  private static KafkaFuture<?> created(Admin admin, String name) throws Exception {
    Uuid id = admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).topicId(name).get();
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      KafkaFuture<Uuid> known =
          admin
              .describeTopics(List.of(name))
              .topicNameValues()
              .get(name)
              .thenApply(TopicDescription::topicId);
      try {
        if (known.get().equals(id)) {
          return known;
        }
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw e;
        }
      }
      if (System.nanoTime() > end) {
        throw new IllegalStateException("The broker does not know topic " + name);
      }
    }
  }

  /** Gives a topic more partitions. */
  public static void increasePartitions(KafkaTopic topic, int partitions) throws Exception {
    administer(
        admin ->
            admin
                .createPartitions(Map.of(topic.name(), NewPartitions.increaseTo(partitions)))
                .all());
  }

  /** Deletes the records of partition 0 before an offset, as retention does. */
  public static void deleteBefore(KafkaTopic topic, long offset) throws Exception {
    TopicPartition first = new TopicPartition(topic.name(), 0);
    administer(
        admin -> admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(offset))).all());
  }

  @FunctionalInterface
  private interface Work {
    KafkaFuture<?> start(Admin admin) throws Exception;
  }

  private static void administer(Work work) throws Exception {
    try (Admin admin =
        Admin.create(
            Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, BROKER.bootstrapServers()))) {
      work.start(admin).get();
    }
  }
}
