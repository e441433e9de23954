package io.callstream.dashboard;

import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.TimeLine;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.BlockResults;
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
 * Sums over the hours of the statistic by type and disposition. What it made of an hour is kept for
 * as long as the hour does not change, and sums over all hours are carried on, so that a batch
 * costs what it changed. Not thread-safe.
 */
final class HourlyCounts {
  /** How many hours a time line has at most: two weeks. */
  static final int MAX_HOURS = 14 * 24;

  /** How many days a time line has at most. */
  static final int MAX_DAYS = 366;

  private static final long HOUR = Duration.ofHours(1).toMillis();

  private final ZoneId zone;
  private final TextCache texts = new TextCache();
  private final Map<Long, Sums> hours = new HashMap<>();
  private final NavigableMap<LocalDate, Long> days = new TreeMap<>();
  private final Map<String, Long> dispositions = new HashMap<>();

  /** The sums of one block. */
  private record Sums(byte[] block, long calls, Map<String, Long> dispositions) {}

  HourlyCounts(ZoneId zone) {
    this.zone = zone;
  }

  /** Takes the results as they are now. */
  void update(Results results) {
    NavigableMap<Long, byte[]> blocks = BlockResults.of(results).blocks();
    blocks.forEach(
        (start, block) -> {
          Sums before = hours.get(start);
          if (before == null || before.block() != block) {
            if (before != null) {
              add(start, before, -1);
            }
            Sums now = sums(block);
            hours.put(start, now);
            add(start, now, 1);
          }
        });
    if (hours.size() > blocks.size()) {
      hours
          .entrySet()
          .removeIf(
              hour -> {
                boolean gone = !blocks.containsKey(hour.getKey());
                if (gone) {
                  add(hour.getKey(), hour.getValue(), -1);
                }
                return gone;
              });
    }
  }

  /** Adds the sums of an hour to those of all, or takes them away. */
  private void add(long start, Sums sums, int sign) {
    days.merge(date(start), sign * sums.calls(), HourlyCounts::sumOrNone);
    sums.dispositions().forEach((d, n) -> dispositions.merge(d, sign * n, HourlyCounts::sumOrNone));
  }

  /** A group with no call left is no group. */
  private static @Nullable Long sumOrNone(long a, long b) {
    return a + b == 0 ? null : Long.valueOf(a + b);
  }

  private Sums sums(byte[] block) {
    Map<String, Long> byDisposition = new HashMap<>();
    long calls = 0;
    BlockReader groups = new BlockReader(block);
    while (groups.next()) {
      calls += groups.count();
      byDisposition.merge(groups.dimensions(texts).get(1), groups.count(), Long::sum);
    }
    return new Sums(block, calls, byDisposition);
  }

  /** Returns the dispositions with the most calls. */
  Ranking dispositions(Results results, int entries) {
    return SnapshotMaker.ranking(dispositions, results.statistic().dimensions().get(1), entries);
  }

  /** Returns the calls by hour and by day of the results that were taken last. */
  TimeLine timeLine(Results results) {
    if (hours.isEmpty()) {
      return new TimeLine(List.of(), List.of());
    }
    long oldest = BlockResults.of(results).blocks().firstKey();
    long last = BlockResults.of(results).blocks().lastKey();
    List<TimeLine.Hour> byHour = new ArrayList<>();
    for (long start = Math.max(oldest, last - (MAX_HOURS - 1) * HOUR);
        start <= last;
        start += HOUR) {
      Sums sums = hours.get(start);
      byHour.add(new TimeLine.Hour(Instant.ofEpochMilli(start), sums == null ? 0 : sums.calls()));
    }
    List<TimeLine.Day> byDay = new ArrayList<>();
    LocalDate first = days.lastKey().minusDays(MAX_DAYS - 1);
    for (LocalDate day = days.firstKey().isAfter(first) ? days.firstKey() : first;
        !day.isAfter(days.lastKey());
        day = day.plusDays(1)) {
      byDay.add(new TimeLine.Day(day, days.getOrDefault(day, 0L)));
    }
    return new TimeLine(byHour, byDay);
  }

  private LocalDate date(long start) {
    return Instant.ofEpochMilli(start).atZone(zone).toLocalDate();
  }
}
