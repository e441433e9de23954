package io.callstream.statistic;

import static io.callstream.statistic.Dimensions.ADDRESS;
import static io.callstream.statistic.Dimensions.CRIME_TYPE;
import static io.callstream.statistic.Dimensions.DISPOSITION;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.lookup.LookupSources;
import io.callstream.lookup.LookupTable;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Common statistics. */
public final class StandardStatistics {
  /** The default allowed lateness: one hour. */
  public static final Duration DEFAULT_LATENESS = Duration.ofHours(1);

  /** The field of the lookup {@link #dispositions()}: what the disposition code means. */
  public static final Field<String> DISPOSITION_DESCRIPTION = Field.text("disposition_description");

  /** Types of San Francisco's calls that report activity of the police, and no event. */
  public static final Set<String> ROUTINE_TYPES =
      Set.of("Passing Call", "Traffic Stop", "Muni Inspection");

  private StandardStatistics() {}

  /** Returns all standard statistics of San Francisco's calls. */
  public static List<Statistic> all(ZoneId zone, Duration allowedLateness) {
    return List.of(
        callsByType(),
        callsByTypeAndDispositionHourly(RadioCodes.sanFrancisco(), allowedLateness),
        callsByLocation(),
        callsByHourOfWeek(zone));
  }

  /**
   * Returns the standard statistics of San Francisco's current feeds ({@link
   * io.callstream.call.DataSfCalls}): {@link #all}, {@link #responseTimesByPriority}, {@link
   * #responseTimesByDistrict}, {@link #callsByNeighborhoodHourly} and {@link #callsByOnView}.
   */
  public static List<Statistic> ofDataSf(ZoneId zone, Duration allowedLateness) {
    List<Statistic> statistics = new ArrayList<>(all(zone, allowedLateness));
    statistics.add(responseTimesByPriority());
    statistics.add(responseTimesByDistrict());
    statistics.add(callsByNeighborhoodHourly(allowedLateness));
    statistics.add(callsByOnView());
    return List.copyOf(statistics);
  }

  /**
   * Returns {@code response-times-by-priority}: running median, 90th and 99th percentile of the
   * times from receipt to dispatch, from dispatch to arrival and from receipt to arrival, by
   * priority. It excludes on-view calls, which nobody waits for. A call without one of the two
   * times of a measure does not count in that measure.
   */
  public static Statistic responseTimesByPriority() {
    return responseTimes("response-times-by-priority", Dimensions.PRIORITY);
  }

  /**
   * Returns {@code response-times-by-district}: {@link #responseTimesByPriority} by police district
   * instead.
   */
  public static Statistic responseTimesByDistrict() {
    return responseTimes("response-times-by-district", Dimensions.DISTRICT);
  }

  /** The name of {@link #callsInDetail}. */
  public static final String IN_DETAIL = "calls-in-detail";

  /** For how long {@link #callsInDetail} keeps closed hours: 100 days. */
  public static final Duration DETAIL_RETENTION = Duration.ofDays(100);

  /**
   * Returns {@value #IN_DETAIL}, a {@linkplain Statistic.Builder#forViews view} that the dashboard
   * explores: the count by type, disposition, priority, district, neighborhood, address and {@link
   * Dimensions#HEXAGON}, as far as the format has them, in local hours. If the format has the times
   * of a response, the view also has the median time from receipt to arrival, without on-view
   * calls. It has about one row per call, and keeps hours for {@link #DETAIL_RETENTION}. With the
   * 2,200 calls a day of San Francisco, this takes about 20 MB.
   */
  public static Statistic callsInDetail(CallFormat format, Duration allowedLateness) {
    Set<Field<?>> fields = new HashSet<>(format.fields());
    if (fields.containsAll(Fields.ALL)) {
      fields.addAll(Set.of(Fields.TYPE, Fields.DISPOSITION, Fields.ADDRESS));
    }
    List<Dimension> dimensions =
        Stream.of(
                CRIME_TYPE,
                DISPOSITION,
                Dimensions.PRIORITY,
                Dimensions.DISTRICT,
                Dimensions.NEIGHBORHOOD,
                ADDRESS,
                Dimensions.HEXAGON)
            .filter(dimension -> fields.containsAll(dimension.fields()))
            .toList();
    List<Measure> measures = new ArrayList<>(List.of(Measures.count()));
    if (fields.containsAll(RESPONSE)) {
      measures.add(
          Measures.quantile("response_median", 0.5, RESPONSE, StandardStatistics::response));
    }
    return Statistic.named(IN_DETAIL)
        .by(dimensions.toArray(Dimension[]::new))
        .over(Windows.hourly(format.zone()).allowingLateness(allowedLateness))
        .measuring(measures.toArray(Measure[]::new))
        .forViews(DETAIL_RETENTION)
        .build();
  }

