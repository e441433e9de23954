package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rules 2: windows. */
abstract class WindowRules extends ContractRules {
  WindowRules(ContractKit kit) {
    super(kit);
  }

  private static final ZoneId KOLKATA = ZoneId.of("Asia/Kolkata");
  private static final ZoneId LORD_HOWE = ZoneId.of("Australia/Lord_Howe");

  private final Tried windows =
      new Tried(
          trial(
                  "windows",
                  p ->
                      p.statistic(byType("hourly", Windows.tumbling(HOUR)))
                          .statistic(byType("seven", Windows.tumbling(HOUR.multipliedBy(7))))
                          .statistic(byType("sliding", Windows.sliding(HOUR, HOUR.dividedBy(3))))
                          .statistic(byType("local-hours", Windows.hourly(LOS_ANGELES)))
                          .statistic(byType("kolkata", Windows.hourly(KOLKATA)))
                          .statistic(byType("lord-howe", Windows.hourly(LORD_HOWE)))
                          .statistic(byType("daily", Windows.daily(LOS_ANGELES)))
                          .statistic(byType("weekly", Windows.weekly(LOS_ANGELES)))
                          .statistic(byType("monthly", Windows.monthly(LOS_ANGELES)))
                          .statistic(
                              Statistic.named("by-hour")
                                  .by(
                                      Dimensions.CRIME_TYPE,
                                      Dimensions.dayOfWeek(LOS_ANGELES),
                                      Dimensions.hourOfDay(LOS_ANGELES))
                                  .build()))
              .step(records()));

  private List<SourceRecord> records() {
    List<SourceRecord> records =
        new ArrayList<>(
            List.of(
                call(0, "h1", "before-noon", "2018-06-01T11:59:59.999Z"),
                call(0, "h2", "noon", "2018-06-01T12:00:00.000Z"),
                call(0, "d1", "friday", "2018-06-02T06:59:59.999Z"),
                call(0, "d2", "saturday", "2018-06-02T07:00:00.000Z"),
                call(0, "w1", "sunday", "2018-06-04T06:59:59.999Z"),
                call(0, "w2", "monday", "2018-06-04T07:00:00.000Z"),
                call(0, "m1", "june", "2018-07-01T06:59:59.999Z"),
                call(0, "m2", "july", "2018-07-01T07:00:00.000Z"),
                call(0, "l1", "repeated", "2018-03-31T14:45:00.000Z"),
                call(0, "l2", "repeated", "2018-03-31T15:15:00.000Z"),
                call(0, "l3", "repeated", "2018-03-31T15:30:00.000Z")));
    // One call every half hour for three local days, with a clock change on the second day.
    every(Duration.ofMinutes(30), "spring", "2018-03-10T08:00:00Z", "2018-03-13T07:00:00Z")
        .forEach(records::add);
    every(Duration.ofMinutes(30), "autumn", "2018-11-03T07:00:00Z", "2018-11-06T08:00:00Z")
        .forEach(records::add);
    return records;
  }

  private List<SourceRecord> every(Duration step, String type, String from, String to) {
    List<SourceRecord> records = new ArrayList<>();
    for (Instant t = instant(from); t.isBefore(instant(to)); t = t.plus(step)) {
      records.add(call(0, type + records.size(), type, t.toString()));
    }
    return records;
  }

  @Test
  @Rule(
      number = "2.1",
      text = "A tumbling window includes its first millisecond and excludes its end.",
      check = "for `<=` instead of `<`")
  void rule_2_1() throws Exception {
    assertThat(windows.get().rows("hourly", "before-noon"))
        .containsExactly("2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  before-noon  1");
    assertThat(windows.get().rows("hourly", "noon"))
        .containsExactly("2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  noon  1");
  }

  @Test
  @Rule(
      number = "2.2",
      text = "Tumbling windows are aligned to 1970-01-01T00:00Z, even if they do not divide a day.",
      check = "for windows that are aligned to local midnight or to the first call")
  void rule_2_2() throws Exception {
    assertThat(windows.get().rows("seven", "noon"))
        .containsExactly("2018-06-01T11:00:00Z/2018-06-01T18:00:00Z  noon  1");
  }

