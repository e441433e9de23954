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

  @Test
  @Rule(
      number = "13.1",
      text = "A bounded run ends with the records that existed at its start.",
      check = "when the engine determines the end offsets")
  void rule_13_1() throws Exception {
    ContractSource source = testbed().source(1);
    source.send(calls(0, 0, 4));
    AtomicBoolean sent = new AtomicBoolean();
    Pipeline pipeline =
        counting(source)
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

  @Test
  @Rule(
      number = "13.2",
      text = "A bounded run over an empty source ends, emits nothing, and closes its sinks.",
      check = "whether the engine waits for a first record")
  void rule_13_2() throws Exception {
    Recorder recorder = new Recorder();
    Pipeline pipeline = pipeline(testbed().source(2), recorder);
    try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
      awaitEnd(run);
      assertThat(run.state()).isEqualTo(State.FINISHED);
      assertThat(run.results("types").rows()).isEmpty();
      assertThat(run.accounting()).isEqualTo(Accounting.none(List.of("types"), List.of()));
    }
    assertThat(recorder.batches())
        .allMatch(batch -> batch.emitsNothing() && batch.accounting().received() == 0);
    assertThat(recorder.events())
        .filteredOn(event -> !event.startsWith("batch"))
        .containsExactlyInAnyOrder("open results", "open letters", "close", "close");
    assertThat(recorder.restored().get(0).number()).isEqualTo(-1);
    assertThat(recorder.nextOffsets()).containsExactly(Map.of());
  }

  @Test
  @Rule(
      number = "13.3",
      text =
          "A continuous run counts until it is stopped. After `stop`, its sinks are closed,"
              + " and a second stop does nothing.",
      check = "how the engine stops")
  void rule_13_3() throws Exception {
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

  @Test
  @Rule(
      number = "13.4",
      text = "A sink may stop the run that calls it. The current batch is finished.",
      check = "for a stop that waits for the thread from which it is called")
  void rule_13_4() throws Exception {
    ContractSource source = testbed().source(1);
    CompletableFuture<RunningPipeline> started = new CompletableFuture<>();
    Pipeline pipeline =
        counting(source).results(Sinks.callback(batch -> started.join().stop())).build();
    try (RunningPipeline run = start(pipeline, RunOptions.continuous())) {
      started.complete(run);
      source.send(calls(0, 0, 3));
      awaitEnd(run);
      assertThat(run.state()).isEqualTo(State.FINISHED);
      assertThat(run.accounting().received()).isPositive();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
    }
  }

  @Test
  @Rule(
      number = "13.5",
      text =
          "A batch has at most the configured number of records, and at least one of each"
              + " partition that has some.",
      check = "how the engine distributes the limit over partitions")
  void rule_13_5() throws Exception {
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

  @Test
  @Rule(
      number = "13.6",
      text =
          "Batches are numbered from 0 without gaps. Sinks get each batch once and in order,"
              + " between open and close. Each batch has one report.",
      check = "the numbers that the engine gives to batches")
  void rule_13_6() throws Exception {
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

  @Test
  @Rule(
      number = "13.7",
      text =
          "A report has the watermark, the accounting and the total that the sinks got. The"
              + " last report has no lag.",
      check = "which state the engine reports")
  void rule_13_7() throws Exception {
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

  @Test
  @Rule(
      number = "13.8",
      text = "A run knows the statistics of its pipeline and rejects other names.",
      check = "`RunningPipeline.results`")
  void rule_13_8() throws Exception {
    Pipeline pipeline = pipeline(testbed().source(1), new Recorder());
    try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
      awaitEnd(run);
      assertThatThrownBy(() -> run.results("none"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'none'")
          .hasMessageContaining("types");
    }
  }

  @Test
  @Rule(
      number = "13.9",
      text =
          "A report has the number of result rows of its batch, counted once for all sinks,"
              + " and their rate.",
      check = "where the engine counts rows")
  void rule_13_9() throws Exception {
    ContractSource source = testbed().source(1);
    source.send(
        IntStream.range(0, 12)
            .mapToObj(i -> call(0, "id-" + i, "t-" + i % 5, "2018-06-01T12:00"))
            .toList());
    Recorder recorder = new Recorder();
    Pipeline pipeline =
        recorder
            .on(counting(source))
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

  @Test
  @Rule(
      number = "13.10",
      text =
          "A report has the age of its records, at least 0, when the sinks had the batch."
              + " Rejected records and duplicates count.",
      check = "the timestamps of invalid records, and the clocks")
  void rule_13_10() throws Exception {
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
    Pipeline.Builder pipeline = recorder.on(counting(source));
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
