package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.STAMP;
import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rules 4: late calls. */
abstract class LatenessRules extends ContractRules {
  LatenessRules(ContractKit kit) {
    super(kit);
  }

  private final Duration lateness = Duration.ofMillis(17 * 60_000 + 13_007);

  private final Tried lateCalls =
      new Tried(
          trial(
                  "late",
                  p ->
                      p.statistic(TYPES)
                          .statistic(
                              Statistic.named("hourly")
                                  .by(Dimensions.CRIME_TYPE)
                                  .over(Windows.tumbling(HOUR).allowingLateness(lateness))
                                  .build())
                          .statistic(byType("sliding", Windows.sliding(HOUR, HOUR.dividedBy(3))))
                          .statistic(
                              Statistic.named("only-x")
                                  .where(call -> call.type().startsWith("x"))
                                  .over(Windows.tumbling(HOUR).allowingLateness(lateness))
                                  .build()))
              .step(
                  call(0, "1", "early", "2018-06-01T12:30:00Z"),
                  call(0, "2", "mover", "2018-06-01T13:17:13.006Z"))
              .step(
                  call(0, "3", "punctual", "2018-06-01T12:10:00Z"),
                  call(0, "4", "mover", "2018-06-01T13:17:13.007Z"))
              .step(
                  call(0, "5", "tardy", "2018-06-01T12:59:59.999Z"),
                  call(0, "6", "fresh", "2018-06-01T13:05:00Z")));

  private MissedWindow missed(String statistic, String start) {
    Instant from = instant(start);
    return new MissedWindow(statistic, new WindowBounds(from, from.plus(HOUR)));
  }

  @Test
  @Rule(
      number = "4.1",
      text = "One millisecond before the watermark reaches end + allowed lateness, a call counts.",
      check = "for `<=` instead of `<`")
  void rule_4_1() throws Exception {
    assertThat(lateCalls.get().batch(1).watermark()).contains(instant("2018-06-01T13:17:13.006Z"));
    assertThat(lateCalls.get().rows("hourly", "punctual"))
        .containsExactly("2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  punctual  1");
  }

  @Test
  @Rule(
      number = "4.2",
      text =
          "At a watermark of end + allowed lateness, a call is late and counts as late. A"
              + " call of the next window is not late.",
      check = "for `<` instead of `<=`, or for late calls that are dropped")
  void rule_4_2() throws Exception {
    assertThat(lateCalls.get().batch(2).watermark()).contains(instant("2018-06-01T13:17:13.007Z"));
    assertThat(lateCalls.get().rows("hourly", "tardy")).isEmpty();
    assertThat(lateCalls.get().rows("hourly", "fresh"))
        .containsExactly("2018-06-01T13:00:00Z/2018-06-01T14:00:00Z  fresh  1");
    assertThat(lateCalls.get().contributions(2, "hourly").late()).isEqualTo(1);
  }

  @Test
  @Rule(
      number = "4.3",
      text =
          "A late call goes to the dead letters once, with bytes, origin, and all missed"
              + " windows by statistic and start.",
      check = "whether the engine creates a dead letter for each window or statistic")
  void rule_4_3() throws Exception {
    Outcome outcome = lateCalls.get();
    assertThat(outcome.letters(2))
        .containsExactly(
            new Late(
                new Origin(outcome.topic(), 0, 4, STAMP),
                outcome.steps().get(2).get(0).value(),
                List.of(
                    missed("hourly", "2018-06-01T12:00:00Z"),
                    missed("sliding", "2018-06-01T12:00:00Z"))));
    assertThat(outcome.letters(1))
        .containsExactly(
            new Late(
                new Origin(outcome.topic(), 0, 2, STAMP),
                outcome.steps().get(1).get(0).value(),
                List.of(
                    missed("sliding", "2018-06-01T11:20:00Z"),
                    missed("sliding", "2018-06-01T11:40:00Z"),
                    missed("sliding", "2018-06-01T12:00:00Z"))));
  }

