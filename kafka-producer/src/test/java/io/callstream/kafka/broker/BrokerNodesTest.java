package io.callstream.kafka.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.source.SyntheticCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests a broker of several nodes. {@code BrokerKillTest} tests its clients. */
@Timeout(180)
class BrokerNodesTest {
  private static final String TOPIC = "calls";

  @TempDir Path directory;

  private EmbeddedBroker start() {
    return EmbeddedBroker.builder().nodes(3).data(directory).start();
  }

  private static void create(EmbeddedBroker broker) {
    try (TopicAdmin admin = TopicAdmin.connect(KafkaCluster.at(broker.bootstrapServers()))) {
      admin.ensure(TOPIC, 3, 3);
    }
  }

  private static void send(EmbeddedBroker broker, int calls, long seed) {
    KafkaCluster cluster = KafkaCluster.at(broker.bootstrapServers());
    try (CallProducer producer =
        CallProducer.to(cluster, TOPIC, SanFranciscoCalls.json()).connect()) {
      producer.send(SyntheticCalls.of(calls).withSeed(seed));
    }
  }

  private static int count(EmbeddedBroker broker) {
    int[] count = new int[1];
    TopicReader.of(KafkaCluster.at(broker.bootstrapServers()), TOPIC)
        .fromBeginning()
        .read(row -> count[0]++);
    return count[0];
  }

  private static List<TopicPartitionInfo> partitions(EmbeddedBroker broker) throws Exception {
    try (Admin admin =
        Admin.create(
            Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, broker.bootstrapServers()))) {
      return admin.describeTopics(Set.of(TOPIC)).allTopicNames().get().get(TOPIC).partitions();
    }
  }

  /** Creates a topic with the broker's defaults and an internal topic, and checks them. */
  private static void assertReplicates(EmbeddedBroker broker) throws Exception {
    String servers = broker.bootstrapServers();
    try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, servers));
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                Map.of(
                    ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                    servers,
                    ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                    "test"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
      producer.initTransactions();
      admin
          .createTopics(Set.of(new NewTopic("default", Optional.empty(), Optional.empty())))
          .all()
          .get();
      try (TopicAdmin topics = TopicAdmin.connect(KafkaCluster.at(servers))) {
        assertThat(topics.require("default").replicas()).isEqualTo(3);
        assertThat(topics.require(Topic.TRANSACTION_STATE_TOPIC_NAME).replicas()).isEqualTo(3);
      }
      ConfigResource node = new ConfigResource(ConfigResource.Type.BROKER, "1");
      Config config = admin.describeConfigs(Set.of(node)).all().get().get(node);
      assertThat(config.get(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG).value()).isEqualTo("2");
    }
  }

  private static Set<Long> childProcesses() {
    Set<Long> children = new HashSet<>();
    ProcessHandle.current().children().forEach(child -> children.add(child.pid()));
    return children;
  }

  @Test
  @Tag("thorough")
  void nodesEndAndComeBackWithTheirDataAndPorts() throws Exception {
    Set<Long> before = childProcesses();
    String addresses;
    try (EmbeddedBroker broker = start()) {
      addresses = broker.bootstrapServers();
      assertThat(Arrays.stream(addresses.split(",")).distinct()).hasSize(3);
      assertThat(addresses).startsWith("127.0.0.1:" + broker.port() + ",");
      create(broker);
      assertReplicates(broker);
      send(broker, 300, 1);

      int killed = broker.leader(TOPIC, 0);
      broker.kill(killed);
      assertThatThrownBy(() -> broker.kill(killed))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Node " + killed + " of the broker does not run");
      assertThat(broker.leader(TOPIC, 0)).isNotEqualTo(killed);
      send(broker, 200, 2);
      assertThat(count(broker)).isEqualTo(500);

      broker.restart(killed);
      assertThatThrownBy(() -> broker.restart(killed))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Node " + killed + " of the broker runs already");
      assertThat(partitions(broker))
          .allSatisfy(info -> assertThat(info.isr()).extracting(Node::id).contains(killed));
      assertThat(broker.bootstrapServers()).isEqualTo(addresses);

      int stopped = broker.leader(TOPIC, 1);
      broker.stop(stopped);
      assertThat(partitions(broker))
          .allSatisfy(info -> assertThat(info.leader().id()).isNotEqualTo(stopped));
      assertThat(count(broker)).isEqualTo(500);
    }
    assertThat(childProcesses()).isEqualTo(before);

    assertThatThrownBy(() -> EmbeddedBroker.builder().data(directory).start())
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContaining("another number of nodes, 3 instead of 1");
    try (EmbeddedBroker broker = start()) {
      assertThat(count(broker)).isEqualTo(500);
    }
  }

  @Test
  void onlyTheNodesOfSeveralCanEnd() {
    assertThatThrownBy(() -> EmbeddedBroker.builder().nodes(0)).hasMessageContaining("from 1 to 9");
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      assertThatThrownBy(() -> broker.kill(1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("use nodes(3)");
    }
  }

  @Test
  @Tag("thorough")
  void aNodeThatDoesNotStartIsNamedWithTheReason() throws Exception {
    Path store = Files.writeString(directory.resolve("store"), "no store");
    assertThatThrownBy(() -> EmbeddedBroker.builder().nodes(2).tls(store, "secret").start())
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContaining("The Kafka broker did not start")
        .hasMessageContaining("node 1: ")
        .hasMessageContaining("store");
  }
}
