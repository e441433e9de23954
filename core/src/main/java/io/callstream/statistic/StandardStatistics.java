package io.callstream.statistic;

import static io.callstream.statistic.Dimensions.ADDRESS;
import static io.callstream.statistic.Dimensions.CRIME_TYPE;
import static io.callstream.statistic.Dimensions.DISPOSITION;

import java.time.Duration;
import java.time.ZoneId;
import java.util.List;

/** Common statistics. */
public final class StandardStatistics {
  /** The default allowed lateness: one hour. */
  public static final Duration DEFAULT_LATENESS = Duration.ofHours(1);

  private StandardStatistics() {}

  /** Returns all standard statistics. */
  public static List<Statistic> all(ZoneId zone, Duration allowedLateness) {
    return List.of(
        callsByType(),
        callsByTypeAndDispositionHourly(RadioCodes.sanFrancisco(), allowedLateness),
        callsByLocation(),
        callsByHourOfWeek(zone));
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
    return Statistic.named("calls-by-type-and-disposition-hourly")
        .by(CRIME_TYPE, DISPOSITION.describedBy(dispositions))
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
