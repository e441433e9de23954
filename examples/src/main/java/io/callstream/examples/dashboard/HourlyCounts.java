package io.callstream.examples.dashboard;

import io.callstream.aggregate.BlockReader;
import io.callstream.aggregate.TextCache;
import io.callstream.examples.dashboard.Snapshot.Ranking;
import io.callstream.examples.dashboard.Snapshot.TimeLine;
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
 * Sums over the hours of the statistic by type and disposition. What it made of an hour is kept for
 * as long as the hour does not change, so that a batch costs what it changed. Not thread-safe.
 */
final class HourlyCounts {
  /** How many hours a time line has at most: two weeks. */
  static final int MAX_HOURS = 14 * 24;

  /** How many days a time line has at most. */
  static final int MAX_DAYS = 366;

  private static final long HOUR = Duration.ofHours(1).toMillis();

  private final TextCache texts = new TextCache();
  private NavigableMap<Long, Sums> hours = new TreeMap<>();

  /** The sums of one block. */
  private record Sums(byte[] block, long calls, Map<String, Long> dispositions) {}

  /** Takes the results as they are now. */
  void update(Results results) {
    NavigableMap<Long, Sums> now = new TreeMap<>();
    results
        .blocks()
        .forEach(
            (start, block) -> {
              Sums before = hours.get(start);
              now.put(start, before != null && before.block() == block ? before : sums(block));
            });
    hours = now;
  }

  private Sums sums(byte[] block) {
    Map<String, Long> dispositions = new HashMap<>();
    long calls = 0;
    BlockReader groups = new BlockReader(block);
    while (groups.next()) {
      calls += groups.count();
      dispositions.merge(groups.dimensions(texts).get(1), groups.count(), Long::sum);
    }
    return new Sums(block, calls, dispositions);
  }

  /** Returns the dispositions with the most calls. */
  Ranking dispositions(Results results, int entries) {
    Map<String, Long> all = new HashMap<>();
    hours.values().forEach(h -> h.dispositions().forEach((d, n) -> all.merge(d, n, Long::sum)));
    return SnapshotMaker.ranking(all, results.statistic().dimensions().get(1), entries);
  }

  /** Returns the calls by hour and by day. */
  TimeLine timeLine(ZoneId zone) {
    if (hours.isEmpty()) {
      return new TimeLine(List.of(), List.of());
    }
    long last = hours.lastKey();
    List<TimeLine.Hour> byHour = new ArrayList<>();
    for (long start = Math.max(hours.firstKey(), last - (MAX_HOURS - 1) * HOUR);
        start <= last;
        start += HOUR) {
      byHour.add(new TimeLine.Hour(Instant.ofEpochMilli(start), calls(hours.get(start))));
    }
    NavigableMap<LocalDate, Long> days = new TreeMap<>();
    hours.forEach((start, sums) -> days.merge(date(start, zone), sums.calls(), Long::sum));
    List<TimeLine.Day> byDay = new ArrayList<>();
    LocalDate first = days.lastKey().minusDays(MAX_DAYS - 1);
    for (LocalDate day = days.firstKey().isAfter(first) ? days.firstKey() : first;
        !day.isAfter(days.lastKey());
        day = day.plusDays(1)) {
      byDay.add(new TimeLine.Day(day, days.getOrDefault(day, 0L)));
    }
    return new TimeLine(byHour, byDay);
  }

  private static long calls(@Nullable Sums sums) {
    return sums == null ? 0 : sums.calls();
  }

  private static LocalDate date(long start, ZoneId zone) {
    return Instant.ofEpochMilli(start).atZone(zone).toLocalDate();
  }
}
