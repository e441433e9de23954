package io.callstream.dashboard;

import io.callstream.CallstreamException;
import io.callstream.dashboard.Findings.Area;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.dashboard.Snapshot.Ranking.Entry;
import io.callstream.dashboard.Snapshot.Table;
import io.callstream.engine.RunDetails;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.TextCache;
import io.callstream.internal.sink.Plural;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.StabilityMonitor;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measure;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Creates snapshots from the results of a pipeline. Not thread-safe. */
final class SnapshotFactory {
  static final int TOP_TYPES = 10;
  static final int TOP_DISPOSITIONS = 12;
  static final int TOP_LOCATIONS = 12;
  static final int TABLE_ROWS = 20;
  private static final int MAX_ATTEMPTS = 3;
  private static final String NO_HOURS =
      "The busiest hour, unusual days and hours, and shifts: this report has no counts of all calls"
          + " by the hour. To get them, add a statistic by the hour without a filter.";
  private static final String NO_SPIKES =
      "Unusual hours: this report has no comparison of hours with the weeks before. To get one, add"
          + " a statistic such as spikes-by-type.";
  private static final String NO_RESPONSES = "Response times: this report does not measure them.";
  private static final String BY_TYPE = StandardStatistics.callsByType().name();
  private static final String RESPONSES = StandardStatistics.responseTimesByPriority().name();
  private static final String BY_LOCATION = StandardStatistics.callsByLocation().name();
  private static final String BY_HOUR_OF_WEEK = "calls-by-hour-of-week";

  private final RunningPipeline running;
  private final ZoneId zone;
  private final TypeGroups groups;

  SnapshotFactory(RunningPipeline running) {
    this.running = running;
    this.zone = running.pipeline().format().zone();
    this.groups = TypeGroups.of(running.pipeline().format());
  }

  /** Returns the stability monitor among the listeners of a pipeline. */
  static Optional<StabilityMonitor> monitor(RunningPipeline running) {
    return running.pipeline().listeners().stream()
        .filter(StabilityMonitor.class::isInstance)
        .map(StabilityMonitor.class::cast)
        .findFirst();
  }

  /** Creates a snapshot of one batch, unless batches finish faster than it is computed. */
  Snapshot create() {
    Accounting before = running.accounting();
    Snapshot created = attempt();
    for (int i = 1; i < MAX_ATTEMPTS && !created.accounting().equals(before); i++) {
      before = created.accounting();
      created = attempt();
    }
    return created;
  }

