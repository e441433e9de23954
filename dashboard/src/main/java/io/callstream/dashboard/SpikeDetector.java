package io.callstream.dashboard;

import io.callstream.dashboard.Snapshot.Spikes;
import io.callstream.dashboard.Snapshot.Spikes.Spike;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.TextCache;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds types of calls whose last complete hour stands out from their own history.
 *
 * <p>An hour is compared with the same local hour of up to {@value #MAX_DAYS} days before, since
 * calls come in a daily rhythm. Counts are put on Anscombe's scale, {@code 2 sqrt(x + 3/8)}, on
 * which a Poisson count has a standard deviation of about 1 whatever its mean. With m and s the
 * mean and the standard deviation of the n earlier hours on that scale, the score of the hour is
 *
 * <pre>{@code (y - m) / (max(1, s) * sqrt(1 + 1/n))}</pre>
 *
 * the distance in standard deviations of the difference between a new count and a mean of n. A
 * spread below Poisson's is taken for luck, and one above it, as of types that come in bursts,
 * counts as it is. A type stands out from a score of {@value #MIN_SCORE} on, which of a thousand
 * types without a cause one or two reach, if it has {@value #MIN_CALLS} calls at least.
 *
 * <p>An hour in which no call of any type was counted is no part of the history: the stream was
 * down, or had not begun, and says nothing about any type. Not thread-safe: what was made of an
 * hour is kept while the hour does not change.
 */
final class SpikeSearch {
  /** Says which types are left out, for people. */
  static final String LEFT_OUT = "Passing Call, Traffic Stop and Muni Inspection are left out.";

  /**
   * What the police does by itself, and not because somebody called. Formats differ in the case of
   * letters.
   */
  private static final Set<String> ROUTINE =
      Set.of("passing call", "traffic stop", "muni inspection");

  static final int MIN_DAYS = 3;
  static final int MAX_DAYS = 28;
  static final int MIN_CALLS = 5;
  static final double MIN_SCORE = 3;
  private static final int MAX_SPIKES = 8;
  private static final Duration HOUR = Duration.ofHours(1);

  private final ZoneId zone;
  private final TextCache texts = new TextCache();
  private Map<Long, Types> known = new HashMap<>();

  /** The calls of one block by type. */
  private record Types(byte[] block, Map<String, Long> counts) {}

  SpikeSearch(ZoneId zone) {
    this.zone = zone;
  }

  /**
   * Searches the last hour that is over.
   *
   * @param results calls by type and something else in windows of an hour
   * @param watermark where event time stands; null if the last hour of all is the one that is not
   *     over yet
   */
  Spikes search(Results results, @Nullable Instant watermark) {
    Optional<WindowBounds> complete = lastComplete(results, watermark);
    if (complete.isEmpty()) {
      return new Spikes(Optional.empty(), 0, List.of());
    }
    ZonedDateTime hour = complete.get().start().atZone(zone);
    Map<Long, Types> read = new HashMap<>();
    List<Map<String, Long>> history = new ArrayList<>();
    for (int day = 1; day <= MAX_DAYS; day++) {
      Map<String, Long> before = byType(results, hour.minusDays(day).toInstant(), read);
      if (!before.isEmpty()) {
        history.add(before);
      }
    }
    Map<String, Long> now = byType(results, complete.get().start(), read);
    known = read;
    if (history.size() < MIN_DAYS) {
      return new Spikes(complete, history.size(), List.of());
    }
    List<Spike> spikes = new ArrayList<>();
    now.forEach(
        (type, count) -> {
          double[] earlier =
              history.stream().mapToDouble(counts -> counts.getOrDefault(type, 0L)).toArray();
          double score = score(count, earlier);
          if (count >= MIN_CALLS
              && score >= MIN_SCORE
              && !ROUTINE.contains(type.toLowerCase(Locale.ROOT))
              && !type.equals(Statistic.OTHER)) {
            spikes.add(new Spike(Cells.clipped(type), count, mean(earlier), score));
          }
        });
    spikes.sort(Comparator.comparingDouble(Spike::score).reversed().thenComparing(Spike::type));
    return new Spikes(
        complete,
        history.size(),
        List.copyOf(spikes.subList(0, Math.min(MAX_SPIKES, spikes.size()))));
  }

  private static Optional<WindowBounds> lastComplete(Results results, @Nullable Instant watermark) {
    NavigableSet<Long> hours = BlockResults.of(results).blocks().navigableKeySet();
    if (hours.isEmpty()) {
      return Optional.empty();
    }
    // The last hour that has ended by the watermark, or the last but one.
    Long start =
        watermark == null
            ? hours.lower(hours.last())
            : hours.floor(watermark.minus(HOUR).toEpochMilli());
    return Optional.ofNullable(start)
        .map(Instant::ofEpochMilli)
        .map(hour -> new WindowBounds(hour, hour.plus(HOUR)));
  }

  /** Returns the calls of an hour by type, and remembers them in {@code read}. */
  private Map<String, Long> byType(Results results, Instant start, Map<Long, Types> read) {
    long hour = start.toEpochMilli();
    byte[] block = BlockResults.of(results).blocks().get(hour);
    if (block == null) {
      return Map.of();
    }
    Types before = known.get(hour);
    Types now =
        before != null && before.block() == block ? before : new Types(block, counts(block));
    read.put(hour, now);
    return now.counts();
  }

  private Map<String, Long> counts(byte[] block) {
    Map<String, Long> counts = new HashMap<>();
    BlockReader groups = new BlockReader(block);
    while (groups.next()) {
      counts.merge(groups.dimensions(texts).get(0), groups.count(), Long::sum);
    }
    return counts;
  }

  /** Returns by how many standard deviations a count is above earlier ones. */
  static double score(double count, double... earlier) {
    int n = earlier.length;
    double[] scaled = new double[n];
    for (int i = 0; i < n; i++) {
      scaled[i] = anscombe(earlier[i]);
    }
    double mean = mean(scaled);
    double squares = 0;
    for (double y : scaled) {
      squares += (y - mean) * (y - mean);
    }
    double deviation = Math.max(1, Math.sqrt(squares / (n - 1)));
    return (anscombe(count) - mean) / (deviation * Math.sqrt(1 + 1.0 / n));
  }

  private static double anscombe(double count) {
    return 2 * Math.sqrt(count + 0.375);
  }

  private static double mean(double... values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }
}
