package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** Rules 13: the start, progress and end of runs. */
abstract class RunRules extends ContractRules {
  RunRules(ContractKit kit) {
    super(kit);
  }

  private List<SourceRecord> calls(int partition, int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(i -> call(partition, "id-" + i, "t", "2018-06-01T12:00"))
        .toList();
  }

  private Pipeline pipeline(ContractSource source, Recorder recorder) {
    return recorder.on(Pipeline.builder(source.source(), FORMAT).statistic(TYPES)).build();
  }

  /**
   * A bounded run ends automatically after the records that existed when it started. It does not
   * read records that arrive while it runs. If it fails, check when the engine determines the end
   * offsets.
   */
  @Test
  void rule_13_1_aBoundedRunEndsWithWhatWasThereWhenItStarted() throws Exception {
    ContractSource source = testbed().source(1);
    source.send(calls(0, 0, 4));
    AtomicBoolean sent = new AtomicBoolean();
    Pipeline pipeline =
        Pipeline.builder(source.source(), FORMAT)
            .statistic(TYPES)
            .results(
                Sinks.callback(
                    batch -> {
                      if (!sent.getAndSet(true)) {
                        source.send(calls(0, 4, 8));
                      }
                    }))
            .build();
    try (RunningPipeline run = start(pipeline, RunOptions.bounded().readingAtMost(2))) {
      awaitEnd(run);
      assertThat(run.state()).isEqualTo(State.FINISHED);
      assertThat(run.failure()).isEmpty();
      assertThat(run.accounting().received()).isEqualTo(4);
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      assertThat(run.pipeline()).isSameAs(pipeline);
      run.awaitTermination();
    }
  }

