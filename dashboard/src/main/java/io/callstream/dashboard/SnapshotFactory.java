package io.callstream.dashboard;

import io.callstream.CallstreamException;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.Ranking.Entry;
import io.callstream.dashboard.Snapshot.Spikes;
import io.callstream.dashboard.Snapshot.Spikes.Spike;
import io.callstream.dashboard.Snapshot.Table;
import io.callstream.dashboard.Snapshot.Week;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Creates snapshots from the results of a pipeline. Not thread-safe. */
final class SnapshotFactory {
  static final int TOP_TYPES = 15;
  static final int TOP_DISPOSITIONS = 12;
  static final int TOP_LOCATIONS = 12;
  static final int TABLE_ROWS = 20;
  static final int SPIKES = 8;
  private static final int MAX_ATTEMPTS = 3;
  private static final Pattern DAY = Pattern.compile("[1-7]");
  private static final Pattern HOUR = Pattern.compile("[01]?\\d|2[0-3]");

  private static final String BY_TYPE = StandardStatistics.callsByType().name();
  private static final String HOURLY = StandardStatistics.callsByTypeAndDispositionHourly().name();
  private static final String BY_LOCATION = StandardStatistics.callsByLocation().name();
  private static final String BY_HOUR_OF_WEEK = "calls-by-hour-of-week";

  private final RunningPipeline running;
  private final ZoneId zone;
  private final HourlyCounts hourly;

  SnapshotFactory(RunningPipeline running) {
    this.running = running;
    this.zone = running.pipeline().format().zone();
    this.hourly = new HourlyCounts(zone);
  }

  /** Returns the stability monitor among the listeners of a pipeline. */
  static Optional<StabilityMonitor> monitor(RunningPipeline running) {
    return running.pipeline().listeners().stream()
        .filter(StabilityMonitor.class::isInstance)
        .map(StabilityMonitor.class::cast)
        .findFirst();
  }

  /** Creates a snapshot of one batch, unless batches finish faster than it is computed. */
  Snapshot create(@Nullable StabilityVerdict verdict) {
    Accounting before = running.accounting();
    Snapshot created = attempt(verdict);
    for (int i = 1; i < MAX_ATTEMPTS && !created.accounting().equals(before); i++) {
      before = created.accounting();
      created = attempt(verdict);
    }
    return created;
  }

  private Snapshot attempt(@Nullable StabilityVerdict verdict) {
    // Read the state first: after the end of the run, the figures read below are final.
    State state = running.state();
    Optional<Progress> progress = running.progress();
    List<Results> others = new ArrayList<>();
    running.pipeline().withoutViews().statistics().stream()
        .map(statistic -> running.results(statistic.name()))
        .filter(BlockResults.class::isInstance) // Others are not in this process.
        .forEach(others::add);
    Map<String, CountedSince> since = new LinkedHashMap<>();
    for (Results results : others) {
      results.countedSince().ifPresent(s -> since.put(results.statistic().name(), s));
    }
    Optional<Results> byType = take(others, r -> isTotal(r, BY_TYPE, "crime_type"));
    Optional<Results> byLocation = take(others, r -> isTotal(r, BY_LOCATION, "address"));
    Optional<Results> byHour = take(others, r -> isHourly(r.statistic()));
    Optional<Results> byHourOfWeek =
        take(
            others,
            r -> isTotal(r, BY_HOUR_OF_WEEK, "day_of_week", "hour_of_day") && hasNumericHours(r));
    Optional<Results> spikes = take(others, r -> r.statistic().baseline().isPresent());
    byHour.ifPresent(hourly::update);
    return new Snapshot(
        Instant.now(),
        state,
        running.failure().map(CallstreamException::getMessage),
        running.pipeline().source().description(),
        zone,
        byType.map(results -> ranking(results, TOP_TYPES)),
        byHour.map(hourly::timeline),
        byHourOfWeek.map(SnapshotFactory::week),
        byHour.map(results -> hourly.dispositions(results, TOP_DISPOSITIONS)),
        byLocation.map(results -> ranking(results, TOP_LOCATIONS)),
        spikes.map(SnapshotFactory::spikes),
        since,
        others.stream().map(results -> table(results, zone)).toList(),
        progress,
        running.accounting(),
        Optional.ofNullable(verdict));
  }

  /** Removes the results that have a panel from a list, and returns them. */
  private static Optional<Results> take(List<Results> all, Predicate<Results> panel) {
    Optional<Results> found = all.stream().filter(panel).findFirst();
    found.ifPresent(all::remove);
    return found;
  }

  private static boolean isTotal(Results results, String name, String... dimensions) {
    Statistic statistic = results.statistic();
    return statistic.name().equals(name)
        && statistic.window().isEmpty()
        && hasDimensions(statistic, dimensions);
  }

