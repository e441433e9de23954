package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.Fields;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Rules 21: corrections of calls. */
abstract class CorrectionRules extends ContractRules {
  CorrectionRules(ContractKit kit) {
    super(kit);
  }

  private static final Statistic HOURLY = byType("hourly", Windows.tumbling(Duration.ofHours(1)));

  private static final Statistic CLOSING =
      Statistic.named("closing")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
          .emitting(Emission.ON_CLOSE)
          .build();

  private static final Statistic SLIDING =
      byType("sliding", Windows.sliding(Duration.ofHours(2), Duration.ofHours(1)));

  private static final Statistic ONLY_A =
      Statistic.named("only-a")
          .where(Set.of(Fields.TYPE), call -> call.type().equals("a"))
          .by(Dimensions.CRIME_TYPE)
          .build();

  private static final Statistic SHARES =
      Statistic.named("shares")
          .by(Dimensions.CRIME_TYPE)
          .measuring(Measures.share(), Measures.count())
          .build();

  private static final Statistic NUMBERS =
      Statistic.named("numbers")
          .measuring(
              Measures.sum("units_sum", KitCalls.UNITS),
              Measures.mean("price_mean", KitCalls.PRICE),
              Measures.sum("speed_sum", KitCalls.SPEED),
              Measures.quantile("units_median", 0.5, KitCalls.UNITS),
              Measures.mean("time_mean", CALL_TIME, MILLIS),
              Measures.ratio(
                  "on_view",
                  Set.of(KitCalls.ON_VIEW),
                  call -> Boolean.TRUE.equals(call.get(KitCalls.ON_VIEW))))
          .build();

  private static SourceRecord at(int partition, String id, String type, String time) {
    return call(partition, id, type, "2018-06-01T" + time + "Z");
  }

  private final Tried corrections =
      new Tried(
          trial(
                  "corrections",
                  p ->
                      p.statistics(List.of(TYPES, HOURLY, CLOSING, SLIDING, ONLY_A, SHARES))
                          .corrections(Duration.ofHours(9)))
              .partitions(2)
              .step(
                  at(0, "A", "a", "10:05:00"),
                  at(0, "B", "a", "10:06:00"),
                  at(1, "C", "c", "10:10:00"))
              .step(
                  call(0, "A", "a", "2018-06-01T10:05:00Z", "address", "\"unread\""),
                  at(1, "B", "b", "10:06:00"))
              .step(at(0, "A", "a", "11:30:00"), at(1, "C", "d", "10:10:00"))
              .step(at(0, "M", "m", "12:00:30"), at(1, "N", "m", "12:00:30"))
              .step(
                  at(0, "A", "e", "11:30:00"),
                  at(1, "B", "a", "12:30:00"),
                  at(1, "M", "a", "12:10:00"))
              .step(at(0, "C", "c", "12:20:00")));

  private final Tried order =
      new Tried(
          trial("order-of-versions", p -> p.statistic(TYPES).corrections(Duration.ofHours(2)))
              .partitions(2)
              .step(
                  at(1, "A", "higher-partition", "10:00:00"),
                  at(0, "A", "first", "10:00:00"),
                  at(0, "A", "higher-offset", "10:00:00"),
                  at(0, "B", "b", "10:00:00"),
                  at(1, "B", "b", "10:00:00"))
              .step(at(0, "A", "later", "10:00:00")));

  private final Tried horizon =
      new Tried(
          trial("horizon", p -> p.statistic(TYPES).corrections(Duration.ofHours(2)))
              .step(at(0, "A", "first", "10:00:00"), at(0, "B", "b", "10:30:00"))
              .step(at(0, "A", "second", "10:05:00"), at(0, "M", "m", "12:04:59.999"))
              .step(at(0, "A", "third", "10:05:00"), at(0, "M", "m", "12:05:00"))
              .step(at(0, "A", "new", "10:05:00"), at(0, "A", "newer", "10:05:00"))
              .step(at(0, "A", "newest", "10:05:00"), at(0, "B", "c", "10:30:00")));

