package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.engine.local.PipelineTester;
import io.callstream.statistic.CallDuration;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GroupStatesTest {
  private static final Field<Long> UNITS = Field.number("units");
  private static final Field<Long> OTHERS = Field.number("others");
  private static final Set<Field<?>> TIMES = Set.of(Fields.RECEIVED, Fields.CLOSED);

  private static final CallDuration BETWEEN = Measures.between(Fields.RECEIVED, Fields.CLOSED);
  private static final CallDuration OTHER = Measures.between(Fields.RECEIVED, Fields.ON_SCENE);

  /** The code of a duration is not in the description of a measure. */
  private static final CallDuration CODE = call -> Optional.of(Duration.ofMillis(7));

  private static final List<Measure> MEASURES =
      List.of(
          Measures.count(),
          Measures.quantile("units_median", 0.5, UNITS),
          Measures.quantile("times_median", 0.5, TIMES, BETWEEN),
          Measures.sum("units_sum", UNITS),
          Measures.quantile("others_median", 0.5, OTHERS),
          Measures.quantile("code_median", 0.5, TIMES, CODE),
          Measures.share(),
          Measures.quantile("units_p90", 0.9, UNITS),
          Measures.quantile("times_p99", 0.99, TIMES, BETWEEN),
          Measures.quantile("code_p99", 0.99, TIMES, CODE));

  @Test
  void quantilesOfTheSameValuesShareAState() {
    assertThat(GroupStates.of(MEASURES))
        .extracting(Measure::name)
        .containsExactly(
            "units_median",
            "times_median",
            "units_sum",
            "others_median",
            "code_median",
            "code_p99");
    assertThat(GroupStates.places(MEASURES)).containsExactly(0, 1, 2, 3, 4, 0, 1, 5);
    assertThat(GroupStates.of(StandardStatistics.responseTimesByPriority().measures())).hasSize(3);
  }

  @Test
  void quantilesOfOtherTimesHaveOtherStates() {
    Set<Field<?>> three = Set.of(Fields.RECEIVED, Fields.CLOSED, Fields.ON_SCENE);
    List<Measure> measures =
        List.of(
            Measures.quantile("a", 0.5, three, BETWEEN), Measures.quantile("b", 0.5, three, OTHER));
    assertThat(GroupStates.of(measures)).hasSize(2);
  }

  @Test
  void valuesAreThoseOfStatisticsWithOneMeasureEach() {
    JsonFormat format =
        JsonFormat.builder("shared")
            .zone(ZoneOffset.UTC)
            .time("at")
            .number(UNITS, "units")
            .number(OTHERS, "others")
            .time(Fields.RECEIVED, "received")
            .time(Fields.CLOSED, "closed")
            .build();
    List<Optional<Object>> together = new ArrayList<>();
    List<Optional<Object>> alone = new ArrayList<>();
    try (PipelineTester tester =
        PipelineTester.of(
            format,
            1,
            pipeline -> {
              pipeline.statistic(
                  Statistic.named("all").measuring(MEASURES.toArray(Measure[]::new)).build());
              MEASURES.forEach(
                  measure ->
                      pipeline.statistic(
                          Statistic.named("only-" + measure.name().replace('_', '-'))
                              .measuring(measure)
                              .build()));
              return pipeline;
            })) {
      Instant start = Instant.parse("2018-06-01T10:00:00Z");
      for (int i = 0; i < 40; i++) {
        String call =
            "{\"at\":\"%s\",\"units\":%d,\"others\":%d,\"received\":\"%s\",\"closed\":\"%s\"}"
                .formatted(
                    start.plusSeconds(i), i, 100 - i, start, start.plusSeconds(i * (long) i));
        tester.receive(call);
        if (i % 9 == 0) {
          tester.endBatch(); // States of several batches are merged.
        }
      }
      tester.endBatch();
      together.addAll(tester.results("all").rows().get(0).values());
      MEASURES.forEach(
          measure ->
              alone.addAll(
                  tester
                      .results("only-" + measure.name().replace('_', '-'))
                      .rows()
                      .get(0)
                      .values()));
    }
    assertThat(together).isEqualTo(alone).doesNotContain(Optional.empty());
    // The median of the numbers from 0 to 39, and the number of rank 36 of them.
    assertThat(together).element(1).isEqualTo(Optional.of(19L));
    assertThat(together).element(7).isEqualTo(Optional.of(35L));
  }
}
