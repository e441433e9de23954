package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.RunOptions;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Rules 9: emission. */
abstract class EmissionRules extends ContractRules {
  EmissionRules(ContractKit kit) {
    super(kit);
  }

  private final Statistic closing =
      Statistic.named("closing")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.tumbling(HOUR).allowingLateness(Duration.ofMinutes(10)))
          .emitting(Emission.ON_CLOSE)
          .build();

  private final Tried emission =
      new Tried(
          trial(
                  "emission",
                  p ->
                      p.statistic(TYPES)
                          .statistic(closing)
                          .statistic(
                              Statistic.named("shares")
                                  .by(Dimensions.CRIME_TYPE)
                                  .over(Windows.tumbling(HOUR).withoutLateness())
                                  .measuring(Measures.count(), Measures.share())
                                  .build()))
              .step(
                  call(0, "1", "a", "2018-06-01T10:10:00Z"),
                  call(0, "2", "b", "2018-06-01T10:20:00Z"),
                  call(0, "3", "b", "2018-06-01T10:20:00Z"))
              .step(call(0, "4", "a", "2018-06-01T10:30:00Z"))
              .step(call(0, "5", "c", "2018-06-01T11:09:59.999Z"))
              .step(call(0, "6", "d", "2018-06-01T11:10:00Z"))
              .step(call(0, "7", "e", "2018-06-01T11:20:00Z"))
              .step(call(0, "8", "e", "2018-06-01T11:30:00Z")));

  private final String first = "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  ";
  private final String second = "2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  ";

  @Test
  @Rule(
      number = "9.1",
      text = "On update, a batch emits the groups that changed, with absolute values.",
      check = "whether the engine emits differences, or groups that did not change")
  void rule_9_1() throws Exception {
    assertThat(emission.get().updates(0, "types")).containsExactly("b  2", "a  1");
    assertThat(emission.get().updates(1, "types")).containsExactly("a  2");
    assertThat(emission.get().updates(5, "types")).containsExactly("e  2");
  }

  @Test
  @Rule(
      number = "9.2",
      text = "With shares, a batch emits all groups of a changed window.",
      check = "whether the engine emits only the changed groups")
  void rule_9_2() throws Exception {
    assertThat(emission.get().updates(1, "shares"))
        .containsExactly(first + "a  2  0.5", first + "b  2  0.5");
    assertThat(emission.get().updates(2, "shares")).containsExactly(second + "c  1  1.0");
  }

  @Test
  @Rule(
      number = "9.3",
      text =
          "On close, a window is emitted once, in the first batch whose watermark reaches"
              + " end + allowed lateness.",
      check = "the watermark with which the engine closes windows")
  void rule_9_3() throws Exception {
    for (int step : new int[] {0, 1, 2, 3, 5}) {
      assertThat(emission.get().updates(step, "closing")).as("step %s", step).isEmpty();
    }
    assertThat(emission.get().batch(3).watermark()).contains(instant("2018-06-01T11:09:59.999Z"));
    assertThat(emission.get().updates(4, "closing"))
        .containsExactly(first + "a  2", first + "b  2");
  }

  @Test
  @Rule(
      number = "9.4",
      text = "A batch shows everything that was emitted so far. A run also shows open windows.",
      check = "`BatchResults.current` and `RunningPipeline.results`")
  void rule_9_4() throws Exception {
    assertThat(emission.get().batch(3).results("closing").rows()).isEmpty();
    assertThat(Outcome.texts(emission.get().batch(5).results("closing")))
        .containsExactly(first + "a  2", first + "b  2");
    assertThat(emission.get().rows("closing"))
        .containsExactly(
            first + "a  2", first + "b  2", second + "e  2", second + "c  1", second + "d  1");
  }

  private List<BatchResults> bounded(UnaryOperator<RunOptions> options) throws Exception {
    ContractSource source = testbed().source(1);
    source.send(
        List.of(
            call(0, "1", "a", "2018-06-01T10:10:00Z"), call(0, "2", "b", "2018-06-01T11:30:00Z")));
    Recorder recorder = new Recorder();
    Pipeline pipeline =
        recorder
            .on(
                Pipeline.builder(source.source(), FORMAT)
                    .withoutMaxEventTimeJump()
                    .statistic(closing))
            .build();
    runToEnd(pipeline, options.apply(RunOptions.bounded()));
    return recorder.batches();
  }

  @Test
  @Rule(
      number = "9.5",
      text = "A bounded run that flushes emits its open windows once, at its end.",
      check = "the end of a bounded run")
  void rule_9_5() throws Exception {
    List<BatchResults> batches = bounded(RunOptions::flushingAtEnd);
    List<String> emitted =
        batches.stream().flatMap(b -> Outcome.texts(b.updates("closing")).stream()).toList();
    assertThat(emitted).containsExactly(first + "a  1", second + "b  1");
    assertThat(Outcome.texts(batches.get(batches.size() - 1).updates("closing")))
        .isEqualTo(emitted);
  }

  @Test
  @Rule(
      number = "9.6",
      text = "A bounded run that does not flush does not emit its open windows.",
      check = "the end of a bounded run")
  void rule_9_6() throws Exception {
    assertThat(bounded(options -> options)).allMatch(b -> b.updates("closing").isEmpty());
  }
}
