package io.callstream.statistic;

import io.callstream.call.Field;
import java.time.Instant;
import java.util.Set;

/** Common measures. */
public final class Measures {
  private Measures() {}

  /** Returns the number of calls in the group, in the column {@code count}. */
  public static Measure count() {
    return new Measure.Count("count");
  }

  /** Returns the group's share of the calls in its window, in the column {@code share}. */
  public static Measure share() {
    return new Measure.Share("share");
  }

  /**
   * Returns the approximate number of distinct values of a text field, as a Long. The empty string
   * is not counted. The measure is a HyperLogLog sketch with 4,096 registers, whose relative
   * standard error is 1.6 % (Apache DataSketches, HLL_8, lg k = 12).
   *
   * <p>Requires {@code org.apache.datasketches:datasketches-java} on the class path. Spark 3.5
   * includes it.
   *
   * @throws IllegalArgumentException if the name is not a valid column name
   * @throws io.callstream.CallstreamException with {@link io.callstream.ErrorCode#ENVIRONMENT} if
   *     the library is missing
   */
  public static Measure approximateDistinct(String name, Field<String> field) {
    return new DistinctMeasure(name, field);
  }

  /**
   * Returns the minimum of a duration, as a Duration in whole milliseconds. Negative durations are
   * ignored.
   *
   * @param fields the fields that {@code duration} reads, except for the event time
   */
  public static Measure minimum(String name, Set<Field<?>> fields, CallDuration duration) {
    return new DurationMeasure(name, DurationMeasure.Kind.MINIMUM, fields, duration);
  }

  /**
   * Returns the maximum of a duration, as a Duration in whole milliseconds. Negative durations are
   * ignored.
   *
   * @param fields the fields that {@code duration} reads, except for the event time
   */
  public static Measure maximum(String name, Set<Field<?>> fields, CallDuration duration) {
    return new DurationMeasure(name, DurationMeasure.Kind.MAXIMUM, fields, duration);
  }

  /**
   * Returns the mean of a duration, as a Duration rounded to the millisecond. Negative durations
   * are ignored.
   *
   * @param fields the fields that {@code duration} reads, except for the event time
   */
  public static Measure mean(String name, Set<Field<?>> fields, CallDuration duration) {
    return new DurationMeasure(name, DurationMeasure.Kind.MEAN, fields, duration);
  }

  /**
   * Returns a quantile of a duration, as a Duration. Of n durations in ascending order, this is the
   * one with the rank ceil(quantile * n), accurate to two significant digits (HdrHistogram).
   * Negative durations are ignored. Durations over 36,600 days count as 36,600 days.
   *
   * <p>Requires {@code org.hdrhistogram:HdrHistogram} on the class path.
   *
   * @param quantile greater than 0 and at most 1; 0.5 is the median
   * @param fields the fields that {@code duration} reads, except for the event time
   * @throws IllegalArgumentException if {@code quantile} is out of range, or the name is not a
   *     valid column name
   * @throws io.callstream.CallstreamException with {@link io.callstream.ErrorCode#ENVIRONMENT} if
   *     the library is missing
   */
  public static Measure quantile(
      String name, double quantile, Set<Field<?>> fields, CallDuration duration) {
    return new QuantileMeasure(name, quantile, fields, duration);
  }

  /** Returns the duration from one time field of a call to another, for measures of durations. */
  public static CallDuration between(Field<Instant> start, Field<Instant> end) {
    return call -> call.between(start, end);
  }
}