  @Test
  @Rule(
      number = "2.3",
      text = "A sliding window of *k* slides counts each call *k* times and is half-open.",
      check = "the bounds of overlapping windows")
  void rule_2_3() throws Exception {
    assertThat(windows.get().rows("sliding", "before-noon"))
        .containsExactly(
            "2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  before-noon  1",
            "2018-06-01T11:20:00Z/2018-06-01T12:20:00Z  before-noon  1",
            "2018-06-01T11:40:00Z/2018-06-01T12:40:00Z  before-noon  1");
    assertThat(windows.get().rows("sliding", "noon"))
        .containsExactly(
            "2018-06-01T11:20:00Z/2018-06-01T12:20:00Z  noon  1",
            "2018-06-01T11:40:00Z/2018-06-01T12:40:00Z  noon  1",
            "2018-06-01T12:00:00Z/2018-06-01T13:00:00Z  noon  1");
  }

  @Test
  @Rule(
      number = "2.4",
      text =
          "Days run from midnight to midnight of their zone, and have 23 or 25 hours when"
              + " clocks change.",
      check = "for days of 24 hours or in UTC")
  void rule_2_4() throws Exception {
    assertThat(windows.get().rows("daily", "friday"))
        .containsExactly("2018-06-01T07:00:00Z/2018-06-02T07:00:00Z  friday  1");
    assertThat(windows.get().rows("daily", "saturday"))
        .containsExactly("2018-06-02T07:00:00Z/2018-06-03T07:00:00Z  saturday  1");
    assertThat(windows.get().rows("daily", "spring"))
        .containsExactly(
            "2018-03-10T08:00:00Z/2018-03-11T08:00:00Z  spring  48",
            "2018-03-11T08:00:00Z/2018-03-12T07:00:00Z  spring  46",
            "2018-03-12T07:00:00Z/2018-03-13T07:00:00Z  spring  48");
    assertThat(windows.get().rows("daily", "autumn"))
        .containsExactly(
            "2018-11-03T07:00:00Z/2018-11-04T07:00:00Z  autumn  48",
            "2018-11-04T07:00:00Z/2018-11-05T08:00:00Z  autumn  50",
            "2018-11-05T08:00:00Z/2018-11-06T08:00:00Z  autumn  48");
  }

  @Test
  @Rule(
      number = "2.5",
      text = "Weeks run from Monday to Monday of their zone.",
      check = "the first day of the week and the zone")
  void rule_2_5() throws Exception {
    assertThat(windows.get().rows("weekly", "sunday"))
        .containsExactly("2018-05-28T07:00:00Z/2018-06-04T07:00:00Z  sunday  1");
    assertThat(windows.get().rows("weekly", "monday"))
        .containsExactly("2018-06-04T07:00:00Z/2018-06-11T07:00:00Z  monday  1");
    assertThat(windows.get().rows("weekly", "spring"))
        .containsExactly(
            "2018-03-05T08:00:00Z/2018-03-12T07:00:00Z  spring  94",
            "2018-03-12T07:00:00Z/2018-03-19T07:00:00Z  spring  48");
    assertThat(windows.get().rows("weekly", "autumn"))
        .containsExactly(
            "2018-10-29T07:00:00Z/2018-11-05T08:00:00Z  autumn  98",
            "2018-11-05T08:00:00Z/2018-11-12T08:00:00Z  autumn  48");
  }

  @Test
  @Rule(
      number = "2.6",
      text = "Months run from the first to the first of their zone.",
      check = "the zone")
  void rule_2_6() throws Exception {
    assertThat(windows.get().rows("monthly", "june"))
        .containsExactly("2018-06-01T07:00:00Z/2018-07-01T07:00:00Z  june  1");
    assertThat(windows.get().rows("monthly", "july"))
        .containsExactly("2018-07-01T07:00:00Z/2018-08-01T07:00:00Z  july  1");
    assertThat(windows.get().rows("monthly", "spring"))
        .containsExactly("2018-03-01T08:00:00Z/2018-04-01T07:00:00Z  spring  142");
    assertThat(windows.get().rows("monthly", "autumn"))
        .containsExactly("2018-11-01T07:00:00Z/2018-12-01T08:00:00Z  autumn  146");
  }

