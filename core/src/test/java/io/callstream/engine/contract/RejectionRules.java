package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static io.callstream.engine.contract.SourceRecord.STAMP;
import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.JsonFormat;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rules 6: rejected records. */
abstract class RejectionRules extends ContractRules {
  RejectionRules(ContractKit kit) {
    super(kit);
  }

  private record Case(RejectionReason reason, String field, SourceRecord record) {
    static Case of(int partition, RejectionReason reason, String field, String value) {
      return new Case(reason, field, text(partition, value));
    }
  }

  private final String open =
      "{\"crime_id\":\"1\",\"original_crime_type_name\":\"t\",\"call_date_time\":\"2018-06-01T12:00\"";

  private final List<Case> cases =
      List.of(
          new Case(RejectionReason.EMPTY, null, new SourceRecord(0, STAMP, null)),
          Case.of(1, RejectionReason.EMPTY, null, ""),
          Case.of(0, RejectionReason.EMPTY, null, " \r\n\t"),
          Case.of(1, RejectionReason.TOO_LARGE, null, open + " ".repeat(1 << 20) + "}"),
          Case.of(
              0,
              RejectionReason.TOO_DEEP,
              null,
              open + ",\"x\":" + "[".repeat(100) + "]".repeat(100) + "}"),
          Case.of(1, RejectionReason.NOT_JSON, null, open),
          new Case(
              RejectionReason.NOT_JSON,
              null,
              new SourceRecord(0, STAMP, new byte[] {(byte) 0xff, 0, '{', (byte) 0x80})),
          Case.of(1, RejectionReason.NOT_AN_OBJECT, null, "[" + open + "}]"),
          Case.of(
              0,
              RejectionReason.MISSING_FIELD,
              "crime_id",
              open.replace("crime_id", "other") + "}"),
          Case.of(
              1,
              RejectionReason.MISSING_FIELD,
              "original_crime_type_name",
              open.replace("\"t\"", "null") + "}"),
          Case.of(
              0,
              RejectionReason.BLANK_FIELD,
              "original_crime_type_name",
              open.replace("\"t\"", "\" \"") + "}"),
          Case.of(1, RejectionReason.NOT_TEXT, "address", open + ",\"address\":{}}"),
          Case.of(
              0,
              RejectionReason.UNREADABLE_TIME,
              "call_date_time",
              open.replace("06-01", "02-30") + "}"),
          Case.of(1, RejectionReason.UNREADABLE_VALUE, "units", open + ",\"units\":1.5}"),
          Case.of(0, RejectionReason.UNREADABLE_VALUE, "price", open + ",\"price\":\"1.234\"}"),
          Case.of(
              1,
              RejectionReason.UNREADABLE_VALUE,
              "latitude",
              open + ",\"latitude\":90.5,\"longitude\":0}"),
          new Case(
              RejectionReason.FUTURE_TIME,
              "call_date_time",
              call(1, "f", "future", "2018-06-02T12:00:00.001Z")
                  .stamped(instant("2018-06-01T12:00:00Z"))));

  private final Tried rejections =
      new Tried(trial("rejections", p -> p.statistic(TYPES)).partitions(2).step(records()));

  private List<SourceRecord> records() {
    List<SourceRecord> records = new ArrayList<>();
    records.add(
        call(1, "skew", "at-the-skew", "2018-06-02T12:00:00.000Z")
            .stamped(instant("2018-06-01T12:00:00Z")));
    for (int i = 0; i < cases.size(); i++) {
      records.add(cases.get(i).record());
      records.add(call(i % 2, "good-" + i, "good", "2018-06-01T12:00:00Z"));
    }
    return records;
  }

  /**
   * Returns the dead letters by the record that they describe, which is identified by its origin.
   */
  private Map<Case, Rejected> byCase() throws Exception {
    Map<Case, Rejected> found = new HashMap<>();
    long[] offsets = new long[2];
    for (SourceRecord record : records()) {
      long offset = offsets[record.partition()]++;
      for (DeadLetter letter : rejections.get().recorder().letters()) {
        if (letter.origin().partition() == record.partition()
            && letter.origin().offset() == offset) {
          cases.stream()
              .filter(c -> c.record() == record)
              .forEach(c -> found.put(c, (Rejected) letter));
        }
      }
    }
    return found;
  }

