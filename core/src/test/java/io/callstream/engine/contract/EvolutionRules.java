package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.ErrorCode;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Rules 19: restarts from a checkpoint with other statistics. */
abstract class EvolutionRules extends ContractRules {
  private static final Statistic ADDRESSES =
      Statistic.named("addresses").by(Dimensions.ADDRESS).build();
  private static final Statistic ALL = Statistic.named("all").build();
  private static final Statistic SLIDING =
      Statistic.named("sliding")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.sliding(HOUR, HOUR.dividedBy(2)).withoutLateness())
          .emitting(Emission.ON_CLOSE)
          .build();

  EvolutionRules(ContractKit kit) {
    super(kit);
  }

  private ContractSource source() {
    assumeSupported(Capability.EVOLUTION);
    return testbed().source(2);
  }

  private RunOptions evolving() {
    return withCheckpoint().evolving();
  }

  private static Pipeline.Builder parts(ContractSource source, Statistic... statistics) {
    return parts(source, FORMAT, statistics);
  }

  private static Pipeline.Builder parts(
      ContractSource source, JsonFormat format, Statistic... statistics) {
    return Pipeline.builder(source.source(), format)
        .withoutMaxEventTimeJump()
        .statistics(List.of(statistics));
  }

  private Pipeline of(ContractSource source, Recorder recorder, Statistic... statistics) {
    return recorder.on(parts(source, statistics)).build();
  }

  private static SourceRecord at(int partition, String id, String type, String time) {
    return call(partition, id, type, "2018-06-01T" + time + "Z");
  }

  private static BatchResults last(Recorder recorder) {
    return recorder.batches().get(recorder.batches().size() - 1);
  }

  private static List<String> rows(BatchResults batch, String statistic) {
    return Outcome.texts(batch.results(statistic));
  }

  @Test
  @Rule(
      number = "19.1",
      text =
          "A statistic that is unchanged keeps its results. One that is new counts from the next"
              + " batch. Calls before it count as `earlier`, and `countedSince` reports the batch and"
              + " the offsets.",
      check = "what the engine restores if the checkpoint has other statistics")
  void rule_19_1() throws Exception {
    ContractSource source = source();
    RunOptions options = evolving();
    source.send(
        List.of(
            at(0, "1", "a", "10:05:00"), at(0, "2", "b", "10:06:00"), at(1, "3", "a", "10:07:00")));
    runToEnd(of(source, new Recorder(), TYPES), options);
    source.send(List.of(at(0, "4", "a", "10:08:00")));
    Recorder second = new Recorder();
    Accounting total =
        runToEnd(
            of(source, second, ALL, SLIDING, TYPES),
            options,
            run -> assertThat(run.results("types").countedSince()).isEmpty());

    BatchResults restored = second.restored().get(0);
    assertThat(restored.number()).isZero();
    assertThat(rows(restored, "types")).containsExactly("a  2", "b  1");
    assertThat(rows(restored, "all")).isEmpty();
    assertThat(restored.total().statistics().get("sliding"))
        .isEqualTo(new Contributions(0, 0, 0, 0, 6));
    BatchResults batch = last(second);
    assertThat(batch.number()).isEqualTo(1);
    assertThat(rows(batch, "types")).containsExactly("a  3", "b  1");
    assertThat(rows(batch, "all")).containsExactly("1");
    assertThat(batch.accounting().statistics().get("all")).isEqualTo(new Contributions(1, 0, 0));
    assertThat(total.statistics())
        .containsExactly(
            Map.entry("all", new Contributions(1, 0, 0, 0, 3)),
            Map.entry("sliding", new Contributions(2, 0, 0, 0, 6)),
            Map.entry("types", new Contributions(4, 0, 0)));
    CountedSince since = batch.results("all").countedSince().orElseThrow();
    assertThat(since.batch()).isEqualTo(1);
    assertThat(since.offsets()).isEqualTo(Map.of(0, 2L, 1, 1L));
    assertThat(batch.updates().get("sliding").countedSince()).contains(since);
  }

  @Test
  @Rule(
      number = "19.2",
      text =
          "A new statistic uses the watermark in force: a call whose window has closed is late. The"
              + " next run continues the statistic, and reports the same start.",
      check = "how the engine starts a statistic without state")
  void rule_19_2() throws Exception {
    ContractSource source = source();
    RunOptions options = evolving();
    source.send(List.of(at(0, "1", "a", "12:05:00")));
    runToEnd(of(source, new Recorder(), TYPES), options);
    source.send(List.of(at(0, "2", "a", "10:05:00"), at(0, "3", "a", "12:10:00")));
    Recorder second = new Recorder();
    runToEnd(of(source, second, TYPES, SLIDING), options);
    assertThat(last(second).accounting().statistics().get("sliding"))
        .isEqualTo(new Contributions(2, 2, 0));
    assertThat(second.letters(1)).hasSize(1);
    source.send(List.of(at(0, "4", "a", "12:20:00"), at(0, "5", "a", "14:00:00")));
    Recorder third = new Recorder();
    runToEnd(of(source, third, TYPES, SLIDING), options);
    source.send(List.of(at(0, "6", "a", "14:00:00")));
    runToEnd(of(source, third, TYPES, SLIDING), options);
    assertThat(rows(last(third), "sliding"))
        .containsExactly(
            "2018-06-01T11:30:00Z/2018-06-01T12:30:00Z  a  2",
            "2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  a  2");
    assertThat(last(third).results("sliding").countedSince())
        .isEqualTo(last(second).results("sliding").countedSince())
        .isPresent();
  }

  @Test
  @Rule(
      number = "19.3",
      text =
          "A statistic that the pipeline no longer has is gone. The others keep their results, in"
              + " any order. A later run cannot use the name again, not even for the same"
              + " definition.",
      check = "that the engine finds the state of a statistic by its name")
  void rule_19_3() throws Exception {
    ContractSource source = source();
    RunOptions options = evolving();
    source.send(List.of(at(0, "1", "a", "10:05:00"), at(1, "2", "b", "10:05:00")));
    runToEnd(of(source, new Recorder(), ALL, ADDRESSES, TYPES, SLIDING), options);
    source.send(List.of(at(0, "3", "a", "10:10:00"), at(1, "4", "b", "10:12:00")));
    Recorder second = new Recorder();
    runToEnd(of(source, second, SLIDING, TYPES, ALL), options);
    BatchResults batch = last(second);
    assertThat(rows(batch, "types")).containsExactly("a  2", "b  2");
    assertThat(rows(batch, "all")).containsExactly("4");
    assertThat(batch.total().statistics().keySet()).containsExactly("sliding", "types", "all");
    assertThat(batch.current().keySet()).isEqualTo(Set.of("types", "all", "sliding"));
    source.send(List.of(at(0, "5", "a", "12:00:00"), at(1, "6", "b", "12:00:00")));
    Recorder third = new Recorder();
    runToEnd(of(source, third, TYPES, SLIDING, ALL), options);
    source.send(List.of(at(0, "7", "a", "12:00:00")));
    runToEnd(of(source, third, TYPES, SLIDING, ALL), options);
    assertThat(rows(last(third), "sliding"))
        .contains("2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  a  2");
    assertThat(rows(last(third), "types")).containsExactly("a  4", "b  3");
    Recorder refused = new Recorder();
    assertThatThrownBy(() -> start(of(source, refused, TYPES, ADDRESSES), options))
        .satisfies(hasCode(ErrorCode.CHECKPOINT))
        .hasMessageContaining("the checkpoint had")
        .hasMessageContaining(ADDRESSES.toString())
        .hasMessageContaining("another name");
    assertThat(refused.events()).isEmpty();
  }

  @Test
  @Rule(
      number = "19.4",
      text =
          "An uncommitted batch is repeated without a statistic that is new. The statistic counts"
              + " from the batch after it.",
      check = "from which batch the engine counts a new statistic")
  void rule_19_4() throws Exception {
    ContractSource source = source();
    RunOptions options = evolving();
    source.send(List.of(at(0, "1", "a", "10:05:00")));
    runToEnd(of(source, new Recorder(), TYPES, ADDRESSES), options);
    source.send(List.of(at(0, "2", "a", "10:06:00"), at(1, "3", "b", "10:06:00")));
    Recorder failed = new Recorder();
    fail(source, failed, options);
    source.send(List.of(at(1, "4", "b", "10:07:00")));
    Recorder again = new Recorder();
    for (int run = 0; run < 2; run++) {
      // The second run has nothing to read, or repeats nothing.
      runToEnd(of(source, again, ALL, TYPES, SLIDING), options);
    }
    BatchResults repeated = again.batches().get(0);
    assertThat(repeated.number()).isEqualTo(1);
    assertThat(repeated.updates("types")).isEqualTo(last(failed).updates("types"));
    assertThat(repeated.accounting().statistics())
        .containsEntry("all", new Contributions(0, 0, 0, 0, 2))
        .containsEntry("sliding", new Contributions(0, 0, 0, 0, 4));
    assertThat(repeated.updates("all")).isEmpty();
    assertThat(again.batches()).extracting(BatchResults::number).containsExactly(1L, 2L);
    assertThat(rows(last(again), "all")).containsExactly("1");
    assertThat(last(again).total().statistics())
        .containsEntry("all", new Contributions(1, 0, 0, 0, 3))
        .containsEntry("types", new Contributions(4, 0, 0));
    CountedSince since = last(again).results("all").countedSince().orElseThrow();
    assertThat(since.batch()).isEqualTo(2);
    assertThat(since.offsets()).isEqualTo(Map.of(0, 2L, 1, 1L));
  }

  /** Runs a pipeline whose last sink fails in its first batch. */
  private void fail(ContractSource source, Recorder recorder, RunOptions options) {
    Pipeline failing =
        recorder
            .on(parts(source, TYPES, ADDRESSES))
            .results(
                Sinks.callback(
                    batch -> {
                      throw new IllegalStateException("pulled the plug");
                    }))
            .build();
    try (RunningPipeline run = start(failing, options)) {
      assertThatThrownBy(() -> run.awaitTermination(testbed().patience()))
          .hasMessageContaining("pulled the plug");
    }
  }

  @Test
  @Rule(
      number = "19.5",
      text =
          "A statistic whose definition changed under the same name is rejected before a sink is"
              + " opened. The message has both definitions and the fix.",
      check = "that the engine compares definitions by name")
  void rule_19_5() throws Exception {
    ContractSource source = source();
    RunOptions options = evolving();
    source.send(List.of(at(0, "1", "a", "10:05:00")));
    runToEnd(of(source, new Recorder(), TYPES), options);
    Statistic other = Statistic.named("types").by(Dimensions.ADDRESS).build();
    Recorder recorder = new Recorder();
    assertThatThrownBy(() -> start(of(source, recorder, other, ALL), options))
        .satisfies(hasCode(ErrorCode.CHECKPOINT))
        .hasMessageContaining("the checkpoint has  " + TYPES)
        .hasMessageContaining("this run has        " + other)
        .hasMessageContaining("another name");
    assertThat(recorder.events()).isEmpty();
    runToEnd(
        of(source, new Recorder(), TYPES),
        options,
        run -> assertThat(Outcome.texts(run.results("types"))).containsExactly("a  1"));
  }

  @Test
  @Rule(
      number = "19.6",
      text =
          "Without `evolving()`, other statistics are rejected, and the message mentions"
              + " `evolving()`. Any other difference is rejected also with it.",
      check = "which differences the engine accepts")
  void rule_19_6() throws Exception {
    ContractSource source = source();
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "1", "a", "10:05:00")));
    runToEnd(of(source, new Recorder(), TYPES), options);
    Recorder recorder = new Recorder();
    assertThatThrownBy(() -> start(of(source, recorder, TYPES, ALL), options))
        .satisfies(hasCode(ErrorCode.CHECKPOINT))
        .hasMessageContaining("another pipeline")
        .hasMessageContaining("RunOptions.evolving()")
        .hasMessageContaining("--evolve");
    Pipeline other =
        recorder.on(parts(source, TYPES, ALL).maxFutureSkew(Duration.ofDays(2))).build();
    assertThatThrownBy(() -> start(other, options.evolving()))
        .satisfies(hasCode(ErrorCode.CHECKPOINT))
        .hasMessageContaining("another pipeline")
        .hasMessageContaining("future skew: PT48H");
    assertThat(recorder.events()).isEmpty();
  }

  private static JsonFormat.Builder format() {
    return JsonFormat.builder("growing").zone(ZoneOffset.UTC).id("crime_id").time("call_date_time");
  }

  @Test
  @Rule(
      number = "19.7",
      text =
          "A format may get more fields, which new statistics read. A format without a field that it"
              + " had is rejected.",
      check = "that the engine compares formats with `CallFormat.addsFieldsTo`")
  void rule_19_7() throws Exception {
    ContractSource source = source();
    RunOptions options = evolving();
    JsonFormat small = format().build();
    JsonFormat large = format().type("original_crime_type_name").build();
    JsonFormat other = format().text(Fields.ADDRESS, "original_crime_type_name").build();
    source.send(List.of(at(0, "1", "a", "10:05:00")));
    runToEnd(parts(source, small, ALL).build(), options);
    source.send(List.of(at(0, "2", "b", "10:05:00")));
    assertThatThrownBy(() -> start(parts(source, large, ALL).build(), options))
        .satisfies(hasCode(ErrorCode.CHECKPOINT)); // The type is required.
    Recorder second = new Recorder();
    runToEnd(second.on(parts(source, other, ALL, ADDRESSES)).build(), options);
    assertThat(rows(last(second), "all")).containsExactly("2");
    assertThat(rows(last(second), "addresses")).containsExactly("b  1");
    assertThatThrownBy(() -> start(parts(source, small, ALL).build(), options))
        .satisfies(hasCode(ErrorCode.CHECKPOINT))
        .hasMessageContaining("original_crime_type_name");
  }
}
