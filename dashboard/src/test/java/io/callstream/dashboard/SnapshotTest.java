package io.callstream.dashboard;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Baseline;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class SnapshotTest {
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");

  private static Snapshot snapshot(WatchedRun run) {
    return new SnapshotFactory(run.running()).create();
  }

  private static Map<String, Long> counts(List<Call> calls, Function<Call, String> key) {
    return calls.stream().collect(groupingBy(key, counting()));
  }

  private static void assertRanks(
      Optional<Ranking> ranking, Map<String, Long> counts, int entries, int calls) {
    List<Long> highest =
        counts.values().stream().sorted(Comparator.reverseOrder()).limit(entries).toList();
    assertThat(ranking).isPresent();
    assertThat(ranking.get().entries()).extracting(Ranking.Entry::count).isEqualTo(highest);
    assertThat(ranking.get().entries())
        .allSatisfy(entry -> assertThat(entry.count()).isEqualTo(counts.get(entry.name())))
        .allSatisfy(
            entry ->
                assertThat(ranking.get().share(entry))
                    .isCloseTo(counts.get(entry.name()) / (double) calls, within(1e-12)));
    assertThat(ranking.get().groups()).isEqualTo(counts.size());
    assertThat(ranking.get().total()).isEqualTo(calls);
    assertThat(ranking.get().rest())
        .isEqualTo(calls - highest.stream().mapToLong(Long::longValue).sum());
  }

  @Test
  void panelsShowTheCountsOfTheCalls() throws Exception {
    List<Call> calls = SomeCalls.of(3_000);
    try (WatchedRun run = WatchedRun.standard()) {
      // In three batches, so that hours change after the first snapshot.
      SnapshotFactory factory = new SnapshotFactory(run.running());
      for (int i = 0; i < 3; i++) {
        run.receive(calls.subList(i * 1_000, (i + 1) * 1_000));
        assertThat(factory.create().accounting().received()).isEqualTo((i + 1) * 1_000);
      }
      Snapshot snapshot = factory.create();

      assertRanks(snapshot.types(), counts(calls, Call::type), 10, 3_000);
      assertRanks(snapshot.dispositions(), counts(calls, Call::disposition), 12, 3_000);
      assertRanks(snapshot.locations(), counts(calls, Call::address), 12, 3_000);
      assertThat(snapshot.dispositions().get().entries())
          .filteredOn(entry -> entry.name().equals("HAN"))
          .extracting(Ranking.Entry::description)
          .containsExactly("Handled");

      Map<Instant, Long> hours =
          calls.stream()
              .collect(groupingBy(c -> c.time().truncatedTo(ChronoUnit.HOURS), counting()));
      assertThat(snapshot.hours().get().hours())
          .allSatisfy(h -> assertThat(h.calls()).isEqualTo(hours.getOrDefault(h.start(), 0L)));
      assertThat(snapshot.hours().get().hours()).hasSize(240);
      Map<LocalDate, Long> days =
          calls.stream().collect(groupingBy(c -> c.time().atZone(ZONE).toLocalDate(), counting()));
      assertThat(snapshot.hours().get().days())
          .allSatisfy(d -> assertThat(d.calls()).isEqualTo(days.get(d.date())))
          .hasSize(days.size());

      assertThat(snapshot.others())
          .extracting(Snapshot.Table::name)
          .doesNotContain(
              "calls-by-type",
              "calls-by-type-and-disposition-hourly",
              "calls-by-location",
              "calls-by-hour-of-week");
      assertThat(snapshot.state()).isEqualTo(State.RUNNING);
    }
  }

  @Test
  void hoursWithoutCallsHaveTheCountZero() throws Exception {
    Instant start = Instant.parse("2018-11-01T10:00:00Z");
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(
          List.of(
              SomeCalls.call(1, "A", start).build(),
              SomeCalls.call(2, "A", start.plus(Duration.ofHours(50))).build()));
      assertThat(snapshot(run).hours().get().hours())
          .hasSize(51)
          .filteredOn(hour -> hour.calls() > 0)
          .hasSize(2);
      assertThat(snapshot(run).hours().get().days())
          .hasSize(3)
          .extracting(d -> d.calls())
          .containsExactly(1L, 0L, 1L);
    }
  }

  @Test
  void panelsAreEmptyBeforeTheFirstCall() {
    try (WatchedRun run = WatchedRun.standard()) {
      Snapshot snapshot = snapshot(run);
      assertThat(snapshot.types().get().entries()).isEmpty();
      assertThat(snapshot.hours().get().hours()).isEmpty();
      assertThat(snapshot.findings().sentences()).isEmpty();
      assertThat(snapshot.progress()).isEmpty();
    }
  }

  @Test
  void showsOtherStatisticsAsTables() throws Exception {
    Statistic daily =
        Statistic.named("daily")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.daily(ZONE).withoutLateness())
            .measuring(Measures.count(), Measures.share())
            .build();
    // It has the name of a standard statistic, but other dimensions.
    Statistic other = Statistic.named("calls-by-type").by(Dimensions.ADDRESS).build();
    try (WatchedRun run = WatchedRun.of(daily, other)) {
      run.receive(SomeCalls.of(500));
      Snapshot snapshot = snapshot(run);
      assertThat(snapshot.types()).isEmpty();
      assertThat(snapshot.hours()).isEmpty();
      assertThat(snapshot.others())
          .extracting(Snapshot.Table::name)
          .containsExactly("daily", "calls-by-type");
      Snapshot.Table table = snapshot.others().get(0);
      assertThat(table.columns()).containsExactly("Start", "End", "Crime type", "Count", "Share");
      assertThat(table.cells()).hasSize(20);
      assertThat(table.cells().get(0).get(0))
          .as("the latest complete day")
          .isEqualTo("Wed 7 Nov 2018 00:00 PST");
      assertThat(table.cells())
          .allSatisfy(cells -> assertThat(cells.get(4)).matches("\\d+\\.\\d %"));
      assertThat(table.note())
          .isEqualTo(
              "Complete windows, newest first: 20 of %d rows",
              run.running().results("daily").rows().size());
      assertThat(snapshot.others().get(1).note()).startsWith("The first 20 of ");
    }
  }

  @Test
  void showsTheLatestSpikesAsATableIfTheHoursOfAllCallsAreUnknown() throws Exception {
    // Each day at 10:00 local time: 4 or 6 calls of each type; on the last day 20 of two types.
    ZonedDateTime first = ZonedDateTime.of(2018, 10, 15, 10, 0, 0, 0, ZONE);
    List<Call> calls = new ArrayList<>();
    for (int day = 0; day < 12; day++) {
      for (String type : List.of("Burst", "Steady", "PASSING CALL")) {
        boolean bursts = day == 11 && !type.equals("Steady");
        for (int i = 0; i < (bursts ? 20 : day % 2 == 0 ? 4 : 6); i++) {
          Instant time = first.plusDays(day).plusMinutes(i).toInstant();
          calls.add(SomeCalls.call(calls.size(), type, time).build());
        }
      }
    }
    Statistic spikes =
        StandardStatistics.spikesByType(ZONE, Duration.ZERO, StandardStatistics.ROUTINE_TYPES);
    try (WatchedRun run = WatchedRun.of(spikes)) {
      Snapshot snapshot = snapshot(run.receive(calls));
      assertThat(snapshot.others()).extracting(Snapshot.Table::name).containsExactly(spikes.name());
      List<String> columns = snapshot.others().get(0).columns();
      List<List<String>> cells = snapshot.others().get(0).cells();
      assertThat(cells).hasSize(1);
      assertThat(snapshot.others().get(0).note())
          .isEqualTo("No window is complete. Newest first: 1 row");
      assertThat(cells.get(0)).contains("Fri 26 Oct 2018 10:00 PDT", "Burst", "20");
      // By hand: a Friday with 4 calls, and eight other working days with 40 calls, which count a
      // quarter: (4 + 10) / 3, and half a call in 3^2 / (1 + 8 / 16) = 6 windows: 4.75.
      assertThat(cells.get(0).get(columns.indexOf("Expected"))).isEqualTo("4.750");
      assertThat(snapshot.findings().unknown())
          .contains(
              "The busiest hour, unusual days and hours, and shifts: this report has no counts of"
                  + " all calls by the hour. To get them, add a statistic by the hour without a"
                  + " filter.");
    }
  }

  @Test
  void showsSpikesOfDaysAsATable() throws Exception {
    Statistic days =
        Statistic.named("unusual-days")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.daily(ZONE).withoutLateness())
            .comparedWith(Baseline.weekly(ZONE))
            .build();
    try (WatchedRun run = WatchedRun.of(days, StandardStatistics.callsPerHour(Duration.ZERO))) {
      Snapshot snapshot = snapshot(run.receive(SomeCalls.of(100)));
      assertThat(snapshot.others()).extracting(Snapshot.Table::name).containsExactly(days.name());
      assertThat(snapshot.findings().unknown())
          .contains(
              "Unusual hours: this report has no comparison of hours with the weeks before. To get"
                  + " one, add a statistic such as spikes-by-type.");
    }
  }

  @Test
  void showsHourlyCountsWithoutAPanelAsATable() throws Exception {
    Statistic hourly =
        Statistic.named("by-city")
            .by(Dimensions.CITY)
            .over(Windows.hourly(ZONE).withoutLateness())
            .build();
    try (WatchedRun run = WatchedRun.of(hourly)) {
      Snapshot snapshot = snapshot(run.receive(SomeCalls.of(100)));
      assertThat(snapshot.hours()).isPresent();
      assertThat(snapshot.others()).extracting(Snapshot.Table::name).containsExactly("by-city");
    }
  }

  @Test
  void measuresWithTextsAreNoNumbersOfATable() throws Exception {
    Statistic places =
        Statistic.named("places")
            .measuring(
                Measures.count(),
                Measures.top("top", 1, Fields.CITY),
                Measures.ratio("none", Set.of(), call -> false))
            .build();
    try (WatchedRun run = WatchedRun.of(places)) {
      run.receive(SomeCalls.of(3));
      Snapshot.Table table = snapshot(run).others().get(0);
      assertThat(table.numbersFrom()).isEqualTo(2);
      assertThat(table.cells().get(0).subList(0, 3)).containsExactly("3", "", "0.000");
    }
  }

  @Test
  void showsTheSessionsWithTheLatestStarts() throws Exception {
    Statistic sessions =
        Statistic.named("sessions")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.session(Duration.ofMinutes(5)).withoutLateness())
            .emitting(Emission.ON_CLOSE)
            .build();
    try (WatchedRun run = WatchedRun.of(sessions)) {
      run.receive(SomeCalls.of(500));
      Snapshot.Table table = snapshot(run).others().get(0);
      List<ResultRow> rows = run.running().results("sessions").rows();
      assertThat(rows).hasSizeGreaterThan(20);
      List<String> latest = new ArrayList<>();
      Instant watermark = run.running().details().watermark().orElseThrow();
      for (int i = rows.size() - 1; latest.size() < 20; i--) {
        if (!rows.get(i).window().orElseThrow().end().isAfter(watermark)) {
          latest.add(rows.get(i).dimension("crime_type"));
        }
      }
      assertThat(table.cells()).extracting(cells -> cells.get(2)).isEqualTo(latest);
      assertThat(table.note())
          .isEqualTo("Complete windows, newest first: 20 of %d rows", rows.size());
    }
  }

  @Test
  void showsAWeekWithoutNumbersAsATable() throws Exception {
    Statistic named =
        Statistic.named("calls-by-hour-of-week")
            .by(
                Dimension.of("day_of_week", call -> "Monday"),
                Dimension.of("hour_of_day", call -> "noon"))
            .build();
    try (WatchedRun run = WatchedRun.of(named)) {
      run.receive(SomeCalls.of(3));
      Snapshot snapshot = snapshot(run);
      assertThat(snapshot.others()).hasSize(1);
      assertThat(snapshot.others().get(0).cells()).containsExactly(List.of("Monday", "noon", "3"));
    }
  }

  @Test
  void shortensLongTexts() throws Exception {
    String type = "x".repeat(5_000);
    try (WatchedRun run = WatchedRun.of(StandardStatistics.callsByType())) {
      run.receive(List.of(SomeCalls.call(1, type, SomeCalls.START).build()));
      assertThat(snapshot(run).types().get().entries().get(0).name()).hasSize(100).endsWith("…");
    }
  }
}
