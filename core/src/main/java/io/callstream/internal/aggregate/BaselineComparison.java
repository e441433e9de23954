package io.callstream.internal.aggregate;

import io.callstream.statistic.Baseline;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.nio.ByteBuffer;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Compares the groups of a window with earlier windows. The result depends only on the counts of
 * the window and of the windows of {@link #history} before it. Not thread-safe.
 */
public final class BaselineComparison {
  private static final int DAYS_OF_WEEK = 7;

  /** By how much clock changes may move the local time of earlier windows. */
  private static final Duration CLOCKS = Duration.ofHours(12);

  /** The maximum difference from the usual length of a window, as a fraction of that length. */
  private static final double LENGTH_TOLERANCE = 0.1;

  private static final double THOUSAND = 1e3;

  /** The time around a window without calls of any group that makes it a gap despite a filter. */
  private static final Duration SILENCE = Duration.ofDays(1);

  private final Statistic statistic;
  private final Baseline baseline;
  private final WindowAssigner assigner;
  private final long usualLength;
  private final int stateOfComparison;

  /** Creates a comparison for a statistic that has a baseline. */
  public BaselineComparison(Statistic statistic) {
    this.statistic = statistic;
    baseline = statistic.baseline().orElseThrow();
    Window window = statistic.window().orElseThrow();
    assigner = new WindowAssigner(window);
    usualLength = usualLength(window).toMillis();
    int[] places = GroupStates.places(statistic.measures());
    stateOfComparison = places[places.length - 1];
  }

  private static Duration usualLength(Window window) {
    if (window instanceof Window.Tumbling tumbling) {
      return tumbling.size();
    }
    return switch (((Window.Calendar) window).unit()) {
      case HOUR -> Duration.ofHours(1);
      case DAY -> Duration.ofDays(1);
      case WEEK, MONTH -> Duration.ofDays(DAYS_OF_WEEK);
    };
  }

  /** Returns for how long after its end a window is compared with later ones. */
  public static Duration history(Baseline baseline) {
    return Duration.ofDays((long) DAYS_OF_WEEK * baseline.weeks())
        .plus(CLOCKS)
        .plus(CLOCKS)
        .plus(SILENCE);
  }

  /**
   * Returns the groups of a window that have unusually many calls, with the state of their
   * comparison.
   *
   * @param start the start of the window
   * @param windows the counts of all groups of the window and of the windows before it
   */
  public Groups spikes(long start, NavigableMap<Long, Groups> windows) {
    Groups now = windows.getOrDefault(start, Groups.NONE);
    List<byte[]> keys = candidates(now);
    if (keys.isEmpty()) {
      return Groups.NONE;
    }
    NavigableMap<Long, Double> earlier = earlier(start, windows);
    if (earlier.size() < baseline.minHistory()) {
      return Groups.NONE;
    }
    double[] weights = earlier.values().stream().mapToDouble(Double::doubleValue).toArray();
    double[][] counts = new double[keys.size()][weights.length];
    int window = 0;
    for (long past : earlier.keySet()) {
      count(windows.getOrDefault(past, Groups.NONE), keys, counts, window++);
    }
    return marked(now, keys, counts, weights);
  }

  /** Returns the keys of the groups that have enough calls, in ascending order. */
  private List<byte[]> candidates(Groups now) {
    List<byte[]> keys = new ArrayList<>();
    BlockReader groups = now.reader();
    while (groups.next()) {
      if (groups.count() >= baseline.minCount()) {
        keys.add(Arrays.copyOf(groups.key(), groups.keyLength()));
      }
    }
    return keys;
  }

  /** Returns the weights of the windows with which a window is compared, by their start. */
  private NavigableMap<Long, Double> earlier(long start, NavigableMap<Long, Groups> windows) {
    NavigableMap<Long, Double> earlier = new TreeMap<>();
    if (!hasUsualLength(start)) {
      return earlier;
    }
    Instant middle = Instant.ofEpochMilli(start + (assigner.end(start) - start) / 2);
    LocalDateTime local = LocalDateTime.ofInstant(middle, baseline.zone());
    int days = DAYS_OF_WEEK * baseline.weeks();
    long oldest = start - Duration.ofDays(days).plus(CLOCKS).toMillis();
    for (int day = 1; day <= days; day++) {
      LocalDateTime time = local.minusDays(day);
      double weight = weight(local.toLocalDate(), time.toLocalDate());
      if (weight > 0) {
        for (ZoneOffset offset : baseline.zone().getRules().getValidOffsets(time)) {
          long past = assigner.lastStart(time.toInstant(offset).toEpochMilli());
          if (past < start && hasUsualLength(past) && !isGap(past, windows, oldest, start)) {
            earlier.merge(past, weight, Math::max);
          }
        }
      }
    }
    return earlier;
  }

  /**
   * Returns whether a window has no calls because the feed had none. A filter may exclude all calls
   * of a window, so its windows without calls are gaps only in a longer time without calls.
   */
  private boolean isGap(long past, NavigableMap<Long, Groups> windows, long oldest, long end) {
    if (windows.containsKey(past)) {
      return false;
    }
    Long first = windows.ceilingKey(oldest);
    return statistic.filter().isEmpty()
        || first == null
        || past < first
        || windows
            .subMap(
                past - SILENCE.toMillis(), true, Math.min(past + SILENCE.toMillis(), end), false)
            .isEmpty();
  }

  private boolean hasUsualLength(long start) {
    return Math.abs(assigner.end(start) - start - usualLength) <= usualLength * LENGTH_TOLERANCE;
  }

  private double weight(LocalDate day, LocalDate earlier) {
    DayOfWeek a = dayOfWeek(day);
    DayOfWeek b = dayOfWeek(earlier);
    return a == b ? 1 : isWeekend(a) == isWeekend(b) ? Baseline.OTHER_DAY_WEIGHT : 0;
  }

  private DayOfWeek dayOfWeek(LocalDate date) {
    return baseline.holidays().contains(date) ? DayOfWeek.SUNDAY : date.getDayOfWeek();
  }

  private static boolean isWeekend(DayOfWeek day) {
    return day.compareTo(DayOfWeek.FRIDAY) > 0;
  }

  /** Reads the counts of some groups in a window. */
  private static void count(Groups past, List<byte[]> keys, double[][] counts, int window) {
    BlockReader groups = past.reader();
    boolean more = groups.next();
    for (int i = 0; i < keys.size() && more; i++) {
      int order;
      while ((order = groups.compareKey(keys.get(i), keys.get(i).length)) < 0) {
        more = groups.next();
        if (!more) {
          return;
        }
      }
      if (order == 0) {
        counts[i][window] = groups.count();
      }
    }
  }

  private Groups marked(Groups now, List<byte[]> keys, double[][] counts, double[] weights) {
    double threshold = -StrictMath.log10(baseline.falseAlarmRate());
    BlockReader groups = now.reader();
    BlockWriter out = new BlockWriter(groups.aggregates(), 64);
    int next = 0;
    while (groups.next() && next < keys.size()) {
      if (groups.keyEquals(keys.get(next))) {
        Usual usual = Usual.of(counts[next++], weights);
        double score = usual.score(groups.count());
        if (score >= threshold) {
          groups.copyTo(out, stateOfComparison, state(usual, score, weights.length));
        }
      }
    }
    return Groups.of(out.toBlock());
  }

  /** Returns the state of the measures of a baseline. Numbers are rounded to three decimals. */
  private static byte[] state(Usual usual, double score, int history) {
    return ByteBuffer.allocate(4 * Double.BYTES)
        .putDouble(rounded(usual.mean()))
        .putDouble(rounded(usual.spread()))
        .putDouble(rounded(score))
        .putDouble(history)
        .array();
  }

  private static double rounded(double number) {
    return Math.round(number * THOUSAND) / THOUSAND;
  }
}
