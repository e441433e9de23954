package io.callstream.engine.local;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PipelineTesterTest {
  @Test
  void aRecordOfTodayIsNotInTheFutureOfATestThatSetsNoClock() {
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
  void theSecondPassOfAnHourThatOccursTwiceIsNotTakenForTheFirst() {
    try (PipelineTester test =
        PipelineTester.of(StandardStatistics.callsByTypeAndDispositionHourly())) {
      // 01:30 in Los Angeles, before and after the clocks went back.
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
  void aCallWithAFieldThatTheFormatLacksIsRefused() {
    Call call =
        Call.builder("1", "415", Instant.parse("2018-11-04T08:30:00Z"))
            .with(CallField.PRIORITY, "A")
            .build();
    try (PipelineTester test = PipelineTester.of(StandardStatistics.callsByType())) {
      assertThatThrownBy(() -> test.receive(call))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("san-francisco-2018-json");
    }
  }

  @Test
  void aDimensionThatIsWrongIsToldByItsName() {
    Call call = Call.builder("1", "415", Instant.parse("2018-11-04T08:30:00Z")).build();
    Map.of(
            Dimension.of("street", Set.of(CallField.CITY), c -> c.address().substring(0, 1)),
            "The dimension 'street' of the statistic 'wrong' reads ADDRESS, which it does not"
                + " declare. Add it to the fields that it says it reads,",
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
  void aStatisticThatCantBeSentToTasksIsRefusedByItsName() {
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
