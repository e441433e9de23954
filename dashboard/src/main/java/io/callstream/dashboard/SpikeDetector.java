package io.callstream.dashboard;

import io.callstream.dashboard.Snapshot.Spikes;
import io.callstream.dashboard.Snapshot.Spikes.Spike;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
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
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds call types that have unusually many calls in the last complete hour.
 *
 * <p>The detector compares the hour with the same local hour of the {@value #MAX_DAYS} previous
 * days, because calls follow a daily rhythm. It transforms counts with {@code 2 sqrt(x + 3/8)}
 * (Anscombe), so that a Poisson count has a standard deviation of about 1 for any mean. With m and
 * s as the mean and the standard deviation of the n earlier transformed counts, the score is
 *
 * <pre>{@code (y - m) / (max(1, s) * sqrt(1 + 1/n))}</pre>
 *
 * This is the distance in standard deviations of the difference between a new count and a mean of n
 * counts. The standard deviation is at least that of a Poisson count. A spike has a score of at
 * least {@value #MIN_SCORE} and at least {@value #MIN_CALLS} calls. One or two of a thousand types
 * reach that score at random.
 *
 * <p>The history leaves out hours without calls of any type, because the stream was down or had not
 * started. Not thread-safe.
 */
final class SpikeDetector {
  /** Names the excluded types on the page. */
  static final String EXCLUDED = "Passing Call, Traffic Stop and Muni Inspection are excluded.";

  /** Police activity that is not a response to a call, in lower case. */
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

  SpikeDetector(ZoneId zone) {
    this.zone = zone;
  }

  /**
   * Finds the spikes of the last complete hour.
   *
   * @param results calls in windows of one hour, with the type as the first dimension
   * @param watermark the watermark; null if all hours except the last one are complete
   */
  Spikes find(Results results, @Nullable Instant watermark) {
    Optional<WindowBounds> complete = lastComplete(results, watermark);
    if (complete.isEmpty()) {
      return new Spikes(Optional.empty(), 0, List.of());
    }
    ZonedDateTime hour = complete.get().start().atZone(zone);
    List<Map<String, Long>> history = new ArrayList<>();
    for (int day = 1; day <= MAX_DAYS; day++) {
      Map<String, Long> before = byType(results, hour.minusDays(day).toInstant());
      if (!before.isEmpty()) {
        history.add(before);
      }
    }
    Map<String, Long> now = byType(results, complete.get().start());
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
            spikes.add(new Spike(RowTexts.shortened(type), count, mean(earlier), score));
          }
        });
    spikes.sort(Comparator.comparingDouble(Spike::score).reversed().thenComparing(Spike::type));
    return new Spikes(
        complete,
        history.size(),
        List.copyOf(spikes.subList(0, Math.min(MAX_SPIKES, spikes.size()))));
  }

  private static Optional<WindowBounds> lastComplete(Results results, @Nullable Instant watermark) {
    NavigableSet<Long> hours = BlockResults.of(results).groups().navigableKeySet();
    if (hours.isEmpty()) {
      return Optional.empty();
    }
    // The last hour that ends at or before the watermark, or the second to last hour.
    Long start =
        watermark == null
            ? hours.lower(hours.last())
            : hours.floor(watermark.minus(HOUR).toEpochMilli());
    return Optional.ofNullable(start)
        .map(Instant::ofEpochMilli)
        .map(hour -> new WindowBounds(hour, hour.plus(HOUR)));
  }

  /** Returns the calls of an hour by type. */
  private Map<String, Long> byType(Results results, Instant start) {
    Groups window = BlockResults.of(results).groups().get(start.toEpochMilli());
    Map<String, Long> counts = new HashMap<>();
    if (window != null) {
      BlockReader groups = window.reader();
      while (groups.next()) {
        counts.merge(groups.dimensions(texts).get(0), groups.count(), Long::sum);
      }
    }
    return counts;
  }

  /** Returns the distance of a count from the mean of earlier ones, in standard deviations. */
  static double score(double count, double... earlier) {
    int n = earlier.length;
    double[] scaled = DoubleStream.of(earlier).map(SpikeDetector::anscombe).toArray();
    double mean = mean(scaled);
    double squares = DoubleStream.of(scaled).map(y -> (y - mean) * (y - mean)).sum();
    double deviation = Math.max(1, Math.sqrt(squares / (n - 1)));
    return (anscombe(count) - mean) / (deviation * Math.sqrt(1 + 1.0 / n));
  }

  private static double anscombe(double count) {
    return 2 * Math.sqrt(count + 0.375);
  }

  private static double mean(double... values) {
    return DoubleStream.of(values).average().orElseThrow();
  }
}
