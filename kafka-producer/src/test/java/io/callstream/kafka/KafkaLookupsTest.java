package io.callstream.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.local.PipelineTester;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupTable;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.Progress.LookupVersion;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KafkaLookupsTest {
  private static final Field<String> AREA = Field.text("area");
  private static final Field<Long> PEOPLE = Field.number("people");

  private final KafkaTopic topic = TestBroker.topic(2);
  private final List<LookupSource.Reader> open = new ArrayList<>();

  @AfterEach
  void close() {
    open.forEach(LookupSource.Reader::close);
  }

  private LookupTable areas() {
    return LookupTable.named("areas")
        .by(Fields.ADDRESS)
        .text(AREA, "Area")
        .number(PEOPLE, "People")
        .from(KafkaLookups.topic(topic))
        .build();
  }

  private LookupSource.Reader reader() {
    LookupTable table = areas();
    LookupSource.Reader reader = table.source().open(table);
    open.add(reader);
    return reader;
  }

  /** Sends a row; without a value, it deletes the row. */
  private void send(String key, String value) throws Exception {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", topic.bootstrapServers()),
            new StringSerializer(),
            new StringSerializer())) {
      producer.send(new ProducerRecord<>(topic.name(), key, value)).get();
    }
  }

  @Test
  void readsTheTopicUpToItsEndAndThenFollowsIt() throws Exception {
    send("A", "{\"Area\":\"old\",\"People\":1}");
    send("B", "{\"other\":{\"Area\":[1]},\"People\":null,\"Area\":\"east\"}");
    send("C", "{\"Area\":\"gone\"}");
    send("A", "{\"People\":7,\"Area\":\"w\u00ebst\"}");
    send("C", null);
    LookupSource.Reader reader = reader();
    assertThat(reader.poll())
        .contains(Map.of("A", List.of("w\u00ebst", "7"), "B", List.of("east", "")));
    assertThat(reader.poll()).isEmpty();
    send("B", null);
    send("D", "{\"Area\":true}");
    assertThat(reader.poll())
        .contains(Map.of("A", List.of("w\u00ebst", "7"), "D", List.of("true", "")));
    assertThat(reader.poll()).isEmpty();
  }

  @Test
  void anEmptyTopicIsATableWithoutRows() {
    LookupSource.Reader reader = reader();
    assertThat(reader.poll()).isEqualTo(Optional.of(Map.of()));
    assertThat(reader.poll()).isEmpty();
  }

  @Test
  void readsWhatCompactionLeaves() throws Exception {
    CompactedTopic.create(TestBroker.cluster(), "compacted-lookup", 33, 5);
    LookupTable table =
        LookupTable.named("areas")
            .by(Fields.ADDRESS)
            .text(AREA, "Area")
            .from(
                KafkaLookups.topic(KafkaTopic.of("compacted-lookup").at(topic.bootstrapServers())))
            .build();
    LookupSource.Reader reader = table.source().open(table);
    open.add(reader);
    // The values of this topic are not JSON, which shows that the reader reached them.
    assertThatThrownBy(reader::poll).hasMessageContaining("of topic compacted-lookup");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1]|its value is not a JSON object",
        "{\"Area\":{}}|its member 'Area' is an object or an array",
        "{\"Area\":\"x\"} 1|text follows its JSON object",
        "{\"Area\":x}|Unrecognized token 'x'",
        "{\"Area\":|Unexpected end-of-input"
      })
  void aRecordThatIsNotValidFailsThePoll(String value, String reason) throws Exception {
    send("A", value);
    assertThatThrownBy(reader()::poll)
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOOKUP_FAILED))
        .hasMessageContaining("The record at offset 0 of partition ")
        .hasMessageContaining(
            "of topic " + topic.name() + ", which has the table of the lookup 'areas'")
        .hasMessageContaining(reason)
        .hasMessageContaining("Send a correct record with its key, and start again");
  }

  @Test
  void aLaterRecordCorrectsOneThatIsNotValid() throws Exception {
    send("A", "no JSON");
    send("A", "{\"Area\":\"west\"}");
    assertThat(reader().poll()).contains(Map.of("A", List.of("west", "")));
  }

  @Test
  void aRecordWithoutAKeyFailsThePoll() throws Exception {
    send(null, "{}");
    assertThatThrownBy(reader()::poll).hasMessageContaining("it has no key");
  }

  @Test
  void aMissingTopicFailsTheStart() {
    LookupTable table = areas();
    assertThatThrownBy(
            () ->
                KafkaLookups.topic(KafkaTopic.of("no-areas").at(topic.bootstrapServers()))
                    .open(table))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOOKUP_FAILED))
        .hasMessageStartingWith(
            "The table of the lookup 'areas' can't be read: There is no topic no-areas");
  }

  @Test
  void aDeletedTopicFailsThePollAndNamesTheLookup() throws Exception {
    send("A", "{\"Area\":\"west\"}");
    LookupSource.Reader reader = reader();
    assertThat(reader.poll()).isPresent();
    TestBroker.delete(topic);
    assertThatThrownBy(() -> pollUntilItFails(reader))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOOKUP_FAILED))
        .hasMessageStartingWith(
            "The table of the lookup 'areas' can't be read: The topic " + topic.name())
        .hasMessageContaining(
            "send all rows of the table, and start again with the same checkpoint");
  }

  /** Polls for at most a minute. The reader looks once a second whether the topic is there. */
  private static void pollUntilItFails(LookupSource.Reader reader) {
    long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (System.nanoTime() < end) {
      assertThat(reader.poll()).isEmpty();
    }
  }

  @Test
  void aPipelineJoinsTheRowsOfTheTopic() throws Exception {
    send("A", "{\"Area\":\"west\",\"People\":7}");
    List<LookupVersion> versions = new ArrayList<>();
    Call call = Call.builder("1", "t", Instant.parse("2018-11-01T12:00:00Z")).address("A").build();
    try (PipelineTester test =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            p ->
                p.lookup(areas())
                    .statistic(
                        Statistic.named("s")
                            .by(Dimension.of("area", AREA))
                            .measuring(Measures.sum("people", PEOPLE))
                            .build())
                    .listener(report -> versions.add(report.lookups().get("areas"))))) {
      test.receive(call).endBatch();
      send("A", "{\"Area\":\"east\",\"People\":8}");
      test.receive(call, call).endBatch();
      assertThat(test.results("s").rows().stream().map(ResultRow::columns).map(Object::toString))
          .containsExactly("[east, 16]", "[west, 7]");
    }
    assertThat(versions).containsExactly(new LookupVersion(1, 1), new LookupVersion(2, 1));
  }
}