  @Test
  @Rule(
      number = "6.1",
      text = "A rejection has the code of its reason, and the field if a field is the reason.",
      check = "for records that are dropped before they are counted")
  void rule_6_1() throws Exception {
    assertThat(cases.stream().map(Case::reason).collect(Collectors.toSet()))
        .as("reasons that the kit has a case for")
        .containsExactlyInAnyOrderElementsOf(
            RejectionReason.standard().stream()
                .filter(reason -> !reason.equals(RejectionReason.FORMAT_FAILED))
                .toList());
    Map<Case, Rejected> letters = byCase();
    for (Case c : cases) {
      assertThat(letters.get(c)).as("letter of %s %s", c.reason(), c.field()).isNotNull();
      assertThat(letters.get(c).reason()).isEqualTo(c.reason());
      assertThat(letters.get(c).field()).isEqualTo(c.field());
    }
  }

  @Test
  @Rule(
      number = "6.2",
      text =
          "A dead letter has the unchanged bytes of its record, or none if the record has no"
              + " value.",
      check = "for bytes that are decoded and encoded again")
  void rule_6_2() throws Exception {
    assertThat(byCase()).hasSize(cases.size());
    byCase().forEach((c, letter) -> assertThat(letter.value()).isEqualTo(c.record().value()));
  }

  @Test
  @Rule(
      number = "6.3",
      text = "The origin has source, partition, offset, and timestamp in milliseconds.",
      check = "how the engine creates origins")
  void rule_6_3() throws Exception {
    assertThat(byCase()).hasSize(cases.size());
    for (Map.Entry<Case, Rejected> e : byCase().entrySet()) {
      assertThat(e.getValue().origin().topic()).isEqualTo(rejections.get().topic());
      assertThat(e.getValue().origin().timestamp()).isEqualTo(e.getKey().record().timestamp());
    }
  }

  @Test
  @Rule(
      number = "6.4",
      text = "The dead letters of a batch are ordered by partition and offset.",
      check = "how the engine merges the dead letters of tasks")
  void rule_6_4() throws Exception {
    assertThat(rejections.get().letters(0))
        .hasSizeGreaterThan(cases.size() / 2)
        .extracting(DeadLetter::origin)
        .isSortedAccordingTo(
            Comparator.comparingInt(Origin::partition).thenComparingLong(Origin::offset));
  }

  @Test
  @Rule(
      number = "6.5",
      text = "An event is in the future one millisecond after its record's timestamp + skew.",
      check = "that the engine uses the timestamp of the record and not the current time")
  void rule_6_5() throws Exception {
    assertThat(rejections.get().rows("types", "at-the-skew")).containsExactly("at-the-skew  1");
    assertThat(rejections.get().rows("types", "future")).isEmpty();
  }

  @Test
  @Rule(
      number = "6.6",
      text = "A rejected record is counted, does not stop the run, and is not a row.",
      check = "how the engine handles rejected records")
  void rule_6_6() throws Exception {
    assertThat(rejections.get().accounting().rejected()).isEqualTo(cases.size());
    assertThat(rejections.get().rows("types"))
        .containsExactly("good  " + cases.size(), "at-the-skew  1");
  }

  // ---- transactions

  private ContractSource.Transaction begin(ContractSource source) {
    Optional<ContractSource.Transaction> transaction = source.begin();
    assumeTrue(transaction.isPresent(), "The source of the testbed has no transactions");
    return transaction.get();
  }

  private SourceRecord at(int partition, String id, String type) {
    return call(partition, id, type, "2018-06-01T12:00:00Z");
  }

  /**
   * Returns options for bounded runs that each continue the previous run, if the engine supports
   * it.
   */
  private RunOptions continued() {
    return supports(Capability.CHECKPOINT) ? withCheckpoint() : RunOptions.bounded();
  }

  @Test
  @Rule(
      number = "6.7",
      text = "Records of aborted transactions are not read. Records of committed ones are.",
      check =
          "for a reader with the default isolation level of Kafka, which reads uncommitted"
              + " records")
  void rule_6_7() throws Exception {
    ContractSource source = testbed().source(2);
    ContractSource.Transaction aborted = begin(source);
    source.send(List.of(at(1, "1", "before")));
    aborted.send(List.of(at(0, "2", "aborted"), text(0, "no call"), at(1, "3", "aborted")));
    aborted.abort();
    ContractSource.Transaction committed = begin(source);
    committed.send(List.of(at(0, "4", "committed"), text(1, "no call either")));
    committed.commit();
    source.send(List.of(at(1, "5", "after")));
    Recorder recorder = new Recorder();
    Accounting accounting =
        runToEnd(
            pipeline(source, recorder),
            RunOptions.bounded(),
            run ->
                assertThat(Outcome.texts(run.results("types")))
                    .containsExactly("after  1", "before  1", "committed  1"));
    assertThat(accounting.received()).isEqualTo(4);
    assertThat(accounting.rejected()).isEqualTo(1);
    // Aborted records and ends of transactions keep their offsets: 1, 2 and 4 of partition 1.
    assertThat(recorder.letters())
        .extracting(DeadLetter::origin)
        .extracting(Origin::partition, Origin::offset)
        .containsExactly(tuple(1, 3L));
    assertThat(recorder.reports().stream().mapToLong(Progress::inputRows).sum()).isEqualTo(4);
  }

