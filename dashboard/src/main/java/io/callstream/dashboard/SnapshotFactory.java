package io.callstream.dashboard;

import io.callstream.CallstreamException;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.Ranking.Entry;
import io.callstream.dashboard.Snapshot.Sample;
import io.callstream.dashboard.Snapshot.Spikes;
import io.callstream.dashboard.Snapshot.Table;
import io.callstream.dashboard.Snapshot.TimeLine;
import io.callstream.dashboard.Snapshot.Week;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Computes what is shown from the results of a pipeline. Not thread-safe. */
final class SnapshotMaker {
  static final int TOP_TYPES = 15;
  static final int TOP_DISPOSITIONS = 12;
  static final int TOP_LOCATIONS = 12;
  static final int TABLE_ROWS = 20;
  private static final int MAX_ATTEMPTS = 3;
  private static final Pattern DAY = Pattern.compile("[1-7]");
  private static final Pattern HOUR = Pattern.compile("[01]?\\d|2[0-3]");

  private static final String BY_TYPE = StandardStatistics.callsByType().name();
  private static final String HOURLY = StandardStatistics.callsByTypeAndDispositionHourly().name();
  private static final String BY_LOCATION = StandardStatistics.callsByLocation().name();
  private static final String BY_HOUR_OF_WEEK = "calls-by-hour-of-week";

  private final Instant run = Instant.now();
  private final RunningPipeline running;
  private final ZoneId zone;
  private final HourlyCounts hourly;
  private final SpikeSearch spikeSearch;

  SnapshotMaker(RunningPipeline running) {
    this.running = running;
    this.zone = running.pipeline().format().zone();
    this.hourly = new HourlyCounts(zone);
    this.spikeSearch = new SpikeSearch(zone);
  }

  /** Returns the monitor that hears of all batches of a pipeline, if there is one. */
  static Optional<StabilityMonitor> monitor(RunningPipeline running) {
    return running.pipeline().listeners().stream()
        .filter(StabilityMonitor.class::isInstance)
        .map(StabilityMonitor.class::cast)
        .findFirst();
  }

  /**
   * Computes a snapshot of now, all of one batch if batches leave it the time.
   *
   * @param verdict null if it is too early to tell
   */
  Snapshot make(@Nullable StabilityVerdict verdict, List<Sample> history) {
    return make(running.pipeline().statistics(), verdict, history);
  }

  /** Returns a snapshot of now without any statistic, which costs nothing. */
  Snapshot makeWithoutStatistics(@Nullable StabilityVerdict verdict) {
    return make(List.of(), verdict, List.of());
  }

  private Snapshot make(
      List<Statistic> statistics, @Nullable StabilityVerdict verdict, List<Sample> history) {
    Accounting before = running.accounting();
    Snapshot made = attempt(statistics, verdict, history);
    for (int i = 1; i < MAX_ATTEMPTS && !made.accounting().equals(before); i++) {
      before = made.accounting();
      made = attempt(statistics, verdict, history);
    }
    return made;
  }

  private Snapshot attempt(
      List<Statistic> statistics, @Nullable StabilityVerdict verdict, List<Sample> history) {
    // The state first: figures that are read after the end are the last.
    State state = running.state();
    Optional<Progress> progress = running.progress();
    Optional<Ranking> types = Optional.empty();
    Optional<TimeLine> calls = Optional.empty();
    Optional<Week> week = Optional.empty();
    Optional<Ranking> dispositions = Optional.empty();
    Optional<Ranking> locations = Optional.empty();
    Optional<Spikes> spikes = Optional.empty();
    List<Table> others = new ArrayList<>();
    for (Statistic statistic : statistics) {
      Results results = running.results(statistic.name());
      if (isRunning(statistic, BY_TYPE, "crime_type")) {
        types = Optional.of(ranking(results, TOP_TYPES));
      } else if (isRunning(statistic, BY_LOCATION, "address")) {
        locations = Optional.of(ranking(results, TOP_LOCATIONS));
      } else if (isRunning(statistic, BY_HOUR_OF_WEEK, "day_of_week", "hour_of_day")
          && isOfNumbers(results)) {
        week = Optional.of(week(results));
      } else if (isHourly(statistic)) {
        hourly.update(results);
        calls = Optional.of(hourly.timeLine(results));
        dispositions = Optional.of(hourly.dispositions(results, TOP_DISPOSITIONS));
        Optional<Instant> watermark = progress.flatMap(Progress::watermark);
        spikes =
            Optional.of(
                spikeSearch.search(
                    results, state == State.RUNNING ? watermark.orElse(null) : null));
      } else {
        others.add(table(results, zone));
      }
    }
    return new Snapshot(
        run,
        Instant.now(),
        state,
        running.failure().map(CallstreamException::getMessage),
        running.pipeline().source().description(),
        zone,
        types,
        calls,
        week,
        dispositions,
        locations,
        spikes,
        others,
        progress,
        running.accounting(),
        Optional.ofNullable(verdict),
        history);
  }

