package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.CallRecord.Header;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Rules 18: formats with code. */
abstract class FormatRules extends ContractRules {
  private static final Field<String> PLACE = Field.text("place");
  private static final String NOON = "2018-06-01T12:00:00Z";
  private static final RejectionReason WRONG_SUM = RejectionReason.of("wrong-sum");

  FormatRules(ContractKit kit) {
    super(kit);
  }

  /**
   * A format whose records have one call per line: {@code ID TYPE TIME}. The place of a call has
   * everything else that the format sees of the record.
   */
  private static final class Lines implements CallFormat {
    private final boolean hasIds;

    Lines(boolean hasIds) {
      this.hasIds = hasIds;
    }

    @Override
    public String name() {
      return "lines";
    }

    @Override
    public ZoneId zone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Set<Field<?>> fields() {
      return hasIds ? Set.of(Fields.ID, Fields.TYPE, PLACE) : Set.of(Fields.TYPE, PLACE);
    }

    @Override
    public String timeField() {
      return "time";
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      return this::parse;
    }

    private ParseResult parse(CallRecord record) {
      String text = new String(record.value(), UTF_8);
      if (text.equals("outage")) {
        throw new CallstreamException(ErrorCode.ENVIRONMENT, "the registry does not answer");
      }
      if (text.equals("sum")) {
        return new ParseResult.Rejected(WRONG_SUM, "total", record.value(), "3 instead of 4");
      }
      List<Call> calls = new ArrayList<>();
      for (String line : text.split("\n")) {
        String[] parts = line.split(" ");
        Call.Builder call =
            Call.builder(Instant.parse(parts[2]))
                .with(Fields.TYPE, parts[1])
                .with(PLACE, place(record));
        calls.add((hasIds ? call.with(Fields.ID, parts[0]) : call).build());
      }
      return ParseResult.Parsed.of(calls);
    }

    private static String place(CallRecord record) {
      return record.partition()
          + "@"
          + record.offset()
          + " "
          + record.timestamp().orElseThrow()
          + " "
          + text(record.key())
          + " "
          + record.headers().stream()
              .map(header -> header.name() + "=" + text(header.value()))
              .collect(Collectors.joining(","))
          + " "
          + text(record.header("a"));
    }

    private static String text(byte[] bytes) {
      return bytes == null ? "none" : new String(bytes, UTF_8);
    }

    @Override
    public byte[] write(Call call) {
      return (call.id() + " " + call.type() + " " + call.time()).getBytes(UTF_8);
    }
  }

  private static Header header(String name, String value) {
    return new Header(name, value == null ? null : value.getBytes(UTF_8));
  }

  private final Tried parts =
      new Tried(
          new Trial(
                  "parts of records",
                  new Lines(true),
                  p ->
                      p.statistic(
                          Statistic.named("places").by(Dimension.of("place", PLACE)).build()))
              .partitions(2)
              .step(
                  text(0, "1 t " + NOON)
                      .with("key".getBytes(UTF_8), header("a", "1"), header("b", null)),
                  text(1, "2 t " + NOON).with(null, header("a", "1"), header("a", "2")),
                  text(1, "3 t " + NOON).with(new byte[0])));

  @Test
  @Rule(
      number = "18.1",
      text =
          "A format sees the place, the timestamp, the key and the headers of a record, and"
              + " whether they are missing.",
      check = "how the engine creates the record for the parser")
  void rule_18_1() throws Exception {
    assertThat(parts.get().rows("places"))
        .containsExactlyInAnyOrder(
            "0@0 2020-01-01T00:00:00Z key a=1,b=none 1  1",
            "1@0 2020-01-01T00:00:00Z none a=1,a=2 2  1",
            "1@1 2020-01-01T00:00:00Z   none  1");
  }

  private final Tried several =
      new Tried(
          new Trial("several calls", new Lines(true), p -> p.statistic(TYPES))
              .step(
                  text(0, "1 a " + NOON + "\n2 b " + NOON + "\n3 a " + NOON),
                  text(0, "4 a " + NOON))
              .step(text(0, "5 b " + NOON + "\n6 c 2020-01-03T00:00:00Z"), text(0, "sum")));

  @Test
  @Rule(
      number = "18.2",
      text =
          "All calls of a record count. Those after the first one are additional calls of the"
              + " accounting.",
      check = "that the engine passes on every call of a parsed record")
  void rule_18_2() throws Exception {
    assertThat(several.get().rows("types")).containsExactly("a  3", "b  1");
    assertThat(several.get().accounting().received()).isEqualTo(4);
    assertThat(several.get().accounting().additionalCalls()).isEqualTo(2);
    assertThat(several.get().accounting().calls()).isEqualTo(4);
  }

  @Test
  @Rule(
      number = "18.3",
      text = "A record is rejected as a whole if one of its calls is in the future.",
      check = "that the engine checks all calls of a record before it counts one")
  void rule_18_3() throws Exception {
    assertThat(several.get().letters(1))
        .extracting(letter -> ((Rejected) letter).reason())
        .containsExactly(RejectionReason.FUTURE_TIME, WRONG_SUM);
    assertThat(several.get().accounting().rejected()).isEqualTo(2);
  }