  private Snapshot attempt() {
    // Read the state first: after the end of the run, the figures read below are final.
    State state = running.state();
    Optional<Progress> progress = running.progress();
    RunDetails details = running.details();
    Optional<StabilityMonitor> monitor = monitor(running);
    List<BlockResults> views = new ArrayList<>();
    List<BlockResults> others = new ArrayList<>();
    for (Statistic statistic : running.pipeline().statistics()) {
      // Other results are not in this process.
      if (running.results(statistic.name()) instanceof BlockResults results) {
        (statistic.viewRetention().isPresent() ? views : others).add(results);
      }
    }
    Map<String, CountedSince> since = new LinkedHashMap<>();
    for (Results results : others) {
      results.countedSince().ifPresent(s -> since.put(results.statistic().name(), s));
    }
    List<BlockResults> hourly =
        Stream.concat(others.stream(), views.stream())
            .filter(results -> ExploreIndex.isHourlyCount(results.statistic()))
            .toList();
    Optional<BlockResults> main =
        hourly.stream()
            .filter(results -> dimension(results, Dimensions.CRIME_TYPE) >= 0)
            .findFirst()
            .or(() -> hourly.stream().findFirst());
    Optional<CallHours> hours =
        main.map(results -> new CallHours(results, details.watermark(), zone));
    Optional<BlockResults> byType = take(others, r -> isTotal(r, BY_TYPE, "crime_type"));
    Optional<BlockResults> byLocation = take(others, r -> isTotal(r, BY_LOCATION, "address"));
    Optional<BlockResults> spikes =
        hours.isPresent() ? take(others, SnapshotFactory::isSpikes) : Optional.empty();
    Optional<BlockResults> responses =
        take(others, r -> r.statistic().name().equals(RESPONSES) && isPriority(r));
    Optional<Ranking> types = byType.map(results -> ranking(results, TOP_TYPES, this::meaning));
    Findings findings = new Findings(groups, Holidays.of(running.pipeline()));
    hours.ifPresentOrElse(
        all -> {
          findings.findBusiestHour(all, dimension(main.orElseThrow(), Dimensions.CRIME_TYPE));
          findings.findUnusualDays(all);
          spikes.ifPresentOrElse(
              results -> findings.findSpikes(results, all),
              () -> findings.unknown().add(NO_SPIKES));
          findings.findShift(all, areas(hourly));
        },
        () -> findings.unknown().add(NO_HOURS));
    responses.ifPresentOrElse(
        findings::findResponseTimes, () -> findings.unknown().add(NO_RESPONSES));
    types.ifPresent(all -> findings.findTypes(all, routine(byType.orElseThrow())));
    main.filter(SnapshotFactory::hasPanels).ifPresent(others::remove);
    if (hours.isPresent()) {
      take(others, r -> isTotal(r, BY_HOUR_OF_WEEK, "day_of_week", "hour_of_day"));
    }
    return new Snapshot(
        Instant.now(),
        state,
        running.failure().map(CallstreamException::getMessage),
        zone,
        running.pipeline().distinctHorizon().isPresent()
            || running.pipeline().correctionHorizon().isPresent(),
        details.clocks().stream()
            .flatMap(clock -> clock.time().stream())
            .max(Comparator.naturalOrder())
            .or(details::watermark),
        hours,
        findings,
        types,
        main.flatMap(this::dispositions),
        byLocation.map(results -> ranking(results, TOP_LOCATIONS, address -> "")),
        since,
        others.stream().map(results -> table(results, details.watermark(), zone)).toList(),
        progress,
        running.accounting(),
        monitor.isPresent(),
        monitor.flatMap(StabilityMonitor::verdict));
  }

  /** Returns the index of a dimension, or -1 if results do not have it. */
  private static int dimension(Results results, Dimension dimension) {
    return results.statistic().dimensions().stream()
        .map(Dimension::name)
        .toList()
        .indexOf(dimension.name());
  }

  /** Returns where shifts are searched, by what the values are. */
  private static Map<String, Area> areas(List<BlockResults> hourly) {
    Map<String, Area> areas = new LinkedHashMap<>();
    for (Dimension by :
        List.of(Dimensions.CRIME_TYPE, Dimensions.DISTRICT, Dimensions.NEIGHBORHOOD)) {
      hourly.stream()
          .filter(results -> dimension(results, by) >= 0)
          .findFirst()
          .ifPresent(
              results -> areas.put(Findings.kind(by), new Area(results, dimension(results, by))));
    }
    return areas;
  }

  /** Returns whether panels show all that an hourly statistic counts. */
  private static boolean hasPanels(Results results) {
    return results.statistic().measures().stream().allMatch(Measure.Count.class::isInstance)
        && results.statistic().dimensions().stream()
            .map(Dimension::name)
            .allMatch(
                List.of(Dimensions.CRIME_TYPE.name(), Dimensions.DISPOSITION.name())::contains);
  }

  private static boolean isSpikes(Results results) {
    return results.statistic().baseline().isPresent() && ExploreIndex.isHourly(results.statistic());
  }

  private static boolean isPriority(Results results) {
    return hasDimensions(results.statistic(), Dimensions.PRIORITY.name());
  }

  /** Returns the calls of routine activity by type. */
  private Map<String, Long> routine(BlockResults byType) {
    Map<String, Long> routine = new HashMap<>();
    byType.groups().values().forEach(all -> CallHours.addTo(routine, all, 0, new TextCache()));
    routine.keySet().removeIf(type -> !groups.group(type).equals(TypeGroups.ROUTINE));
    return routine;
  }

  private String meaning(String type) {
    String meaning = groups.meaning(type);
    return groups.group(type).equals(TypeGroups.ROUTINE)
        ? "routine" + (meaning.isEmpty() ? "" : ": " + meaning)
        : meaning;
  }