  @Test
  @Rule(
      number = "4.4",
      text = "A call can be late in some windows of a statistic and count in others.",
      check = "whether the engine decides once for all windows of a call")
  void rule_4_4() throws Exception {
    assertThat(lateCalls.get().rows("sliding", "tardy"))
        .containsExactly(
            "2018-06-01T12:20:00Z/2018-06-01T13:20:00Z  tardy  1",
            "2018-06-01T12:40:00Z/2018-06-01T13:40:00Z  tardy  1");
    assertThat(lateCalls.get().contributions(2, "sliding"))
        .isEqualTo(new Accounting.Contributions(5, 1, 0));
  }

  @Test
  @Rule(
      number = "4.5",
      text = "A statistic without a window has no late calls.",
      check = "whether the engine compares its calls with the watermark")
  void rule_4_5() throws Exception {
    assertThat(lateCalls.get().rows("types"))
        .contains("tardy  1", "punctual  1")
        .contains("mover  2");
    assertThat(lateCalls.get().contributions("types"))
        .isEqualTo(new Accounting.Contributions(6, 0, 0));
  }

  @Test
  @Rule(
      number = "4.6",
      text = "A call that a filter excludes is not late in that statistic.",
      check = "whether the engine applies the filter before it checks for lateness")
  void rule_4_6() throws Exception {
    assertThat(lateCalls.get().contributions("only-x"))
        .isEqualTo(new Accounting.Contributions(0, 0, 6));
  }

  @Test
  @Rule(
      number = "4.7",
      text =
          "Results of a closed window stay available within their retention and are not"
              + " emitted again.",
      check = "when the engine removes windows")
  void rule_4_7() throws Exception {
    assertThat(lateCalls.get().updates(2, "hourly"))
        .containsExactly("2018-06-01T13:00:00Z/2018-06-01T14:00:00Z  fresh  1");
    assertThat(lateCalls.get().rows("hourly", "early"))
        .containsExactly("2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  early  1");
  }

  private final Tried retained =
      new Tried(
          trial(
                  "retained",
                  p -> p.statistic(byType("hourly", Windows.tumbling(HOUR))).retainingResults(HOUR))
              .step(call(0, "1", "first", "2018-06-01T10:30:00Z"))
              .step(call(0, "2", "mover", "2018-06-01T11:59:59.999Z"))
              .step(call(0, "3", "mover", "2018-06-01T12:00:00Z"))
              .step(call(0, "4", "mover", "2018-06-01T12:10:00Z"))
              .step(call(0, "5", "mover", "2018-06-01T12:20:00Z")));

  @Test
  @Rule(
      number = "4.8",
      text =
          "Results stay until the batch after the one whose watermark ended their retention."
              + " The accounting stays.",
      check = "the watermark with which the engine removes windows")
  void rule_4_8() throws Exception {
    String first = "2018-06-01T10:00:00Z/2018-06-01T11:00:00Z  first  1";
    // The third call moves the watermark to one hour after the close, which applies to the fourth.
    assertThat(retained.get().current(3, "hourly")).contains(first);
    assertThat(retained.get().current(4, "hourly"))
        .doesNotContain(first)
        .contains("2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  mover  1");
    assertThat(retained.get().rows("hourly", "first")).isEmpty();
    assertThat(retained.get().contributions("hourly"))
        .isEqualTo(new Accounting.Contributions(5, 0, 0));
  }

  private final Tried lateSessions =
      new Tried(
          trial("late-sessions", p -> p.statistic(sessions(Duration.ofMinutes(5))))
              .step(
                  call(0, "1", "open", "2018-06-01T12:00:00Z"),
                  call(0, "2", "mover", "2018-06-01T12:14:59.999Z"))
              .step(
                  call(0, "3", "punctual", "2018-06-01T12:00:00Z"),
                  call(0, "4", "mover", "2018-06-01T12:15:00Z"))
              .step(
                  call(0, "5", "open", "2018-06-01T12:00:00Z"),
                  call(0, "6", "open", "2018-06-01T12:00:00.001Z"),
                  call(0, "7", "mover", "2018-06-01T12:25:00Z"))
              .step(call(0, "8", "mover", "2018-06-01T12:25:00.001Z"))
              .step(call(0, "9", "mover", "2018-06-01T12:26:00Z")));

