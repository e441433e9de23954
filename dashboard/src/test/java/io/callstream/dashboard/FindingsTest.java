package io.callstream.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.callstream.call.Call;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Fields;
import io.callstream.dashboard.Findings.Shift;
import io.callstream.dashboard.Findings.Subject;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.internal.aggregate.Usual;
import io.callstream.statistic.Baseline;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The expected sentences were computed by hand. */
class FindingsTest {
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");

  /** A Monday, in weeks without a clock change. */
  private static final ZonedDateTime START = ZonedDateTime.of(2018, 4, 2, 0, 0, 0, 0, ZONE);

  private static final Duration HOUR = Duration.ofHours(1);

  private final List<Call> calls = new ArrayList<>();

  private void add(int number, String type, ZonedDateTime time) {
    for (int i = 0; i < number; i++) {
      calls.add(SomeCalls.call(calls.size(), type, time.toInstant()).build());
    }
  }

  /** Adds a call of each of two types in every hour, except for the hours of {@code silent}. */
  private void addEvenFeed(ZonedDateTime from, int hours, ZonedDateTime silent) {
    for (int hour = 0; hour < hours; hour++) {
      ZonedDateTime time = from.plusHours(hour);
      boolean isSilent = time.toLocalDate().equals(silent.toLocalDate()) && time.getHour() % 4 > 0;
      if (!isSilent) {
        add(1, "Alpha", time.plusMinutes(5));
        add(1, "Beta", time.plusMinutes(35));
      }
    }
  }

  private Findings find() throws Exception {
    List<Statistic> statistics = new ArrayList<>(StandardStatistics.all(ZONE, HOUR));
    statistics.add(StandardStatistics.spikesByType(ZONE, HOUR, StandardStatistics.ROUTINE_TYPES));
    return find(statistics);
  }

  private Findings find(List<Statistic> statistics) throws Exception {
    calls.sort(Comparator.comparing(Call::time));
    try (WatchedRun run =
        WatchedRun.of(
            pipeline -> pipeline.statistics(statistics).maxEventTimeJump(Duration.ofDays(1)))) {
      // The third batch removes what is older than the retention of a view.
      int last = calls.size() - 1;
      run.receive(calls.subList(0, last - 1));
      run.receive(calls.subList(last - 1, last)).receive(calls.subList(last, last + 1));
      return new SnapshotFactory(run.running()).create().findings();
    }
  }

  @Test
  void saysWhatWasUnusual() throws Exception {
    ZonedDateTime saturday = START.plusWeeks(5).plusDays(5);
    addEvenFeed(START, 10 * 7 * 24, saturday);
    // The first hour may be incomplete, and so is the last one.
    add(50, "First", START.plusMinutes(10));
    add(90, "Last", START.plusWeeks(10).minusMinutes(30));
    add(12, "<b>&Gamma", START.plusWeeks(4).plusDays(2).plusHours(18).plusMinutes(20));
    for (int day = 0; day < 69; day++) {
      add(day < 62 ? 1 : 6, "Delta", START.plusDays(day).plusHours(9));
    }

    Findings findings = find();

    assertThat(findings.sentences().keySet())
        .containsExactly(
            Subject.BUSIEST_HOUR, Subject.DAYS, Subject.SPIKES, Subject.SHIFT, Subject.TYPES);
    // The nine other Wednesdays have 2 calls; those from -4 to +5 weeks are within eight weeks. The
    // mean has half a call per nine weeks more, and the variance is the mean times 10/9.
    assertThat(findings.sentences().get(Subject.BUSIEST_HOUR))
        .isEqualTo(
            "<strong>Wed 2 May 2018, 18:00 to 19:00</strong> had <strong>14 calls</strong>, the"
                + " most of 1,678 complete hours. Wednesdays at 18:00 usually have 2.1 ± 1.5. Its"
                + " most frequent types: <bdi>&lt;b&gt;&amp;Gamma</bdi> 12, <bdi>Alpha</bdi> 1 and"
                + " <bdi>Beta</bdi> 1. Unusual among them: <bdi>&lt;b&gt;&amp;Gamma</bdi>, 12"
                + " instead of 0.1 ± 0.2.");
    // 6 hours with 2 calls, and one Delta. The other Saturdays have 49 calls; the last one 54 - 1.
    assertThat(findings.sentences().get(Subject.DAYS))
        .startsWith(
            "<strong>Sat 12 May 2018</strong> had <strong>13 calls</strong>, 74 % fewer than the"
                + " 50 ± 7 of other Saturdays. 1 of ");
    assertThat(findings.sentences().get(Subject.SPIKES))
        .startsWith(
            "The most unusual: <strong><bdi>&lt;b&gt;&amp;Gamma</bdi></strong> on <strong>Wed 2 May"
                + " 2018</strong>, <strong>12 calls</strong> in one hour; the usual number is under"
                + " 0.1.")
        .endsWith("In 1 hour, at least one type had unusually many calls.");
    // The last complete days are Mon 4 to Sun 10 June without its last hour, so the week ends on
    // the Saturday. Its Sunday, 3 June, is in the week as well.
    assertThat(findings.sentences().get(Subject.SHIFT))
        .isEqualTo(
            "The greatest shift of a type: <strong><bdi>Delta</bdi></strong> had <strong>42"
                + " calls</strong> in the week from Sun 3 Jun 2018 to Sat 9 Jun 2018, 5.9 times the"
                + " 7.1 ± 3.0 of the four weeks before (7, 7, 7, 7).");
    assertThat(findings.unknown())
        .containsExactly(
            "Shifts: the 378 calls of the week to Sat 9 Jun 2018 do not clearly differ from the"
                + " four weeks before, which had 307 to 343.",
            "Response times: this report does not measure them.");
  }

