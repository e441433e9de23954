package io.callstream.kafka.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.IncompleteSendException;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.contract.BrokerCertificates;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class SecureBrokerTest {
  private static final String SECRET = "s3cret, \"with\" = [all] \\ of it";

  @TempDir static Path dir;

  private static BrokerCertificates certificates;
  private static EmbeddedBroker broker;

  @BeforeAll
  static void start() {
    certificates = BrokerCertificates.create(dir.resolve("certificates"));
    broker =
        EmbeddedBroker.builder()
            .tls(certificates.brokerKeys(), certificates.password())
            .user("alice", SECRET)
            .user("bob", "other")
            .start();
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  private static String jaas(String user, String password) {
    return "org.apache.kafka.common.security.scram.ScramLoginModule required username=\""
        + user
        + "\" password=\""
        + password.replace("\\", "\\\\").replace("\"", "\\\"")
        + "\";";
  }

  /** Returns the client settings of alice with some changes. A null value removes a setting. */
  private static Map<String, String> settings(String... changes) {
    Map<String, String> settings = new HashMap<>(certificates.trustingSettings());
    settings.put("security.protocol", "SASL_SSL");
    settings.put("sasl.mechanism", "SCRAM-SHA-512");
    settings.put("sasl.jaas.config", jaas("alice", SECRET));
    for (int i = 0; i < changes.length; i += 2) {
      if (changes[i + 1] == null) {
        settings.remove(changes[i]);
      } else {
        settings.put(changes[i], changes[i + 1]);
      }
    }
    return settings;
  }

  private static KafkaCluster cluster(EmbeddedBroker at, Map<String, String> settings) {
    return KafkaCluster.at(at.bootstrapServers()).with(settings);
  }

  private static long sendAndRead(KafkaCluster cluster, String topic) {
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      assertThat(admin.ensure(topic, 2, 1).offsets()).isZero();
    }
    try (CallProducer producer =
        CallProducer.to(cluster, topic, SanFranciscoCalls.json()).connect()) {
      assertThat(producer.send(SyntheticCalls.of(200)).sent()).isEqualTo(200);
    }
    return TopicReader.of(cluster, topic).fromBeginning().read(row -> {});
  }

  @ParameterizedTest
  @MethodSource
  void whoeverMayComesIn(String topic, Map<String, String> changes) {
    Map<String, String> settings = settings();
    settings.putAll(changes);
    assertThat(sendAndRead(cluster(broker, settings), topic)).isEqualTo(200);
  }

  static Stream<Arguments> whoeverMayComesIn() {
    return Stream.of(
        Arguments.of("alice-512", Map.of()),
        Arguments.of("alice-256", Map.of("sasl.mechanism", "SCRAM-SHA-256")),
        Arguments.of("bob-512", Map.of("sasl.jaas.config", jaas("bob", "other"))));
  }

  static Stream<Arguments> whoeverMayNotIsToldWhatToCheck() {
    BrokerCertificates others = BrokerCertificates.create(dir.resolve("others"));
    return Stream.of(
        Arguments.of(settings("sasl.jaas.config", jaas("alice", "wr0ng")), "sasl.jaas.config"),
        Arguments.of(settings("sasl.jaas.config", jaas("eve", SECRET)), "sasl.jaas.config"),
        Arguments.of(settings("sasl.jaas.config", null), "sasl.jaas.config is missing"),
        Arguments.of(
            settings("sasl.jaas.config", "ScramLoginModule required password=wr0ng"),
            "with the quotes and the semicolon"),
        Arguments.of(
            settings("sasl.jaas.config", "ScramLoginModule required password wr0ng;"),
            "with the quotes and the semicolon"),
        Arguments.of(settings("sasl.mechanism", "PLAIN"), "sasl.mechanism"),
        Arguments.of(settings("security.protocol", "SSL"), "security.protocol"),
        Arguments.of(
            settings(
                "ssl.truststore.location",
                others.clientTrust().toString(),
                "ssl.truststore.password",
                others.password()),
            "ssl.truststore.location"),
        Arguments.of(
            settings("ssl.truststore.location", null, "ssl.truststore.password", null),
            "ssl.truststore.location"),
        Arguments.of(settings("ssl.truststore.password", "wr0ng"), "TLS"),
        Arguments.of(settings("ssl.truststore.location", "/no/such/file"), "/no/such/file"));
  }

  @ParameterizedTest
  @MethodSource
  void whoeverMayNotIsToldWhatToCheck(Map<String, String> settings, String hint) {
    assertRefused(cluster(broker, settings), hint);
  }

  private static void assertRefused(KafkaCluster cluster, String hint) {
    long start = System.nanoTime();
    assertThatThrownBy(
            () -> {
              try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
                admin.describe("calls");
              }
            })
        .isInstanceOfSatisfying(
            CallstreamException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE);
              StringWriter trace = new StringWriter();
              e.printStackTrace(new PrintWriter(trace));
              assertThat(trace.toString())
                  .doesNotContain("s3cret")
                  .doesNotContain("wr0ng")
                  .doesNotContain(certificates.password());
            })
        .hasMessageContaining(cluster.bootstrapServers())
        .hasMessageContaining(hint);
    assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start)).isLessThan(40);
  }

  @Test
  void aBrokerMayWantCertificatesOfItsClients() {
    try (EmbeddedBroker strict =
        EmbeddedBroker.builder()
            .tls(certificates.brokerKeys(), certificates.password())
            .clientCertificates(certificates.brokerTrust(), certificates.password())
            .start()) {
      Map<String, String> settings = new HashMap<>(certificates.trustingSettings());
      settings.put("security.protocol", "SSL");
      assertRefused(cluster(strict, settings), "ssl.keystore.location");
      settings.putAll(certificates.identifyingSettings());
      assertThat(sendAndRead(cluster(strict, settings), "calls")).isEqualTo(200);
    }
  }

  @Test
  void aCertificateForAnotherHostIsNotTaken() {
    BrokerCertificates others = BrokerCertificates.create(dir.resolve("host"), "kafka.example.org");
    try (EmbeddedBroker elsewhere =
        EmbeddedBroker.builder().tls(others.brokerKeys(), others.password()).start()) {
      Map<String, String> settings = new HashMap<>(others.trustingSettings());
      settings.put("security.protocol", "SSL");
      assertRefused(cluster(elsewhere, settings), "for another host");
    }
  }

  @Test
  void aBrokerThatDemandsMuchStillDoesTransactions() throws Exception {
    KafkaCluster cluster = cluster(broker, settings());
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      admin.ensure("transactions", 1, 1);
    }
    Properties properties = new Properties();
    properties.putAll(settings());
    properties.put("bootstrap.servers", broker.bootstrapServers());
    properties.put("transactional.id", "test");
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>("transactions", new byte[] {1}));
      producer.commitTransaction();
      // The next transaction starts only after the broker has ended this one by communicating with
      // itself.
      producer.beginTransaction();
      producer.send(new ProducerRecord<>("transactions", new byte[] {2}));
      producer.commitTransaction();
    }
    Map<String, String> committed = settings("isolation.level", "read_committed");
    assertThat(
            TopicReader.of(cluster(broker, committed), "transactions")
                .fromBeginning()
                .following()
                .atMost(2)
                .read(row -> {}))
        .isEqualTo(2);
  }

  @Test
  void usersStayWithTheDirectory() {
    Path data = dir.resolve("data");
    Map<String, String> settings = new HashMap<>();
    settings.put("security.protocol", "SASL_PLAINTEXT");
    settings.put("sasl.mechanism", "SCRAM-SHA-512");
    settings.put("sasl.jaas.config", jaas("alice", SECRET));
    for (int i = 0; i < 2; i++) {
      try (EmbeddedBroker kept =
          EmbeddedBroker.builder().data(data).user("alice", SECRET).start()) {
        assertThat(sendAndRead(cluster(kept, settings), "calls-" + i)).isEqualTo(200);
      }
    }
  }

  @Test
  void aLoginThatIsLostDuringARunIsReportedWithTheSameTextByAllClients() throws Exception {
    Path data = dir.resolve("removed");
    EmbeddedBroker first =
        EmbeddedBroker.builder().data(data).user("alice", SECRET).user("bob", "other").start();
    Map<String, String> settings =
        new HashMap<>(
            Map.of("security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "SCRAM-SHA-512"));
    settings.put("sasl.jaas.config", jaas("alice", SECRET));
    KafkaCluster cluster = cluster(first, settings);
    assertThat(sendAndRead(cluster, "calls")).isEqualTo(200);
    ExecutorService background = Executors.newSingleThreadExecutor();
    CountDownLatch reading = new CountDownLatch(200);
    try (CallProducer producer =
        CallProducer.to(cluster, "calls", SanFranciscoCalls.json()).connect()) {
      Future<Long> reader =
          background.submit(
              () ->
                  TopicReader.of(cluster, "calls")
                      .fromBeginning()
                      .following()
                      .read(row -> reading.countDown()));
      assertThat(reading.await(30, TimeUnit.SECONDS)).isTrue();
      settings.put("sasl.jaas.config", jaas("bob", "other"));
      removeAlice(cluster(first, settings));
      first.close();
      try (EmbeddedBroker second =
          EmbeddedBroker.builder().data(data).port(first.port()).user("bob", "other").start()) {
        assertThat(second.port()).isEqualTo(first.port());
        assertThatThrownBy(() -> reader.get(30, TimeUnit.SECONDS))
            .cause()
            .isInstanceOfSatisfying(
                CallstreamException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE))
            .hasMessageContaining(LOST_LOGIN);
        assertThatThrownBy(() -> producer.send(SyntheticCalls.of(1)))
            .isInstanceOf(IncompleteSendException.class)
            .hasMessageContaining(LOST_LOGIN);
      }
    } finally {
      first.close();
      background.shutdownNow();
    }
  }

  private static final String LOST_LOGIN =
      "Kafka rejected this client: SaslAuthenticationException: Authentication failed during"
          + " authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512. Check"
          + " user name and password in sasl.jaas.config, and sasl.mechanism";

  private static void removeAlice(KafkaCluster cluster) throws Exception {
    Map<String, Object> settings = new HashMap<>(cluster.settings());
    settings.put("bootstrap.servers", cluster.bootstrapServers());
    try (Admin admin = Admin.create(settings)) {
      admin
          .alterUserScramCredentials(
              List.of(new UserScramCredentialDeletion("alice", ScramMechanism.SCRAM_SHA_512)))
          .all()
          .get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void whatCannotBeIsRefusedBeforeAnythingStarts() {
    assertThatThrownBy(() -> EmbeddedBroker.builder().user("a b", "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'a b'");
    assertThatThrownBy(() -> EmbeddedBroker.builder().user("a", ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("password");
    assertThatThrownBy(
            () -> EmbeddedBroker.builder().clientCertificates(dir.resolve("x"), "p4ss").start())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tls(...)");
    assertThatThrownBy(() -> EmbeddedBroker.builder().tls(dir.resolve("missing"), "p4ss").start())
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("missing")
        .hasMessageNotContaining("p4ss");
    assertThatThrownBy(
            () -> EmbeddedBroker.builder().tls(certificates.brokerKeys(), "wr0ng").start())
        .isInstanceOf(CallstreamException.class)
        .hasMessageNotContaining("wr0ng");
    assertThat(certificates.toString()).doesNotContain(certificates.password());
    assertThat(BrokerSecurity.NONE.withUser("a", "p4ss").withTls(dir, "p4ss").toString())
        .doesNotContain("p4ss");
  }
}
