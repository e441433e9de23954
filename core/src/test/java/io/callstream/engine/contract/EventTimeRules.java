package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rules 1: the event time of a call. */
abstract class EventTimeRules extends ContractRules {
  EventTimeRules(ContractKit kit) {
    super(kit);
  }

  /** Windows of one millisecond show the exact event time of a call. */
  private final Statistic moments = byType("moments", Windows.tumbling(Duration.ofMillis(1)));

  private final Tried times =
      new Tried(
          trial("times", p -> p.statistic(moments))
              .step(
                  call(0, "1", "summer", "2018-07-01T12:00"),
                  call(0, "2", "winter", "2018-12-01 12:00:30"),
                  call(0, "3", "nanos", "2018-07-01T12:00:00.123456789"),
                  call(0, "4", "tenths", "2018-07-01T12:00:00.5"),
                  call(0, "5", "zulu", "2018-07-01T12:00:00Z"),
                  call(0, "6", "colon", "2018-07-01T12:00:00+05:30"),
                  call(0, "7", "short", "2018-07-01T12:00:00-0330"),
                  call(0, "8", "twice", "2018-11-04T01:30:00"),
                  call(0, "9", "second-pass", "2018-11-04T01:30:00-08:00"),
                  call(0, "10", "skipped", "2018-03-11T02:30:00")));

  private final Tried elsewhere =
      new Tried(
          new Trial(
                  "elsewhere",
                  KitCalls.json(ZoneId.of("Asia/Kathmandu")),
                  p -> p.statistic(moments))
              .step(call(0, "1", "here", "2018-07-01T12:00")));

  private List<String> momentsOf(Outcome outcome, String type) {
    return outcome.results("moments").stream()
        .filter(row -> row.dimension("crime_type").equals(type))
        .map(row -> row.window().orElseThrow().start().toString())
        .toList();
  }

  @Test
  @Rule(
      number = "1.1",
      text = "Times without an offset are in the zone of the format, in summer and winter.",
      check = "for a default zone of the machine or of a session of the engine")
  void rule_1_1() throws Exception {
    assertThat(momentsOf(times.get(), "summer")).containsExactly("2018-07-01T19:00:00Z");
    assertThat(momentsOf(times.get(), "winter")).containsExactly("2018-12-01T20:00:30Z");
    assertThat(momentsOf(elsewhere.get(), "here")).containsExactly("2018-07-01T06:15:00Z");
  }

  @Test
  @Rule(number = "1.2", text = "An offset in the record overrides the zone.", check = "the parser")
  void rule_1_2() throws Exception {
    assertThat(momentsOf(times.get(), "zulu")).containsExactly("2018-07-01T12:00:00Z");
    assertThat(momentsOf(times.get(), "colon")).containsExactly("2018-07-01T06:30:00Z");
    assertThat(momentsOf(times.get(), "short")).containsExactly("2018-07-01T15:30:00Z");
  }

  @Test
  @Rule(
      number = "1.3",
      text =
          "In an hour that occurs twice, the earlier time is used and the call counts as"
              + " ambiguous, unless the record has an offset.",
      check = "that `ambiguousTime` is passed on from parsing to counting")
  void rule_1_3() throws Exception {
    assertThat(momentsOf(times.get(), "twice")).containsExactly("2018-11-04T08:30:00Z");
    assertThat(momentsOf(times.get(), "second-pass")).containsExactly("2018-11-04T09:30:00Z");
    assertThat(times.get().accounting().ambiguousTimes()).isEqualTo(1);
  }

  @Test
  @Rule(
      number = "1.4",
      text = "A time that the clocks skip moves by the length of the gap.",
      check = "how the engine or the parser resolves local times")
  void rule_1_4() throws Exception {
    assertThat(momentsOf(times.get(), "skipped")).containsExactly("2018-03-11T10:30:00Z");
  }

  @Test
  @Rule(
      number = "1.5",
      text = "Times are truncated to milliseconds.",
      check = "for times in seconds or as floating-point numbers")
  void rule_1_5() throws Exception {
    assertThat(momentsOf(times.get(), "nanos")).containsExactly("2018-07-01T19:00:00.123Z");
    assertThat(momentsOf(times.get(), "tenths")).containsExactly("2018-07-01T19:00:00.500Z");
  }
}
