package io.callstream.engine.local;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.AbsentValueException;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PipelineTesterTest {
  @Test
  void acceptsCurrentRecordsWithTheDefaultClock() {
    try (PipelineTester test = PipelineTester.of(StandardStatistics.callsByType())) {
      test.receive(
          "{\"crime_id\":\"1\",\"original_crime_type_name\":\"415\","
              + "\"call_date_time\":\"2026-11-22T10:00\"}");
      test.endBatch();
      assertThat(test.accounting().rejected()).isZero();
      assertThat(test.results("calls-by-type")).hasSize(1);
      assertThatAccounting(test.accounting()).addsUpFor(List.of(StandardStatistics.callsByType()));
    }
  }

  @Test
  void distinguishesBothOccurrencesOfAnHour() {
    try (PipelineTester test =
        PipelineTester.of(StandardStatistics.callsByTypeAndDispositionHourly())) {
      // 01:30 in Los Angeles, before and after the clocks were set back.
      test.receive(Call.builder("1", "415", Instant.parse("2018-11-04T08:30:00Z")).build());
      test.receive(Call.builder("2", "415", Instant.parse("2018-11-04T09:30:00Z")).build());
      test.endBatch();
      assertThat(test.results("calls-by-type-and-disposition-hourly"))
          .extracting(row -> row.window().orElseThrow().start())
          .containsExactly(
              Instant.parse("2018-11-04T08:00:00Z"), Instant.parse("2018-11-04T09:00:00Z"));
      assertThat(test.accounting().ambiguousTimes()).isZero();
      assertThatAccounting(test.accounting())
          .addsUpFor(List.of(StandardStatistics.callsByTypeAndDispositionHourly()));
    }
  }

  @Test
  void aCorrectionRetractsACallWithAnAmbiguousTimeFromTheGroupThatCountedIt() {
    Statistic sure = Statistic.named("sure").where(Set.of(), call -> !call.ambiguousTime()).build();
    Statistic types = Statistic.named("types").by(Dimensions.CRIME_TYPE).build();
    Instant time = Instant.parse("2018-11-04T08:30:00Z");
    try (PipelineTester test =
        PipelineTester.of(
            SanFranciscoCalls.json(), 1, p -> p.statistic(sure).statistic(types).corrections())) {
      test.receive(Call.builder("1", "a", time).withAmbiguousTime().build()).endBatch();
      test.receive(Call.builder("1", "b", time).withAmbiguousTime().build()).endBatch();
      assertThat(test.results("sure")).isEmpty();
      assertThat(test.accounting().statistics().get("sure").retracted()).isZero();
      // The time is now known exactly, although it is the same.
      test.receive(Call.builder("1", "b", time).build()).endBatch();
      assertThat(test.results("sure")).extracting(ResultRow::count).containsExactly(1L);
      assertThat(test.results("types")).extracting(ResultRow::count).containsExactly(1L);
      assertThat(test.accounting().corrections()).isEqualTo(2);
      assertThatAccounting(test.accounting()).addsUpFor(List.of(sure, types));
    }
  }

  @Test
  void keepsFieldsThatTheFormatLacks() {
    Statistic byPriority = Statistic.named("by-priority").by(Dimensions.PRIORITY).build();
    Call call =
        Call.builder("1", "415", Instant.parse("2018-11-04T08:30:00.123Z"))
            .with(Fields.PRIORITY, "A")
            .build();
    try (PipelineTester test = PipelineTester.of(byPriority)) {
      test.receive(call).endBatch();
      assertThat(test.results("by-priority"))
          .singleElement()
          .extracting(row -> row.dimension("priority"))
          .isEqualTo("A");
      assertThatAccounting(test.accounting()).addsUpFor(List.of(byPriority));
    }
  }

  @Test
  void aFormatWithoutDispositionsIsTestedWithAFilterThatDeclaresNoFields() {
    Field<String> product = Field.text("product");
    JsonFormat orders =
        JsonFormat.builder("orders").zone(ZoneOffset.UTC).time("at").text(product, "item").build();
    Statistic tea = Statistic.named("tea").where(call -> call.text(product).equals("tea")).build();
    try (PipelineTester test = PipelineTester.of(orders, 1, pipeline -> pipeline.statistic(tea))) {
      test.receive("{\"at\":\"2024-05-01T10:00:00Z\",\"item\":\"tea\"}");
      test.receive("{\"at\":\"2024-05-01T10:00:00Z\",\"item\":\"cake\"}").endBatch();
      assertThat(test.results("tea")).extracting(ResultRow::count).containsExactly(1L);
    }
  }

  @Test
  void rejectsPipelinesThatAnEngineRejects() {
    Field<Long> missing = Field.number("missing");
    JsonFormat orders = JsonFormat.builder("orders").zone(ZoneOffset.UTC).time("at").build();
    Statistic total = Statistic.named("total").measuring(Measures.sum("sum", missing)).build();
    Statistic all = Statistic.named("all").build();
    assertThatThrownBy(() -> PipelineTester.of(orders, 1, pipeline -> pipeline.statistic(total)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("reads the field missing");
    assertThatThrownBy(
            () -> PipelineTester.of(orders, 1, pipeline -> pipeline.statistic(all).distinct()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no ids");
    assertThatThrownBy(
            () -> PipelineTester.of(orders, 1, pipeline -> pipeline.statistic(all).corrections()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("has no ids");
  }

  @Test
  void namesTheFieldThatACallLacksAndTheRecord() {
    Field<Long> quantity = Field.number("quantity");
    Statistic many =
        Statistic.named("many")
            .where(Set.of(quantity), call -> call.longValue(quantity) > 10)
            .build();
    PipelineTester test = PipelineTester.of(many);
    test.receive(
        Call.builder(Instant.EPOCH).with(quantity, 11L).build(),
        Call.builder(Instant.EPOCH).build());
    assertThatThrownBy(test::endBatch)
        .isInstanceOf(CallstreamException.class)
        .hasMessageContainingAll("filter", "'many'", "field quantity", "Call.isPresent", "offset 1")
        .hasCauseInstanceOf(AbsentValueException.class);
  }

  @Test
  void acceptsCallsWithAnyFormat() {
    Call call =
        Call.builder("1", "415", Instant.parse("2018-11-04T08:30:00Z"))
            .with(Fields.ADDRESS, "100 Block Of A St")
            .with(Fields.PRIORITY, "A")
            .build();
    Statistic hourly = StandardStatistics.callsByTypeAndDispositionHourly();
    Statistic byType = StandardStatistics.callsByType();
    for (CallFormat format :
        List.of(SanFranciscoCalls.json(), DataSfCalls.json(), new ReadOnlyFormat())) {
      try (PipelineTester test =
          PipelineTester.of(
              format, 2, pipeline -> pipeline.statistics(List.of(byType, hourly)).distinct())) {
        // A duplicate, and a call that is late after the second batch.
        test.receive(call, call).endBatch();
        test.receive(Call.builder("2", "415", Instant.parse("2018-11-05T08:30:00Z")).build());
        test.receive(1, Instant.parse("2018-11-05T08:30:00Z"), new byte[] {'{'}).endBatch();
        test.receive(Call.builder("3", "x", Instant.parse("2018-11-01T00:00:00Z")).build());
        test.endBatch();

        assertThat(test.results("calls-by-type"))
            .as(format.name())
            .extracting(ResultRow::toString)
            .containsExactly("415  2", "x  1");
        assertThat(test.accounting().duplicates()).isEqualTo(1);
        assertThat(test.accounting().rejected()).isEqualTo(1);
        assertThat(test.deadLetters()).as(format.name()).hasSize(2);
        assertThatAccounting(test.accounting()).addsUpFor(List.of(byType, hourly));
      }
    }
  }

  /** A read-only format of an application: a line consists of an id, a type and a time. */
  private static final class ReadOnlyFormat implements CallFormat {
    private static final long serialVersionUID = 1L;

    @Override
    public Set<Field<?>> fields() {
      return Set.of(Fields.ID, Fields.TYPE, Fields.DISPOSITION);
    }

    @Override
    public String name() {
      return "read-only";
    }

    @Override
    public ZoneId zone() {
      return ZoneOffset.UTC;
    }

    @Override
    public String timeField() {
      return "time";
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      return record -> new ParseResult.Rejected(RejectionReason.NOT_JSON, null, record.value());
    }

    @Override
    public byte[] write(Call call) {
      throw new UnsupportedOperationException("only reads");
    }
  }

  @Test
  void namesAFailedDimension() {
    Call call = Call.builder("1", "415", Instant.parse("2018-11-04T08:30:00Z")).build();
    Map.of(
            Dimension.of("street", Set.of(Fields.CITY), c -> c.address().substring(0, 1)),
            "The dimension 'street' of the statistic 'wrong' reads the field address, which it does not"
                + " declare, or which the format does not have. Add it to the fields that it says it"
                + " reads,",
            Dimension.of("block", c -> Map.of("4", "x").get(c.address())),
            "The dimension 'block' of the statistic 'wrong' gave null for a call. Let it give the"
                + " empty text",
            Dimension.of("letter", c -> c.address().substring(0, 1)),
            "The dimension 'letter' of the statistic 'wrong' threw"
                + " java.lang.StringIndexOutOfBoundsException on a call.")
        .forEach(
            (dimension, message) -> {
              Statistic wrong =
                  Statistic.named("wrong").by(Dimensions.CRIME_TYPE, dimension).build();
              try (PipelineTester test = PipelineTester.of(wrong).receive(call)) {
                assertThatThrownBy(test::endBatch)
                    .isInstanceOfSatisfying(
                        CallstreamException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.STATISTIC_FAILED))
                    .hasMessageStartingWith(message);
              }
            });
  }

  @Test
  void rejectsAStatisticThatIsNotSerializable() {
    Object lock = new Object();
    Statistic holding =
        Statistic.named("holding").where(call -> lock.hashCode() != call.hashCode()).build();
    assertThatThrownBy(() -> PipelineTester.of(holding))
        .isInstanceOfSatisfying(
            CallstreamException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.STATISTIC_FAILED))
        .hasMessageContaining("'holding'")
        .hasMessageContaining("java.lang.Object");
  }
}