  private static Optional<Duration> response(Call call) {
    return call.isPresent(Fields.ON_VIEW) && call.longValue(Fields.ON_VIEW) != 0
        ? Optional.empty()
        : call.between(Fields.RECEIVED, Fields.ON_SCENE);
  }

  private static final Set<Field<?>> RESPONSE =
      Set.of(Fields.RECEIVED, Fields.DISPATCHED, Fields.ON_SCENE, Fields.ON_VIEW);

  private static Statistic responseTimes(String name, Dimension by) {
    List<Measure> measures = new ArrayList<>(List.of(Measures.count()));
    addQuantiles(measures, "received_to_dispatch", Fields.RECEIVED, Fields.DISPATCHED);
    addQuantiles(measures, "dispatch_to_scene", Fields.DISPATCHED, Fields.ON_SCENE);
    addQuantiles(measures, "received_to_scene", Fields.RECEIVED, Fields.ON_SCENE);
    return Statistic.named(name)
        .where(
            Set.of(Fields.ON_VIEW),
            call -> !call.isPresent(Fields.ON_VIEW) || call.longValue(Fields.ON_VIEW) == 0)
        .by(by)
        .measuring(measures.toArray(Measure[]::new))
        .build();
  }

  private static void addQuantiles(
      List<Measure> measures, String name, Field<Instant> start, Field<Instant> end) {
    Set<Field<?>> fields = Set.of(start, end);
    CallDuration duration = Measures.between(start, end);
    measures.add(Measures.quantile(name + "_median", 0.5, fields, duration));
    measures.add(Measures.quantile(name + "_p90", 0.9, fields, duration));
    measures.add(Measures.quantile(name + "_p99", 0.99, fields, duration));
  }

  /**
   * Returns {@code calls-by-neighborhood-hourly}: the count by neighborhood in windows of 60
   * minutes.
   */
  public static Statistic callsByNeighborhoodHourly(Duration allowedLateness) {
    return Statistic.named("calls-by-neighborhood-hourly")
        .by(Dimensions.NEIGHBORHOOD)
        .over(Windows.tumbling(Duration.ofMinutes(60)).allowingLateness(allowedLateness))
        .build();
  }

  /**
   * Returns {@code calls-by-on-view}: the running count and share of the calls that an officer on
   * patrol started, and of the others.
   */
  public static Statistic callsByOnView() {
    return Statistic.named("calls-by-on-view")
        .by(Dimensions.ON_VIEW)
        .measuring(Measures.count(), Measures.share())
        .build();
  }

  /**
   * Returns the standard statistics for any format: those whose fields it has, without descriptions
   * of dispositions. If it has no type or no disposition, {@link #callsPerHour} replaces the
   * statistic of both.
   */
  public static List<Statistic> of(CallFormat format, Duration allowedLateness) {
    Set<Field<?>> fields = format.fields();
    boolean hasAll = fields.containsAll(Fields.ALL);
    List<Statistic> statistics = new ArrayList<>();
    if (hasAll || fields.contains(Fields.TYPE)) {
      statistics.add(callsByType());
    }
    statistics.add(
        hasAll || fields.containsAll(Set.of(Fields.TYPE, Fields.DISPOSITION))
            ? hourly(DISPOSITION, allowedLateness)
            : callsPerHour(allowedLateness));
    if (hasAll || fields.contains(Fields.ADDRESS)) {
      statistics.add(callsByLocation());
    }
    statistics.add(callsByHourOfWeek(format.zone()));
    if (fields.contains(Fields.PRIORITY) && fields.containsAll(RESPONSE)) {
      statistics.add(responseTimesByPriority());
    }
    return statistics;
  }

  /**
   * Returns the default statistics of a format by its definition: {@link #ofDataSf} or {@link #all}
   * for San Francisco's formats, and {@link #of} for any other. If the format has a type, {@link
   * #spikesByType} follows, without {@link #ROUTINE_TYPES} for San Francisco's formats.
   *
   * @param hasAllPartitions whether the driver has the calls of the whole source, which spikes
   *     require
   */
  public static List<Statistic> forFormat(
      CallFormat format, Duration allowedLateness, boolean hasAllPartitions) {
    boolean hasCodes = hasRadioCodes(format);
    List<Statistic> statistics =
        new ArrayList<>(
            isDataSf(format)
                ? ofDataSf(format.zone(), allowedLateness)
                : hasCodes ? all(format.zone(), allowedLateness) : of(format, allowedLateness));
    if (hasAllPartitions && Fields.has(format, Fields.TYPE)) {
      Set<String> excluded = hasCodes ? ROUTINE_TYPES : Set.of();
      statistics.add(spikesByType(format.zone(), allowedLateness, excluded));
    }
    return statistics;
  }