  @Test
  @Rule(
      number = "4.11",
      text =
          "A call is late for sessions at a watermark of its time + gap + allowed lateness, even if"
              + " a session is open that it could join.",
      check = "whether lateness depends on which calls arrived before")
  void rule_4_11() throws Exception {
    Outcome outcome = lateSessions.get();
    assertThat(outcome.batch(1).watermark()).contains(instant("2018-06-01T12:14:59.999Z"));
    assertThat(outcome.contributions(1, "sessions").late()).isZero();
    assertThat(outcome.batch(2).watermark()).contains(instant("2018-06-01T12:15:00Z"));
    assertThat(outcome.contributions(2, "sessions"))
        .isEqualTo(new Accounting.Contributions(2, 1, 0));
    Instant time = instant("2018-06-01T12:00:00Z");
    assertThat(outcome.letters(2))
        .containsExactly(
            new Late(
                new Origin(outcome.topic(), 0, 4, STAMP),
                outcome.steps().get(2).get(0).value(),
                List.of(
                    new MissedWindow(
                        "sessions", new WindowBounds(time, time.plus(Duration.ofMinutes(10)))))));
    assertThat(outcome.rows("sessions", "open"))
        .containsExactly("2018-06-01T12:00:00Z/2018-06-01T12:10:00.001Z  open  2");
  }

  @Test
  @Rule(
      number = "4.12",
      text =
          "A session closes when no call can join it: at a watermark of its end + gap + allowed"
              + " lateness.",
      check = "for sessions that close at their end and overlap with later ones")
  void rule_4_12() throws Exception {
    Outcome outcome = lateSessions.get();
    String punctual = "2018-06-01T12:00:00Z/2018-06-01T12:10:00Z  punctual  1";
    String open = "2018-06-01T12:00:00Z/2018-06-01T12:10:00.001Z  open  2";
    assertThat(outcome.updates(2, "sessions")).isEmpty();
    assertThat(outcome.batch(3).watermark()).contains(instant("2018-06-01T12:25:00Z"));
    assertThat(outcome.updates(3, "sessions")).containsExactly(punctual);
    assertThat(outcome.updates(4, "sessions")).containsExactly(open);
    assertThat(outcome.current(4, "sessions")).containsExactly(open, punctual);
  }

  /** One call per minute for an hour, and in each partition one call that is dated a year later. */
  private Tried replay(int partitions) {
    Trial trial =
        trial(
                "replay-" + partitions,
                p ->
                    p.statistic(
                            Statistic.named("hourly")
                                .by(Dimensions.CRIME_TYPE)
                                .over(Windows.tumbling(HOUR).allowingLateness(HOUR))
                                .build())
                        .maxEventTimeJump(Pipeline.DEFAULT_MAX_EVENT_TIME_JUMP))
            .partitions(partitions);
    List<SourceRecord> records = new ArrayList<>();
    Instant first = instant("2018-12-31T10:00:30Z");
    for (int i = 0; i < 60; i++) {
      String time = first.plus(i, ChronoUnit.MINUTES).toString();
      records.add(call(i % partitions, "c" + i, "t", time));
      if (i / partitions == 3) {
        records.add(call(i % partitions, "far" + i, "far", "2019-12-31T10:00:30Z"));
      }
    }
    return new Tried(trial.steps(records, 10));
  }

  private final List<Tried> replays = List.of(replay(1), replay(2));

  @Test
  @Rule(
      number = "4.10",
      text = "One misdated call in each partition makes no other call late.",
      check = "rules 3.10 to 3.17")
  void rule_4_10() throws Exception {
    for (int partitions = 1; partitions <= 2; partitions++) {
      Outcome outcome = replays.get(partitions - 1).get();
      assertThat(outcome.rows("hourly"))
          .containsExactly(
              "2018-12-31T10:00:00Z/2018-12-31T11:00:00Z  t  60",
              "2019-12-31T10:00:00Z/2019-12-31T11:00:00Z  far  " + partitions);
      assertThat(outcome.contributions("hourly"))
          .isEqualTo(new Accounting.Contributions(60 + partitions, 0, 0));
      assertThat(outcome.accounting().unconfirmedTimes()).isEqualTo(partitions);
    }
  }
}
