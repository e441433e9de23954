package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.statistic.Window;
import io.callstream.statistic.Windows;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.time.temporal.WeekFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WindowAssignerTest {
  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");

  private record Span(Instant start, Instant end) {}

  private static Span last(Window window, Instant time) {
    WindowAssigner assigner = new WindowAssigner(window);
    long start = assigner.lastStart(time.toEpochMilli());
    return new Span(
        Instant.ofEpochMilli(start), Instant.ofEpochMilli(new WindowAssigner(window).end(start)));
  }

  /**
   * Computes windows minute by minute. A new window starts when the local time has a label that did
   * not occur before.
   */
  private static <T extends Comparable<? super T>> List<Span> walked(
      Instant from, Instant to, ZoneId zone, Function<LocalDate, T> label) {
    List<Span> spans = new ArrayList<>();
    Instant start = null;
    T current = null;
    for (Instant t = from; t.isBefore(to); t = t.plusSeconds(60)) {
      T shown = label.apply(t.atZone(zone).toLocalDate());
      if (current == null) {
        current = shown;
      } else if (shown.compareTo(current) > 0) {
        if (start != null) {
          spans.add(new Span(start, t));
        }
        start = t;
        current = shown;
      }
    }
    return spans;
  }

  private static int week(LocalDate date) {
    return date.get(WeekFields.ISO.weekBasedYear()) * 100
        + date.get(WeekFields.ISO.weekOfWeekBasedYear());
  }

  @ParameterizedTest
  @CsvSource({
    "America/Los_Angeles, 2017-12-20T00:00:00Z, 400",
    "America/Sao_Paulo, 2017-12-20T00:00:00Z, 400",
    "America/Havana, 2017-12-20T00:00:00Z, 400",
    "Australia/Lord_Howe, 2017-12-20T00:00:00Z, 400",
    "America/St_Johns, 2006-09-20T00:00:00Z, 300",
    "Pacific/Apia, 2011-11-20T00:00:00Z, 60",
    "Pacific/Kwajalein, 1993-07-20T00:00:00Z, 60",
    "Asia/Beirut, 2018-03-01T00:00:00Z, 300",
  })
  void calendarWindowsAreWhatTheWallClockShows(ZoneId zone, Instant from, int days) {
    Instant to = from.plus(Duration.ofDays(days));
    Random random = new Random(days);
    for (Span span : walked(from, to, zone, date -> date)) {
      assertHolds(Windows.daily(zone).withoutLateness(), span, random);
    }
    for (Span span : walked(from, to, zone, WindowAssignerTest::week)) {
      assertHolds(Windows.weekly(zone).withoutLateness(), span, random);
    }
    for (Span span : walked(from, to, zone, YearMonth::from)) {
      assertHolds(Windows.monthly(zone).withoutLateness(), span, random);
    }
  }

  /**
   * Computes hours second by second. A new window starts when the local date, the local hour or the
   * offset changes.
   */
  private static List<Span> walkedHours(Instant from, Instant to, ZoneId zone) {
    List<Span> spans = new ArrayList<>();
    Instant start = null;
    OffsetDateTime current = null;
    for (Instant t = from; t.isBefore(to); t = t.plusSeconds(1)) {
      OffsetDateTime hour = t.atZone(zone).toOffsetDateTime().truncatedTo(ChronoUnit.HOURS);
      if (current != null && !hour.equals(current)) {
        if (start != null) {
          spans.add(new Span(start, t));
        }
        start = t;
      }
      current = hour;
    }
    return spans;
  }

  @ParameterizedTest
  @CsvSource({
    "Asia/Kolkata, 2018-06-01T00:00:00Z, 2",
    "Asia/Kathmandu, 2018-06-01T00:00:00Z, 2",
    "America/Los_Angeles, 2018-03-11T00:00:00Z, 2",
    "America/Los_Angeles, 2018-11-04T00:00:00Z, 2",
    "America/Los_Angeles, 1883-11-18T00:00:00Z, 2",
    "America/Los_Angeles, 9999-11-06T00:00:00Z, 2",
    "Australia/Lord_Howe, 2018-03-31T00:00:00Z, 2",
    "Australia/Lord_Howe, 2018-10-06T00:00:00Z, 2",
    "Asia/Kathmandu, 1985-12-31T00:00:00Z, 2",
    "Pacific/Apia, 2011-12-29T00:00:00Z, 3",
    "Africa/Monrovia, 1972-01-06T00:00:00Z, 3",
    "Europe/Amsterdam, 1937-06-30T00:00:00Z, 2",
    "UTC, 1969-12-31T00:00:00Z, 2",
    "-02:17:05, 1969-12-31T00:00:00Z, 2",
  })
  void hoursAreWhatTheWallClockShows(ZoneId zone, Instant from, int days) {
    Random random = new Random(days);
    List<Span> hours = walkedHours(from, from.plus(Duration.ofDays(days)), zone);
    assertThat(hours).hasSizeGreaterThan(22 * days);
    for (Span span : hours) {
      assertHolds(Windows.hourly(zone).withoutLateness(), span, random);
    }
  }

  @Test
  void anHourThatOccursTwiceHasTwoWindows() {
    Window hourly = Windows.hourly(LOS_ANGELES).withoutLateness();
    assertThat(last(hourly, Instant.parse("2018-11-04T08:30:00Z")))
        .isEqualTo(
            new Span(Instant.parse("2018-11-04T08:00:00Z"), Instant.parse("2018-11-04T09:00:00Z")));
    assertThat(last(hourly, Instant.parse("2018-11-04T09:30:00Z")))
        .isEqualTo(
            new Span(Instant.parse("2018-11-04T09:00:00Z"), Instant.parse("2018-11-04T10:00:00Z")));
  }

  /** On Lord Howe, clocks go back from 02:00 to 01:30, and forward from 02:00 to 02:30. */
  @Test
  void aClockChangeByHalfAnHourCausesAWindowOfHalfAnHour() {
    Window hourly = Windows.hourly(ZoneId.of("Australia/Lord_Howe")).withoutLateness();
    assertThat(last(hourly, Instant.parse("2018-03-31T14:59:59Z")))
        .isEqualTo(
            new Span(Instant.parse("2018-03-31T14:00:00Z"), Instant.parse("2018-03-31T15:00:00Z")));
    assertThat(last(hourly, Instant.parse("2018-03-31T15:00:00Z")))
        .isEqualTo(
            new Span(Instant.parse("2018-03-31T15:00:00Z"), Instant.parse("2018-03-31T15:30:00Z")));
    assertThat(last(hourly, Instant.parse("2018-10-06T15:30:00Z")))
        .isEqualTo(
            new Span(Instant.parse("2018-10-06T15:30:00Z"), Instant.parse("2018-10-06T16:00:00Z")));
  }

  private static void assertHolds(Window window, Span span, Random random) {
    long length = Duration.between(span.start(), span.end()).toMillis();
    assertThat(last(window, span.start())).isEqualTo(span);
    assertThat(last(window, span.end().minusMillis(1))).isEqualTo(span);
    assertThat(last(window, span.end()).start()).isEqualTo(span.end());
    WindowAssigner assigner = new WindowAssigner(window);
    for (int i = 0; i < 20; i++) {
      long time = span.start().toEpochMilli() + (long) (random.nextDouble() * length);
      assertThat(assigner.lastStart(time)).isEqualTo(span.start().toEpochMilli());
      assertThat(assigner.end(span.start().toEpochMilli())).isEqualTo(span.end().toEpochMilli());
      if (random.nextBoolean()) {
        assigner.lastStart(time + (random.nextBoolean() ? length : -length));
      }
    }
  }

  @Test
  void aDayHasTwentyThreeOrTwentyFiveHoursWhenClocksChange() {
    Window daily = Windows.daily(LOS_ANGELES).withoutLateness();
    assertThat(last(daily, Instant.parse("2018-03-11T20:00:00Z")))
        .isEqualTo(
            new Span(Instant.parse("2018-03-11T08:00:00Z"), Instant.parse("2018-03-12T07:00:00Z")));
    assertThat(last(daily, Instant.parse("2018-11-04T20:00:00Z")))
        .isEqualTo(
            new Span(Instant.parse("2018-11-04T07:00:00Z"), Instant.parse("2018-11-05T08:00:00Z")));
  }

  @Test
  void weeksGoFromMondayToMonday() {
    Span week =
        last(Windows.weekly(LOS_ANGELES).withoutLateness(), Instant.parse("2018-11-04T20:00:00Z"));
    assertThat(week.start().atZone(LOS_ANGELES).toLocalDate()).isEqualTo("2018-10-29");
    assertThat(week.end().atZone(LOS_ANGELES).getDayOfWeek()).isEqualTo(DayOfWeek.MONDAY);
    assertThat(Duration.between(week.start(), week.end())).isEqualTo(Duration.ofHours(7 * 24 + 1));
  }

  @Property(tries = 2_000, shrinking = ShrinkingMode.OFF)
  @Label("tumbling windows are the multiples of their size, before 1970 as after")
  void tumbling(
      @ForAll @LongRange(min = -100_000_000_000_000L, max = 250_000_000_000_000L) long time,
      @ForAll @LongRange(min = 1, max = 40_000_000) long size) {
    Span span =
        last(
            Windows.tumbling(Duration.ofMillis(size)).withoutLateness(),
            Instant.ofEpochMilli(time));
    assertThat(span.start().toEpochMilli()).isBetween(time - size + 1, time);
    assertThat(span.start().toEpochMilli() % size).isZero();
    assertThat(Duration.between(span.start(), span.end())).isEqualTo(Duration.ofMillis(size));
  }

  @Property(tries = 2_000, shrinking = ShrinkingMode.OFF)
  @Label(
      "of sliding windows the last one that holds a time is found, and as many as slides hold it")
  void sliding(
      @ForAll @LongRange(min = -100_000_000_000L, max = 250_000_000_000_000L) long time,
      @ForAll @LongRange(min = 1, max = 7_200_000) long slide,
      @ForAll @LongRange(min = 1, max = 20) long slides) {
    Window window =
        Windows.sliding(Duration.ofMillis(slide * slides), Duration.ofMillis(slide))
            .allowingLateness(Duration.ofMillis(5));
    WindowAssigner assigner = new WindowAssigner(window);
    List<Long> starts = new ArrayList<>();
    long aligned = Math.floorDiv(time, slide) * slide;
    for (long start = aligned - 25 * slide; start <= aligned + slide; start += slide) {
      if (start <= time && time < start + slide * slides) {
        starts.add(start);
      }
    }
    assertThat(window.windowsPerCall()).isEqualTo(slides);
    assertThat(starts).hasSize((int) slides);
    assertThat(assigner.lastStart(time)).isEqualTo(starts.get(starts.size() - 1));
    assertThat(assigner.slide()).isEqualTo(slide);
    assertThat(assigner.end(starts.get(0))).isEqualTo(starts.get(0) + slide * slides);
    assertThat(assigner.closesAt(starts.get(0))).isEqualTo(starts.get(0) + slide * slides + 5);
  }
}