  private static boolean isRunning(Statistic statistic, String name, String... dimensions) {
    return statistic.name().equals(name)
        && statistic.window().isEmpty()
        && hasDimensions(statistic, dimensions);
  }

  private static boolean isHourly(Statistic statistic) {
    return statistic.name().equals(HOURLY)
        && statistic.window().isPresent()
        && statistic.window().get() instanceof Window.Tumbling tumbling
        && tumbling.size().equals(Duration.ofHours(1))
        && hasDimensions(statistic, "crime_type", "disposition");
  }

  private static boolean hasDimensions(Statistic statistic, String... names) {
    return statistic.dimensions().stream().map(Dimension::name).toList().equals(List.of(names));
  }

  /** Ranks the groups of a statistic without a window, by its only dimension. */
  private static Ranking ranking(Results results, int entries) {
    Dimension dimension = results.statistic().dimensions().get(0);
    return new Ranking(
        results.top(entries).stream()
            .map(
                row ->
                    new Entry(
                        Cells.clipped(row.dimensions().get(0)),
                        row.description(dimension).orElse(""),
                        row.count()))
            .toList(),
        Math.toIntExact(results.size()),
        Cells.calls(results));
  }

  /** Ranks values of a dimension. */
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
                        Cells.clipped(e.getKey()),
                        description(dimension, e.getKey()),
                        e.getValue()))
            .toList(),
        counts.size(),
        counts.values().stream().mapToLong(Long::longValue).sum());
  }

  private static String description(Dimension dimension, String value) {
    return dimension.lookup().map(lookup -> lookup.description(value)).orElse("");
  }

  /** Returns whether days and hours are the numbers that those of the standard statistic are. */
  private static boolean isOfNumbers(Results results) {
    return results.rows().stream()
        .map(ResultRow::dimensions)
        .allMatch(
            at ->
                at.contains(Statistic.OTHER)
                    || (DAY.matcher(at.get(0)).matches() && HOUR.matcher(at.get(1)).matches()));
  }

  private static Week week(Results results) {
    Long[][] counts = new Long[7][24];
    for (Long[] day : counts) {
      Arrays.fill(day, 0L);
    }
    for (ResultRow row : results.rows()) {
      if (row.dimensions().contains(Statistic.OTHER)) {
        continue;
      }
      counts[Integer.parseInt(row.dimensions().get(0)) - 1][
              Integer.parseInt(row.dimensions().get(1))] =
          row.count();
    }
    return new Week(Stream.of(counts).map(day -> List.copyOf(Arrays.asList(day))).toList());
  }

  /** Shows the highest counts, or the latest windows, the newest first. */
  private static Table table(Results results, ZoneId zone) {
    List<ResultRow> rows = new ArrayList<>();
    if (results.statistic().window().isEmpty()) {
      rows.addAll(results.top(TABLE_ROWS));
    } else {
      List<WindowBounds> windows = results.windows();
      for (int i = windows.size() - 1; i >= 0 && rows.size() < TABLE_ROWS; i--) {
        results.window(windows.get(i).start()).stream()
            .limit(TABLE_ROWS - rows.size())
            .forEach(rows::add);
      }
    }
    Statistic statistic = results.statistic();
    Cells cells = new Cells(statistic, zone);
    return new Table(
        statistic.name(),
        statistic.columns(),
        rows.stream().map(cells::texts).toList(),
        statistic.columns().size() - statistic.measures().size(),
        results.size());
  }
}