  @Test
  void findsNothingInAnEvenFeedWithAClockChangeAndAGap() throws Exception {
    ZonedDateTime start = ZonedDateTime.of(2018, 9, 24, 0, 0, 0, 0, ZONE);
    addEvenFeed(start, 10 * 7 * 24, start.minusDays(1));
    // Times without an offset in the hour that occurs twice are read as the earlier ones.
    ZonedDateTime change = LocalDateTime.of(2018, 11, 4, 1, 10).atZone(ZONE);
    add(30, "Alpha", change);
    // A gap of ten hours, with a burst when the feed resumes.
    ZonedDateTime gap = start.plusWeeks(2).plusHours(30);
    calls.removeIf(
        call ->
            !call.time().isBefore(gap.toInstant())
                && call.time().isBefore(gap.plusHours(10).toInstant()));
    add(30, "Alpha", gap.plusHours(10).plusMinutes(1));

    Findings findings = find();

    assertThat(findings.sentences()).containsOnlyKeys(Subject.TYPES);
    assertThat(findings.busiest()).isEmpty();
    assertThat(findings.unknown())
        .anyMatch(
            text ->
                text.matches("The busiest hour: .* hours have the highest number of calls, 2."));
    assertThat(findings.days())
        .doesNotContainKeys(change.toLocalDate(), gap.toLocalDate())
        .hasSizeGreaterThan(60);
    assertThat(findings.unknown())
        .anySatisfy(text -> assertThat(text).startsWith("No day is unusual, of "))
        .anySatisfy(text -> assertThat(text).startsWith("Unusual hours: no type"))
        .anySatisfy(text -> assertThat(text).startsWith("Shifts: no type with at least 20"));
  }

  @Test
  void holidaysHaveTheirNamesAndFollowOtherDays() throws Exception {
    ZonedDateTime start = ZonedDateTime.of(2018, 11, 5, 0, 0, 0, 0, ZONE);
    addEvenFeed(start, 9 * 7 * 24, start.minusDays(1));
    // The holidays differ more from the usual number of 48 than the other day.
    add(120, "Alpha", start.withMonth(11).withDayOfMonth(22).plusHours(9));
    add(160, "Alpha", start.withMonth(12).withDayOfMonth(31).plusHours(9));
    add(70, "Alpha", start.withMonth(12).withDayOfMonth(11).plusHours(9));
    add(70, "Alpha", start.withMonth(12).withDayOfMonth(12).plusHours(9));
    Findings findings = find();
    assertThat(findings.sentences().get(Subject.DAYS))
        .matches(
            "<strong>(Tue 11|Wed 12) Dec 2018</strong> had .*<strong>(Tue 11|Wed 12) Dec"
                + " 2018</strong> had .*<strong>Mon 31 Dec 2018 \\(New Year's Eve\\)</strong> had"
                + " <strong>208 calls</strong>, .* unusual, among them Thu 22 Nov 2018"
                + " \\(Thanksgiving\\)\\.");
    assertThat(findings.sentences().get(Subject.BUSIEST_HOUR))
        .startsWith("<strong>Mon 31 Dec 2018 (New Year's Eve), 09:00 to 10:00</strong> had");
    assertThat(findings.sentences().get(Subject.SPIKES))
        .contains("<strong>Mon 31 Dec 2018 (New Year's Eve)</strong>");
  }

