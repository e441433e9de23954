package io.callstream.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A call every minute of the wall clock, over the days on which the clocks change. */
class ClockChangeTest {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");

  /** Counts the minutes that the wall clock shows on three days, each written without an offset. */
  private static PipelineTester counting(LocalDate change) {
    PipelineTester tester =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            p ->
                p.statistic(
                        Statistic.named("hourly")
                            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
                            .build())
                    .statistic(
                        Statistic.named("daily")
                            .over(Windows.daily(LOS_ANGELES).withoutLateness())
                            .build())
                    .statistic(
                        Statistic.named("by-hour").by(Dimensions.hourOfDay(LOS_ANGELES)).build()));
    LocalDateTime time = change.minusDays(1).atStartOfDay();
    for (int i = 0; i < 3 * 24 * 60; i++) {
      LocalDateTime minute = time.plusMinutes(i);
      boolean skipped = LOS_ANGELES.getRules().getValidOffsets(minute).isEmpty();
      if (!skipped) {
        String record =
            String.format(
                "{\"crime_id\":\"%d\",\"original_crime_type_name\":\"t\",\"call_date_time\":\"%s\"}",
                i, minute);
        tester.receive(
            0,
            minute.atZone(LOS_ANGELES).toInstant(),
            record.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      }
    }
    return tester.endBatch();
  }

  private static List<String> days(PipelineTester tester) {
    return tester.results("daily").stream().map(ResultRow::toString).toList();
  }

  @Test
  void inNovemberADayHasTwentyFiveHoursAndTheSecondOfTheTwinHoursIsEmpty() {
    try (PipelineTester tester = counting(LocalDate.of(2018, 11, 4))) {
      assertThat(days(tester))
          .containsExactly(
              "2018-11-03T07:00:00Z/2018-11-04T07:00:00Z  1440",
              "2018-11-04T07:00:00Z/2018-11-05T08:00:00Z  1440",
              "2018-11-05T08:00:00Z/2018-11-06T08:00:00Z  1440");
      // 01:00 to 02:00 Pacific daylight time has its calls; an hour later, 01:00 standard, none.
      assertThat(tester.results("hourly"))
          .hasSize(72)
          .allMatch(row -> row.count() == 60)
          .noneMatch(row -> row.window().get().start().toString().equals("2018-11-04T09:00:00Z"));
      assertThat(tester.accounting().ambiguousTimes()).isEqualTo(60);
      assertThat(tester.results("by-hour")).hasSize(24).allMatch(row -> row.count() == 180);
    }
  }

  @Test
  void inMarchADayHasTwentyThreeHours() {
    try (PipelineTester tester = counting(LocalDate.of(2018, 3, 11))) {
      assertThat(days(tester))
          .containsExactly(
              "2018-03-10T08:00:00Z/2018-03-11T08:00:00Z  1440",
              "2018-03-11T08:00:00Z/2018-03-12T07:00:00Z  1380",
              "2018-03-12T07:00:00Z/2018-03-13T07:00:00Z  1440");
      assertThat(tester.results("hourly")).hasSize(71).allMatch(row -> row.count() == 60);
      assertThat(tester.accounting().ambiguousTimes()).isZero();
      assertThat(
              tester.results("by-hour").stream()
                  .filter(r -> r.dimension("hour_of_day").equals("2")))
          .singleElement()
          .satisfies(row -> assertThat(row.count()).isEqualTo(120));
    }
  }

  @Test
  void withOffsetsBothTwinHoursHaveTheirCalls() {
    try (PipelineTester tester =
        PipelineTester.of(
            Statistic.named("hourly")
                .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
                .build())) {
      for (String offset : List.of("-07:00", "-0800")) {
        tester.receive(
            0,
            LocalDateTime.parse("2018-11-04T02:00").toInstant(ZoneOffset.ofHours(-8)),
            ("{\"crime_id\":\"1\",\"original_crime_type_name\":\"t\",\"call_date_time\":"
                    + "\"2018-11-04T01:30:00"
                    + offset
                    + "\"}")
                .getBytes(java.nio.charset.StandardCharsets.UTF_8));
      }
      tester.endBatch();
      assertThat(tester.results("hourly"))
          .extracting(ResultRow::toString)
          .containsExactly(
              "2018-11-04T08:00:00Z/2018-11-04T09:00:00Z  1",
              "2018-11-04T09:00:00Z/2018-11-04T10:00:00Z  1");
      assertThat(tester.accounting().ambiguousTimes()).isZero();
    }
  }
}
