package io.callstream.engine.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Calls with wrong times in a replay of old data. */
class MisdatedCallsTest {
  private static final String HOURLY = "calls-by-type-and-disposition-hourly";

  /** The time at which the records were sent, long after the calls. */
  private static final Instant SENT = Instant.parse("2026-11-29T00:00:00Z");

  private static List<byte[]> replay() {
    List<byte[]> records = new ArrayList<>();
    Instant start = Instant.parse("2018-12-31T18:00:00Z");
    for (int i = 0; i < 60; i++) {
      records.add(record(start.plus(Duration.ofMinutes(i))));
    }
    records.add(1, record(SENT.minus(Duration.ofDays(1))));
    return records;
  }

  private static byte[] record(Instant time) {
    return SanFranciscoCalls.json().write(Call.builder("1", "Noise", time).build());
  }

  private static RunningPipeline count(List<byte[]> records, int partitions, int batch)
      throws InterruptedException {
    MemorySource source = MemorySource.withPartitions(partitions);
    for (int i = 0; i < records.size(); i++) {
      source.add(i % partitions, SENT, records.get(i));
    }
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByTypeAndDispositionHourly())
            .lookup(StandardStatistics.dispositions())
            .build();
    RunningPipeline run =
        new LocalEngine().start(pipeline, RunOptions.bounded().readingAtMost(batch));
    run.awaitTermination();
    return run;
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 10", "1, 1000", "2, 2", "2, 10"})
  void aMisdatedCallDoesNotMakeOtherCallsLate(int partitions, int batch)
      throws InterruptedException {
    RunningPipeline run = count(replay(), partitions, batch);
    assertThat(run.accounting().statistics().get(HOURLY)).isEqualTo(new Contributions(61, 0, 0));
    assertThat(run.accounting().unconfirmedTimes()).isEqualTo(1);
    assertThat(run.accounting().toJson())
        .contains("\"unknownDispositions\":61,\"unconfirmedTimes\":1,\"statistics\":{");
    assertThat(run.results(HOURLY).rows())
        .extracting(row -> row.window().orElseThrow().start() + "  " + row.count())
        .containsExactly("2018-12-31T18:00:00Z  60", "2026-11-28T00:00:00Z  1");
  }

  @ParameterizedTest
  @CsvSource({"1, 10", "2, 10"})
  void theCallsOfTheTrialAreAllCounted(int partitions, int batch)
      throws IOException, InterruptedException {
    Path file = Path.of("../../shared/trials/one-misdated-call.ndjson");
    assumeTrue(Files.exists(file), "The data of the trial is not here");
    List<byte[]> records =
        Files.readAllLines(file).stream().map(line -> line.getBytes(UTF_8)).toList();
    RunningPipeline run = count(records, partitions, batch);
    assertThat(run.accounting().statistics().get(HOURLY)).isEqualTo(new Contributions(62, 0, 0));
    assertThat(run.accounting().unconfirmedTimes()).isEqualTo(1);
  }

  @Test
  void protectsAgainstRecordsWithoutATimestamp() {
    Statistic hourly =
        Statistic.named("hourly")
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .build();
    try (PipelineTester test =
        PipelineTester.of(
            SanFranciscoCalls.json(),
            1,
            p -> p.statistic(hourly).maxEventTimeJump(Duration.ofHours(1)))) {
      Instant unknown = Instant.ofEpochMilli(-1);
      for (byte[] record : replay()) {
        test.receive(0, unknown, record).endBatch();
      }
      assertThat(test.accounting().rejected()).isZero();
      assertThat(test.accounting().statistics().get("hourly"))
          .isEqualTo(new Contributions(61, 0, 0));
      assertThat(test.watermark()).contains(Instant.parse("2018-12-31T18:59:00Z"));
    }
  }

  @Test
  void aTesterHasNoEventTimeLimitByDefault() {
    Statistic hourly =
        Statistic.named("hourly")
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .build();
    Call call = Call.builder("1", "t", Instant.parse("2018-12-31T18:00:00Z")).build();
    try (PipelineTester ofStatistics = PipelineTester.of(hourly);
        PipelineTester ofParts =
            PipelineTester.of(SanFranciscoCalls.json(), 1, p -> p.statistic(hourly));
        PipelineTester guarded =
            PipelineTester.of(
                SanFranciscoCalls.json(),
                1,
                p -> p.statistic(hourly).maxEventTimeJump(Duration.ZERO))) {
      assertThat(ofStatistics.receive(call).endBatch().watermark()).contains(call.time());
      assertThat(ofParts.receive(call).endBatch().watermark()).contains(call.time());
      assertThat(guarded.receive(call, call).endBatch().watermark()).isEmpty();
      assertThat(guarded.receive(call).endBatch().watermark()).contains(call.time());
    }
  }

  @Test
  void theEventTimeJumpIsInTheFingerprintAndHasBounds() {
    Pipeline.Builder builder =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType());
    assertThat(builder.build().fingerprint()).contains("\nevent time jump: PT1H\n");
    assertThat(builder.withoutMaxEventTimeJump().build().fingerprint())
        .contains("\nevent time jump: unlimited\n");
    assertThat(builder.maxEventTimeJump(Duration.ZERO).build().maxEventTimeJump())
        .contains(Duration.ZERO);
    assertThatThrownBy(() -> builder.maxEventTimeJump(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("The event-time jump is PT-0.001S");
    assertThatThrownBy(() -> builder.maxEventTimeJump(Duration.ofDays(36_601)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("from 0 to 36,600 days");
  }
}