  @Test
  void knowsTheHolidaysOfTheUnitedStatesAndOfBaselines() {
    Holidays american = new Holidays(true, Set.of());
    Map<String, String> names =
        Map.of(
            "2018-01-15", "Martin Luther King Jr. Day",
            "2018-05-28", "Memorial Day",
            "2018-07-04", "Independence Day",
            "2018-09-03", "Labor Day",
            "2018-11-22", "Thanksgiving",
            "2018-11-23", "the day after Thanksgiving",
            "2024-02-19", "Presidents' Day",
            "2024-11-28", "Thanksgiving",
            "2019-01-01", "New Year's Day");
    names.forEach((day, name) -> assertThat(american.name(LocalDate.parse(day))).contains(name));
    assertThat(american.name(LocalDate.of(2018, 11, 21))).isEmpty();
    LocalDate bastille = LocalDate.of(2018, 7, 14);
    Holidays french = new Holidays(false, Set.of(bastille));
    assertThat(french.name(bastille)).contains("a holiday");
    assertThat(french.name(LocalDate.of(2018, 7, 4))).isEmpty();
  }

  /** As in the list of federal holidays of the Office of Personnel Management. */
  @Test
  void namesTheWorkingDaysOnWhichHolidaysAreObserved() {
    Holidays american = new Holidays(true, Set.of());
    Map<String, String> names =
        Map.of(
            "2018-11-12", "Veterans Day, observed",
            "2020-07-03", "Independence Day, observed",
            "2021-06-18", "Juneteenth, observed",
            "2021-06-19", "Juneteenth",
            "2021-07-05", "Independence Day, observed",
            "2021-12-24", "Christmas Eve",
            "2021-12-31", "New Year's Eve",
            "2022-12-26", "Christmas Day, observed",
            "2023-01-02", "New Year's Day, observed");
    names.forEach((day, name) -> assertThat(american.name(LocalDate.parse(day))).contains(name));
    for (String day : List.of("2018-06-19", "2020-06-19", "2022-07-05", "2023-11-12")) {
      assertThat(american.name(LocalDate.parse(day))).as(day).isEmpty();
    }
  }

  /** The zones of US, AS, GU, MP, PR and VI in zone.tab of the time zone database, and links. */
  @Test
  void knowsTheZonesOfTheUnitedStates() {
    String zones =
        """
        America/New_York America/Detroit America/Kentucky/Louisville America/Kentucky/Monticello
        America/Indiana/Indianapolis America/Indiana/Vincennes America/Indiana/Winamac
        America/Indiana/Marengo America/Indiana/Petersburg America/Indiana/Vevay America/Chicago
        America/Indiana/Tell_City America/Indiana/Knox America/Menominee
        America/North_Dakota/Center America/North_Dakota/New_Salem America/North_Dakota/Beulah
        America/Denver America/Boise America/Phoenix America/Los_Angeles America/Anchorage
        America/Juneau America/Sitka America/Metlakatla America/Yakutat America/Nome America/Adak
        Pacific/Honolulu Pacific/Pago_Pago Pacific/Guam Pacific/Saipan America/Puerto_Rico
        America/St_Thomas Pacific/Midway Pacific/Wake Pacific/Johnston Pacific/Samoa
        America/Indianapolis America/Fort_Wayne America/Knox_IN America/Louisville America/Atka
        America/Shiprock America/Virgin EST5EDT CST6CDT MST7MDT PST8PDT
        """;
    Set<String> american = Set.of(zones.strip().split("\\s+"));
    assertThat(american).allMatch(zone -> Holidays.isAmerican(ZoneId.of(zone)));
    assertThat(ZoneId.getAvailableZoneIds())
        .filteredOn(zone -> !zone.startsWith("US/") && !american.contains(zone))
        .noneMatch(zone -> Holidays.isAmerican(ZoneId.of(zone)));
    assertThat(Holidays.isAmerican(ZoneId.of("US/Pacific"))).isTrue();
  }

