package io.callstream.dashboard;

import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.TextCache;
import io.callstream.internal.aggregate.Usual;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The hours and local days of an hourly statistic, without gaps, and what is usual for them. They
 * end with the latest hour that is not misdated, and start after a silence of more than {@value
 * #SILENT_DAYS} days, or {@value #MAX_DAYS} days before the end.
 */
final class CallHours {
  static final int MAX_DAYS = 366;
  static final int SILENT_DAYS = 28;

  /** The number of weeks before and after an hour or day with which it is compared. */
  static final int WEEKS = 8;

  /** The minimum number of other hours or days in a comparison. */
  static final int MIN_OTHERS = 4;

  private static final int HOURS_OF_DAY = 24;
  private static final long HOUR = Duration.ofHours(1).toMillis();

  private final ZoneId zone;
  private final NavigableMap<Long, Groups> windows;
  private final List<Hour> hours = new ArrayList<>();
  private final List<Day> days;
  private final Map<LocalDateTime, Hour> comparableHours;
  private final Map<LocalDate, Day> comparableDays;
  private final long excluded;
  private long gaps;

  /**
   * An hour.
   *
   * @param local the local time of its start
   * @param complete whether the feed covers the whole hour
   * @param comparable whether it is complete, and its local time occurs once
   */
  record Hour(
      Instant start,
      Instant end,
      LocalDateTime local,
      long calls,
      boolean complete,
      boolean comparable) {}

  /**
   * A local day.
   *
   * @param hours its hours that are known
   * @param complete whether all its hours are complete
   * @param comparable whether it is complete and clocks do not change
   */
  record Day(LocalDate date, List<Hour> hours, long calls, boolean complete, boolean comparable) {
    Instant start(ZoneId zone) {
      return date.atStartOfDay(zone).toInstant();
    }

    Instant end(ZoneId zone) {
      return date.plusDays(1).atStartOfDay(zone).toInstant();
    }
  }

  /**
   * Reads the hours.
   *
   * @param results the results of an hourly statistic
   * @param watermark the time up to which the calls are complete; empty if unknown
   */
  CallHours(BlockResults results, Optional<Instant> watermark, ZoneId zone) {
    this.zone = zone;
    NavigableMap<Long, Groups> dated =
        watermark
            .map(time -> ExploreIndex.dated(results.groups(), time.toEpochMilli()))
            .orElse(results.groups());
    windows = dated.isEmpty() ? dated : dated.tailMap(first(dated), true);
    Instant from = results.countedSince().map(since -> since.time()).orElse(Instant.MIN);
    addHours(from, watermark.orElse(Instant.MIN));
    excluded = calls(results.groups().values()) - hours.stream().mapToLong(Hour::calls).sum();
    days =
        hours.stream()
            .collect(
                Collectors.groupingBy(
                    hour -> hour.local().toLocalDate(), TreeMap::new, Collectors.toList()))
            .entrySet()
            .stream()
            .map(day -> day(day.getKey(), day.getValue()))
            .toList();
    comparableHours =
        hours.stream()
            .filter(Hour::comparable)
            .collect(Collectors.toMap(Hour::local, Function.identity()));
    comparableDays =
        days.stream()
            .filter(Day::comparable)
            .collect(Collectors.toMap(Day::date, Function.identity()));
  }

  private static long first(NavigableMap<Long, Groups> windows) {
    long oldest = windows.lastKey() - MAX_DAYS * HOURS_OF_DAY * HOUR;
    long first = windows.lastKey();
    for (long start : windows.descendingKeySet()) {
      if (start <= oldest || first - start > SILENT_DAYS * HOURS_OF_DAY * HOUR) {
        break;
      }
      first = start;
    }
    return first;
  }

  private void addHours(Instant from, Instant upTo) {
    List<Long> starts = new ArrayList<>();
    Long start = windows.isEmpty() ? null : windows.firstKey();
    while (start != null) {
      starts.add(start);
      Long next = windows.higherKey(start);
      // A change of the clocks by half an hour causes a shorter hour.
      start = next == null ? null : Long.valueOf(Math.min(next, start + HOUR));
    }
    boolean[] partial = partial(starts);
    for (int i = 0; i < partial.length; i++) {
      Instant begin = Instant.ofEpochMilli(starts.get(i));
      Instant end =
          Instant.ofEpochMilli(i + 1 < partial.length ? starts.get(i + 1) : starts.get(i) + HOUR);
      LocalDateTime local = LocalDateTime.ofInstant(begin, zone);
      boolean counted = !begin.isBefore(from) && !end.isAfter(upTo);
      boolean complete = counted && !partial[i];
      boolean comparable = complete && zone.getRules().getValidOffsets(local).size() == 1;
      if (counted && !comparable && i > 0) {
        gaps++;
      }
      hours.add(
          new Hour(
              begin,
              end,
              local,
              calls(List.of(windows.getOrDefault(starts.get(i), Groups.NONE))),
              complete,
              comparable));
    }
  }

  /** Returns which hours are the first one, in a gap of the feed, or next to such a gap. */
  private boolean[] partial(List<Long> starts) {
    boolean[] partial = new boolean[starts.size()];
    int from = 0;
    for (int i = 0; i < partial.length; i++) {
      if (windows.containsKey(starts.get(i))) {
        if (i == 0 || i - from >= ExploreIndex.GAP_HOURS) {
          Arrays.fill(partial, Math.max(0, from - 1), i + 1, true);
        }
        from = i + 1;
      }
    }
    return partial;
  }

  private Day day(LocalDate date, List<Hour> hours) {
    long length =
        Duration.between(date.atStartOfDay(zone), date.plusDays(1).atStartOfDay(zone)).toHours();
    boolean complete = hours.size() == length && hours.stream().allMatch(Hour::complete);
    return new Day(
        date,
        hours,
        hours.stream().mapToLong(Hour::calls).sum(),
        complete,
        complete && length == HOURS_OF_DAY);
  }

  /** Returns the calls of some groups. */
  static long calls(Iterable<Groups> all) {
    long calls = 0;
    for (Groups some : all) {
      BlockReader groups = some.reader();
      while (groups.next()) {
        calls += groups.count();
      }
    }
    return calls;
  }

  /**
   * Adds the calls of an hour to the sums of the values of a dimension. Groups from which
   * corrections removed all calls add no value.
   */
  static void addTo(Map<String, Long> sums, Groups hour, int dimension, TextCache texts) {
    BlockReader groups = hour.reader();
    while (groups.next()) {
      if (groups.count() > 0) {
        sums.merge(groups.dimensions(texts).get(dimension), groups.count(), Long::sum);
      }
    }
  }

  /** Returns the calls of an hour by the values of a dimension. */
  Map<String, Long> values(Hour hour, int dimension) {
    Map<String, Long> values = new HashMap<>();
    addTo(
        values,
        windows.getOrDefault(hour.start().toEpochMilli(), Groups.NONE),
        dimension,
        new TextCache());
    return values;
  }

  ZoneId zone() {
    return zone;
  }

  /** Returns all hours, oldest first. */
  List<Hour> hours() {
    return hours;
  }

  /** Returns all days, oldest first. */
  List<Day> days() {
    return days;
  }

  /** Returns the number of calls that are too old, or misdated. */
  long excluded() {
    return excluded;
  }

  /**
   * Returns the number of hours that are not comparable because of gaps or clock changes: without
   * the first hour, and hours before the statistic counts or after the watermark.
   */
  long gaps() {
    return gaps;
  }

  /** Returns the day of an hour. */
  Day day(Hour hour) {
    return days.stream().filter(day -> day.hours().contains(hour)).findFirst().orElseThrow();
  }

  /** Returns the comparable hours at the same local time of the other weeks. */
  List<Hour> others(Hour hour) {
    return weeks()
        .map(week -> comparableHours.get(hour.local().plusWeeks(week)))
        .flatMap(Stream::ofNullable)
        .toList();
  }

  /** Returns what is usual for an hour, if there are enough others. */
  Optional<Usual> usual(Hour hour) {
    return usual(others(hour).stream().mapToDouble(Hour::calls).toArray());
  }

  /** Returns what is usual for a day, if there are enough others. */
  Optional<Usual> usual(Day day) {
    return usual(
        weeks()
            .map(week -> comparableDays.get(day.date().plusWeeks(week)))
            .flatMap(Stream::ofNullable)
            .mapToDouble(Day::calls)
            .toArray());
  }

  /** Returns what is usual after some counts, if there are enough of them. */
  static Optional<Usual> usual(double[] counts) {
    return counts.length < MIN_OTHERS ? Optional.empty() : Optional.of(Usual.of(counts));
  }

  private static Stream<Integer> weeks() {
    return Stream.iterate(-WEEKS, week -> week <= WEEKS, week -> week + 1)
        .filter(week -> week != 0);
  }
}
