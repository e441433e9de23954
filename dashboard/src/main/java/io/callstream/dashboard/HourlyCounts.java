package io.callstream.dashboard;

import io.callstream.dashboard.Snapshot.Period;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.Timeline;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.TextCache;
import io.callstream.pipeline.Results;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Sums the hourly statistic over time and by disposition. It caches the sums of each hour and
 * updates the totals incrementally, so that a batch costs only the hours that it changed. Not
 * thread-safe.
 */
final class HourlyCounts {
  /** The maximum number of hours in a timeline: two weeks. */
  static final int MAX_HOURS = 14 * 24;

  /** The maximum number of days in a timeline. */
  static final int MAX_DAYS = 366;

  private static final long HOUR = Duration.ofHours(1).toMillis();

  private final ZoneId zone;
  private final TextCache texts = new TextCache();
  private final Map<Long, Sums> hours = new HashMap<>();
  private final NavigableMap<LocalDate, Long> days = new TreeMap<>();
  private final Map<String, Long> dispositions = new HashMap<>();

  /** The sums of one hour. */
  private record Sums(Groups groups, long calls, Map<String, Long> dispositions) {}

  HourlyCounts(ZoneId zone) {
    this.zone = zone;
  }

  /** Updates the sums from the current results. */
  void update(Results results) {
    NavigableMap<Long, Groups> windows = BlockResults.of(results).groups();
    hours
        .entrySet()
        .removeIf(
            hour -> {
              boolean changed = windows.get(hour.getKey()) != hour.getValue().groups();
              if (changed) {
                add(hour.getKey(), hour.getValue(), -1);
              }
              return changed;
            });
    windows.forEach(
        (start, groups) -> {
          if (!hours.containsKey(start)) {
            Sums sums = sums(groups);
            hours.put(start, sums);
            add(start, sums, 1);
          }
        });
  }

  /** Adds the sums of an hour to the totals (sign 1), or subtracts them (sign -1). */
  private void add(long start, Sums sums, int sign) {
    days.merge(date(start), sign * sums.calls(), HourlyCounts::sumOrNull);
    sums.dispositions().forEach((d, n) -> dispositions.merge(d, sign * n, HourlyCounts::sumOrNull));
  }

  /** Returns a sum; null removes a group without calls. */
  private static @Nullable Long sumOrNull(long a, long b) {
    return a + b == 0 ? null : Long.valueOf(a + b);
  }

  private Sums sums(Groups all) {
    Map<String, Long> byDisposition = new HashMap<>();
    long calls = 0;
    BlockReader groups = all.reader();
    while (groups.next()) {
      calls += groups.count();
      byDisposition.merge(groups.dimensions(texts).get(1), groups.count(), Long::sum);
    }
    return new Sums(all, calls, byDisposition);
  }

  /** Returns the dispositions with the most calls. */
  Ranking dispositions(Results results, int entries) {
    return SnapshotFactory.ranking(dispositions, results.statistic().dimensions().get(1), entries);
  }

  /** Returns the calls by hour and by day. */
  Timeline timeline(Results results) {
    if (hours.isEmpty()) {
      return new Timeline(List.of(), List.of());
    }
    long oldest = BlockResults.of(results).groups().firstKey();
    long last = BlockResults.of(results).groups().lastKey();
    List<Period> byHour = new ArrayList<>();
    for (long start = Math.max(oldest, last - (MAX_HOURS - 1) * HOUR);
        start <= last;
        start += HOUR) {
      Sums sums = hours.get(start);
      byHour.add(
          new Period(
              Instant.ofEpochMilli(start),
              Instant.ofEpochMilli(start + HOUR),
              sums == null ? 0 : sums.calls()));
    }
    List<Period> byDay = new ArrayList<>();
    LocalDate first = days.lastKey().minusDays(MAX_DAYS - 1);
    for (LocalDate day = days.firstKey().isAfter(first) ? days.firstKey() : first;
        !day.isAfter(days.lastKey());
        day = day.plusDays(1)) {
      byDay.add(
          new Period(
              day.atStartOfDay(zone).toInstant(),
              day.plusDays(1).atStartOfDay(zone).toInstant(),
              days.getOrDefault(day, 0L)));
    }
    return new Timeline(byHour, byDay);
  }

  private LocalDate date(long start) {
    return Instant.ofEpochMilli(start).atZone(zone).toLocalDate();
  }
}