  @Test
  @Rule(
      number = "6.8",
      text =
          "A bounded run ends where an open transaction starts. Later runs read the"
              + " following records once.",
      check = "for an end offset that ignores the isolation level")
  void rule_6_8() throws Exception {
    ContractSource source = testbed().source(2);
    RunOptions options = continued();
    ContractSource.Transaction first = begin(source);
    source.send(List.of(at(0, "1", "before")));
    first.send(List.of(at(0, "2", "committed")));
    source.send(List.of(at(0, "3", "after"), at(1, "4", "elsewhere")));
    Accounting open = runToEnd(pipeline(source, new Recorder()), options);
    assertThat(open.received()).isEqualTo(2);

    first.send(List.of(at(0, "5", "committed")));
    assertThat(runToEnd(pipeline(source, new Recorder()), options)).isEqualTo(open);

    first.commit();
    Accounting committed =
        runToEnd(
            pipeline(source, new Recorder()),
            options,
            run -> assertThat(run.progress().orElseThrow().lag()).isZero());
    assertThat(committed.received()).isEqualTo(5);

    ContractSource.Transaction second = begin(source);
    second.send(List.of(at(0, "6", "aborted")));
    source.send(List.of(at(0, "7", "after")));
    assertThat(runToEnd(pipeline(source, new Recorder()), options).received()).isEqualTo(5);
    second.abort();
    Accounting aborted =
        runToEnd(
            pipeline(source, new Recorder()),
            options,
            run ->
                assertThat(Outcome.texts(run.results("types")))
                    .containsExactly("after  2", "committed  2", "before  1", "elsewhere  1"));
    assertThat(aborted.received()).isEqualTo(6);
  }