  @Test
  void findsNothingInRandomCalls() throws Exception {
    Random random = new Random(5);
    for (int hour = 0; hour < 12 * 7 * 24; hour++) {
      for (int type = 0; type < 10; type++) {
        if (random.nextInt(3) == 0) {
          add(1, "Type " + type, START.plusHours(hour).plusMinutes(type));
        }
      }
    }
    assertThat(find().sentences()).containsOnlyKeys(Subject.BUSIEST_HOUR, Subject.TYPES);
  }

  /** Adds calls in five weeks that are the last ones of {@link #addFiveWeeks}. */
  private void addWeeks(String type, int... counts) {
    for (int week = 0; week < counts.length; week++) {
      for (int i = 0; i < counts[week]; i++) {
        add(1, type, START.plusWeeks(week).plusHours(i * 37 % 168).plusMinutes(15));
      }
    }
  }

  /** Adds a feed whose last five complete weeks start at {@link #START}. */
  private void addFiveWeeks() {
    addEvenFeed(START.minusDays(1), 36 * 24 + 2, START.minusDays(2));
  }

  @Test
  void aWeekThatIsInTheRangeOfTheWeeksBeforeIsNoShift() throws Exception {
    addFiveWeeks();
    addWeeks("Twice", 20, 20, 100, 100, 100);
    addWeeks("Thrice", 300, 300, 500, 500, 500);
    Findings findings = find();
    assertThat(findings.shift()).isEmpty();
    assertThat(findings.unknown())
        .contains(
            "Shifts: no type with at least 20 calls a week clearly differs in the week to Sun 6 May"
                + " 2018 from the four weeks before.");
  }

  @Test
  void aWeekFarOutsideTheRangeIsAShift() throws Exception {
    addFiveWeeks();
    addWeeks("Twice", 20, 20, 100, 100, 100);
    addWeeks("More", 30, 33, 28, 31, 90);
    // The mean has half a call per four weeks more, and the variance is the mean times 5/4.
    assertThat(find().sentences().get(Subject.SHIFT))
        .contains("<bdi>More</bdi></strong> had <strong>90 calls</strong>")
        .endsWith("194 % more than the 31 ± 6 of the four weeks before (30, 33, 28, 31).");
  }

  @Test
  void allCallsAreComparedInOneTest() throws Exception {
    addFiveWeeks();
    for (int type = 0; type < 20; type++) {
      addWeeks("Type " + type, 50, 52, 49, 51, 30);
    }
    Findings findings = find();
    // With two other calls an hour. A type would have to differ more, as one of 22. The mean has
    // half a call per four weeks more, and the variance is the mean times 5/4.
    assertThat(findings.sentences().get(Subject.SHIFT))
        .isEqualTo(
            "The week from Mon 30 Apr 2018 to Sun 6 May 2018 had <strong>936 calls</strong>, 30 %"
                + " fewer than the 1,346 ± 41 of the four weeks before, which had 1,316 to 1,376.");
    assertThat(findings.shift()).hasValueSatisfying(all -> assertThat(all.name()).isEmpty());
    assertThat(findings.unknown())
        .anySatisfy(text -> assertThat(text).startsWith("Shifts: no type with at least 20"));
  }

  @Test
  void aDayIsUnusualFromFourErrorsOfAPrediction() throws Exception {
    ZonedDateTime wednesday = START.plusDays(2).plusHours(12).plusMinutes(20);
    for (int extra : new int[] {445, 475}) {
      calls.clear();
      addEvenFeed(START, 36 * 24, START.minusDays(1));
      add(100, "Alpha", wednesday.plusWeeks(1));
      add(200, "Alpha", wednesday.plusWeeks(2));
      add(100, "Alpha", wednesday.plusWeeks(3));
      add(extra, "Alpha", wednesday.plusWeeks(4));
      Findings findings = find();
      // The others have 48, 148, 248 and 148 calls: a standard deviation of 81.65, and an error of
      // 81.65 * sqrt(5 / 4) = 91.3. The day has 345 more than their mean, or 375.
      assertThat(findings.days().get(LocalDate.of(2018, 5, 2)).usual().spread())
          .isCloseTo(91.3, within(0.05));
      if (extra == 445) {
        assertThat(findings.sentences()).doesNotContainKey(Subject.DAYS);
      } else {
        assertThat(findings.sentences().get(Subject.DAYS))
            .startsWith("<strong>Wed 2 May 2018</strong> had <strong>523 calls</strong>")
            .contains("the 148 ± 91 of other Wednesdays");
      }
    }
  }