  private Optional<Ranking> dispositions(BlockResults hourly) {
    int index = dimension(hourly, Dimensions.DISPOSITION);
    if (index < 0) {
      return Optional.empty();
    }
    Map<String, Long> counts = new HashMap<>();
    TextCache texts = new TextCache();
    hourly.groups().values().forEach(hour -> CallHours.addTo(counts, hour, index, texts));
    return Optional.of(
        ranking(counts, hourly.statistic().dimensions().get(index), TOP_DISPOSITIONS));
  }

  /** Removes the results that have a panel from a list, and returns them. */
  private static Optional<BlockResults> take(
      List<BlockResults> all, Predicate<BlockResults> panel) {
    Optional<BlockResults> found = all.stream().filter(panel).findFirst();
    found.ifPresent(all::remove);
    return found;
  }

  private static boolean isTotal(Results results, String name, String... dimensions) {
    Statistic statistic = results.statistic();
    return statistic.name().equals(name)
        && statistic.window().isEmpty()
        && hasDimensions(statistic, dimensions);
  }

  private static boolean hasDimensions(Statistic statistic, String... names) {
    return statistic.dimensions().stream().map(Dimension::name).toList().equals(List.of(names));
  }

  /** Ranks the groups of a statistic with one dimension and no window. */
  private static Ranking ranking(Results results, int entries, UnaryOperator<String> descriptions) {
    return new Ranking(
        results.top(entries).stream()
            .map(
                row ->
                    new Entry(
                        RowTexts.shortened(row.dimensions().get(0)),
                        descriptions.apply(row.dimensions().get(0)),
                        row.count()))
            .toList(),
        Math.toIntExact(results.size()),
        CallHours.calls(BlockResults.of(results).groups().values()));
  }

  /** Ranks the values of a dimension by their counts. */
  private static Ranking ranking(Map<String, Long> counts, Dimension dimension, int entries) {
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

  /**
   * Adds the rows of the latest windows, or the sessions with the latest starts.
   *
   * @param end the latest end of the windows
   */
  private static void addLatest(BlockResults results, Instant end, int most, List<ResultRow> rows) {
    boolean isSession = results.statistic().window().orElse(null) instanceof Window.Session;
    for (Map.Entry<Long, Groups> window : results.groups().descendingMap().entrySet()) {
      List<ResultRow> some = new ArrayList<>(results.rows(window.getKey(), window.getValue()));
      if (isSession) {
        Collections.reverse(some);
      }
      some.stream()
          .filter(row -> !row.window().orElseThrow().end().isAfter(end))
          .limit(most - rows.size())
          .forEach(rows::add);
      if (rows.size() == most) {
        return;
      }
    }
  }

  /**
   * Returns the rows with the highest counts, or those of the latest complete windows, newest
   * first. If no window is complete, the rows are of other windows.
   */
  private static Table table(Results results, Optional<Instant> watermark, ZoneId zone) {
    List<ResultRow> rows = new ArrayList<>();
    String note = "";
    if (results.statistic().window().isEmpty()) {
      rows.addAll(results.top(TABLE_ROWS));
    } else {
      note = "Complete windows, newest first: ";
      addLatest(BlockResults.of(results), watermark.orElse(Instant.MIN), TABLE_ROWS, rows);
      if (rows.isEmpty()) {
        note = "No window is complete. Newest first: ";
        addLatest(BlockResults.of(results), Instant.MAX, TABLE_ROWS, rows);
      }
    }
    boolean isPart = rows.size() < results.size();
    note += isPart && note.isEmpty() ? "The first " : "";
    note += (isPart ? rows.size() + " of " : "") + Plural.of(results.size(), "row");
    Statistic statistic = results.statistic();
    RowTexts texts = new RowTexts(statistic, zone);
    return new Table(
        statistic.name(),
        statistic.typedColumns().stream().map(Formats::words).toList(),
        rows.stream().map(texts::of).toList(),
        numbersFrom(statistic),
        note);
  }
}