  @Test
  @Rule(
      number = "6.9",
      text =
          "A continuous run reads other partitions while a transaction is open, and resumes"
              + " in its partitions when it ends.",
      check = "whether the engine waits for all partitions")
  void rule_6_9() throws Exception {
    ContractSource source = testbed().source(2);
    ContractSource.Transaction first = begin(source);
    Recorder recorder = new Recorder();
    Pipeline pipeline = pipeline(source, recorder);
    try (RunningPipeline run =
        start(pipeline, RunOptions.continuous().triggeringEvery(Duration.ZERO))) {
      source.send(List.of(at(0, "1", "before")));
      first.send(List.of(at(0, "2", "committed")));
      source.send(List.of(at(0, "3", "after"), at(1, "4", "elsewhere")));
      awaitReceived(run, recorder, 2);
      source.send(List.of(at(1, "5", "elsewhere")));
      awaitReceived(run, recorder, 3);
      assertThat(run.results("types").rows())
          .extracting(row -> row.dimension("crime_type"))
          .containsExactly("elsewhere", "before");

      first.commit();
      awaitReceived(run, recorder, 5);

      ContractSource.Transaction second = begin(source);
      second.send(List.of(at(0, "6", "aborted"), at(1, "7", "aborted")));
      source.send(List.of(at(0, "8", "after")));
      second.abort();
      awaitReceived(run, recorder, 6);
      run.stop();
      assertThat(run.accounting().received()).isEqualTo(6);
      assertThat(Outcome.texts(run.results("types")))
          .containsExactly("after  2", "elsewhere  2", "before  1", "committed  1");
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
  }

  private void awaitReceived(RunningPipeline run, Recorder recorder, long records)
      throws InterruptedException {
    long deadline = System.nanoTime() + testbed().patience().toNanos();
    while (run.accounting().received() < records) {
      assertThat(run.state()).isEqualTo(State.RUNNING);
      assertThat(System.nanoTime())
          .as("waiting for %s records, %s came", records, run.accounting().received())
          .isLessThan(deadline);
      recorder.awaitReport();
    }
    assertThat(run.accounting().received()).isEqualTo(records);
  }

  private final List<String> failing = List.of("throws", "overflows", "long", "null");

  private final Tried formatFailures =
      new Tried(
          new Trial("format failures", new FailingFormat(FORMAT), p -> p.statistic(TYPES))
              .step(
                  Stream.concat(
                          failing.stream().map(kind -> text(0, kind)),
                          Stream.of(call(0, "1", "good", "2018-06-01T12:00:00Z")))
                      .toList())
              .step(
                  text(0, "breaks"),
                  call(0, "2", "good", "2018-06-01T12:01:00Z"),
                  call(0, "3", "good", "2018-06-01T12:02:00Z")));

  private List<Rejected> formatLetters() throws Exception {
    return formatFailures.get().recorder().letters().stream().map(Rejected.class::cast).toList();
  }

  @Test
  @Rule(
      number = "6.10",
      text =
          "If the format throws, overflows the stack or returns null, the record is rejected"
              + " as `format-failed`, with up to 500 characters of the exception.",
      check = "which exceptions the engine catches")
  void rule_6_10() throws Exception {
    assertThat(formatLetters())
        .extracting(Rejected::reason)
        .hasSize(failing.size() + 1)
        .containsOnly(RejectionReason.FORMAT_FAILED);
    assertThat(formatLetters().get(0).detail())
        .isEqualTo("java.lang.IllegalStateException: cannot take throws");
    assertThat(formatLetters().get(1).detail()).isEqualTo("java.lang.StackOverflowError");
    assertThat(formatLetters().get(2).detail())
        .startsWith("java.lang.IllegalArgumentException: xxx")
        .hasSize(500);
    assertThat(formatLetters().get(3).detail()).isEqualTo("the parser returned null");
    assertThat(formatLetters().get(0).value()).isEqualTo("throws".getBytes(UTF_8));
    assertThat(formatFailures.get().accounting().rejected()).isEqualTo(failing.size() + 1);
    assertThat(formatFailures.get().accounting().received()).isEqualTo(failing.size() + 4);
  }

  @Test
  @Rule(
      number = "6.11",
      text = "A parser that failed is not used again.",
      check = "that the engine creates a new parser after a failure")
  void rule_6_11() throws Exception {
    assertThat(formatFailures.get().rows("types")).containsExactly("good  3");
  }

  @Test
  @Rule(
      number = "6.12",
      text =
          "A format that cannot be serialized, read back, or asked for a parser is rejected"
              + " by name before a sink is opened.",
      check = "that the engine creates the plan of tasks before it opens sinks")
  void rule_6_12() {
    for (CallFormat broken :
        List.of(new NotSerializable(FORMAT), new NotReadable(FORMAT), new NoParser(FORMAT))) {
      Recorder sink = new Recorder();
      Pipeline pipeline =
          sink.on(Pipeline.builder(testbed().source(1).source(), broken).statistic(TYPES)).build();
      assertThatThrownBy(() -> start(pipeline, RunOptions.bounded()))
          .satisfies(hasCode(ErrorCode.FORMAT_FAILED))
          .hasMessageContaining("The format '" + broken.name() + "'");
      assertThat(sink.events()).isEmpty();
    }
  }

  /** A format that fails on some records. */
  private static final class FailingFormat extends DelegatingFormat {
    FailingFormat(JsonFormat calls) {
      super(calls);
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      CallParser calls = super.parser(fields);
      AtomicBoolean isBroken = new AtomicBoolean();
      return record -> {
        String text = new String(record.value(), UTF_8);
        return switch (text) {
          case "throws" -> throw new IllegalStateException("cannot take " + text);
          case "overflows" -> overflow();
          case "long" -> throw new IllegalArgumentException("x".repeat(10_000));
          case "null" -> null;
          case "breaks" -> {
            isBroken.set(true);
            throw new IllegalStateException("broken");
          }
          default ->
              isBroken.get()
                  ? new ParseResult.Rejected(RejectionReason.NOT_JSON, null, record.value())
                  : calls.parse(record);
        };
      };
    }

    @SuppressWarnings("InfiniteRecursion")
    private static ParseResult overflow() {
      return overflow();
    }
  }

  private static final class NotSerializable extends DelegatingFormat {
    private final Object lock = new Object();

    NotSerializable(JsonFormat calls) {
      super(calls);
    }

    @Override
    public String name() {
      return "not-serializable " + (lock == null);
    }
  }

  private static final class NotReadable extends DelegatingFormat {
    NotReadable(JsonFormat calls) {
      super(calls);
    }

    private void readObject(ObjectInputStream in) throws IOException {
      throw new InvalidObjectException("not readable");
    }
  }

  /** A format whose parser requires data that is lost on the way to a task. */
  private static final class NoParser extends DelegatingFormat {
    private final transient List<Field<?>> more = List.of();

    NoParser(JsonFormat calls) {
      super(calls);
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      return more.isEmpty() ? super.parser(fields) : null;
    }
  }
}
