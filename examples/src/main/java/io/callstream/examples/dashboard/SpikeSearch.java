package io.callstream.examples.dashboard;

import io.callstream.aggregate.BlockReader;
import io.callstream.aggregate.TextCache;
import io.callstream.examples.dashboard.Snapshot.Spikes;
import io.callstream.examples.dashboard.Snapshot.Spikes.Spike;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
 */
final class SpikeSearch {
  /** What the police does by itself, and not because somebody called. */
  static final Set<String> ROUTINE = Set.of("Passing Call", "Traffic Stop", "Muni Inspection");

  static final int MIN_DAYS = 3;
  static final int MAX_DAYS = 28;
  static final int MIN_CALLS = 5;
  static final double MIN_SCORE = 3;
  private static final int MAX_SPIKES = 8;

  private SpikeSearch() {}

  /**
   * Searches the last hour that is over.
   *
   * @param results calls by type and something else in hours
   * @param watermark where event time stands; null if the last hour of all is the one that is not
   *     over yet
   */
  static Spikes search(Results results, @Nullable Instant watermark, ZoneId zone) {
    List<WindowBounds> windows = results.windows();
    Optional<WindowBounds> complete = lastComplete(windows, watermark);
    if (complete.isEmpty()) {
      return new Spikes(Optional.empty(), 0, List.of());
    }
    Instant first = windows.get(0).start();
    List<Map<String, Long>> history = new ArrayList<>();
    ZonedDateTime hour = complete.get().start().atZone(zone);
    for (int day = 1; day <= MAX_DAYS; day++) {
      Instant before = hour.minusDays(day).toInstant();
      if (before.isBefore(first)) {
        break;
      }
      history.add(byType(results, before));
    }
    if (history.size() < MIN_DAYS) {
      return new Spikes(complete, history.size(), List.of());
    }
    List<Spike> spikes = new ArrayList<>();
    byType(results, complete.get().start())
        .forEach(
            (type, count) -> {
              double[] earlier =
                  history.stream().mapToDouble(counts -> counts.getOrDefault(type, 0L)).toArray();
              double score = score(count, earlier);
              if (count >= MIN_CALLS
                  && score >= MIN_SCORE
                  && !ROUTINE.contains(type)
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

  private static Optional<WindowBounds> lastComplete(
      List<WindowBounds> windows, @Nullable Instant watermark) {
    if (watermark == null) {
      return windows.size() < 2 ? Optional.empty() : Optional.of(windows.get(windows.size() - 2));
    }
    for (int i = windows.size() - 1; i >= 0; i--) {
      if (!windows.get(i).end().isAfter(watermark)) {
        return Optional.of(windows.get(i));
      }
    }
    return Optional.empty();
  }

  private static Map<String, Long> byType(Results results, Instant start) {
    byte[] block = results.blocks().get(start.toEpochMilli());
    Map<String, Long> counts = new HashMap<>();
    if (block != null) {
      TextCache texts = new TextCache();
      BlockReader groups = new BlockReader(block);
      while (groups.next()) {
        counts.merge(groups.dimensions(texts).get(0), groups.count(), Long::sum);
      }
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