  @Test
  void probabilitiesAreThoseOfATableOfStudentsDistribution() {
    // Two-sided, 3 degrees of freedom.
    assertThat(shiftOf(3.182).probability()).isCloseTo(0.05, within(1e-4));
    assertThat(shiftOf(-5.841).probability()).isCloseTo(0.01, within(1e-5));
    assertThat(shiftOf(12.924).probability()).isCloseTo(0.001, within(1e-6));
  }

  private static Shift shiftOf(double deviations) {
    return new Shift("", new long[5], new Usual(-deviations, 1), List.of(), new long[0]);
  }

  @Test
  void weeksThatVaryMoreThanIndependentCallsCauseFewShifts() {
    Random random = new Random(11);
    int values = 200;
    int reports = 1_000;
    int withShift = 0;
    for (int report = 0; report < reports; report++) {
      boolean hasShift = false;
      for (int value = 0; value < values; value++) {
        long[] byDay = new long[35];
        for (int week = 0; week < 5; week++) {
          byDay[week * 7] = Math.max(0, Math.round(200 + 30 * random.nextGaussian()));
        }
        hasShift |= Findings.shift("A", List.of(), byDay).isShift(values);
      }
      withShift += hasShift ? 1 : 0;
    }
    assertThat(withShift).isLessThan(reports * 7 / 100);
  }

  @Test
  void aStatisticWithoutAValueOrWithLessThanFiveWeeksHasAnUnknownShift() throws Exception {
    addFiveWeeks();
    assertThat(find(List.of(StandardStatistics.callsPerHour(HOUR))).unknown())
        .contains(
            "Shifts of types and areas: this report has no counts of all calls by the hour and"
                + " type, district or neighborhood. To get them, add such a statistic without a"
                + " filter.");
    Statistic tenDays =
        Statistic.named("ten-days")
            .by(Dimension.of("district", Fields.CITY))
            .over(Windows.hourly(ZONE).allowingLateness(HOUR))
            .forViews(Duration.ofDays(10))
            .build();
    assertThat(find(List.of(StandardStatistics.callsPerHour(HOUR), tenDays)).unknown())
        .contains("Shifts of a district: its counts do not cover the last 5 weeks.")
        .noneMatch(text -> text.startsWith("Shifts: no"));
  }

  @Test
  void spikesOfHoursThatFollowEachOtherAreOneAndHoursCountOnce() throws Exception {
    addEvenFeed(START, 5 * 7 * 24, START.minusDays(1));
    ZonedDateTime day = START.plusWeeks(4).plusDays(2);
    add(12, "Gamma", day.plusHours(1));
    add(12, "Gamma", day.plusHours(22));
    add(13, "Delta", day.plusHours(22));
    add(13, "Delta", day.plusHours(23));
    Findings findings = find();
    assertThat(findings.spikes())
        .extracting(s -> s.name() + " " + s.start().atZone(ZONE).getHour() + " " + s.calls())
        .containsExactlyInAnyOrder("Delta 22 26", "Gamma 1 12", "Gamma 22 12");
    assertThat(findings.sentences().get(Subject.SPIKES))
        .contains("<strong>26 calls</strong> in 2 hours;")
        .endsWith("In 3 hours, at least one type had unusually many calls.");
    assertThat(findings.spikesOf()).isEqualTo("Type");
  }