  private final Tried numbers =
      new Tried(
          trial("corrected-numbers", p -> p.statistic(NUMBERS).corrections())
              .step(numbers("A", 5, "10.50", 1e300, true, 40), numbers("B", 7, "1", 0.5, false, 8))
              .step(numbers("A", -3, "0.10", 0.25, false, 2), numbers("C", 1, "2", 1, true, 20)));

  private static SourceRecord numbers(
      String id, long units, String price, double speed, boolean onView, int millis) {
    return call(
        0,
        id,
        "t",
        "2018-06-01T10:00:00Z",
        "units",
        "" + units,
        "price",
        price,
        "speed",
        "" + speed,
        "on_view",
        "" + onView,
        "call_time",
        "\"" + millis + "\"");
  }

  private final Tried limited =
      new Tried(
          trial(
                  "corrected-limits",
                  p ->
                      p.statistic(
                              Statistic.named("limited")
                                  .by(Dimensions.CRIME_TYPE)
                                  .maxGroups(2)
                                  .build())
                          .corrections())
              .step(
                  at(0, "1", "a", "10:00:00"),
                  at(0, "2", "b", "10:00:00"),
                  at(0, "3", "c", "10:00:00"),
                  at(0, "4", "d", "10:00:00"))
              .step(at(0, "1", "b", "10:00:00"), at(0, "5", "e", "10:00:00"))
              .step(at(0, "3", "b", "10:00:00"), at(0, "4", "a", "10:00:00"))
              .step(at(0, "5", "b", "10:00:00")));

  private Outcome outcome(Tried tried) throws Exception {
    assumeSupported(Capability.CORRECTIONS);
    return tried.get();
  }

  @Test
  @Rule(
      number = "21.1",
      text =
          "A version that equals the last one in its event time and in the fields that the pipeline"
              + " reads is a duplicate.",
      check = "how the engine compares versions")
  void rule_21_1() throws Exception {
    assertThat(outcome(corrections).batch(1).accounting().duplicates()).isEqualTo(1);
    assertThat(outcome(order).batch(0).accounting().duplicates()).isEqualTo(1);
    assertThat(outcome(corrections).letters(1)).isEmpty();
  }

  @Test
  @Rule(
      number = "21.2",
      text = "A correction moves a call from its group to another one.",
      check = "whether the engine retracts the earlier version")
  void rule_21_2() throws Exception {
    assertThat(outcome(corrections).updates(1, "types")).containsExactly("a  1", "b  1");
    assertThat(outcome(corrections).rows("types")).containsExactly("a  2", "c  1", "e  1", "m  1");
  }

  @Test
  @Rule(
      number = "21.3",
      text = "A correction of the event time moves a call between open windows.",
      check = "from which windows the engine retracts the earlier version")
  void rule_21_3() throws Exception {
    assertThat(outcome(corrections).updates(2, "hourly"))
        .containsExactly(
            "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  d  1",
            "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  a  0",
            "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  c  0",
            "2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  a  1");
    // Both versions of A are in the window that starts at 10:00.
    assertThat(outcome(corrections).updates(2, "sliding"))
        .contains(
            "2018-06-01T09:00:00Z/2018-06-01T11:00:00Z  a  0",
            "2018-06-01T10:00:00Z/2018-06-01T12:00:00Z  a  1",
            "2018-06-01T11:00:00Z/2018-06-01T13:00:00Z  a  1");
  }

  @Test
  @Rule(
      number = "21.4",
      text = "The filter decides about each version: it may exclude one and accept another.",
      check = "whether the engine applies the filter to the earlier version")
  void rule_21_4() throws Exception {
    assertThat(outcome(corrections).updates(1, "only-a")).containsExactly("a  1");
    assertThat(outcome(corrections).contributions(1, "only-a"))
        .isEqualTo(new Contributions(0, 0, 1, 1, 0));
    assertThat(outcome(corrections).rows("only-a")).containsExactly("a  2");
  }