  /** Returns whether a format is that of the feeds of DataSF. */
  private static boolean isDataSf(CallFormat format) {
    return format.definition().equals(DataSfCalls.json().definition());
  }

  /** Returns whether the dispositions of a format are San Francisco's radio codes. */
  private static boolean hasRadioCodes(CallFormat format) {
    return format.definition().equals(SanFranciscoCalls.json().definition()) || isDataSf(format);
  }

  /**
   * Returns the lookups for the calls of a format: {@link #dispositions()} for San Francisco's
   * formats, and none for any other.
   */
  public static List<LookupTable> lookupsForFormat(CallFormat format) {
    return hasRadioCodes(format) ? List.of(dispositions()) : List.of();
  }

  /**
   * Returns the lookup {@code dispositions} of San Francisco's radio codes, so that the accounting
   * counts calls with an unknown disposition, or without one.
   */
  public static LookupTable dispositions() {
    return dispositions(RadioCodes.sanFrancisco());
  }

  /** Returns the lookup {@code dispositions} of codes, which do not change. */
  public static LookupTable dispositions(CodeTable codes) {
    Map<String, List<String>> rows = new HashMap<>();
    codes.descriptions().forEach((code, description) -> rows.put(code, List.of(description)));
    return LookupTable.named("dispositions")
        .by(Fields.DISPOSITION)
        .text(DISPOSITION_DESCRIPTION, DISPOSITION_DESCRIPTION.name())
        .from(LookupSources.fixed(rows))
        .build();
  }

  /** Returns {@code calls-per-hour}: the count in windows of 60 minutes. */
  public static Statistic callsPerHour(Duration allowedLateness) {
    return Statistic.named("calls-per-hour")
        .over(Windows.tumbling(Duration.ofMinutes(60)).allowingLateness(allowedLateness))
        .build();
  }

  /** Returns {@code calls-by-type}: the running count by type. */
  public static Statistic callsByType() {
    return Statistic.named("calls-by-type").by(CRIME_TYPE).build();
  }

  /**
   * Returns {@link #callsByTypeAndDispositionHourly(CodeTable, Duration)} with San Francisco's
   * radio codes and the default allowed lateness.
   */
  public static Statistic callsByTypeAndDispositionHourly() {
    return callsByTypeAndDispositionHourly(RadioCodes.sanFrancisco(), DEFAULT_LATENESS);
  }

  /**
   * Returns {@code calls-by-type-and-disposition-hourly}: the count by type and disposition in
   * windows of 60 minutes, with the description of the disposition.
   */
  public static Statistic callsByTypeAndDispositionHourly(
      CodeTable dispositions, Duration allowedLateness) {
    return hourly(DISPOSITION.describedBy(dispositions), allowedLateness);
  }

  private static Statistic hourly(Dimension disposition, Duration allowedLateness) {
    return Statistic.named("calls-by-type-and-disposition-hourly")
        .by(CRIME_TYPE, disposition)
        .over(Windows.tumbling(Duration.ofMinutes(60)).allowingLateness(allowedLateness))
        .build();
  }

  /**
   * Returns {@code spikes-by-type}: types with unusually many calls in a window of 60 minutes, by
   * the default {@link Baseline} of a zone.
   *
   * @param excluded types that are not counted, whose case is ignored, such as {@link
   *     #ROUTINE_TYPES}
   */
  public static Statistic spikesByType(
      ZoneId zone, Duration allowedLateness, Set<String> excluded) {
    Statistic.Builder spikes =
        Statistic.named("spikes-by-type")
            .by(CRIME_TYPE)
            .over(Windows.tumbling(Duration.ofMinutes(60)).allowingLateness(allowedLateness))
            .comparedWith(Baseline.weekly(zone));
    Set<String> types = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    types.addAll(excluded);
    if (!types.isEmpty()) {
      spikes.where(Set.of(Fields.TYPE), call -> !types.contains(call.text(Fields.TYPE)));
    }
    return spikes.build();
  }

  /** Returns {@code calls-by-location}: the running count by address. */
  public static Statistic callsByLocation() {
    return Statistic.named("calls-by-location").by(ADDRESS).build();
  }

  /** Returns {@code calls-by-hour-of-week}: the running count by local day of week and hour. */
  public static Statistic callsByHourOfWeek(ZoneId zone) {
    return Statistic.named("calls-by-hour-of-week")
        .by(Dimensions.dayOfWeek(zone), Dimensions.hourOfDay(zone))
        .build();
  }
}
