package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.SendReport.Ending;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CallProducerTest {
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();
  private static final AtomicInteger TOPICS = new AtomicInteger();

  private final KafkaCluster cluster = TestBroker.cluster();
  private String topic;

  @BeforeEach
  void nameTopic() {
    topic = "sent-" + TOPICS.incrementAndGet();
  }

  private TopicInfo ensure(int partitions) {
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      return admin.ensure(topic, partitions, 1);
    }
  }

  private SendReport send(CallSource source) {
    try (CallProducer producer = CallProducer.to(cluster, topic, FORMAT).connect()) {
      return producer.send(source);
    }
  }

  private List<CallRecord> read() {
    List<CallRecord> all = new ArrayList<>();
    TopicReader.of(cluster, topic).fromBeginning().read(all::add);
    return all;
  }

  private static CallSource lines(String text) {
    return CallSource.stream("lines", new ByteArrayInputStream(text.getBytes(UTF_8)));
  }

  private static List<byte[]> values(CallSource source) {
    List<byte[]> values = new ArrayList<>();
    try (CallRecords records = source.open()) {
      records.forEachRemaining(values::add);
    }
    return values;
  }

  @Test
  void everyRecordArrivesByteForByteUnderItsIdInOrder() {
    ensure(3);
    SyntheticCalls source =
        SyntheticCalls.of(5_000).withDisorder(0.1).withDuplicates(0.02).withGarbage(0.02);
    List<byte[]> values = values(source);
    Instant before = Instant.now().minusMillis(1);
    AtomicLong progress = new AtomicLong();

    SendReport report;
    try (CallProducer producer =
        CallProducer.to(cluster, topic, FORMAT).onProgress(progress::set).connect()) {
      report = producer.send(source);
    }

    assertThat(report.ending()).isEqualTo(Ending.END_OF_SOURCE);
    assertThat(report.sent()).isEqualTo(values.size()).isEqualTo(progress.get());
    assertThat(report.failed()).isZero();
    assertThat(report.rate()).isPositive();
    List<CallRecord> read = read();
    assertThat(read).hasSize(values.size());
    long bytes =
        read.stream()
            .mapToLong(r -> r.value().length + (r.key() == null ? 0 : r.key().length))
            .sum();
    assertThat(report.bytes()).isEqualTo(bytes);
    CallParser parser = FORMAT.parser(Set.of(Fields.ID));
    Map<String, Integer> partitions = new HashMap<>();
    Map<Integer, List<byte[]>> arrived = new HashMap<>();
    for (CallRecord row : read) {
      arrived.computeIfAbsent(row.partition(), p -> new ArrayList<>()).add(row.value());
      assertThat(row.timestamp().orElseThrow()).isBetween(before, Instant.now().plusMillis(1));
      if (parser.parse(row.value()) instanceof ParseResult.Parsed parsed) {
        String id = parsed.call().id();
        assertThat(new String(row.key(), UTF_8)).isEqualTo(id);
        assertThat(partitions.merge(id, row.partition(), (a, b) -> b)).isEqualTo(row.partition());
      } else {
        assertThat(row.key()).isEqualTo(idInJson(row.value()));
      }
    }
    assertThat(arrived).hasSize(3);
    assertThat(partitions.values()).containsOnly(0, 1, 2);
    assertThat(sorted(read.stream().map(CallRecord::value).toList())).isEqualTo(sorted(values));
    for (List<byte[]> partition : arrived.values()) {
      assertThat(isSubsequence(partition, values)).isTrue();
    }
  }

  /** Returns the id of an object that is not a call, read token by token; null if it has none. */
  private static byte @Nullable [] idInJson(byte[] value) {
    String id = null;
    try (JsonParser json = new JsonFactory().createParser(value)) {
      boolean isObject = json.nextToken() == JsonToken.START_OBJECT;
      for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
        if (token == JsonToken.FIELD_NAME && json.currentName().equals("crime_id")) {
          id = json.nextToken() == JsonToken.VALUE_NULL ? null : json.getText();
        }
      }
      return !isObject || id == null || id.isBlank() ? null : id.getBytes(UTF_8);
    } catch (IOException e) {
      return null;
    }
  }

  private static List<String> sorted(List<byte[]> values) {
    return values.stream()
        .map(value -> new String(value, java.nio.charset.StandardCharsets.ISO_8859_1))
        .sorted()
        .toList();
  }

  private static boolean isSubsequence(List<byte[]> some, List<byte[]> all) {
    int found = 0;
    for (byte[] value : all) {
      if (found < some.size() && java.util.Arrays.equals(some.get(found), value)) {
        found++;
      }
    }
    return found == some.size();
  }

  @Test
  void aRecordOfAMegabyteAndOneOfNoBytesPass() {
    ensure(1);
    String large = "x".repeat(1 << 20);
    assertThat(send(lines(large + "\n\n{\"a\":1}\n")).sent()).isEqualTo(3);
    assertThat(read().stream().map(row -> new String(row.value(), UTF_8)))
        .containsExactly(large, "", "{\"a\":1}");
  }

  @Test
  void aRecordThatIsTooLargeFailsAloneAndIsReported() {
    ensure(1);
    CallSource source = lines("a\n" + "x".repeat(5 << 20) + "\nb\n");

    IncompleteSendException failure =
        catchThrowableOfType(IncompleteSendException.class, () -> send(source));

    assertThat(failure.code()).isEqualTo(ErrorCode.SEND_FAILED);
    assertThat(failure)
        .hasMessageContaining("1 of the 3 records")
        .hasMessageContaining("the first is record 2: RecordTooLargeException")
        .hasMessageNotContaining("..");
    assertThat(failure.report().sent()).isEqualTo(2);
    assertThat(failure.report().failures()).hasSize(1);
    assertThat(failure.report().ending()).isEqualTo(Ending.END_OF_SOURCE);
    assertThat(read()).hasSize(2);
  }

  @Test
  void recordsWithoutAnIdAreSentAndReported() {
    ensure(1);

    SendReport report = send(lines("{\"crime_id\":\"7\"}\nno call\n{\"number\":\"8\"}\n"));

    assertThat(report.input().withoutId()).isEqualTo(2);
    assertThat(report.sent()).isEqualTo(3);
    assertThat(read()).hasSize(3);
  }

  @Test
  void recordsThatAreNotCallsAreReportedByWhatTheyLack() {
    ensure(1);
    String good =
        "{\"crime_id\":\"1\",\"original_crime_type_name\":\"a\",\"call_date_time\":\"2018-01-01T00:00\"}";
    String badTime =
        "{\"crime_id\":\"2\",\"original_crime_type_name\":\"a\",\"call_date_time\":\"%s\"}";
    String text =
        String.join(
            "\n",
            good,
            String.format(badTime, "y".repeat(99)),
            String.format(badTime, "never"),
            "{\"crime_id\":\"3\",\"call_date_time\":\"2018-01-01T00:00\"}",
            "secret=hunter2",
            good);

    SendReport report = send(lines(text));

    InputCheck input = report.input();
    assertThat(report.sent()).isEqualTo(6);
    assertThat(report.isWithoutCalls()).isFalse();
    assertThat(input.notCalls()).isEqualTo(4);
    assertThat(input.withoutId()).isEqualTo(1);
    assertThat(input.withoutTime()).isEqualTo(3);
    assertThat(input.withoutType()).isEqualTo(2);
    assertThat(input.examples())
        .containsExactly(
            new InputCheck.Example(
                1,
                RejectionReason.UNREADABLE_TIME,
                "call_date_time",
                "y".repeat(InputCheck.Example.MAX_TEXT),
                List.of("crime_id", "original_crime_type_name", "call_date_time")),
            new InputCheck.Example(
                3,
                RejectionReason.MISSING_FIELD,
                "original_crime_type_name",
                "",
                List.of("crime_id", "call_date_time")),
            new InputCheck.Example(4, RejectionReason.NOT_JSON, null, "secret", List.of()));
    assertThat(input.toString()).doesNotContain("yyy", "secret");
    assertThat(input.remarks()).isEmpty();
    // The pace of event time parses records differently, with the same result.
    try (CallProducer producer =
        CallProducer.to(cluster, topic, FORMAT).pace(Pace.eventTime(1e9)).connect()) {
      assertThat(producer.send(lines(text)).input()).isEqualTo(input);
    }
    assertThat(send(lines("a\n\nb")).isWithoutCalls()).isTrue();
    assertThat(send(lines("")).isWithoutCalls()).isFalse();
  }

  @Test
  void elementsOfAnArrayAreCheckedToo() {
    ensure(1);
    String good =
        "{\"crime_id\": \"1\", \"original_crime_type_name\": \"a\", \"call_date_time\": \"%s\"}";
    String array =
        "[" + String.format(good, "2018-01-01T00:00") + ",\n" + String.format(good, "x") + ", 3]";

    InputCheck input = send(lines(array)).input();

    assertThat(input.notCalls()).isEqualTo(2);
    assertThat(input.withoutId()).isEqualTo(1);
    assertThat(input.withoutTime()).isEqualTo(2);
  }

  @Test
  void whatTheSourceRemarksIsReported() {
    ensure(1);

    SendReport report = send(lines("crime_id,call_date_time\n1\n"));

    assertThat(report.input().remarks())
        .containsExactly(
            "rows with more or fewer fields than the 2 columns: 1, the first is record 1");
  }

  @Test
  void aSourceThatBreaksOffIsSentUpToThereAndReported() {
    ensure(1);
    IncompleteSendException failure =
        catchThrowableOfType(IncompleteSendException.class, () -> send(lines("[1, 2, 3, {")));

    assertThat(failure.code()).isEqualTo(ErrorCode.INPUT_FAILED);
    assertThat(failure).hasMessageContaining("sent to topic " + topic + " before the failure: 3.");
    assertThat(failure.report().ending()).isEqualTo(Ending.SOURCE_FAILED);
    assertThat(read()).hasSize(3);
  }

  @Test
  void aStopEndsASlowSendingWithWhatWasSent() throws Exception {
    ensure(1);
    CountDownLatch sending = new CountDownLatch(1);
    try (CallProducer producer =
        CallProducer.to(cluster, topic, FORMAT)
            .pace(Pace.perSecond(20))
            .onProgress(sent -> sending.countDown())
            .connect()) {
      FutureTask<SendReport> task =
          new FutureTask<>(() -> producer.send(SyntheticCalls.of(1_000_000)));
      new Thread(task, "sending").start();
      assertThat(sending.await(30, TimeUnit.SECONDS)).isTrue();
      producer.stop();
      SendReport report = task.get(10, TimeUnit.SECONDS);
      assertThat(report.ending()).isEqualTo(Ending.STOPPED);
      assertThat(report.sent()).isPositive().isLessThan(1_000).isEqualTo(read().size());
    }
  }

  @Test
  void aSlowSendingTellsItsProgressBeforeItEnds() {
    ensure(1);
    List<Long> reported = Collections.synchronizedList(new ArrayList<>());
    try (CallProducer producer =
        CallProducer.to(cluster, topic, FORMAT)
            .pace(Pace.perSecond(20))
            .onProgress(reported::add)
            .connect()) {
      assertThat(producer.send(SyntheticCalls.of(10)).sent()).isEqualTo(10);
    }
    // The last of ten records comes after more than 400 ms, and the end reports once more.
    assertThat(reported).hasSizeGreaterThan(1).endsWith(10L);
  }

  @Test
  void aCloseWaitsForTheSendingThatItStops() throws Exception {
    ensure(1);
    CountDownLatch sending = new CountDownLatch(1);
    CallProducer producer =
        CallProducer.to(cluster, topic, FORMAT).onProgress(sent -> sending.countDown()).connect();
    FutureTask<SendReport> task =
        new FutureTask<>(() -> producer.send(SyntheticCalls.of(100_000_000)));
    new Thread(task, "sending").start();
    assertThat(sending.await(30, TimeUnit.SECONDS)).isTrue();
    producer.close();
    producer.close();
    assertThat(task.get(10, TimeUnit.SECONDS).sent()).isEqualTo(ensure(1).offsets());
  }

  @Test
  void anInterruptEndsTheSendingAndIsKept() throws Exception {
    ensure(1);
    CountDownLatch sending = new CountDownLatch(1);
    try (CallProducer producer =
        CallProducer.to(cluster, topic, FORMAT)
            .pace(Pace.perSecond(20))
            .onProgress(sent -> sending.countDown())
            .connect()) {
      boolean[] interrupted = new boolean[1];
      FutureTask<SendReport> task =
          new FutureTask<>(
              () -> {
                try {
                  return producer.send(SyntheticCalls.of(1_000_000));
                } finally {
                  interrupted[0] = Thread.currentThread().isInterrupted();
                }
              });
      Thread thread = new Thread(task, "sending");
      thread.start();
      assertThat(sending.await(30, TimeUnit.SECONDS)).isTrue();
      thread.interrupt();
      SendReport report = task.get(10, TimeUnit.SECONDS);
      assertThat(report.ending()).isEqualTo(Ending.STOPPED);
      assertThat(interrupted[0]).isTrue();
      assertThat(report.sent()).isEqualTo(read().size());
    }
  }

  /** Kafka's thread dies as it does when memory is exhausted. */
  @Test
  @SuppressWarnings({"deprecation", "removal"}) // Nothing else ends a thread of Kafka.
  void aThreadOfKafkaThatDiesEndsTheSending() {
    ensure(1);
    KafkaCluster impatient =
        cluster.with(
            Map.of(
                "delivery.timeout.ms", "1500",
                "request.timeout.ms", "1000",
                "max.block.ms", "1500",
                "client.id", topic));
    try (CallProducer producer = CallProducer.to(impatient, topic, FORMAT).connect()) {
      Thread network =
          Thread.getAllStackTraces().keySet().stream()
              .filter(t -> t.getName().equals("kafka-producer-network-thread | " + topic))
              .findFirst()
              .orElseThrow();
      network.stop();

      IncompleteSendException failure =
          catchThrowableOfType(
              IncompleteSendException.class, () -> producer.send(SyntheticCalls.of(100)));

      assertThat(failure.code()).isEqualTo(ErrorCode.SEND_FAILED);
      assertThat(failure.report().sent() + failure.report().failed())
          .isEqualTo(failure.report().read());
      assertThat(failure.report().failed()).isPositive();
    }
  }

  @Test
  void aBrokerThatGoesAwayEndsTheSendingWithExactCounts() {
    AtomicLong acknowledged = new AtomicLong();
    try (EmbeddedBroker other = EmbeddedBroker.start()) {
      KafkaCluster there =
          KafkaCluster.at(other.bootstrapServers())
              .with(
                  Map.of(
                      "delivery.timeout.ms", "2500",
                      "request.timeout.ms", "1000",
                      "max.block.ms", "2500"));
      try (TopicAdmin admin = TopicAdmin.connect(there)) {
        admin.ensure("calls", 2, 1);
      }
      Thread stopping = new Thread(other::close, "stopping the broker");
      try (CallProducer producer =
          CallProducer.to(there, "calls", FORMAT)
              .pace(Pace.perSecond(5_000))
              .onProgress(
                  sent -> {
                    acknowledged.set(sent);
                    if (sent > 1_000 && stopping.getState() == Thread.State.NEW) {
                      stopping.start();
                    }
                  })
              .connect()) {
        IncompleteSendException failure =
            catchThrowableOfType(
                IncompleteSendException.class, () -> producer.send(SyntheticCalls.of(10_000_000)));

        SendReport report = failure.report();
        assertThat(failure.code()).isEqualTo(ErrorCode.SEND_FAILED);
        assertThat(failure)
            .hasMessageContaining(other.bootstrapServers())
            .hasMessageContaining("topic calls")
            .hasMessageContaining("of the " + report.read() + " records");
        assertThat(report.ending()).isEqualTo(Ending.BROKER_FAILED);
        assertThat(report.failed()).isPositive();
        assertThat(report.sent()).isEqualTo(acknowledged.get()).isGreaterThan(1_000);
        assertThat(report.failures()).hasSize(SendReport.MAX_FAILURES);
        assertThat(report.duration()).isLessThan(Duration.ofSeconds(30));
      }
    }
  }

  @Test
  void aTopicThatIsNotThereIsToldAtOnce() {
    assertThatThrownBy(() -> CallProducer.to(cluster, "nowhere", FORMAT).connect())
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOPIC))
        .hasMessageContaining("no topic nowhere");
  }

  @Test
  void topicsAreCreatedOnceAndKeepTheirPartitions() {
    TopicInfo created = ensure(3);
    assertThat(created.partitions()).hasSize(3);
    assertThat(created.replicas()).isEqualTo(1);
    assertThat(created.offsets()).isZero();
    assertThat(ensure(3)).isEqualTo(created);
    assertThatThrownBy(() -> ensure(2))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOPIC))
        .hasMessageContaining("has 3 partitions, not 2");
    send(SyntheticCalls.of(100));
    assertThat(ensure(3).offsets()).isEqualTo(100);
  }

  @Test
  void topicsThatCannotBeAreRefused() {
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      assertThat(admin.describe("nowhere")).isEmpty();
      assertThatThrownBy(() -> admin.ensure("calls", 0, 1)).hasMessageContaining("0 partitions");
      assertThatThrownBy(() -> admin.ensure("many-replicas", 1, 3))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOPIC))
          .hasMessageContaining("3 brokers");
      assertThatThrownBy(() -> admin.ensure("no such name!", 1, 1))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOPIC));
    }
  }

  @Test
  void aShorterTimeLimitOfTheSettingsApplies() {
    KafkaCluster nobody =
        KafkaCluster.at("127.0.0.1:1").with(Map.of("default.api.timeout.ms", "500"));
    long start = System.nanoTime();
    try (TopicAdmin admin = TopicAdmin.connect(nobody)) {
      assertThatThrownBy(() -> admin.describe("calls")).hasMessageContaining("127.0.0.1:1");
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
  }

  @Test
  void aClusterThatDoesNotAnswerIsToldWithinTenSeconds() {
    KafkaCluster nobody = KafkaCluster.at("127.0.0.1:1");
    long start = System.nanoTime();
    try (TopicAdmin admin = TopicAdmin.connect(nobody)) {
      assertThatThrownBy(() -> admin.describe("calls"))
          .isInstanceOfSatisfying(
              CallstreamException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE))
          .hasMessageContaining("127.0.0.1:1");
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(14));
    assertThatThrownBy(() -> TopicAdmin.connect(KafkaCluster.at("no.such.host.invalid:9092")))
        .isInstanceOfSatisfying(
            CallstreamException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE))
        .hasMessageContaining("no.such.host.invalid");
  }

  @Test
  void aReaderGivesTheFirstOrTheLastRecords() {
    ensure(2);
    assertThat(TopicReader.of(cluster, topic).read(row -> {})).isZero();
    send(SyntheticCalls.of(500));
    List<CallRecord> first = new ArrayList<>();
    List<CallRecord> last = new ArrayList<>();

    assertThat(TopicReader.of(cluster, topic).fromBeginning().atMost(7).read(first::add))
        .isEqualTo(7);
    assertThat(TopicReader.of(cluster, topic).atMost(10).read(last::add)).isEqualTo(10);

    assertThat(first).hasSize(7).anyMatch(row -> row.offset() == 0);
    TopicInfo info = ensure(2);
    assertThat(last)
        .hasSize(10)
        .allMatch(row -> row.offset() >= info.partitions().get(row.partition()).end() - 10);
    assertThat(last).extracting(CallRecord::timestampMillis).isSorted();
    assertThat(last.get(0).toString()).doesNotContain("crime");
    assertThat(TopicReader.of(cluster, topic).atMost(0).read(last::add)).isZero();
  }

  @Test
  void aReaderThatFollowsWaitsForNewRecordsUntilItIsStopped() throws Exception {
    ensure(1);
    send(SyntheticCalls.of(5));
    TopicReader reader = TopicReader.of(cluster, topic).following().fromBeginning();
    CountDownLatch seen = new CountDownLatch(8);
    FutureTask<Long> task = new FutureTask<>(() -> reader.read(row -> seen.countDown()));
    new Thread(task, "reading").start();
    send(SyntheticCalls.of(3));
    assertThat(seen.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(task.isDone()).isFalse();
    reader.stop();
    assertThat(task.get(10, TimeUnit.SECONDS)).isEqualTo(8);
  }

  @Test
  void aReaderOfNoTopicSaysSo() {
    assertThatThrownBy(() -> TopicReader.of(cluster, "nowhere").read(row -> {}))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOPIC));
    assertThatThrownBy(() -> TopicReader.of(cluster, topic).atMost(-1)).hasMessageContaining("-1");
  }
}