  private static boolean isHourly(Statistic statistic) {
    return statistic.name().equals(HOURLY)
        && statistic.window().orElse(null) instanceof Window.Tumbling tumbling
        && tumbling.size().equals(Duration.ofHours(1))
        && hasDimensions(statistic, "crime_type", "disposition");
  }

  private static boolean hasDimensions(Statistic statistic, String... names) {
    return statistic.dimensions().stream().map(Dimension::name).toList().equals(List.of(names));
  }

  /** Ranks the groups of a statistic with one dimension and no window. */
  private static Ranking ranking(Results results, int entries) {
    Dimension dimension = results.statistic().dimensions().get(0);
    return new Ranking(
        results.top(entries).stream()
            .map(
                row ->
                    new Entry(
                        RowTexts.shortened(row.dimensions().get(0)),
                        row.description(dimension).orElse(""),
                        row.count()))
            .toList(),
        Math.toIntExact(results.size()),
        calls(results));
  }

  /** Ranks the values of a dimension by their counts. */
  static Ranking ranking(Map<String, Long> counts, Dimension dimension, int entries) {
    return new Ranking(
        counts.entrySet().stream()
            .sorted(
                Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .limit(entries)
            .map(
                e ->
                    new Entry(
                        RowTexts.shortened(e.getKey()),
                        description(dimension, e.getKey()),
                        e.getValue()))
            .toList(),
        counts.size(),
        counts.values().stream().mapToLong(Long::longValue).sum());
  }

  private static String description(Dimension dimension, String value) {
    return dimension.codes().map(codes -> codes.description(value)).orElse("");
  }

  /** Returns whether all days and hours are numbers, as in the standard statistic. */
  private static boolean hasNumericHours(Results results) {
    return results.rows().stream()
        .map(ResultRow::dimensions)
        .allMatch(
            hour ->
                hour.contains(Statistic.OTHER)
                    || (DAY.matcher(hour.get(0)).matches() && HOUR.matcher(hour.get(1)).matches()));
  }

  /** Returns the calls of all rows without creating the rows. */
  private static long calls(Results results) {
    long calls = 0;
    for (Groups window : BlockResults.of(results).groups().values()) {
      BlockReader groups = window.reader();
      while (groups.next()) {
        calls += groups.count();
      }
    }
    return calls;
  }

  private static Week week(Results results) {
    long[][] counts = new long[7][24];
    for (ResultRow row : results.rows()) {
      List<String> hour = row.dimensions();
      if (!hour.contains(Statistic.OTHER)) {
        counts[Integer.parseInt(hour.get(0)) - 1][Integer.parseInt(hour.get(1))] = row.count();
      }
    }
    return new Week(Stream.of(counts).map(day -> LongStream.of(day).boxed().toList()).toList());
  }

  /** Returns the index of the first column from which all columns are numbers of measures. */
  private static int numbersFrom(Statistic statistic) {
    List<Measure> measures = statistic.measures();
    int numbers = 0;
    while (numbers < measures.size()
        && measures.get(measures.size() - 1 - numbers).valueType() != Measure.ValueType.TEXT) {
      numbers++;
    }
    return statistic.columns().size() - numbers;
  }

  /** Adds the rows of the latest windows, or the sessions with the latest starts. */
  private static void addLatest(BlockResults results, int most, List<ResultRow> rows) {
    boolean isSession = results.statistic().window().orElse(null) instanceof Window.Session;
    for (Map.Entry<Long, Groups> window : results.groups().descendingMap().entrySet()) {
      List<ResultRow> some = new ArrayList<>(results.rows(window.getKey(), window.getValue()));
      if (isSession) {
        Collections.reverse(some);
      }
      some.stream().limit(most - rows.size()).forEach(rows::add);
      if (rows.size() == most) {
        return;
      }
    }
  }

  private static Spikes spikes(Results results) {
    List<ResultRow> rows = new ArrayList<>();
    addLatest(BlockResults.of(results), SPIKES, rows);
    return new Spikes(
        results.statistic().name(),
        rows.stream()
            .map(
                row ->
                    new Spike(
                        row.window().orElseThrow(),
                        RowTexts.shortened(String.join(", ", row.dimensions())),
                        row.count(),
                        (double) row.value("expected").orElseThrow(),
                        (double) row.value("score").orElseThrow()))
            .toList());
  }

  /** Returns the rows with the highest counts, or the latest windows, newest first. */
  private static Table table(Results results, ZoneId zone) {
    List<ResultRow> rows = new ArrayList<>();
    if (results.statistic().window().isEmpty()) {
      rows.addAll(results.top(TABLE_ROWS));
    } else {
      addLatest(BlockResults.of(results), TABLE_ROWS, rows);
    }
    Statistic statistic = results.statistic();
    RowTexts texts = new RowTexts(zone);
    return new Table(
        statistic.name(),
        statistic.columns(),
        rows.stream().map(texts::of).toList(),
        numbersFrom(statistic),
        results.size());
  }
}