  @Test
  @Rule(
      number = "21.5",
      text =
          "A closed window keeps the earlier version. A correction in a closed window is late, and"
              + " its record is a dead letter.",
      check = "whether the engine retracts from closed windows")
  void rule_21_5() throws Exception {
    Outcome outcome = outcome(corrections);
    assertThat(outcome.batch(4).watermark()).contains(instant("2018-06-01T12:00:30Z"));
    assertThat(outcome.rows("hourly"))
        .containsExactly(
            "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  b  1",
            "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  d  1",
            "2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  a  1",
            "2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  a  2",
            "2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  c  1",
            "2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  m  1");
    assertThat(outcome.contributions(4, "hourly")).isEqualTo(new Contributions(2, 1, 0, 1, 0));
    assertThat(outcome.letters(4)).hasSize(1);
    assertThat(outcome.updates(4, "closing"))
        .containsExactly(
            "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  b  1",
            "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  d  1",
            "2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  a  1");
  }

  @Test
  @Rule(
      number = "21.6",
      text =
          "A group without calls is in the updates of the batch that removed its last call, with the"
              + " count 0. It is in no later updates and not in the results, until it has calls"
              + " again.",
      check = "which groups without calls the engine emits")
  void rule_21_6() throws Exception {
    Outcome outcome = outcome(corrections);
    assertThat(outcome.updates(2, "types")).contains("c  0");
    assertThat(outcome.updates(2, "shares")).contains("c  0.0  0");
    assertThat(outcome.batch(2).updates("types").stream().filter(ResultRow::isRemoved)).hasSize(1);
    for (String statistic : List.of("types", "shares", "hourly")) {
      for (int step = 0; step < 6; step++) {
        Results current = outcome.batch(step).results(statistic);
        assertThat(current.rows()).noneMatch(ResultRow::isRemoved);
        assertThat(current.size()).isEqualTo(current.rows().size());
        assertThat(current.top(100)).hasSameElementsAs(current.rows());
      }
    }
    assertThat(outcome.updates(3, "shares")).noneMatch(row -> row.startsWith("c "));
    assertThat(outcome.batch(3).results("types").withRemoved().rows())
        .extracting(ResultRow::toString)
        .contains("c  0");
    assertThat(outcome.updates(5, "types")).contains("c  1", "d  0");
  }

  @Test
  @Rule(
      number = "21.7",
      text = "The last version by batch, partition and offset counts.",
      check = "the order in which the engine compares calls")
  void rule_21_7() throws Exception {
    assertThat(outcome(order).updates(0, "types")).containsExactly("b  1", "higher-partition  1");
    assertThat(outcome(order).batch(0).accounting().corrections()).isEqualTo(2);
    assertThat(outcome(order).rows("types")).containsExactly("b  1", "later  1");
  }

  @Test
  @Rule(
      number = "21.8",
      text = "Measures are exactly those of the last versions.",
      check = "whether the engine retracts the states of measures")
  void rule_21_8() throws Exception {
    assertThat(outcome(numbers).rows("numbers"))
        .containsExactly("5  1.033333  1.75  1  PT0.01S  0.3333333333333333");
  }

  @Test
  @Rule(
      number = "21.9",
      text =
          "A group without calls keeps its place in the limit of groups. A call that counts in"
              + " `(other)` leaves it when it is corrected.",
      check = "the group from which the engine retracts a call")
  void rule_21_9() throws Exception {
    assertThat(outcome(limited).current(0, "limited"))
        .containsExactly("(other)  2", "a  1", "b  1");
    assertThat(outcome(limited).updates(1, "limited"))
        .containsExactly("(other)  3", "b  2", "a  0");
    assertThat(outcome(limited).current(2, "limited"))
        .containsExactly("b  3", "(other)  1", "a  1");
    assertThat(outcome(limited).rows("limited")).containsExactly("b  4", "a  1");
  }

