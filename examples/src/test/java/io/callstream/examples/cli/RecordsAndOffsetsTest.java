package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.SyntheticCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests the output of the commands for topics in which not every offset has a record: topics with
 * transactions, and compacted topics.
 */
class RecordsAndOffsetsTest {
  private static final String BROKERS = TestBroker.cluster().bootstrapServers();
  private static List<byte[]> calls;

  @TempDir Path directory;

  @BeforeAll
  static void start() throws Exception {
    calls = new ArrayList<>();
    try (CallRecords records = SyntheticCalls.of(33).open()) {
      while (records.hasNext()) {
        calls.add(records.next());
      }
    }
    // There are four transactions, whose ends take four offsets. 18 records can be read.
    create("transactions", Map.of());
    try (KafkaProducer<byte[], byte[]> producer = producer("of transactions")) {
      for (int transaction = 0; transaction < 4; transaction++) {
        producer.beginTransaction();
        send(producer, "transactions", transaction * 6, transaction * 6 + 6);
        if (transaction == 1) {
          producer.abortTransaction();
        } else {
          producer.commitTransaction();
        }
        awaitNothingHeldBack("transactions");
      }
    }
    create(
        "compacted",
        Map.of(
            "cleanup.policy", "compact",
            "segment.bytes", "700",
            "min.cleanable.dirty.ratio", "0.0"));
    try (KafkaProducer<byte[], byte[]> producer = producer(null)) {
      send(producer, "compacted", 0, 33);
    }
    awaitCompaction();
  }

  private static Map<String, Object> settings() {
    return Map.of("bootstrap.servers", BROKERS);
  }

  private static void create(String topic, Map<String, String> configs) throws Exception {
    try (Admin admin = Admin.create(settings())) {
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(configs))).all().get();
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(String transactionalId) {
    Map<String, Object> settings = new HashMap<>(settings());
    if (transactionalId != null) {
      settings.put("transactional.id", transactionalId);
    }
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    if (transactionalId != null) {
      producer.initTransactions();
    }
    return producer;
  }

  /**
   * Sends calls with five keys, each in a separate batch. The last record is in the active segment,
   * which the broker neither compacts nor examines.
   */
  private static void send(KafkaProducer<byte[], byte[]> producer, String topic, int from, int to)
      throws Exception {
    for (int i = from; i < to; i++) {
      byte[] key = (i == 32 ? "last" : "key " + i % 4).getBytes(UTF_8);
      producer.send(new ProducerRecord<>(topic, key, calls.get(i))).get();
    }
  }

  private static void awaitNothingHeldBack(String topic) {
    try (TopicAdmin admin = TopicAdmin.connect(TestBroker.cluster())) {
      long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (admin.require(topic).heldBack() > 0) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  private static void awaitCompaction() throws Exception {
    try (Admin admin = Admin.create(settings())) {
      // Every 15 seconds, the broker checks whether it must compact a topic.
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
    }
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (records("compacted") > 5) {
      assertThat(System.nanoTime()).as("the topic is compacted").isLessThan(deadline);
      LockSupport.parkNanos(20_000_000);
    }
  }

  private static long records(String topic) {
    return TopicReader.of(TestBroker.cluster(), topic).fromBeginning().read(row -> {});
  }

  private static CommandRun run(String topic, String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("--bootstrap-servers", BROKERS, "--topic", topic));
    CommandRun run = CommandRun.of(all.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return run;
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "spark"})
  void offsetsOfTransactionsAreNotReportedAsRecords(String engine) {
    CommandRun run = run("transactions", "statistics", "--once", "--engine", engine);

    assertThat(run.err())
        .contains("topic     transactions: at most 28 records in 1 partition;")
        .containsPattern("counted   18 records, 100% of the offsets read")
        .doesNotContain("of 28 records", "ended early", "held back");
    assertThat(run.out()).contains("received").contains("18");
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "spark"})
  void compactedOffsetsAreNotReportedAsRecords(String engine) {
    CommandRun run = run("compacted", "statistics", "--once", "--engine", engine);

    assertThat(run.err())
        .contains("topic     compacted: at most 33 records in 1 partition;")
        .containsPattern("counted   5 records, 100% of the offsets read")
        .doesNotContain("of 33 records", "ended early");
  }

