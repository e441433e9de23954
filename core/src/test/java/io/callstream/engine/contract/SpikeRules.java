package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.RunOptions;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Baseline;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rules 22: statistics with a baseline. */
abstract class SpikeRules extends ContractRules {
  /*
   * At 10:00 local time, there are three calls of type a on five working days, and none on another
   * one. Then, there are spikes on a Tuesday and on the Wednesday after it. The Tuesday before it
   * counts fully, and four other working days a quarter: 2^2 / (1 + 4 / 16) = 3.2 windows. The
   * scores were computed with another program.
   */
  private static final String TUESDAY = "2018-06-12T17:00:00Z/2018-06-12T18:00:00Z  ";
  private static final List<String> OF_TUESDAY =
      List.of(TUESDAY + "a  20  3.156  2.035  6.428  5", TUESDAY + "b  9  0.156  0.453  6.288  5");
  private static final String OF_WEDNESDAY =
      "2018-06-13T17:00:00Z/2018-06-13T18:00:00Z  a  30  3.796  2.464  8.049  6";

  private final Statistic spikes =
      Statistic.named("spikes")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.tumbling(HOUR).withoutLateness())
          .comparedWith(Baseline.weekly(LOS_ANGELES))
          .build();

  private int calls;

  SpikeRules(ContractKit kit) {
    super(kit);
  }

  private List<SourceRecord> calls(int day, int number, String type) {
    List<SourceRecord> records = new ArrayList<>();
    for (int minute = 1; minute <= number; minute++) {
      records.add(call(0, "" + calls++, type, "2018-06-%02dT17:%02d:00Z".formatted(day, minute)));
    }
    return records;
  }

  private SourceRecord later(int day, String time) {
    return call(0, "" + calls++, "c", "2018-06-%02dT%sZ".formatted(day, time));
  }

  private List<List<SourceRecord>> steps() {
    List<SourceRecord> history = new ArrayList<>();
    for (int day : new int[] {4, 5, 6}) {
      history.addAll(calls(day, 3, "a"));
    }
    history.add(later(7, "19:00:00")); // Nothing at 10:00 local time, which is a gap.
    history.addAll(calls(8, 3, "a"));
    history.addAll(calls(11, 3, "a"));
    List<SourceRecord> tuesday = calls(12, 3, "c");
    tuesday.addAll(calls(12, 9, "b"));
    tuesday.addAll(calls(12, 20, "a"));
    return List.of(
        history,
        tuesday,
        List.of(later(12, "18:30:00")),
        List.of(later(12, "18:40:00")),
        calls(13, 30, "a"));
  }

  private final Tried compared = new Tried(withSteps(trial("spikes", p -> p.statistic(spikes))));

  private Trial withSteps(Trial trial) {
    steps().forEach(trial::step);
    return trial;
  }

  @Test
  @Rule(
      number = "22.1",
      text = "With a baseline, only groups with unusually many calls are emitted, on close.",
      check = "whether the engine appends batches to the ledger in the order of their numbers")
  void rule_22_1() throws Exception {
    for (int step : new int[] {0, 1, 2, 4}) {
      assertThat(compared.get().updates(step, "spikes")).as("step %s", step).isEmpty();
    }
    assertThat(compared.get().updates(3, "spikes")).containsExactlyElementsOf(OF_TUESDAY);
  }

  @Test
  @Rule(
      number = "22.2",
      text = "A run also shows spikes of open windows, and a batch those emitted so far.",
      check = "`BatchResults.current` and `RunningPipeline.results`")
  void rule_22_2() throws Exception {
    assertThat(Outcome.texts(compared.get().batch(4).results("spikes")))
        .containsExactlyElementsOf(OF_TUESDAY);
    assertThat(compared.get().rows("spikes"))
        .containsExactly(OF_TUESDAY.get(0), OF_TUESDAY.get(1), OF_WEDNESDAY);
  }

  @Test
  @Rule(
      number = "22.3",
      text = "Spikes do not depend on batches, and a bounded run that flushes emits all of them.",
      check = "the order in which windows close, and the end of a bounded run")
  void rule_22_3() throws Exception {
    ContractSource source = testbed().source(1);
    source.send(steps().stream().flatMap(List::stream).toList());
    Recorder recorder = new Recorder();
    Pipeline pipeline =
        recorder
            .on(
                Pipeline.builder(source.source(), FORMAT)
                    .withoutMaxEventTimeJump()
                    .statistic(spikes))
            .build();
    runToEnd(pipeline, RunOptions.bounded().flushingAtEnd());
    assertThat(
            recorder.batches().stream()
                .flatMap(batch -> Outcome.texts(batch.updates("spikes")).stream()))
        .containsExactly(OF_TUESDAY.get(0), OF_TUESDAY.get(1), OF_WEDNESDAY);
  }
}
