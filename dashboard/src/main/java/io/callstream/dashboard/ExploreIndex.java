package io.callstream.dashboard;

import io.callstream.dashboard.ExploreQuery.Column;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.TextCache;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measure.Accumulator;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The rows of an hourly statistic as columns of numbers, from which requests compute sums. A batch
 * costs only the hours that it changed. Covers the latest {@value #MAX_HOURS} hours with at most
 * {@value #MAX_ROWS} rows. Not thread-safe.
 */
final class ExploreIndex {
  /** A little more than the retention of {@link StandardStatistics#callsInDetail}. */
  static final int MAX_HOURS = 110 * 24;

  static final int MAX_ROWS = 2_000_000;

  /** The minimum time without calls, after the watermark, before hours that are misdated. */
  private static final long MISDATED = Duration.ofDays(1).toMillis();

  /** The minimum number of consecutive hours without any call that are a gap in the feed. */
  static final int GAP_HOURS = 6;

  static final int SAMPLES = 25;
  private static final int MAX_TEXTS = 1_000_000;
  private static final int MAX_FAILURES = 2;
  private static final long HOUR = Duration.ofHours(1).toMillis();
  private static final String RESPONSE = "response_median";

  /** Reads the states of the median, which all quantiles share. */
  private static final Measure.Aggregate NINETIETH =
      (Measure.Aggregate)
          Measures.quantile("response_p90", 0.9, Set.of(), call -> Optional.empty());

  private final ZoneId zone;
  private final TypeGroups groups;
  private final Map<Column, Values> columns = new EnumMap<>(Column.class);
  private final Measure.@Nullable Aggregate response;
  private final NavigableMap<Long, Hour> hours = new TreeMap<>();

  /** The values of a column, by their numbers. The index is that of the dimension, or -1. */
  private static final class Values {
    final int index;
    final List<String> texts = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();

    Values(int index) {
      this.index = index;
    }

    int id(String text) {
      return ids.computeIfAbsent(
          RowTexts.shortened(text),
          shown -> {
            texts.add(shown);
            return texts.size() - 1;
          });
    }

    /** Returns the number of a text, or -1 if no call has it. */
    int find(String text) {
      return ids.getOrDefault(text, -1);
    }
  }

  /** The rows of an hour: the numbers of their values by column, and their calls. */
  private record Hour(
      Groups groups, Map<Column, int[]> ids, int[] calls, byte @Nullable [][] states) {}

  /**
   * The hours of an index without gaps between them, and the calls of a query in them at any time.
   *
   * @param runs hours that follow each other at an equal offset: the index of the first one, its
   *     start and the offset, in seconds
   * @param gaps the indexes of hours in which the feed has no calls: first, and last exclusive
   */
  record Series(List<long[]> runs, long[] calls, List<int[]> gaps) {}

  /**
   * The calls of a column's values that all other filters accept, highest first.
   *
   * @param values the first values that contain the text of the query
   * @param groups the number of all values
   * @param found the number of all values that contain the text of the query
   */
  record Facet(List<Map.Entry<String, Long>> values, int groups, int found, long total) {}

  /** A row of a selection. */
  record Sample(long start, List<String> values, int calls) {}

  /** The median and the 90th percentile of response times, in milliseconds; -1 without any. */
  record Waiting(String value, long median, long ninetieth) {}

  /**
   * The result of a query.
   *
   * @param total the calls that all filters accept
   * @param routine the calls that only the exclusion of routine activity rejects
   * @param centers the mean coordinates of the hexagons of each neighborhood
   * @param samples the latest rows
   * @param waiting response times: of all calls, then by priority; empty if no call has one
   * @param unknown the filters whose value no call of any time has
   */
  record Selection(
      Series series,
      long total,
      long routine,
      Map<Column, Facet> facets,
      Map<String, double[]> centers,
      List<Sample> samples,
      List<Waiting> waiting,
      Map<Column, String> unknown) {}

  ExploreIndex(Statistic statistic, ZoneId zone, TypeGroups groups) {
    this.zone = zone;
    this.groups = groups;
    List<String> names = statistic.dimensions().stream().map(Dimension::name).toList();
    for (Column column : Column.values()) {
      if (names.contains(column.column())) {
        columns.put(column, new Values(names.indexOf(column.column())));
      }
    }
    if (columns.containsKey(Column.TYPE) && !groups.names().isEmpty()) {
      columns.put(Column.GROUP, new Values(-1));
    }
    List<Measure> aggregates =
        statistic.measures().stream().filter(Measure.Aggregate.class::isInstance).toList();
    response =
        aggregates.size() == 1 && aggregates.get(0).name().equals(RESPONSE)
            ? (Measure.Aggregate) aggregates.get(0)
            : null;
  }

  /**
   * Returns the statistic of a pipeline with the most known columns among those that count all
   * calls by the hour, if there is one.
   */
  static Optional<Statistic> statistic(Pipeline pipeline) {
    return pipeline.statistics().stream()
        .filter(ExploreIndex::isHourlyCount)
        .max(
            Comparator.comparing(
                    (Statistic statistic) -> statistic.name().equals(StandardStatistics.IN_DETAIL))
                .thenComparing(statistic -> statistic.dimensions().size()));
  }

  /** Returns whether a statistic counts all calls by the hour. */
  static boolean isHourlyCount(Statistic statistic) {
    return statistic.filter().isEmpty() && statistic.baseline().isEmpty() && isHourly(statistic);
  }

  /** Returns whether the windows of a statistic are hours. */
  static boolean isHourly(Statistic statistic) {
    Window window = statistic.window().orElse(null);
    return window instanceof Window.Tumbling tumbling
        ? tumbling.size().toMillis() == HOUR
        : window instanceof Window.Calendar calendar
            && calendar.unit() == Window.Calendar.Unit.HOUR;
  }

  /** Returns the columns that the statistic has. Thread-safe. */
  List<Column> columns() {
    return List.copyOf(columns.keySet());
  }

  /**
   * Updates the rows from the groups of all windows. Excludes misdated calls far after the
   * watermark, which would move the latest hours away from all others.
   *
   * @param upTo the watermark
   */
  void update(NavigableMap<Long, Groups> windows, Optional<Instant> upTo) {
    if (columns.values().stream().anyMatch(values -> values.texts.size() > MAX_TEXTS)) {
      clear(); // Most of the texts are of hours that are gone.
    }
    NavigableMap<Long, Groups> latest = shown(windows, upTo);
    hours.entrySet().removeIf(hour -> latest.get(hour.getKey()) != hour.getValue().groups());
    latest.forEach((start, rows) -> hours.computeIfAbsent(start, key -> read(rows)));
  }

  private static NavigableMap<Long, Groups> shown(
      NavigableMap<Long, Groups> windows, Optional<Instant> upTo) {
    return latest(upTo.map(time -> dated(windows, time.toEpochMilli())).orElse(windows));
  }

  /**
   * Returns the start of the first hour that the page shows, if the pipeline counts by the hour.
   */
  static Optional<Instant> firstHour(RunningPipeline running, Optional<Instant> upTo) {
    return statistic(running.pipeline())
        .map(statistic -> running.results(statistic.name()))
        .filter(BlockResults.class::isInstance) // Others are not in this process.
        .map(results -> shown(((BlockResults) results).groups(), upTo))
        .filter(hours -> !hours.isEmpty())
        .map(hours -> Instant.ofEpochMilli(hours.firstKey()));
  }

  private void clear() {
    hours.clear();
    for (Values values : columns.values()) {
      values.texts.clear();
      values.ids.clear();
    }
  }

  /** Returns the windows up to the watermark, and those that follow without a long gap. */
  static NavigableMap<Long, Groups> dated(NavigableMap<Long, Groups> windows, long watermark) {
    long end = watermark;
    for (long start : windows.tailMap(watermark, false).keySet()) {
      if (start - end > MISDATED) {
        break;
      }
      end = start;
    }
    return windows.headMap(end, true);
  }

  private static NavigableMap<Long, Groups> latest(NavigableMap<Long, Groups> windows) {
    if (windows.isEmpty()) {
      return windows;
    }
    long first = windows.lastKey() - (MAX_HOURS - 1) * HOUR;
    long rows = 0;
    for (Map.Entry<Long, Groups> window : windows.descendingMap().entrySet()) {
      rows += window.getValue().groups();
      if (rows > MAX_ROWS) {
        first = Math.max(first, window.getKey() + 1);
        break;
      }
    }
    return windows.tailMap(first, true);
  }

  private Hour read(Groups all) {
    TextCache texts = new TextCache();
    int rows = all.groups();
    Map<Column, int[]> ids = new EnumMap<>(Column.class);
    columns.keySet().forEach(column -> ids.put(column, new int[rows]));
    int[] calls = new int[rows];
    byte[][] states = response == null ? null : new byte[rows][];
    BlockReader groupsOfHour = all.reader();
    for (int row = 0; groupsOfHour.next(); row++) {
      List<String> dimensions = groupsOfHour.dimensions(texts);
      for (Map.Entry<Column, Values> column : columns.entrySet()) {
        Values values = column.getValue();
        String text =
            column.getKey() == Column.GROUP
                ? groups.group(dimensions.get(values(Column.TYPE).index))
                : dimensions.get(values.index);
        get(ids, column.getKey())[row] = values.id(text);
      }
      calls[row] = (int) Math.min(Integer.MAX_VALUE, groupsOfHour.count());
      if (states != null) {
        states[row] = groupsOfHour.state(0);
      }
    }
    return new Hour(all, ids, calls, states);
  }

  private Values values(Column column) {
    return get(columns, column);
  }

  private static <T> T get(Map<Column, T> map, Column column) {
    T value = map.get(column);
    if (value == null) {
      throw new IllegalStateException("There is no column " + column);
    }
    return value;
  }

  /** A filter: a column, and the number of the value that calls must have or must not have. */
  private record Filter(Column column, int id, boolean excludes) {
    boolean accepts(Hour hour, int row) {
      return (get(hour.ids(), column)[row] == id) != excludes;
    }
  }

  /** Returns the filters of a query. The exclusion of routine activity is the last one. */
  private List<Filter> filters(ExploreQuery query) {
    List<Filter> filters = new ArrayList<>();
    query
        .filters()
        .forEach(
            (column, value) ->
                filters.add(
                    new Filter(column, values(column).find(RowTexts.shortened(value)), false)));
    if (!query.routine() && columns.containsKey(Column.GROUP) && !asksForRoutine(query)) {
      filters.add(new Filter(Column.GROUP, values(Column.GROUP).find(TypeGroups.ROUTINE), true));
    }
    return filters;
  }

  private boolean asksForRoutine(ExploreQuery query) {
    String type = query.filters().get(Column.TYPE);
    return TypeGroups.ROUTINE.equals(query.filters().get(Column.GROUP))
        || (type != null && groups.group(type).equals(TypeGroups.ROUTINE));
  }

  /** Computes the result of a query whose filters are columns of this index. */
  Selection select(ExploreQuery query) {
    List<Long> starts = starts();
    List<Filter> filters = filters(query);
    long[] series = new long[starts.size()];
    Sums sums = new Sums(query);
    for (int i = 0; i < series.length; i++) {
      Hour hour = hours.get(starts.get(i));
      if (hour == null) {
        continue;
      }
      boolean isSelected = query.includes(starts.get(i), zone);
      for (int row = 0; row < hour.calls().length; row++) {
        Filter failed = null;
        int failures = 0;
        for (int f = 0; f < filters.size() && failures < MAX_FAILURES; f++) {
          if (!filters.get(f).accepts(hour, row)) {
            failed = filters.get(f);
            failures++;
          }
        }
        if (failures == 0) {
          series[i] += hour.calls()[row];
        }
        if (isSelected && failures < MAX_FAILURES) {
          sums.add(hour, row, failed);
        }
      }
    }
    return new Selection(
        new Series(runs(starts), series, gaps(starts)),
        sums.total,
        sums.routine,
        sums.facets(),
        sums.centers(),
        samples(query, starts, filters),
        sums.waiting(),
        unknown(query));
  }

  private Map<Column, String> unknown(ExploreQuery query) {
    Map<Column, String> unknown = new EnumMap<>(query.filters());
    unknown
        .entrySet()
        .removeIf(
            filter -> {
              int id = values(filter.getKey()).find(RowTexts.shortened(filter.getValue()));
              return hours.values().stream()
                  .flatMapToInt(hour -> Arrays.stream(get(hour.ids(), filter.getKey())))
                  .anyMatch(each -> each == id);
            });
    return unknown;
  }

  /** The sums of a selection. */
  private final class Sums {
    private final ExploreQuery query;
    private final Map<Column, long[]> calls = new EnumMap<>(Column.class);
    private final Map<Integer, Accumulator> waits = new TreeMap<>();
    private final Map<Integer, double[]> places = new HashMap<>();
    private long total;
    private long routine;

    Sums(ExploreQuery query) {
      this.query = query;
      columns.forEach((column, values) -> calls.put(column, new long[values.texts.size()]));
    }

    /**
     * Adds a row.
     *
     * @param failed the only filter that rejects the row; null if all accept it
     */
    void add(Hour hour, int row, @Nullable Filter failed) {
      int count = hour.calls()[row];
      if (failed != null) {
        if (failed.excludes()) {
          routine += count;
        } else {
          get(calls, failed.column())[get(hour.ids(), failed.column())[row]] += count;
        }
        return;
      }
      total += count;
      calls.forEach((column, sums) -> sums[get(hour.ids(), column)[row]] += count);
      addPlace(hour, row, count);
      byte[][] states = hour.states();
      Measure.Aggregate times = response;
      if (states != null && times != null && states[row].length > 0) {
        int[] priorities = hour.ids().get(Column.PRIORITY);
        waits
            .computeIfAbsent(priorities == null ? 0 : priorities[row], id -> times.empty())
            .merge(times.read(states[row]));
      }
    }

    private void addPlace(Hour hour, int row, int count) {
      if (!columns.containsKey(Column.HEXAGON) || !columns.containsKey(Column.NEIGHBORHOOD)) {
        return;
      }
      String hexagon = values(Column.HEXAGON).texts.get(get(hour.ids(), Column.HEXAGON)[row]);
      int comma = hexagon.indexOf(',');
      if (comma > 0) {
        double[] sum =
            places.computeIfAbsent(get(hour.ids(), Column.NEIGHBORHOOD)[row], id -> new double[3]);
        sum[0] += count * Double.parseDouble(hexagon.substring(0, comma));
        sum[1] += count * Double.parseDouble(hexagon.substring(comma + 1));
        sum[2] += count;
      }
    }

    Map<String, double[]> centers() {
      Map<String, double[]> centers = new TreeMap<>();
      places.forEach(
          (id, sum) -> {
            String name = values(Column.NEIGHBORHOOD).texts.get(id);
            if (!name.isEmpty()) {
              centers.put(name, new double[] {sum[0] / sum[2], sum[1] / sum[2]});
            }
          });
      return centers;
    }

    Map<Column, Facet> facets() {
      Map<Column, Facet> facets = new EnumMap<>(Column.class);
      calls.forEach((column, sums) -> facets.put(column, facet(column, sums)));
      return facets;
    }

    private Facet facet(Column column, long[] sums) {
      List<Map.Entry<String, Long>> values = new ArrayList<>();
      // Readers do not see the texts of the other columns.
      boolean isFound =
          query.find().isEmpty() || column == Column.HEXAGON || column == Column.GROUP;
      long all = 0;
      int number = 0;
      for (int id = 0; id < sums.length; id++) {
        if (sums[id] > 0) {
          String text = values(column).texts.get(id);
          all += sums[id];
          number++;
          if (isFound || ExploreIndex.this.contains(text, query.find())) {
            values.add(Map.entry(text, sums[id]));
          }
        }
      }
      values.sort(
          Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
              .thenComparing(Map.Entry.comparingByKey()));
      int most =
          switch (column) {
            case HEXAGON -> ExploreQuery.MAX_TOP;
            case GROUP -> Math.max(query.top(), groups.names().size());
            case TYPE, DISPOSITION, PRIORITY, DISTRICT, NEIGHBORHOOD, ADDRESS -> query.top();
          };
      return new Facet(values.stream().limit(most).toList(), number, values.size(), all);
    }

    List<Waiting> waiting() {
      List<Waiting> waiting = new ArrayList<>();
      if (response == null || waits.isEmpty()) {
        return waiting;
      }
      Accumulator all = response.empty();
      waits.values().forEach(all::merge);
      Waiting ofAll = waiting("", all);
      if (ofAll.median() < 0) {
        return waiting;
      }
      waiting.add(ofAll);
      if (columns.containsKey(Column.PRIORITY)) {
        waits.entrySet().stream()
            .map(wait -> waiting(values(Column.PRIORITY).texts.get(wait.getKey()), wait.getValue()))
            .filter(wait -> !wait.value().isEmpty() && wait.median() >= 0)
            .sorted(Comparator.comparing(Waiting::value))
            .limit(query.top())
            .forEach(waiting::add);
      }
      return waiting;
    }

    private Waiting waiting(String value, Accumulator times) {
      return new Waiting(value, millis(times), millis(NINETIETH.read(times.toBytes())));
    }

    private static long millis(Accumulator times) {
      return times.value().map(time -> ((Duration) time).toMillis()).orElse(-1L);
    }
  }

  /** Returns whether a value or its meaning contains a text in lower case. */
  private boolean contains(String value, String text) {
    return value.toLowerCase(Locale.ROOT).contains(text) || groups.meaning(value).contains(text);
  }

  /** Returns the starts of all hours from the first to the last, also of those without calls. */
  private List<Long> starts() {
    List<Long> starts = new ArrayList<>();
    Long start = hours.isEmpty() ? null : hours.firstKey();
    while (start != null) {
      starts.add(start);
      Long next = hours.higherKey(start);
      // A change of the clocks by half an hour causes a shorter hour.
      start = next == null ? null : Long.valueOf(Math.min(next, start + HOUR));
    }
    return starts;
  }

  private List<long[]> runs(List<Long> starts) {
    List<long[]> runs = new ArrayList<>();
    long offset = 0;
    for (int i = 0; i < starts.size(); i++) {
      long start = starts.get(i);
      ZoneOffset at = zone.getRules().getOffset(Instant.ofEpochMilli(start));
      if (i == 0 || at.getTotalSeconds() != offset || start != starts.get(i - 1) + HOUR) {
        offset = at.getTotalSeconds();
        runs.add(new long[] {i, start / 1_000, offset});
      }
    }
    return runs;
  }

  private List<int[]> gaps(List<Long> starts) {
    List<int[]> gaps = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < starts.size(); i++) {
      if (hours.containsKey(starts.get(i))) {
        if (i - from >= GAP_HOURS) {
          gaps.add(new int[] {from, i});
        }
        from = i + 1;
      }
    }
    return gaps;
  }

  private List<Sample> samples(ExploreQuery query, List<Long> starts, List<Filter> filters) {
    List<Sample> samples = new ArrayList<>();
    for (int i = starts.size() - 1; i >= 0 && samples.size() < SAMPLES; i--) {
      Hour hour = hours.get(starts.get(i));
      if (hour == null || !query.includes(starts.get(i), zone)) {
        continue;
      }
      for (int row = 0; row < hour.calls().length && samples.size() < SAMPLES; row++) {
        int at = row;
        if (hour.calls()[row] > 0 && filters.stream().allMatch(f -> f.accepts(hour, at))) {
          samples.add(
              new Sample(
                  starts.get(i),
                  columns.entrySet().stream()
                      .map(
                          column ->
                              column.getValue().texts.get(get(hour.ids(), column.getKey())[at]))
                      .toList(),
                  hour.calls()[row]));
        }
      }
    }
    return samples;
  }
}
