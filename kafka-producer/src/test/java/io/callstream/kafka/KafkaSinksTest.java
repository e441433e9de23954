package io.callstream.kafka;

import static io.callstream.testing.SinkRun.call;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.local.PipelineTester;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.WindowBounds;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import io.callstream.testing.NumberCalls;
import io.callstream.testing.SinkRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the sinks against a real broker and reads the topics with a plain consumer. */
class KafkaSinksTest {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final AtomicInteger TOPICS = new AtomicInteger();
  private static final String BROKERS = TestBroker.cluster().bootstrapServers();

  @TempDir private Path directory;
  private String topic;

  @BeforeEach
  void nameTopic() {
    topic = "sink-" + TOPICS.incrementAndGet();
  }

  private static KafkaSinks sinks() {
    return KafkaSinks.at(TestBroker.cluster());
  }

  // ---- runs

  private static Call of(String type) {
    return call(type, "2018-11-01T12:00:00Z", "HAN", "A");
  }

  private static Call[] batch(String... types) {
    return Stream.of(types).map(KafkaSinksTest::of).toArray(Call[]::new);
  }

  // ---- reading

  private List<ConsumerRecord<byte[], byte[]>> records() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", BROKERS);
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(p -> new TopicPartition(topic, p.partition()))
              .toList();
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
    }
    return records;
  }

  /** Returns the content of a compacted topic: the last value of each key, without tombstones. */
  private Map<String, JsonNode> current() {
    Map<String, JsonNode> current = new LinkedHashMap<>();
    for (ConsumerRecord<byte[], byte[]> row : records()) {
      String key = new String(row.key(), UTF_8);
      if (key.equals("{\"batches\":\"callstream\"}")) {
        assertThat(row.partition()).isZero();
      } else if (row.value() == null) {
        current.remove(key);
      } else {
        current.put(key, tree(row.value()));
      }
    }
    return current;
  }

  private static JsonNode tree(byte[] json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, Long> counts() {
    Map<String, Long> counts = new LinkedHashMap<>();
    current()
        .values()
        .forEach(
            value -> counts.put(value.get("crime_type").asText(), value.get("count").asLong()));
    return counts;
  }

  @Test
  void sendsTombstonesForGroupsThatCorrectionsRemoved() throws Exception {
    SinkRun run = SinkRun.corrected(List.of(Sinks.csv(directory), sinks().results(topic)));
    for (Statistic statistic : SinkRun.CORRECTED) {
      assertThat(lines(statistic))
          .as(statistic.name())
          .containsExactlyInAnyOrderElementsOf(
              Files.readAllLines(directory.resolve(statistic.name() + ".csv")).stream()
                  .skip(1)
                  .map(line -> line.replace("0.250000", "0.25"))
                  .toList());
    }
    assertThat(records()).filteredOn(row -> row.value() == null).isNotEmpty();

    // A sink that missed the corrections sends tombstones when it catches up.
    topic = topic + "-behind";
    ResultSink sink = sinks().results(topic);
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();
    assertThat(lines(StandardStatistics.callsByType())).contains("a,1");
    sink.open(run.batch(2));
    sink.close();
    assertThat(lines(StandardStatistics.callsByType()))
        .containsExactlyInAnyOrder("b,1", "c,2", "d,1");
  }

  /** Returns the current rows of a statistic as lines of CSV. */
  private List<String> lines(Statistic statistic) {
    return current().entrySet().stream()
        .filter(row -> row.getKey().startsWith("{\"statistic\":\"" + statistic.name() + "\""))
        .map(row -> line(statistic, row.getValue()))
        .toList();
  }

  @Test
  void theTopicHoldsWhatTheCsvFilesHold() throws Exception {
    List<Statistic> statistics = StandardStatistics.all(LOS_ANGELES, Duration.ofHours(1));
    SinkRun.of(
        statistics,
        List.of(Sinks.csv(directory), sinks().results(topic)),
        new Call[] {
          call("Passing Call", "2018-11-04T08:10:00Z", "HAN", "A St"),
          call("Passing Call", "2018-11-04T09:20:00Z", "HAN", "B St"),
          call("415", "2018-11-04T09:30:00Z", "OTS", "")
        },
        new Call[] {
          call("Passing Call", "2018-11-04T10:00:00Z", "HAN", "B St"),
          call("415", "2018-11-04T09:31:00Z", "OTS", "B St")
        });

    Map<String, JsonNode> current = current();
    for (Statistic statistic : statistics) {
      assertThat(lines(statistic))
          .as(statistic.name())
          .containsExactlyInAnyOrderElementsOf(
              Files.readAllLines(directory.resolve(statistic.name() + ".csv")).stream()
                  .skip(1)
                  .toList());
    }
    assertThat(current.values()).allMatch(value -> value.get("_batch").asLong() <= 1);
  }

  private static String line(Statistic statistic, JsonNode value) {
    List<String> cells = new ArrayList<>();
    for (String column : statistic.columns()) {
      String cell = value.get(column).asText();
      cells.add(
          column.startsWith("window_")
              ? Instant.parse(cell)
                  .atZone(LOS_ANGELES)
                  .format(DateTimeFormatter.ISO_OFFSET_DATE_TIME)
              : cell);
    }
    return String.join(",", cells);
  }

  @Test
  void numbersKeepAllDigits() throws Exception {
    NumberCalls.run(sinks().results(topic));
    assertThat(records().stream().map(row -> new String(row.value(), UTF_8)))
        .anyMatch(
            value ->
                value.startsWith(
                    "{\"crime_type\":\"a\",\"units\":18446744073709551614,"
                        + "\"revenue\":184467440737095516.14,"
                        + "\"mean_price\":92233720368547758.070000,"
                        + "\"speeds\":0.30000000000000004,\"least\":9223372036854775807,"
                        + "\"places\":\"[[\\\"x,y\\\",2]]\","))
        .anyMatch(value -> value.startsWith("{\"crime_type\":\"c\",\"units\":null,"));
  }

  @Test
  void keysAndValuesReadAsDocumented() throws Exception {
    Statistic statistic =
        Statistic.named("s")
            .by(
                Dimensions.CRIME_TYPE,
                Dimension.ofNumber("length", Set.of(Fields.ADDRESS), c -> c.address().length()))
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .measuring(
                Measures.share(),
                Measures.maximum(
                    "longest",
                    Set.of(Fields.ADDRESS),
                    c ->
                        c.address().isEmpty()
                            ? Optional.empty()
                            : Optional.of(Duration.ofSeconds(c.address().length()))))
            .build();
    SinkRun.of(
        List.of(statistic),
        List.of(sinks().results(topic)),
        new Call[] {
          call("a \"b\" \u00eb", "2018-11-01T12:00:00Z", "", ""),
          call("c", "2018-11-01T12:59:59Z", "", "1234")
        });

    List<String> lines =
        records().stream()
            .map(row -> new String(row.key(), UTF_8) + "=" + new String(row.value(), UTF_8))
            .map(line -> line.replaceAll("(_(?:lineage|run)\":\")[0-9a-f-]{36}\"", "$1L\""))
            .toList();

    String window =
        "\"window_start\":\"2018-11-01T12:00:00Z\",\"window_end\":\"2018-11-01T13:00:00Z\",";
    assertThat(lines)
        .containsExactlyInAnyOrder(
            "{\"statistic\":\"s\","
                + window
                + "\"dimensions\":{\"crime_type\":\"a \\\"b\\\" \u00eb\",\"length\":0}}={"
                + window
                + "\"crime_type\":\"a \\\"b\\\" \u00eb\",\"length\":0,\"share\":0.5,"
                + "\"longest\":null,\"_batch\":0,\"_watermark\":null}",
            "{\"statistic\":\"s\","
                + window
                + "\"dimensions\":{\"crime_type\":\"c\",\"length\":4}}={"
                + window
                + "\"crime_type\":\"c\",\"length\":4,\"share\":0.5,"
                + "\"longest\":4000,\"_batch\":0,\"_watermark\":null}",
            "{\"batches\":\"callstream\"}={\"_batch\":-1,\"_watermark\":null,"
                + "\"_lineage\":\"L\",\"_run\":\"L\",\"accounting\":"
                + accounting(0)
                + "}",
            "{\"batches\":\"callstream\"}={\"_batch\":0,\"_watermark\":null,"
                + "\"_lineage\":\"L\",\"_run\":\"L\",\"accounting\":"
                + accounting(2)
                + "}");
  }

  private static String accounting(int calls) {
    return "{\"received\":"
        + calls
        + ",\"rejected\":0,\"duplicates\":0,\"ambiguousTimes\":0"
        + ",\"statistics\":{\"s\":{\"counted\":"
        + calls
        + ",\"late\":0}}}";
  }

  @Test
  void aTopicThatIsMissingIsCreatedCompacted() throws Exception {
    ResultSink sink = sinks().creating(3, 1).results(topic);
    sink.open(SinkRun.byType(batch("a")).opened());
    sink.close();

    try (Admin admin = Admin.create(Map.of("bootstrap.servers", BROKERS))) {
      ConfigResource id = new ConfigResource(ConfigResource.Type.TOPIC, topic);
      assertThat(
              admin.describeConfigs(List.of(id)).all().get().get(id).get("cleanup.policy").value())
          .isEqualTo("compact");
      assertThat(admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions())
          .hasSize(3);
    }
  }

  @Test
  void aTopicThatForgetsIsRefused() throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", BROKERS))) {
      admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
    }
    BatchResults opened = SinkRun.byType(batch("a")).opened();

    assertThatThrownBy(() -> sinks().results(topic).open(opened))
        .hasMessageContaining(topic)
        .hasMessageContaining("is not compacted")
        .hasMessageContaining("kafka-configs.sh --alter");
  }

  @Test
  void aBatchThatComesAgainChangesNothing() {
    SinkRun run = SinkRun.byType(batch("a", "b"), batch("b", "c"));
    ResultSink sink = sinks().results(topic);
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.write(run.batch(1));
    sink.close();
    Map<String, JsonNode> once = current();

    sink.open(run.batch(0));
    sink.write(run.batch(1));
    sink.close();

    assertThat(counts()).isEqualTo(Map.of("a", 1L, "b", 2L, "c", 1L));
    assertThat(current()).isEqualTo(once);
  }

  @Test
  void aTopicThatWasLostOrStayedBehindIsBroughtUpToDate() {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"), batch("a", "c"), batch("a"));
    ResultSink sink = sinks().results(topic);

    sink.open(run.batch(1));
    sink.close();
    assertThat(counts()).isEqualTo(Map.of("a", 1L, "b", 1L));
    int sent = records().size();
    sink.open(run.batch(1));
    sink.close();
    assertThat(records()).as("one mark more, and no row").hasSize(sent + 1);
    sink.open(run.batch(2));
    sink.write(run.batch(3));
    sink.close();

    assertThat(counts()).isEqualTo(Map.of("a", 3L, "b", 1L, "c", 1L));
  }

  @Test
  void theMarkIsFoundBehindManyRowsOfABatchThatWasNotFinished() {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ResultSink sink = sinks().creating(1, 1).results(topic);
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();
    try (CheckedSender unfinished = sinks().sender(topic)) {
      for (int i = 0; i < 3_000; i++) {
        unfinished.send(
            ("{\"statistic\":\"calls-by-type\",\"dimensions\":{\"crime_type\":\"b\"}}")
                .getBytes(UTF_8),
            "{\"crime_type\":\"b\",\"count\":1}".getBytes(UTF_8),
            List.of());
      }
      unfinished.await();
    }
    int sent = records().size();

    sink.open(run.batch(0));
    sink.close();
    assertThat(records()).as("one mark more, and no row").hasSize(sent + 1);
  }

  @Test
  void resultsOfAnotherRunAreRefusedUnlessTheSinkStartsOver() {
    SinkRun before = SinkRun.byType(batch("a"), batch("b"));
    ResultSink sink = sinks().results(topic);
    sink.open(before.opened());
    sink.write(before.batch(0));
    sink.write(before.batch(1));
    sink.close();
    SinkRun now = SinkRun.byType(batch("c", "c"), batch("d"));

    for (BatchResults restored : List.of(now.opened(), now.batch(0), now.batch(1))) {
      assertThatThrownBy(() -> sink.open(restored))
          .hasMessageContaining(topic)
          .hasMessageContaining("of another run")
          .extracting(e -> ((CallstreamException) e).code())
          .isEqualTo(ErrorCode.SINK_FAILED);
      sink.close();
    }
    ResultSink over = sinks().startingOver().results(topic);
    over.open(now.batch(0));
    over.write(now.batch(1));
    over.close();

    assertThat(counts()).isEqualTo(Map.of("c", 2L, "d", 1L));
  }

  @Test
  void aRunWhoseTopicAnotherRunTakesOverFailsWithItsNextBatch() {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    SinkRun other = SinkRun.byType(batch("c"));
    ResultSink first = sinks().results(topic);
    first.open(run.opened());
    first.write(run.batch(0));
    ResultSink second = sinks().startingOver().results(topic);
    second.open(other.opened());
    assertThatThrownBy(() -> first.write(run.batch(1)))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("Another run wrote results to the topic " + topic);
    first.close();
    second.close();
  }

  @Test
  void recordsOfOtherProgramsAreNoOtherRun() {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ResultSink sink = sinks().results(topic);
    sink.open(run.opened());
    try (CheckedSender stranger = sinks().sender(topic)) {
      stranger.send(new ProducerRecord<>(topic, 0, bytes("key"), bytes("value")));
      stranger.await();
      sink.write(run.batch(0));
      sink.write(run.batch(1));
      sink.close();
      stranger.send(new ProducerRecord<>(topic, 0, KafkaResultSink.MARK_KEY, bytes("{")));
      stranger.await();
    }
    assertThatThrownBy(() -> sinks().results(topic).open(run.batch(1)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("has the key of a batch mark, but is not one");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  @Test
  void theFirstBatchOfARunThatWasKilledComesAgain() {
    SinkRun run = SinkRun.byType(batch("a"), batch("b"));
    ResultSink sink = sinks().results(topic);
    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.close();

    sink.open(run.opened());
    sink.write(run.batch(0));
    sink.write(run.batch(1));
    sink.close();

    assertThat(counts()).isEqualTo(Map.of("a", 1L, "b", 1L));
  }

  @Test
  void aRunOfOneBatchIsNotTakenForOneThatWasKilledInIt() {
    SinkRun finished = SinkRun.byType(batch("a"));
    ResultSink sink = sinks().results(topic);
    sink.open(finished.opened());
    sink.write(finished.batch(0));
    sink.close();

    SinkRun other = SinkRun.byType(batch("b"));
    assertThatThrownBy(() -> sink.open(other.opened())).hasMessageContaining("of another run");
    sink.close();
    assertThat(counts()).isEqualTo(Map.of("a", 1L));
  }

  @Test
  void longAndHostileTextsPass() {
    String[] texts = {"\"},{\"x\":\"", "nul\0", "\ud83d\ude00", "x".repeat(900_000)};
    SinkRun.of(
        List.of(StandardStatistics.callsByType()),
        List.of(sinks().results(topic)),
        batch(texts),
        batch(texts));

    assertThat(counts().keySet()).containsExactlyInAnyOrder(texts);
    assertThat(counts().values()).allMatch(count -> count == 2);
  }

  @Test
  void deadLettersKeepTheirBytesAndSayWhyTheyAreHere() {
    List<DeadLetter> letters = new ArrayList<>();
    DeadLetterSink toKafka = sinks().deadLetters(topic);
    Statistic hourly =
        Statistic.named("hourly")
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .build();
    try (PipelineTester tester =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            2,
            p ->
                p.statistic(hourly)
                    .deadLetters(toKafka)
                    .deadLetters(Sinks.deadLetterCallback(letters::add)))) {
      Instant stamp = Instant.parse("2019-01-01T00:00:00.123Z");
      byte[] bytes = {'{', 0, (byte) 0xff};
      tester.receive(call("a", "2018-11-01T12:00:00Z", "", ""));
      tester.endBatch();
      tester.receive(call("late", "2018-11-01T10:30:00Z", "", ""));
      tester.receive(1, stamp, bytes);
      tester.receive(1, stamp, "{\"crime_id\":\" \"}".getBytes(UTF_8));
      tester.receive(1, stamp, new byte[0]);
      tester.endBatch();
      assertThat(tester.accounting().rejected()).isEqualTo(3);
      assertThat(tester.accounting().statistics().get("hourly").late()).isEqualTo(1);
      assertThat(tester.accounting().received()).isEqualTo(5);
    }

    List<ConsumerRecord<byte[], byte[]>> records = records();
    assertThat(records).hasSize(4);
    for (DeadLetter letter : letters) {
      ConsumerRecord<byte[], byte[]> row =
          records.stream()
              .filter(
                  r ->
                      new String(r.key(), UTF_8)
                          .equals(
                              "memory-"
                                  + letter.origin().partition()
                                  + "-"
                                  + letter.origin().offset()))
              .findFirst()
              .orElseThrow();
      assertThat(row.value()).isEqualTo(letter.value());
    }
    assertThat(records.stream().map(KafkaSinksTest::headers))
        .containsExactlyInAnyOrder(
            Map.of(
                "callstream.reason",
                "late",
                "callstream.late",
                "[{\"statistic\":\"hourly\",\"window_start\":\"2018-11-01T10:00:00Z\","
                    + "\"window_end\":\"2018-11-01T11:00:00Z\"}]",
                "callstream.topic",
                "memory",
                "callstream.partition",
                "0",
                "callstream.offset",
                "1",
                "callstream.timestamp",
                "2018-11-01T10:30:00Z"),
            rejected("not-json", null, 0),
            rejected("blank-field", "crime_id", 1),
            rejected("empty", null, 2));
  }

  private static Map<String, String> rejected(String reason, String field, int offset) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("callstream.reason", reason);
    if (field != null) {
      headers.put("callstream.field", field);
    }
    headers.put("callstream.topic", "memory");
    headers.put("callstream.partition", "1");
    headers.put("callstream.offset", String.valueOf(offset));
    headers.put("callstream.timestamp", "2019-01-01T00:00:00.123Z");
    return headers;
  }

  private static Map<String, String> headers(ConsumerRecord<byte[], byte[]> row) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (Header header : row.headers()) {
      headers.put(header.key(), new String(header.value(), UTF_8));
    }
    assertThat(headers.remove("callstream.lineage")).hasSize(36);
    return headers;
  }

  @Test
  void aLetterWithoutAValueStaysOne() {
    DeadLetterSink sink = sinks().deadLetters(topic);
    SinkRun run = SinkRun.byType(batch("a"));
    sink.open(run.opened(), Map.of());
    DeadLetter letter =
        new DeadLetter.Rejected(
            new Origin("calls", 3, 7, Instant.EPOCH), null, RejectionReason.EMPTY, null);
    sink.write(run.batch(0), List.of(letter));
    sink.write(run.batch(0), List.of(letter));
    sink.close();

    assertThat(records()).hasSize(2).allMatch(row -> row.value() == null);
    assertThat(records()).extracting(row -> new String(row.key(), UTF_8)).containsOnly("calls-3-7");
  }

  @Test
  void lettersOfSeveralCallsOfARecordHaveDifferentKeys() {
    DeadLetterSink sink = sinks().deadLetters(topic);
    SinkRun run = SinkRun.byType(batch("a"));
    sink.open(run.opened(), Map.of());
    WindowBounds window = new WindowBounds(Instant.EPOCH, Instant.EPOCH.plusSeconds(60));
    List<DeadLetter> letters = new ArrayList<>();
    for (int call : new int[] {0, 1, 4}) {
      letters.add(
          new DeadLetter.Late(
              new Origin("calls", 3, 7, Instant.EPOCH),
              new byte[] {1},
              call,
              List.of(new DeadLetter.MissedWindow("a", window))));
    }
    sink.write(run.batch(0), letters);
    sink.close();

    assertThat(records())
        .extracting(row -> new String(row.key(), UTF_8))
        .containsExactlyInAnyOrder("calls-3-7", "calls-3-7-1", "calls-3-7-4");
  }

  @Test
  void theDetailOfARejectionIsAHeader() {
    DeadLetterSink sink = sinks().deadLetters(topic);
    SinkRun run = SinkRun.byType(batch("a"));
    sink.open(run.opened(), Map.of());
    Origin origin = new Origin("calls", 3, 8, Instant.EPOCH);
    sink.write(
        run.batch(0),
        List.of(
            new DeadLetter.Rejected(
                origin, new byte[] {1}, RejectionReason.FORMAT_FAILED, null, "a.B: n\u00f6")));
    sink.close();

    assertThat(records())
        .singleElement()
        .satisfies(
            row ->
                assertThat(headers(row))
                    .containsEntry("callstream.reason", "format-failed")
                    .containsEntry("callstream.detail", "a.B: n\u00f6"));
  }

  @Test
  void aBrokerThatIsGoneFailsTheBatchInTimeAndOneThatIsBackTakesIt() throws Exception {
    SinkRun run = SinkRun.byType(batch("a"), batch("a", "b"));
    Path data = directory.resolve("broker");
    EmbeddedBroker mortal = EmbeddedBroker.builder().data(data).start();
    KafkaSinks sinks =
        KafkaSinks.at(KafkaCluster.at(mortal.bootstrapServers()))
            .deliveringWithin(Duration.ofSeconds(2));
    ResultSink sink = sinks.results(topic);
    try {
      sink.open(run.opened());
      sink.write(run.batch(0));
    } finally {
      mortal.close();
    }

    assertThatThrownBy(() -> sink.write(run.batch(1)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining(topic)
        .hasMessageContaining("See that the brokers run")
        .extracting(e -> ((CallstreamException) e).code())
        .isEqualTo(ErrorCode.SINK_FAILED);

    int port = Integer.parseInt(mortal.bootstrapServers().split(":")[1]);
    try (EmbeddedBroker back = EmbeddedBroker.builder().data(data).port(port).start()) {
      assertThat(back.bootstrapServers()).isEqualTo(mortal.bootstrapServers());
      sink.write(run.batch(1));
      sink.close();
      List<Long> last = new ArrayList<>();
      TopicReader.of(KafkaCluster.at(back.bootstrapServers()), topic)
          .fromBeginning()
          .read(row -> last.add(tree(row.value()).get("_batch").asLong()));
      assertThat(last).contains(1L);
    }
  }

  @Test
  void anInterruptEndsABatchAndIsKept() {
    SinkRun run = SinkRun.byType(batch("a"));
    ResultSink sink = sinks().results(topic);
    sink.open(run.opened());
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> sink.write(run.batch(0))).hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
    sink.close();
  }
}