  /**
   * A bounded run over an empty source also ends: it receives and emits nothing, and closes its
   * sinks. An engine may make an empty batch. If it fails, check whether the engine waits for a
   * first record.
   */
  @Test
  void rule_13_2_aBoundedRunOverNothingEmitsNothing() throws Exception {
    Recorder recorder = new Recorder();
    Pipeline pipeline = pipeline(testbed().source(2), recorder);
    try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
      awaitEnd(run);
      assertThat(run.state()).isEqualTo(State.FINISHED);
      assertThat(run.results("types").rows()).isEmpty();
      assertThat(run.accounting()).isEqualTo(Accounting.none(List.of("types")));
    }
    assertThat(recorder.batches())
        .allMatch(batch -> batch.emitsNothing() && batch.accounting().received() == 0);
    assertThat(recorder.events())
        .filteredOn(event -> !event.startsWith("batch"))
        .containsExactlyInAnyOrder("open results", "open letters", "close", "close");
    assertThat(recorder.restored().get(0).number()).isEqualTo(-1);
    assertThat(recorder.nextOffsets()).containsExactly(Map.of());
  }

  /**
   * A continuous run counts incoming records until it is stopped. When {@code stop} returns, the
   * run is finished and its sinks are closed once. Later records are not read, and a second {@code
   * stop} does nothing. If it fails, check how the engine stops.
   */
  @Test
  void rule_13_3_aContinuousRunGoesOnUntilItIsStopped() throws Exception {
    ContractSource source = testbed().source(2);
    Recorder recorder = new Recorder();
    Pipeline pipeline = pipeline(source, recorder);
    try (RunningPipeline run =
        start(pipeline, RunOptions.continuous().triggeringEvery(Duration.ZERO))) {
      source.send(calls(0, 0, 3));
      Trial.awaitCovered(run, recorder, 3, testbed().patience());
      assertThat(run.results("types").top(1).get(0).count()).isEqualTo(3);
      source.send(calls(1, 3, 5));
      Trial.awaitCovered(run, recorder, 5, testbed().patience());
      assertThat(run.state()).isEqualTo(State.RUNNING);
      assertThat(run.awaitTermination(Duration.ofMillis(1))).isFalse();
      assertThat(run.progress()).isPresent();
      run.stop();
      assertThat(run.state()).isEqualTo(State.FINISHED);
      assertThat(recorder.events()).endsWith("close", "close");
      source.send(calls(0, 5, 6));
      run.stop();
      awaitEnd(run);
      assertThat(run.results("types").top(1).get(0).count()).isEqualTo(5);
      assertThat(run.accounting().received()).isEqualTo(5);
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
    assertThat(recorder.events()).filteredOn("close"::equals).hasSize(2);
  }

  /**
   * A sink may stop the run that calls it, and the current batch is finished. If it hangs, check
   * for a stop that waits for the thread from which it is called.
   */
  @Test
  void rule_13_4_aCallbackMayStopItsRun() throws Exception {
    ContractSource source = testbed().source(1);
    CompletableFuture<RunningPipeline> started = new CompletableFuture<>();
    Pipeline pipeline =
        Pipeline.builder(source.source(), FORMAT)
            .statistic(TYPES)
            .results(Sinks.callback(batch -> started.join().stop()))
            .build();
    try (RunningPipeline run = start(pipeline, RunOptions.continuous())) {
      started.complete(run);
      source.send(calls(0, 0, 3));
      awaitEnd(run);
      assertThat(run.state()).isEqualTo(State.FINISHED);
      assertThat(run.accounting().received()).isPositive();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
  }

  /**
   * A batch has at most the maximum number of records, but at least one record of each partition
   * that has any, so that all partitions advance. If it fails, check how the engine distributes the
   * limit over partitions.
   */
  @Test
  void rule_13_5_batchesKeepToTheirLimitAndEachPartitionMovesOn() throws Exception {
    Recorder recorder = limited();
    for (Progress report : recorder.reports()) {
      assertThat(report.inputRows()).isBetween(1L, 10L);
      for (PartitionOffsets range : report.offsets()) {
        assertThat(range.end() > range.start() || range.end() == range.latest())
            .as("%s moves on in batch %s", range, report.batch())
            .isTrue();
      }
    }
  }

  private Recorder limited;

  private Recorder limited() throws Exception {
    if (limited == null) {
      ContractSource source = testbed().source(2);
      source.send(calls(0, 0, 5));
      source.send(calls(1, 5, 40));
      Recorder recorder = new Recorder();
      Accounting accounting =
          runToEnd(pipeline(source, recorder), RunOptions.bounded().readingAtMost(10));
      assertThat(accounting.received()).isEqualTo(40);
      limited = recorder;
    }
    return limited;
  }

  /**
   * Batches are numbered from 0 without gaps. Sinks receive each batch once and in order, between
   * open and close. Each batch is reported once and in order, and each record is in one batch. If
   * it fails, check the numbers that the engine gives to batches.
   */
  @Test
  void rule_13_6_batchesAreNumberedFromZeroAndReportedInOrder() throws Exception {
    Recorder recorder = limited();
    List<Progress> reports = recorder.reports();
    List<Long> numbers = IntStream.range(0, reports.size()).mapToObj(Long::valueOf).toList();
    assertThat(reports).extracting(Progress::batch).isEqualTo(numbers);
    assertThat(recorder.batches()).extracting(BatchResults::number).isEqualTo(numbers);
    Trial.requireEachRecordOnce(reports);
    List<String> events = recorder.events();
    assertThat(events.subList(0, 2)).allMatch(event -> event.startsWith("open"));
    assertThat(events.subList(events.size() - 2, events.size())).containsOnly("close");
    assertThat(events).hasSize(reports.size() + 4);
  }

  /**
   * A report matches the data that the sinks received: the watermark and the accounting of its
   * batch, and the total. The last report shows no lag. If it fails, check which state the engine
   * reports.
   */
  @Test
  void rule_13_7_reportsSayWhatTheSinksWereTold() throws Exception {
    Recorder recorder = limited();
    for (int i = 0; i < recorder.reports().size(); i++) {
      Progress report = recorder.reports().get(i);
      BatchResults batch = recorder.batches().get(i);
      assertThat(report.watermark()).isEqualTo(batch.watermark());
      assertThat(report.accounting()).isEqualTo(batch.accounting());
      assertThat(report.total()).isEqualTo(batch.total());
    }
    assertThat(recorder.reports().get(recorder.reports().size() - 1).lag()).isZero();
  }

  /**
   * A run provides the results of the statistics of its pipeline, and rejects other names. If it
   * fails, check {@code RunningPipeline.results}.
   */
  @Test
  void rule_13_8_resultsOfAStatisticThatIsNotThereAreRefused() throws Exception {
    Pipeline pipeline = pipeline(testbed().source(1), new Recorder());
    try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
      awaitEnd(run);
      assertThatThrownBy(() -> run.results("none"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'none'")
          .hasMessageContaining("types");
    }
  }

  /**
   * A report has the number of rows that its batch emitted, counted once for any number of sinks.
   * It also has the rate per second of the time in which the records of the batch arrived. If it
   * fails, check where the engine counts rows.
   */
  @Test
  void rule_13_9_aReportSaysHowManyRowsWereTold() throws Exception {
    ContractSource source = testbed().source(1);
    source.send(
        IntStream.range(0, 12)
            .mapToObj(i -> call(0, "id-" + i, "t-" + i % 5, "2018-06-01T12:00"))
            .toList());
    Recorder recorder = new Recorder();
    Pipeline pipeline =
        recorder
            .on(Pipeline.builder(source.source(), FORMAT).statistic(TYPES))
            .statistic(Statistic.named("all").build())
            .results(new Recorder())
            .build();
    runToEnd(pipeline, RunOptions.bounded().readingAtMost(4));
    List<Progress> reports = recorder.reports();
    assertThat(reports.stream().mapToLong(Progress::outputRows).sum()).isPositive();
    for (int i = 0; i < reports.size(); i++) {
      Progress report = reports.get(i);
      BatchResults batch = recorder.batches().get(i);
      assertThat(report.outputRows())
          .as("output rows of batch %s", report.batch())
          .isEqualTo(batch.updates("types").size() + batch.updates("all").size());
      if (Double.isFinite(report.inputRowsPerSecond())) {
        double seconds = report.inputRows() / report.inputRowsPerSecond();
        assertThat(report.outputRowsPerSecond() * seconds)
            .as("output rows of batch %s, by their rate", report.batch())
            .isCloseTo(report.outputRows(), Percentage.withPercentage(0.001));
      }
    }
  }

  /**
   * A report has the age of the records of its batch, by their timestamps, when the sinks had
   * received it: between the ages before and after the run. Rejected records and duplicates count.
   * A record with a timestamp in the future has an age of 0. If it fails, check the timestamps of
   * invalid records, and the clocks.
   */
  @Test
  void rule_13_10_aReportSaysHowOldRecordsWereWhenTheirResultsStood() throws Exception {
    Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    List<Instant> stamps = new ArrayList<>();
    List<SourceRecord> records = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      stamps.add(before.minus(HOUR.multipliedBy(i)));
      records.add(call(i % 2, "id", "t", "2018-06-01T12:00").stamped(stamps.get(i)));
    }
    stamps.add(before.minus(HOUR.multipliedBy(100)));
    records.add(text(1, "no call").stamped(stamps.get(8)));
    stamps.add(before.plus(Duration.ofMinutes(10)));
    records.add(call(0, "of a fast clock", "t", "2018-06-01T12:00").stamped(stamps.get(9)));
    ContractSource source = testbed().source(2);
    source.send(records);
    Recorder recorder = new Recorder();
    Pipeline.Builder pipeline =
        recorder.on(Pipeline.builder(source.source(), FORMAT).statistic(TYPES));
    if (supports(Capability.DISTINCT)) {
      pipeline.distinct();
    }
    runToEnd(pipeline.build(), RunOptions.bounded());
    Duration took = Duration.between(before, Instant.now());

    Duration greatest = Duration.ZERO;
    double meanMillis = 0;
    for (Progress report : recorder.reports()) {
      if (report.inputRows() == 0) {
        assertThat(report.latency()).isEmpty();
        continue;
      }
      Progress.Latency latency = report.latency().orElseThrow();
      assertThat(latency.mean()).isBetween(Duration.ZERO, latency.greatest());
      greatest = latency.greatest().compareTo(greatest) > 0 ? latency.greatest() : greatest;
      meanMillis += latency.mean().toNanos() / 1e6 * report.inputRows() / stamps.size();
    }
    assertThat(greatest).isBetween(HOUR.multipliedBy(100), HOUR.multipliedBy(100).plus(took));
    // The sum of the hours 0 to 7 is 28. The age of the record from the future is 0.
    double leastMean = HOUR.multipliedBy(28 + 100).toMillis() / 10.0;
    assertThat(meanMillis).isBetween(leastMean - 1, leastMean + took.toMillis() + 1);
  }
}
