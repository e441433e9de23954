package io.callstream.statistic;

import static io.callstream.statistic.Dimensions.ADDRESS;
import static io.callstream.statistic.Dimensions.CRIME_TYPE;
import static io.callstream.statistic.Dimensions.DISPOSITION;

import io.callstream.call.CallFormat;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Common statistics. */
public final class StandardStatistics {
  /** The default allowed lateness: one hour. */
  public static final Duration DEFAULT_LATENESS = Duration.ofHours(1);

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
    return statistics;
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
   * Returns {@link #callsByTypeAndDispositionHourly(Lookup, Duration)} with San Francisco's radio
   * codes and the default allowed lateness.
   */
  public static Statistic callsByTypeAndDispositionHourly() {
    return callsByTypeAndDispositionHourly(RadioCodes.sanFrancisco(), DEFAULT_LATENESS);
  }

  /**
   * Returns {@code calls-by-type-and-disposition-hourly}: the count by type and disposition in
   * windows of 60 minutes, with the description of the disposition.
   */
  public static Statistic callsByTypeAndDispositionHourly(
      Lookup dispositions, Duration allowedLateness) {
    return hourly(DISPOSITION.describedBy(dispositions), allowedLateness);
  }

  private static Statistic hourly(Dimension disposition, Duration allowedLateness) {
    return Statistic.named("calls-by-type-and-disposition-hourly")
        .by(CRIME_TYPE, disposition)
        .over(Windows.tumbling(Duration.ofMinutes(60)).allowingLateness(allowedLateness))
        .build();
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