  @Test
  @Rule(
      number = "21.10",
      text =
          "A version is remembered until the watermark reaches its event time + horizon. The next"
              + " version is then a new call.",
      check = "when the engine removes versions")
  void rule_21_10() throws Exception {
    Outcome outcome = outcome(horizon);
    assertThat(outcome.batch(2).watermark()).contains(instant("2018-06-01T12:04:59.999Z"));
    assertThat(outcome.updates(2, "types")).containsExactly("m  1", "third  1", "second  0");
    assertThat(outcome.batch(3).watermark()).contains(instant("2018-06-01T12:05:00Z"));
    assertThat(outcome.rows("types"))
        .containsExactly("c  1", "m  1", "newer  1", "newest  1", "third  1");
    assertThat(outcome.batch(3).accounting().corrections()).isEqualTo(1);
    assertThat(outcome.batch(4).accounting().corrections()).isEqualTo(1);
  }

  @Test
  @Rule(
      number = "21.11",
      text =
          "Corrections are calls that count. Retracted contributions are counted per statistic, so"
              + " results have `counted - retracted`.",
      check = "where the engine counts corrections")
  void rule_21_11() throws Exception {
    Outcome outcome = outcome(corrections);
    assertThat(outcome.accounting().corrections()).isEqualTo(7);
    assertThat(outcome.accounting().calls()).isEqualTo(12);
    assertThat(outcome.contributions("types")).isEqualTo(new Contributions(12, 0, 0, 7, 0));
    for (String statistic : List.of("types", "hourly", "sliding", "only-a", "shares")) {
      Contributions contributions = outcome.contributions(statistic);
      assertThat(outcome.results(statistic).stream().mapToLong(ResultRow::count).sum())
          .as(statistic)
          .isEqualTo(contributions.counted() - contributions.retracted());
    }
  }

  private Pipeline.Builder parts(ContractSource source, Recorder recorder) {
    return recorder.on(
        Pipeline.builder(source.source(), FORMAT)
            .withoutMaxEventTimeJump()
            .statistics(List.of(TYPES, HOURLY))
            .corrections());
  }

  @Test
  @Rule(
      number = "21.12",
      text =
          "Versions are known after a restart. A repeated batch makes the same corrections once.",
      check = "the versions that the engine restores")
  void rule_21_12() throws Exception {
    assumeSupported(Capability.CORRECTIONS);
    assumeSupported(Capability.CHECKPOINT);
    ContractSource source = testbed().source(2);
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "A", "a", "10:05:00"), at(1, "B", "b", "10:06:00")));
    runToEnd(parts(source, new Recorder()).build(), options);
    source.send(List.of(at(0, "A", "b", "10:05:00"), at(1, "B", "b", "10:06:00")));
    Recorder failed = new Recorder();
    Pipeline failing =
        parts(source, failed)
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
    Recorder again = new Recorder();
    runToEnd(parts(source, again).build(), options);
    BatchResults before = failed.batches().get(0);
    BatchResults after = again.batches().get(0);
    assertThat(after.number()).isEqualTo(before.number());
    assertThat(after.accounting()).isEqualTo(before.accounting());
    assertThat(after.accounting().corrections()).isEqualTo(1);
    assertThat(after.accounting().duplicates()).isEqualTo(1);
    assertThat(Outcome.texts(after.updates("types"))).containsExactly("b  2", "a  0");

    source.send(List.of(at(0, "B", "c", "10:06:00")));
    Recorder third = new Recorder();
    runToEnd(
        parts(source, third).build(),
        options,
        run -> assertThat(Outcome.texts(run.results("types"))).containsExactly("b  1", "c  1"));
    assertThat(third.restored().get(0).results("types").rows()).noneMatch(ResultRow::isRemoved);
  }
}
