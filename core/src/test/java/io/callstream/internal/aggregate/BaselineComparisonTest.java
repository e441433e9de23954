package io.callstream.internal.aggregate;

import static io.callstream.statistic.Dimensions.CRIME_TYPE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.callstream.call.Fields;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Baseline;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import io.callstream.statistic.Windows;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BaselineComparisonTest {
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final Window HOURS = Windows.tumbling(Duration.ofHours(1)).withoutLateness();

  private final NavigableMap<Long, Groups> windows = new TreeMap<>();

  private static Statistic statistic(Window window, Baseline baseline) {
    return Statistic.named("spikes").by(CRIME_TYPE).over(window).comparedWith(baseline).build();
  }

  private static Groups groups(Map<String, Integer> counts) {
    BlockWriter block = new BlockWriter(1, 64);
    new TreeMap<>(counts)
        .forEach(
            (name, count) -> {
              byte[] key = GroupKey.of(List.of(name));
              if (count > 0) {
                block.group(key, key.length, count);
                block.state(new byte[0], 0, 0);
              }
            });
    return Groups.of(block.toBlock());
  }

  private static long at(String local) {
    return LocalDateTime.parse(local).atZone(ZONE).toInstant().toEpochMilli();
  }

  private void put(String local, Map<String, Integer> counts) {
    windows.put(at(local), groups(counts));
  }

  /** Returns the spikes of a window as rows without their window. */
  private List<ResultRow> spikes(Statistic statistic, long start) {
    Groups spikes = new BaselineComparison(statistic).spikes(start, windows);
    return spikes.groups() == 0
        ? List.of()
        : new BlockResults(statistic, new TreeMap<>(Map.of(start, spikes))).rows();
  }

  private List<ResultRow> spikes(Baseline baseline, String local) {
    return spikes(statistic(HOURS, baseline), at(local));
  }

  private static double expected(ResultRow row) {
    return (double) row.value("expected").orElseThrow();
  }

  private static long history(ResultRow row) {
    return (long) row.value("history").orElseThrow();
  }

  @Test
  void comparesWithTheSameHourOfTheDaysOfTheSameKind() {
    put("2018-06-01T10:00", Map.of("a", 100)); // A Friday, more than one week before.
    put("2018-06-04T10:00", Map.of("a", 4));
    put("2018-06-05T10:00", Map.of("a", 2));
    put("2018-06-06T10:00", Map.of("b", 1)); // No calls of a.
    put("2018-06-07T09:00", Map.of("a", 100));
    put("2018-06-07T11:00", Map.of("a", 100)); // No calls at all at 10:00.
    put("2018-06-08T10:00", Map.of("a", 4));
    put("2018-06-09T10:00", Map.of("a", 100));
    put("2018-06-10T10:00", Map.of("a", 100));
    put("2018-06-11T10:00", Map.of("a", 40, "b", 4, "c", 40));
    List<ResultRow> spikes = spikes(Baseline.weekly(ZONE).remembering(1), "2018-06-11T10:00");
    assertThat(spikes).extracting(row -> row.dimensions().get(0)).containsExactly("a", "c");
    assertThat(spikes).allSatisfy(row -> assertThat(history(row)).isEqualTo(4));
    // Monday counts fully, and Tuesday, Wednesday and Friday a quarter: 1.75 windows' worth, as
    // many as 1.75^2 / (1 + 3 / 16) windows, to which half a call is added.
    double windowsInEffect = 1.75 * 1.75 / (1 + 3 / 16.0);
    assertThat(expected(spikes.get(0)))
        .isCloseTo((4 + 0.5 + 0 + 1) / 1.75 + 0.5 / windowsInEffect, within(1e-3));
    assertThat(expected(spikes.get(1))).isCloseTo(0.5 / windowsInEffect, within(1e-3));
  }

  @Test
  void needsTheMinimumHistoryAndCount() {
    for (String day : List.of("04", "05", "06", "07")) {
      put("2018-06-" + day + "T10:00", Map.of("a", 1));
    }
    put("2018-06-08T10:00", Map.of("a", 20));
    Baseline baseline = Baseline.weekly(ZONE);
    assertThat(spikes(baseline.needing(4).atLeast(20), "2018-06-08T10:00")).hasSize(1);
    assertThat(spikes(baseline.needing(5), "2018-06-08T10:00")).isEmpty();
    assertThat(spikes(baseline.atLeast(21), "2018-06-08T10:00")).isEmpty();
    assertThat(spikes(baseline.falseAlarmRate(1e-12), "2018-06-08T10:00")).isEmpty();
  }

  @Test
  void holidaysAreSundays() {
    for (String sunday : List.of("03", "10", "17", "24")) {
      put("2018-06-" + sunday + "T10:00", Map.of("a", 30));
    }
    for (String wednesday : List.of("06", "13", "20", "27")) {
      put("2018-06-" + wednesday + "T10:00", Map.of("a", 2));
    }
    put("2018-07-04T10:00", Map.of("a", 30));
    put("2018-07-11T10:00", Map.of("a", 20));
    Baseline baseline = Baseline.weekly(ZONE);
    Baseline withHoliday = baseline.holidays(Set.of(LocalDate.of(2018, 7, 4)));
    assertThat(spikes(baseline, "2018-07-04T10:00")).hasSize(1);
    assertThat(spikes(withHoliday, "2018-07-04T10:00")).isEmpty();
    // The holiday is not part of what is usual on the following Wednesday.
    assertThat(history(spikes(withHoliday, "2018-07-11T10:00").get(0))).isEqualTo(4);
  }

  @Test
  void comparesLocalHoursWhenClocksChange() {
    // On 2018-11-04, the hour from 01:00 occurs twice. On 2018-03-11, that from 02:00 does not.
    Baseline baseline = Baseline.weekly(ZONE).needing(1).remembering(53);
    windows.put(Instant.parse("2018-11-04T08:00:00Z").toEpochMilli(), groups(Map.of("a", 1)));
    windows.put(Instant.parse("2018-11-04T09:00:00Z").toEpochMilli(), groups(Map.of("a", 1)));
    put("2018-11-11T01:00", Map.of("a", 50));
    assertThat(history(spikes(baseline, "2018-11-11T01:00").get(0))).isEqualTo(2);
    put("2018-03-04T02:00", Map.of("a", 1));
    put("2018-03-11T03:00", Map.of("a", 1));
    put("2018-03-18T02:00", Map.of("a", 50));
    assertThat(history(spikes(baseline, "2018-03-18T02:00").get(0))).isEqualTo(1);
    Window days = Windows.daily(ZONE).withoutLateness();
    windows.clear();
    put("2018-11-04T00:00", Map.of("a", 1)); // A day of 25 hours.
    put("2018-11-05T00:00", Map.of("a", 1));
    put("2018-11-11T00:00", Map.of("a", 50));
    assertThat(history(spikes(statistic(days, baseline), at("2018-11-11T00:00")).get(0)))
        .isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "America/Santiago, 2018-08-12",
    "Africa/Cairo, 2023-04-28",
    "Asia/Beirut, 2018-03-25",
  })
  void comparesADayThatStartsAtOneOClock(ZoneId zone, LocalDate day) {
    Window days = Windows.daily(zone).withoutLateness();
    Statistic daily = statistic(days, Baseline.weekly(zone).needing(1));
    Map<LocalDate, Integer> counts = new HashMap<>();
    for (int i = -28; i <= 28; i++) {
      LocalDate date = day.plusDays(i);
      counts.put(date, 1_000 + i);
      windows.put(
          date.atStartOfDay(zone).toInstant().toEpochMilli(), groups(Map.of("a", 1_000 + i)));
    }
    assertThat(day.atStartOfDay(zone).getHour()).isEqualTo(1);
    for (LocalDate date : List.of(day, day.plusDays(1), day.plusDays(7), day.plusDays(28))) {
      long start = date.atStartOfDay(zone).toInstant().toEpochMilli();
      Groups before = windows.put(start, groups(Map.of("a", 100_000)));
      ResultRow spike = spikes(daily, start).get(0);
      double sum = 0;
      double weights = 0;
      double squares = 0;
      int history = 0;
      for (int i = 1; i <= 56; i++) {
        LocalDate past = date.minusDays(i);
        boolean isWeekend = date.getDayOfWeek().getValue() > 5;
        if (!counts.containsKey(past) || isWeekend != past.getDayOfWeek().getValue() > 5) {
          continue;
        }
        double weight = date.getDayOfWeek() == past.getDayOfWeek() ? 1 : 0.25;
        sum += weight * counts.get(past);
        weights += weight;
        squares += weight * weight;
        history++;
      }
      assertThat(history(spike)).as("%s", date).isEqualTo(history);
      assertThat(expected(spike))
          .as("%s", date)
          .isCloseTo(sum / weights + 0.5 * squares / weights / weights, within(1e-3));
      windows.put(start, before);
    }
  }

  @Test
  void excludesWindowsOfAnotherLength() {
    // On Lord Howe Island, clocks change by half an hour, so a window has half an hour.
    ZoneId island = ZoneId.of("Australia/Lord_Howe");
    Window hours = Windows.hourly(island).withoutLateness();
    Instant change =
        island.getRules().nextTransition(Instant.parse("2018-01-01T00:00:00Z")).getInstant();
    WindowAssigner assigner = new WindowAssigner(hours);
    long half = assigner.lastStart(change.minusMillis(1).toEpochMilli());
    while (assigner.end(half) - half == Duration.ofHours(1).toMillis()) {
      half = assigner.end(half);
    }
    for (int week = 4; week > 0; week--) {
      long past = half - Duration.ofDays(7).multipliedBy(week).toMillis();
      windows.put(assigner.lastStart(past), groups(Map.of("a", 1)));
    }
    windows.put(half, groups(Map.of("a", 50)));
    Statistic statistic = statistic(hours, Baseline.weekly(island).needing(1));
    assertThat(spikes(statistic, half)).isEmpty();
  }

  @Test
  void aFilterMakesWindowsWithoutCallsZeros() {
    Statistic filtered =
        Statistic.named("spikes")
            .where(Set.of(Fields.TYPE), call -> true)
            .by(CRIME_TYPE)
            .over(HOURS)
            .comparedWith(Baseline.weekly(ZONE).needing(4))
            .build();
    put("2018-06-04T09:00", Map.of("a", 1));
    put("2018-06-05T12:00", Map.of("a", 1)); // None at 10:00, but within a day.
    put("2018-06-06T12:00", Map.of("a", 1));
    // Nothing from Wednesday noon to Saturday: Friday is a gap, and Thursday is within a day.
    put("2018-06-09T12:00", Map.of("a", 1));
    put("2018-06-11T10:00", Map.of("a", 50));
    assertThat(history(spikes(filtered, at("2018-06-11T10:00")).get(0))).isEqualTo(4);
    Statistic unfiltered = statistic(HOURS, Baseline.weekly(ZONE).needing(1));
    assertThat(spikes(unfiltered, at("2018-06-11T10:00"))).isEmpty();
  }

  @Test
  void comparesWeeks() {
    Window weeks = Windows.weekly(ZONE).withoutLateness();
    for (String monday : List.of("04", "11", "18", "25")) {
      put("2018-06-" + monday + "T00:00", Map.of("a", 100));
    }
    put("2018-07-02T00:00", Map.of("a", 200));
    List<ResultRow> spikes =
        spikes(statistic(weeks, Baseline.weekly(ZONE)), at("2018-07-02T00:00"));
    assertThat(history(spikes.get(0))).isEqualTo(4);
    assertThat(expected(spikes.get(0))).isCloseTo(100 + 0.5 / 4, within(1e-9));
  }

  /** A feed of independent calls with a daily and weekly rhythm, the same in every run. */
  private static final class Feed {
    private static final double[] RATES = {0.01, 0.05, 0.2, 0.5, 1, 2, 4, 8, 16, 32};
    private static final int GROUPS_PER_RATE = 3;

    private final Random random = new Random(11);
    private final Map<String, Integer> planted = new HashMap<>();

    Map<String, Integer> hour(LocalDateTime local) {
      double rhythm = 1 + 0.7 * Math.sin(Math.PI * (local.getHour() - 8) / 12);
      boolean free = local.getDayOfWeek().compareTo(DayOfWeek.FRIDAY) > 0;
      Map<String, Integer> counts = new HashMap<>();
      for (double rate : RATES) {
        for (int i = 0; i < GROUPS_PER_RATE; i++) {
          String name = rate + "/" + i;
          double mean = rate * rhythm * (free && i == 1 ? 1.4 : 1);
          counts.put(name, poisson(mean) + planted.getOrDefault(name + local, 0));
        }
      }
      return counts;
    }

    private int poisson(double mean) {
      double sum = 0;
      int count = -1;
      while (sum < mean) {
        sum -= Math.log(1 - random.nextDouble());
        count++;
      }
      return count;
    }
  }

  @Test
  void anEvenFeedHasFewerSpikesThanTheRateOfFalseAlarmsAndPlantedOnesAreFound() {
    int weeks = 16;
    Feed feed = new Feed();
    Random random = new Random(5);
    LocalDateTime first = LocalDateTime.parse("2018-01-01T00:00");
    Set<String> planted = new HashSet<>();
    for (int i = 0; i < 60; i++) {
      LocalDateTime hour = first.plusWeeks(5).plusHours(random.nextInt(10 * 168));
      double rate = Feed.RATES[random.nextInt(Feed.RATES.length)];
      String name = rate + "/" + random.nextInt(Feed.GROUPS_PER_RATE) + hour;
      // More than ten standard deviations of the busiest hour, and at least 15 calls.
      feed.planted.put(name, (int) Math.max(15, 10 * Math.sqrt(2.4 * rate)));
      planted.add(name);
    }
    Set<String> found = new HashSet<>();
    int compared = 0;
    int[] alarms = new int[2];
    double[] rates = {1e-3, 1e-5};
    for (int i = 0; i < weeks * 168; i++) {
      LocalDateTime local = first.plusHours(i);
      long start = local.atZone(ZoneId.of("UTC")).toInstant().toEpochMilli();
      Map<String, Integer> counts = feed.hour(local);
      windows.put(start, groups(counts));
      compared += counts.size();
      for (int r = 0; r < rates.length; r++) {
        Baseline baseline = Baseline.weekly(ZoneId.of("UTC")).atLeast(1).falseAlarmRate(rates[r]);
        for (ResultRow row : spikes(statistic(HOURS, baseline), start)) {
          String name = row.dimensions().get(0) + local;
          if (!planted.contains(name)) {
            alarms[r]++;
          } else if (rates[r] == 1e-5) {
            found.add(name);
          }
        }
      }
    }
    assertThat(found).isEqualTo(planted);
    assertThat(alarms[0]).as("of %s comparisons", compared).isBetween(1, (int) (1e-3 * compared));
    assertThat(alarms[1]).as("%s", Arrays.toString(alarms)).isLessThanOrEqualTo(4);
  }
}
