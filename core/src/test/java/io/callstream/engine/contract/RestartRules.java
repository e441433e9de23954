package io.callstream.engine.contract;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.ErrorCode;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rules 15: restarts from a checkpoint. */
abstract class RestartRules extends ContractRules {
  RestartRules(ContractKit kit) {
    super(kit);
  }

  private final Statistic hourly =
      Statistic.named("hourly")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.tumbling(HOUR).allowingLateness(HOUR))
          .emitting(Emission.ON_CLOSE)
          .build();

  private Pipeline.Builder parts(ContractSource source, Recorder recorder) {
    return recorder.on(
        Pipeline.builder(source.source(), FORMAT)
            .withoutMaxEventTimeJump()
            .statistic(TYPES)
            .statistic(hourly)
            .statistic(sessions(HOUR)));
  }

  private Pipeline closing(ContractSource source, Recorder recorder) {
    return parts(source, recorder).build();
  }

  private ContractSource source() {
    assumeSupported(Capability.CHECKPOINT);
    return testbed().source(2);
  }

  private SourceRecord at(int partition, String id, String type, String time) {
    return call(partition, id, type, "2018-06-01T" + time + "Z");
  }

  @Test
  @Rule(
      number = "15.1",
      text =
          "The next run continues the numbers and values of the last batch, and reads no"
              + " record twice.",
      check = "the offsets and the state that the engine restores")
  void rule_15_1() throws Exception {
    ContractSource source = source();
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "1", "a", "10:05:00"), at(1, "2", "b", "10:05:00")));
    runToEnd(closing(source, new Recorder()), options);
    source.send(List.of(at(0, "3", "a", "11:05:00"), text(1, "no call")));
    Recorder second = new Recorder();
    Accounting total = runToEnd(closing(source, second), options);

    BatchResults batch = second.batches().get(0);
    assertThat(second.batches()).hasSize(1);
    assertThat(batch.number()).isEqualTo(1);
    assertThat(Outcome.texts(batch.updates("types"))).containsExactly("a  2");
    assertThat(batch.watermark()).contains(instant("2018-06-01T10:05:00Z"));
    assertThat(batch.accounting().received()).isEqualTo(2);
    assertThat(batch.total().received()).isEqualTo(4);
    assertThat(total).isEqualTo(batch.total());
    assertThat(second.letters(1))
        .extracting(letter -> letter.origin().offset())
        .containsExactly(1L);
  }

  @Test
  @Rule(
      number = "15.2",
      text =
          "Sinks are opened with the last batch number, all emitted results, the total, and"
              + " the offsets from which dead letters are repeated.",
      check = "the order in which the engine restores state and opens sinks")
  void rule_15_2() throws Exception {
    ContractSource source = source();
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "1", "a", "10:05:00"), at(0, "2", "a", "10:30:00")));
    runToEnd(closing(source, new Recorder()), options);
    Recorder second = new Recorder();
    Accounting accounting =
        runToEnd(
            closing(source, second),
            options,
            run -> {
              assertThat(Outcome.texts(run.results("types"))).containsExactly("a  2");
              assertThat(run.results("hourly").rows()).hasSize(1);
            });
    assertThat(accounting.received()).isEqualTo(2);
    assertThat(second.batches()).isEmpty();
    BatchResults restored = second.restored().get(0);
    assertThat(restored.number()).isZero();
    assertThat(Outcome.texts(restored.results("types"))).containsExactly("a  2");
    assertThat(restored.results("hourly").rows()).isEmpty();
    assertThat(restored.updates("types")).isEmpty();
    assertThat(restored.total().received()).isEqualTo(2);
    assertThat(second.nextOffsets()).containsExactly(Map.of(0, 2L));
  }

  /** Returns a pipeline whose result sink records a batch and then throws. */
  private Pipeline failingIn(long number, ContractSource source, Recorder recorder) {
    return parts(source, recorder)
        .results(
            Sinks.callback(
                batch -> {
                  if (batch.number() == number) {
                    throw new IllegalStateException("pulled the plug");
                  }
                }))
        .build();
  }

  /** Runs a pipeline whose sink fails in a batch. */
  private void runUntilFailure(
      long number, ContractSource source, Recorder recorder, RunOptions options) {
    try (RunningPipeline run = start(failingIn(number, source, recorder), options)) {
      assertThatThrownBy(() -> run.awaitTermination(testbed().patience()))
          .hasMessageContaining("pulled the plug");
    }
  }

  private void requireSameAgain(Recorder failed, Recorder again) {
    BatchResults before = failed.batches().get(failed.batches().size() - 1);
    BatchResults after = again.batches().get(0);
    assertThat(after.number()).isEqualTo(before.number());
    assertThat(after.watermark()).isEqualTo(before.watermark());
    assertThat(after.accounting()).isEqualTo(before.accounting());
    assertThat(after.total()).isEqualTo(before.total());
    for (String statistic : List.of("types", "hourly", "sessions")) {
      assertThat(after.updates(statistic)).isEqualTo(before.updates(statistic));
      assertThat(after.results(statistic).rows()).isEqualTo(before.results(statistic).rows());
    }
    assertThat(again.letters(after.number())).isEqualTo(failed.letters(before.number()));
  }

  @Test
  @Rule(
      number = "15.3",
      text =
          "An uncommitted batch is repeated with the same number and values, even if more"
              + " records exist.",
      check = "for state that was committed before the sinks received the batch")
  void rule_15_3() throws Exception {
    ContractSource source = source();
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "1", "a", "10:05:00"), at(1, "2", "b", "12:30:00")));
    runToEnd(closing(source, new Recorder()), options);
    source.send(
        List.of(at(0, "3", "a", "12:40:00"), at(1, "4", "c", "12:50:00"), text(1, "no call")));
    Recorder failed = new Recorder();
    runUntilFailure(1, source, failed, options);
    source.send(List.of(at(0, "5", "a", "12:45:00")));
    Recorder again = new Recorder();
    Accounting total = runToEnd(closing(source, again), options);

    requireSameAgain(failed, again);
    assertThat(again.restored().get(0).number()).isZero();
    assertThat(again.batches()).extracting(BatchResults::number).startsWith(1L);
    assertThat(total.received()).isEqualTo(6);
    assertThat(Outcome.texts(last(again).results("types"))).containsExactly("a  3", "b  1", "c  1");
  }

  @Test
  @Rule(
      number = "15.8",
      text =
          "Open sessions continue after a restart. A repeated batch that joins two sessions counts"
              + " its calls once.",
      check = "the open sessions that the engine restores")
  void rule_15_8() throws Exception {
    ContractSource source = source();
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "1", "a", "10:05:00"), at(1, "2", "a", "10:25:00")));
    runToEnd(closing(source, new Recorder()), options);
    source.send(List.of(at(0, "3", "a", "10:15:00")));
    Recorder failed = new Recorder();
    runUntilFailure(1, source, failed, options);
    Recorder again = new Recorder();
    runToEnd(
        closing(source, again),
        options,
        run ->
            assertThat(Outcome.texts(run.results("sessions")))
                .containsExactly("2018-06-01T10:05:00Z/2018-06-01T10:35:00Z  a  3"));
    requireSameAgain(failed, again);
  }

  private BatchResults last(Recorder recorder) {
    return recorder.batches().get(recorder.batches().size() - 1);
  }

  @Test
  @Rule(
      number = "15.4",
      text = "An uncommitted first batch is also repeated.",
      check = "the checkpoint before the first commit")
  void rule_15_4() throws Exception {
    ContractSource source = source();
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "1", "a", "10:05:00"), text(1, "no call")));
    Recorder failed = new Recorder();
    runUntilFailure(0, source, failed, options);
    Recorder again = new Recorder();
    Accounting total = runToEnd(closing(source, again), options);
    requireSameAgain(failed, again);
    assertThat(again.restored().get(0).number()).isEqualTo(-1);
    assertThat(again.nextOffsets()).containsExactly(Map.of());
    assertThat(total.received()).isEqualTo(2);
  }

  @Test
  @Rule(
      number = "15.5",
      text = "A stopped continuous run resumes without loss or repetition.",
      check = "what the engine commits when it stops")
  void rule_15_5() throws Exception {
    ContractSource source = source();
    RunOptions bounded = withCheckpoint();
    RunOptions continuous =
        RunOptions.continuous()
            .triggeringEvery(Duration.ZERO)
            .checkpointingTo(bounded.checkpoint().orElseThrow());
    Recorder first = new Recorder();
    source.send(List.of(at(0, "1", "a", "10:05:00")));
    try (RunningPipeline run = start(closing(source, first), continuous)) {
      Trial.awaitCovered(run, first, 1, testbed().patience());
      source.send(List.of(at(0, "2", "a", "10:01:00"), at(1, "3", "a", "10:01:00")));
      run.stop();
      assertThatAccounting(run.accounting()).addsUpFor(run.pipeline());
    }
    Recorder second = new Recorder();
    Accounting total = runToEnd(closing(source, second), bounded);
    assertThat(total.received()).isEqualTo(3);
    assertThat(total.statistics().get("types").counted()).isEqualTo(3);
    List<Long> numbers = new ArrayList<>();
    first.batches().forEach(batch -> numbers.add(batch.number()));
    second.batches().stream()
        .map(BatchResults::number)
        .filter(number -> !numbers.contains(number))
        .forEach(numbers::add);
    assertThat(numbers)
        .isEqualTo(IntStream.range(0, numbers.size()).mapToObj(Long::valueOf).toList());
  }

  @Test
  @Rule(
      number = "15.6",
      text =
          "The checkpoint of another pipeline is rejected before a sink is opened. The"
              + " message states the differences and the fix.",
      check = "that the engine compares the pipeline with that of the checkpoint")
  void rule_15_6() throws Exception {
    ContractSource source = source();
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "1", "a", "10:05:00")));
    runToEnd(closing(source, new Recorder()), options);
    Recorder recorder = new Recorder();
    Pipeline other =
        recorder
            .on(
                Pipeline.builder(source.source(), FORMAT)
                    .statistic(Statistic.named("others").by(Dimensions.ADDRESS).build()))
            .build();
    assertThatThrownBy(() -> start(other, options))
        .satisfies(hasCode(ErrorCode.CHECKPOINT))
        .hasMessageContaining("another pipeline")
        .hasMessageContaining("others")
        .hasMessageContaining("types")
        .hasMessageContaining("new directory");
    assertThat(recorder.events()).isEmpty();
  }

  @Test
  @Rule(
      number = "15.7",
      text = "A second run on a checkpoint in use is rejected. The first run continues.",
      check = "that the engine locks the checkpoint")
  void rule_15_7() throws Exception {
    ContractSource source = source();
    RunOptions options =
        RunOptions.continuous().checkpointingTo(withCheckpoint().checkpoint().orElseThrow());
    Recorder recorder = new Recorder();
    try (RunningPipeline first = start(closing(source, new Recorder()), options)) {
      assertThatThrownBy(() -> start(closing(source, recorder), options))
          .satisfies(hasCode(ErrorCode.CHECKPOINT))
          .hasMessageContaining("in use");
      assertThat(first.state()).isEqualTo(State.RUNNING);
    }
    assertThat(recorder.events()).isEmpty();
    start(closing(source, new Recorder()), options).close();
  }
}