  @Test
  void aRunThatContinuesSaysWhatIsCountedAndThatAllOffsetsAreRead() {
    String[] args = {
      "statistics", "--once", "--engine", "local", "--checkpoint", directory.resolve("c").toString()
    };
    run("transactions", args);

    assertThat(run("transactions", args).err())
        .contains("counted   18 records, 100% of the offsets read");
  }

  @ParameterizedTest
  @ValueSource(strings = "local")
  void aRunThatContinuesSaysHowManyRecordsRemain(String engine) throws Exception {
    String topic = "continued-" + engine;
    create(topic, Map.of());
    String[] args = {
      "statistics", "--once", "--engine", engine, "--checkpoint", directory.resolve("c").toString()
    };
    try (KafkaProducer<byte[], byte[]> producer = producer(null)) {
      send(producer, topic, 0, 5);
      assertThat(run(topic, args).err())
          .contains("topic     " + topic + ": 1 partition;", "remaining at most 5 records\n");
      send(producer, topic, 5, 7);
    }

    assertThat(run(topic, args).err())
        .contains("topic     " + topic + ": 1 partition;")
        .containsOnlyOnce("remaining ")
        .contains("remaining at most 2 records\n", "counted   7 records");
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(strings = "spark")
  void sparkSaysHowManyRecordsRemain(String engine) throws Exception {
    aRunThatContinuesSaysHowManyRecordsRemain(engine);
  }

  @Test
  void consumePrintsAsManyRecordsAsWereAskedForAndNoneOfAnAbortedTransaction() {
    CommandRun some = run("transactions", "consume", "--from-beginning", "--raw", "--max", "13");
    assertThat(some.out().lines().toList())
        .containsExactlyElementsOf(
            concat(calls.subList(0, 6), calls.subList(12, 19)).stream()
                .map(value -> new String(value, UTF_8))
                .toList());
    assertThat(some.err()).contains("written   13 records of topic transactions");

    CommandRun compacted = run("compacted", "consume", "--from-beginning", "--raw", "--max", "5");
    assertThat(compacted.out().lines())
        .containsExactlyElementsOf(
            calls.subList(28, 33).stream().map(value -> new String(value, UTF_8)).toList());
  }

  private static List<byte[]> concat(List<byte[]> first, List<byte[]> second) {
    List<byte[]> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }

  @Test
  void consumePrintsUncommittedRecordsIfTheKafkaSettingsSaySo() throws Exception {
    Path config = directory.resolve("kafka.properties");
    Files.writeString(config, "isolation.level=read_uncommitted\n");
    CommandRun all =
        run(
            "transactions",
            "consume",
            "--from-beginning",
            "--raw",
            "--max",
            "24",
            "--kafka-config",
            config.toString());
    assertThat(all.out().lines())
        .containsExactlyElementsOf(
            calls.subList(0, 24).stream().map(value -> new String(value, UTF_8)).toList());
  }

  @Test
  void anOpenTransactionIsNamedAndNotWaitedFor() throws Exception {
    create("open", Map.of());
    try (KafkaProducer<byte[], byte[]> plain = producer(null);
        KafkaProducer<byte[], byte[]> producer = producer("of open")) {
      send(plain, "open", 0, 2);
      producer.beginTransaction();
      send(producer, "open", 2, 5);
      send(plain, "open", 5, 6);

      assertThat(run("open", "statistics", "--once", "--engine", "local").err())
          .contains("topic     open: at most 2 records in 1 partition;")
          .contains(
              "4 more offsets are held back by an open transaction; their records are counted by a"
                  + " run that starts after its end")
          .contains("counted   2 records, 100% of the offsets read")
          .doesNotContain("ended early");
      CommandRun shown = run("open", "consume", "--from-beginning", "--raw", "--max", "2");
      assertThat(shown.out().lines()).hasSize(2);
      assertThat(shown.err())
          .contains("4 offsets are held back by an open transaction")
          .contains("written   2 records of topic open");

      producer.commitTransaction();
      awaitNothingHeldBack("open");
      assertThat(run("open", "statistics", "--once", "--engine", "local").err())
          .contains("counted   6 records, 100% of the offsets read")
          .doesNotContain("held back");
    }
  }
}