  @Test
  @Rule(
      number = "18.4",
      text = "A reason that a format defines appears in the dead letter, with field and detail.",
      check = "how the engine transfers rejections between tasks and sinks")
  void rule_18_4() throws Exception {
    Rejected letter =
        several.get().letters(1).stream()
            .map(Rejected.class::cast)
            .filter(rejected -> rejected.reason().equals(WRONG_SUM))
            .findFirst()
            .orElseThrow();
    assertThat(letter.reason()).isEqualTo(RejectionReason.of("wrong-sum"));
    assertThat(letter.reason().code()).isEqualTo("wrong-sum");
    assertThat(letter.field()).isEqualTo("total");
    assertThat(letter.detail()).isEqualTo("3 instead of 4");
  }

  @Test
  @Rule(
      number = "18.5",
      text =
          "If a parser throws a `CallstreamException`, the run fails with it, and no record is"
              + " rejected.",
      check = "which exceptions of parsers the engine catches")
  void rule_18_5() throws Exception {
    ContractSource source = testbed().source(1);
    source.send(List.of(text(0, "outage")));
    Recorder recorder = new Recorder();
    Pipeline pipeline =
        recorder.on(Pipeline.builder(source.source(), new Lines(true)).statistic(TYPES)).build();
    try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
      assertThatThrownBy(() -> run.awaitTermination(testbed().patience()))
          .satisfies(hasCode(ErrorCode.ENVIRONMENT))
          .hasMessageContaining("the registry does not answer");
      assertThat(run.accounting().rejected()).isZero();
    }
    assertThat(recorder.letters()).isEmpty();
  }

  @Test
  @Rule(
      number = "18.6",
      text = "Duplicates are found among the calls of one record, and of several records.",
      check = "that the engine compares the id of each call")
  void rule_18_6() throws Exception {
    assumeSupported(Capability.DISTINCT);
    Outcome outcome =
        new Tried(
                new Trial(
                        "distinct calls",
                        new Lines(true),
                        p -> p.statistic(TYPES).distinct(Duration.ofDays(1)))
                    .step(text(0, "1 a " + NOON + "\n1 b " + NOON + "\n2 a " + NOON))
                    .step(text(0, "3 a " + NOON + "\n2 c " + NOON)))
            .get();
    assertThat(outcome.rows("types")).containsExactly("a  3");
    assertThat(outcome.accounting().duplicates()).isEqualTo(2);
    assertThat(outcome.accounting().additionalCalls()).isEqualTo(3);
  }

  @Test
  @Rule(
      number = "18.7",
      text =
          "A call of a format without ids has the id `topic-partition-offset`, followed by"
              + " `-index` after the first call of a record.",
      check = "how the engine generates ids")
  void rule_18_7() throws Exception {
    Outcome outcome =
        new Tried(
                new Trial(
                        "generated ids",
                        new Lines(false),
                        p ->
                            p.statistic(
                                Statistic.named("ids")
                                    .where(call -> !call.id().isEmpty())
                                    .by(Dimension.of("id", Fields.ID), Dimensions.CRIME_TYPE)
                                    .build()))
                    .partitions(2)
                    .step(
                        text(1, "- a " + NOON),
                        text(1, "- b " + NOON + "\n- c " + NOON + "\n- d " + NOON)))
            .get();
    String topic = outcome.topic();
    assertThat(outcome.rows("ids"))
        .containsExactlyInAnyOrder(
            topic + "-1-0  a  1",
            topic + "-1-1  b  1",
            topic + "-1-1-1  c  1",
            topic + "-1-1-2  d  1");
  }

  @Test
  @Rule(
      number = "18.8",
      text =
          "Late calls of one record have a dead letter each, with the index of the call, in the"
              + " order of the record, also with duplicates.",
      check = "how the engine orders the dead letters of several tasks")
  void rule_18_8() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      lines.add(i + " t 2018-06-01T0" + (9 - i % 5) + ":00:00Z");
    }
    lines.set(7, "7 t " + NOON);
    Statistic hourly = byType("hourly", Windows.tumbling(HOUR));
    for (boolean distinct : new boolean[] {false, true}) {
      if (distinct && !supports(Capability.DISTINCT)) {
        continue;
      }
      Outcome outcome =
          new Tried(
                  new Trial(
                          "late calls of a record " + distinct,
                          new Lines(true),
                          p -> distinct ? p.statistic(hourly).distinct() : p.statistic(hourly))
                      .step(text(0, "a t " + NOON))
                      .step(text(0, String.join("\n", lines))))
              .get();
      assertThat(outcome.letters(1))
          .extracting(letter -> ((Late) letter).call())
          .containsExactly(0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
      assertThat(((Late) outcome.letters(1).get(1)).missed().get(0).window().start())
          .isEqualTo(instant("2018-06-01T08:00:00Z"));
    }
  }
}