  @Test
  @Rule(
      number = "2.7",
      text =
          "Local hours and weekdays follow the clocks: hour 2 is missing in spring, hour 1"
              + " occurs twice in autumn.",
      check = "for an extractor that caches an offset too long, or that tasks share")
  void rule_2_7() throws Exception {
    List<String> spring = windows.get().rows("by-hour", "spring");
    List<String> autumn = windows.get().rows("by-hour", "autumn");
    assertThat(spring).hasSize(71).allMatch(row -> row.endsWith("  2"));
    assertThat(spring).noneMatch(row -> row.startsWith("spring  7  2  "));
    assertThat(autumn).hasSize(72).contains("autumn  7  1  4");
    assertThat(autumn)
        .filteredOn(row -> !row.equals("autumn  7  1  4"))
        .allMatch(row -> row.endsWith("  2"));
  }

  @Test
  @Rule(
      number = "2.8",
      text =
          "Hours of a zone start when its clocks show a full hour. An hour that occurs twice has two"
              + " windows.",
      check = "for hours that start at full hours of UTC, or that follow only the local time")
  void rule_2_8() throws Exception {
    assertThat(windows.get().rows("kolkata", "noon"))
        .containsExactly("2018-06-01T11:30:00Z/2018-06-01T12:30:00Z  noon  1");
    assertThat(windows.get().rows("local-hours", "autumn"))
        .hasSize(73)
        .contains(
            "2018-11-04T08:00:00Z/2018-11-04T09:00:00Z  autumn  2",
            "2018-11-04T09:00:00Z/2018-11-04T10:00:00Z  autumn  2");
  }

  @Test
  @Rule(
      number = "2.9",
      text = "A change of the zone's offset by half an hour starts an hour of half the length.",
      check = "for hours that are cut only at full hours")
  void rule_2_9() throws Exception {
    assertThat(windows.get().rows("lord-howe", "repeated"))
        .containsExactly(
            "2018-03-31T14:00:00Z/2018-03-31T15:00:00Z  repeated  1",
            "2018-03-31T15:00:00Z/2018-03-31T15:30:00Z  repeated  1",
            "2018-03-31T15:30:00Z/2018-03-31T16:30:00Z  repeated  1");
  }

  private final Tried sessions =
      new Tried(
          trial("sessions", p -> p.statistic(sessions(HOUR)))
              .partitions(2)
              .step(
                  call(0, "e1", "edge", "2018-06-01T12:00:00Z"),
                  call(0, "e2", "edge", "2018-06-01T12:10:00Z"),
                  call(1, "o1", "over", "2018-06-01T12:00:00Z"),
                  call(1, "o2", "over", "2018-06-01T12:10:00.001Z"),
                  call(0, "b1", "bridge", "2018-06-01T12:00:00Z"),
                  call(1, "b2", "bridge", "2018-06-01T12:18:00Z"),
                  call(0, "r1", "reverse", "2018-06-01T12:30:00Z"))
              .step(
                  call(1, "b3", "bridge", "2018-06-01T12:09:00Z"),
                  call(1, "r2", "reverse", "2018-06-01T12:25:00Z"))
              .step(call(0, "r3", "reverse", "2018-06-01T12:20:00Z")));

  @Test
  @Rule(
      number = "2.10",
      text =
          "Calls that are exactly a gap apart share a session. One more millisecond starts another"
              + " session.",
      check = "for `<` instead of `<=`")
  void rule_2_10() throws Exception {
    assertThat(sessions.get().rows("sessions", "edge"))
        .containsExactly("2018-06-01T12:00:00Z/2018-06-01T12:20:00Z  edge  2");
    assertThat(sessions.get().rows("sessions", "over"))
        .containsExactly(
            "2018-06-01T12:00:00Z/2018-06-01T12:10:00Z  over  1",
            "2018-06-01T12:10:00.001Z/2018-06-01T12:20:00.001Z  over  1");
  }

  @Test
  @Rule(
      number = "2.11",
      text = "A call that joins two sessions makes one session of them.",
      check = "whether the engine keeps a session that became part of another one")
  void rule_2_11() throws Exception {
    assertThat(sessions.get().rows("sessions", "bridge"))
        .containsExactly("2018-06-01T12:00:00Z/2018-06-01T12:28:00Z  bridge  3");
  }

  @Test
  @Rule(
      number = "2.12",
      text = "A session has the calls of its group from all partitions and batches, in any order.",
      check = "for sessions that start with the first call that arrives")
  void rule_2_12() throws Exception {
    assertThat(sessions.get().rows("sessions", "reverse"))
        .containsExactly("2018-06-01T12:20:00Z/2018-06-01T12:40:00Z  reverse  3");
  }
}
