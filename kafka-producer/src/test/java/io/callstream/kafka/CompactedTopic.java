package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Creates a topic with one partition, in which the broker has compacted away all but a few records.
 */
final class CompactedTopic {
  private CompactedTopic() {}

  /** Returns the values of the remaining records in their order. */
  static List<String> create(KafkaCluster cluster, String topic, int records, int keys)
      throws InterruptedException, ExecutionException {
    Map<String, Object> settings = Map.of("bootstrap.servers", cluster.bootstrapServers());
    try (Admin admin = Admin.create(settings)) {
      // The broker checks every 15 seconds whether there is something to compact.
      admin
          .incrementalAlterConfigs(
              Map.of(
                  new ConfigResource(ConfigResource.Type.BROKER, ""),
                  List.of(
                      new AlterConfigOp(
                          new ConfigEntry("log.cleaner.backoff.ms", "50"),
                          AlterConfigOp.OpType.SET))))
          .all()
          .get();
      admin
          .createTopics(
              List.of(
                  new NewTopic(topic, 1, (short) 1)
                      .configs(
                          Map.of(
                              "cleanup.policy", "compact",
                              "segment.bytes", "300",
                              "min.cleanable.dirty.ratio", "0.0"))))
          .all()
          .get();
    }
    List<String> left = new ArrayList<>();
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      for (int i = 0; i < records; i++) {
        String value = "value " + i + " ".repeat(200);
        producer.send(new ProducerRecord<>(topic, key(i, records, keys), value)).get();
        if (i >= records - keys) {
          left.add(value);
        }
      }
    }
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    List<String> found = values(cluster, topic);
    while (!found.equals(left)) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("Topic " + topic + " still has " + found.size());
      }
      LockSupport.parkNanos(20_000_000);
      found = values(cluster, topic);
    }
    return left;
  }

  /**
   * Returns the key. The last record is in the active segment, which the broker does not compact.
   */
  private static String key(int record, int records, int keys) {
    return record == records - 1 ? "last" : "key " + record % (keys - 1);
  }

  private static List<String> values(KafkaCluster cluster, String topic) {
    List<String> values = new ArrayList<>();
    TopicReader.of(cluster, topic)
        .fromBeginning()
        .read(row -> values.add(new String(row.value(), UTF_8)));
    return values;
  }
}