  @Test
  void namesWhatHasTheSpikes() throws Exception {
    addEvenFeed(START, 5 * 7 * 24, START.minusDays(1));
    Statistic spikes =
        Statistic.named("spikes-by-address")
            .by(Dimensions.ADDRESS)
            .over(Windows.hourly(ZONE).allowingLateness(HOUR))
            .comparedWith(Baseline.weekly(ZONE))
            .build();
    List<Statistic> statistics = List.of(StandardStatistics.callsPerHour(HOUR), spikes);
    assertThat(find(statistics).unknown())
        .anySatisfy(text -> assertThat(text).startsWith("Unusual hours: no address had"));
    for (int i = 0; i < 20; i++) {
      calls.add(
          SomeCalls.call(calls.size(), "A", START.plusWeeks(4).plusHours(9).toInstant())
              .address("1 Main St")
              .build());
    }
    Findings findings = find(statistics);
    assertThat(findings.sentences().get(Subject.SPIKES))
        .endsWith("In 1 hour, at least one address had unusually many calls.");
    assertThat(findings.spikesOf()).isEqualTo("Address");
  }

  @Test
  void typesFromWhichACorrectionRemovedAllCallsAreNotNamed() throws Exception {
    ZonedDateTime time = START.plusHours(30);
    addEvenFeed(START, 3 * 24, START.minusDays(1));
    add(5, "Alpha", time);
    calls.sort(Comparator.comparing(Call::time));
    Call wrong = SomeCalls.call(900_000, "Wrong", time.toInstant()).build();
    int next = 0;
    while (!calls.get(next).time().isAfter(time.toInstant())) {
      next++;
    }
    calls.add(next, wrong);
    calls.add(next + 1, SomeCalls.call(900_000, "Alpha", time.toInstant()).build());
    try (WatchedRun run =
        WatchedRun.of(
            pipeline ->
                pipeline
                    .statistics(StandardStatistics.all(ZONE, HOUR))
                    .corrections()
                    .maxEventTimeJump(Duration.ofDays(1)))) {
      run.receive(calls.subList(0, next + 1)).receive(calls.subList(next + 1, calls.size()));
      assertThat(run.running().accounting().corrections()).isEqualTo(1);
      assertThat(new SnapshotFactory(run.running()).create().findings().sentences())
          .hasEntrySatisfying(
              Subject.BUSIEST_HOUR,
              text ->
                  assertThat(text)
                      .contains("Its most frequent types: <bdi>Alpha</bdi> 7")
                      .doesNotContain("Wrong"));
    }
  }

