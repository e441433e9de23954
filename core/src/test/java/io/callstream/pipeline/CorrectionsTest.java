package io.callstream.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.DataSfCalls;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class CorrectionsTest {
  private static Pipeline.Builder counting(Statistic statistic) {
    return Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
        .statistic(statistic);
  }

  private static void assertRefused(Pipeline.Builder pipeline, String message) {
    assertThatThrownBy(pipeline::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void thePipelineReadsTheIdAndItsFingerprintHasTheHorizon() {
    Pipeline pipeline = counting(StandardStatistics.callsByType()).corrections().build();
    assertThat(pipeline.correctionHorizon()).contains(Duration.ofDays(3));
    assertThat(pipeline.fields()).contains(Fields.ID);
    assertThat(pipeline.fingerprint()).contains("\ncorrections: PT72H\n");
    assertThat(counting(StandardStatistics.callsByType()).build().fingerprint())
        .contains("\ncorrections: no\n");
  }

  @Test
  void acceptsAllStandardStatistics() {
    assertThat(
            Pipeline.builder(MemorySource.withPartitions(1), DataSfCalls.json())
                .statistics(StandardStatistics.ofDataSf(ZoneOffset.UTC, Duration.ZERO))
                .corrections(Duration.ofHours(1))
                .build()
                .correctionHorizon())
        .contains(Duration.ofHours(1));
  }

  @Test
  void rejectsMeasuresThatCannotRetract() {
    assertRefused(
        counting(
                Statistic.named("places")
                    .measuring(
                        Measures.count(), Measures.approximateDistinct("places", Fields.ADDRESS))
                    .build())
            .corrections(),
        "The measure 'places' of 'places' cannot retract a call, which corrections() requires; use"
            + " a count, share, sum, mean, ratio or quantile, or omit corrections()");
  }

  @Test
  void rejectsSessions() {
    assertRefused(
        counting(
                Statistic.named("visits")
                    .over(Windows.session(Duration.ofMinutes(5)).withoutLateness())
                    .emitting(Emission.ON_CLOSE)
                    .build())
            .corrections(),
        "'visits' has sessions, which a corrected call cannot leave; use other windows, or omit"
            + " corrections()");
  }

  @Test
  void rejectsDistinctInAddition() {
    assertRefused(
        counting(StandardStatistics.callsByType()).distinct().corrections(),
        "The pipeline has distinct() and corrections(), which also removes duplicates; omit"
            + " distinct()");
  }

  @Test
  void rejectsAFormatWithoutIds() {
    JsonFormat format = JsonFormat.builder("no-ids").zone(ZoneOffset.UTC).time("at").build();
    assertRefused(
        Pipeline.builder(MemorySource.withPartitions(1), format)
            .statistic(Statistic.named("all").build())
            .corrections(),
        "The format 'no-ids' has no ids, so corrections cannot be applied; declare the id, or omit"
            + " corrections()");
  }

  @Test
  void rejectsAHorizonOutOfBounds() {
    for (Duration horizon : new Duration[] {Duration.ZERO, Duration.ofDays(3_661)}) {
      assertThatThrownBy(() -> counting(StandardStatistics.callsByType()).corrections(horizon))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "The horizon of corrections is "
                  + horizon
                  + "; it must be greater than 0 and at most 3,660 days");
    }
  }
}