  @Test
  void aHostileTypeTakesLittleTime() {
    String digits = "1".repeat(300_000);
    assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () -> {
          TypeGroups groups = TypeGroups.of(DataSfCalls.json());
          assertThat(groups.group(digits + "\nx")).isEqualTo("other");
          Findings findings = new Findings(groups, new Holidays(false, Set.of()));
          findings.findTypes(
              new Ranking(List.of(new Ranking.Entry(digits + " ", "", 5)), 1, 5), Map.of());
          assertThat(findings.sentences()).containsOnlyKeys(Subject.TYPES);
        });
  }

  @Test
  void statesSmallAndLargeDifferences() {
    assertThat(Findings.difference(1_004_500, 1e6)).isEqualTo("under 1 % more than");
    assertThat(Findings.difference(998_000, 1e6)).isEqualTo("under 1 % fewer than");
    assertThat(Findings.difference(50, 100)).isEqualTo("50 % fewer than");
    assertThat(Findings.difference(500, 100)).isEqualTo("5.0 times");
    assertThat(Findings.difference(5, 0.2)).isEqualTo("instead of");
  }

  /** Returns the labels of the time axis of a chart. */
  private static List<String> timeLabels(String svg) {
    return Pattern.compile("<text x=\"[\\d.]+\" y=\"(?:214|184|154)\"[^>]*>([^<]*)<")
        .matcher(svg)
        .results()
        .map(label -> label.group(1))
        .toList();
  }

  private static List<SvgChart.Period> periods(int number, Duration length) {
    List<SvgChart.Period> periods = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      Instant start = START.plus(length.multipliedBy(i)).toInstant();
      periods.add(new SvgChart.Period(start, start.plus(length), i + 1));
    }
    return periods;
  }

  private static List<String> lineLabels(int hours) {
    return timeLabels(
        SvgChart.of(
            SvgChart.Shape.LINE,
            periods(hours, HOUR),
            Formats.pattern("d MMM HH:mm").withZone(ZONE)));
  }

  @Test
  void chartsOfFewHoursHaveLabelsOfWholeAndDistinctHours() {
    assertThat(lineLabels(1)).containsExactly("2 Apr 00:00");
    assertThat(lineLabels(2)).containsExactly("2 Apr 00:00", "2 Apr 01:00");
    assertThat(lineLabels(3)).containsExactly("2 Apr 00:00", "2 Apr 01:00", "2 Apr 02:00");
    assertThat(lineLabels(24))
        .containsExactly("2 Apr 00:00", "2 Apr 08:00", "2 Apr 15:00", "2 Apr 23:00");
    assertThat(lineLabels(14 * 24 - 3))
        .containsExactly("2 Apr 00:00", "7 Apr 00:00", "11 Apr 00:00", "15 Apr 20:00");
    assertThat(
            SvgChart.of(
                SvgChart.Shape.LINE, periods(1, HOUR), Formats.pattern("HH:mm").withZone(ZONE)))
        .contains("aria-label=\"00:00, maximum 1\"", "<circle ", "text-anchor=\"middle\">00:00");
  }

  @Test
  void labelsOfHoursThatStartAtHalfPastAreOfTheFirstHoursOfDays() {
    // The first hour starts at 7:00 UTC. A third of 13 days and 20 hours is 4 days and 15 hours.
    assertThat(
            timeLabels(
                SvgChart.of(
                    SvgChart.Shape.LINE,
                    periods(14 * 24 - 3, HOUR),
                    Formats.pattern("d MMM HH:mm").withZone(ZoneId.of("Asia/Kolkata")))))
        .containsExactly("2 Apr 12:30", "7 Apr 00:30", "12 Apr 00:30", "16 Apr 08:30");
  }

  @Test
  void chartsOfDaysHaveLabelsOfTheFirstTheMiddleAndTheLastOne() {
    for (int days : new int[] {2, 99}) {
      String last = days == 2 ? "3 Apr" : "9 Jul";
      assertThat(
              timeLabels(
                  SvgChart.of(
                      SvgChart.Shape.BARS,
                      periods(days, Duration.ofDays(1)),
                      Formats.pattern("d MMM").withZone(ZONE))))
          .isEqualTo(days == 2 ? List.of("2 Apr", last) : List.of("2 Apr", "21 May", last));
    }
    // The bars of two days are between 64 and 436; their labels are below their middles.
    assertThat(
            SvgChart.of(
                SvgChart.Shape.BARS,
                periods(2, Duration.ofDays(1)),
                Formats.pattern("d MMM").withZone(ZONE)))
        .contains("x=\"157.0\" y=\"184\" text-anchor=\"middle\">2 Apr")
        .contains("x=\"343.0\" y=\"184\" text-anchor=\"middle\">3 Apr");
  }

  @Test
  void chartsOfARunHaveLabelsOfWholeDurations() {
    Map<Duration, List<String>> labels =
        Map.of(
            Duration.ofMillis(1), List.of("0", "1 ms"),
            Duration.ofMillis(1_700), List.of("0", "500 ms", "1,000 ms", "1,500 ms"),
            Duration.ofMillis(4_321), List.of("0", "2 s", "4 s"),
            Duration.ofSeconds(59), List.of("0", "15 s", "30 s", "45 s"),
            Duration.ofSeconds(60), List.of("0", "30 s", "1 min"),
            Duration.ofMinutes(100), List.of("0", "30 min", "1 h", "1 h 30 min"),
            Duration.ofHours(47), List.of("0", "12 h", "1 d", "1 d 12 h"),
            Duration.ofDays(40), List.of("0", "16 d", "32 d"));
    labels.forEach(
        (span, expected) ->
            assertThat(timeLabels(SvgChart.steps(periods(1, span)))).isEqualTo(expected));
  }

  @Test
  void chartsDrawAUsualNumberBelowOne() {
    List<SvgChart.Period> periods =
        List.of(
            new SvgChart.Period(
                START.toInstant(), START.plusDays(1).toInstant(), 4, SvgChart.Look.PLAIN, 0.4));
    // The axis ends with 4: from 10 below the top to 28 above the bottom of 190.
    assertThat(SvgChart.of(SvgChart.Shape.BARS, periods, Formats.pattern("d MMM").withZone(ZONE)))
        .contains("<path class=\"usual\" d=\"M64.0 146.8H");
  }

  @Test
  void saysWhatIsMissing() throws Exception {
    addEvenFeed(START, 3 * 24, START.minusDays(1));
    add(5, "Alpha", START.plusHours(30));
    Findings findings = find();
    assertThat(findings.sentences().get(Subject.BUSIEST_HOUR))
        .startsWith(
            "<strong>Tue 3 Apr 2018, 06:00 to 07:00</strong> had <strong>7 calls</strong>, the most"
                + " of 70 complete hours. Its most frequent types:");
    assertThat(findings.unknown())
        .containsExactly(
            "What is usual for the busiest hour: this needs 4 other weeks, and has 0.",
            "Unusual days: this needs a complete day of the same weekday in 4 other weeks.",
            "Unusual hours: no type had unusually many calls in a complete hour, or there are not"
                + " enough weeks before to compare with.",
            "Shifts against the weeks before: this needs 35 complete days in a row at the end, and"
                + " has 1.",
            "Response times: this report does not measure them.");
  }

  @Test
  void findsNothingBeforeTheFirstDayIsOver() throws Exception {
    addEvenFeed(START, 5, START.minusDays(1));
    Findings findings = find();
    assertThat(findings.sentences()).containsOnlyKeys(Subject.TYPES);
    assertThat(findings.unknown())
        .contains("The busiest hour: this needs 24 complete hours, and has 3.");
  }

  @Test
  void findsResponseTimesAndTheShiftOfANeighborhood() throws Exception {
    List<Call> received = new ArrayList<>();
    for (int day = 0; day < 37; day++) {
      for (int hour = 0; hour < 24; hour++) {
        boolean moved = day >= 29 && hour < 12;
        ZonedDateTime time = START.plusDays(day).plusHours(hour);
        received.add(
            SomeCalls.call(received.size(), "Burglary", time.toInstant())
                .with(Fields.PRIORITY, hour % 2 == 0 ? "A" : "B")
                .with(Fields.NEIGHBORHOOD, moved ? "Mission" : "Sunset")
                .with(Fields.RECEIVED, time.toInstant())
                .with(Fields.ON_SCENE, time.plusSeconds(hour % 2 == 0 ? 460 : 4_000).toInstant())
                .build());
      }
    }
    try (WatchedRun run =
        WatchedRun.of(
            DataSfCalls.json(),
            pipeline ->
                pipeline
                    .statistics(StandardStatistics.ofDataSf(ZONE, Duration.ofHours(1)))
                    .maxEventTimeJump(Duration.ofDays(1)))) {
      Findings findings = new SnapshotFactory(run.receive(received).running()).create().findings();
      assertThat(findings.sentences().get(Subject.RESPONSE))
          .isEqualTo(
              "From receipt to the arrival of officers, half of the calls with priority"
                  + " <bdi>A</bdi> wait at most <strong>7 min 40 s</strong>, and nine of ten at"
                  + " most <strong>7 min 40 s</strong>; half of the calls with priority"
                  + " <bdi>B</bdi> wait at most <strong>1 h 6 min</strong>, and nine of ten at most"
                  + " <strong>1 h 6 min</strong>. Calls that officers started do not count.");
      assertThat(findings.sentences().get(Subject.SHIFT))
          .startsWith(
              "The greatest shift of a neighborhood: <strong><bdi>Mission</bdi></strong> had"
                  + " <strong>84 calls</strong> in the week from Tue 1 May 2018 to Mon 7 May 2018,")
          .endsWith("of the four weeks before (0, 0, 0, 0).");
    }
  }

  @Test
  void durationsHaveTheirTwoLargestUnits() {
    assertThat(Formats.duration(Duration.ofMillis(850))).isEqualTo("850 ms");
    assertThat(Formats.duration(Duration.ofSeconds(59))).isEqualTo("59 s");
    assertThat(Formats.duration(Duration.ofSeconds(460))).isEqualTo("7 min 40 s");
    assertThat(Formats.duration(Duration.ofSeconds(3_605))).isEqualTo("1 h");
    assertThat(Formats.duration(Duration.ofHours(49))).isEqualTo("2 d 1 h");
    assertThat(Formats.duration(Duration.ofSeconds(-61))).isEqualTo("-1 min 1 s");
  }
}
