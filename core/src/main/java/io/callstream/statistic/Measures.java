package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Common measures.
 *
 * <p>A measure of a field ignores calls without a value of it. Without any value, the result is
 * empty. Results do not depend on the order of calls, or on how batches and partitions split them.
 * Minimum, maximum, top and approximateDistinct cannot retract calls, so they cannot be used in
 * pipelines with corrections.
 */
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
   * Returns the sum of a field.
   *
   * <p>The sum of whole or decimal numbers is an exact BigDecimal with the scale of the field,
   * which is 0 for whole numbers. Its 38 digits hold any sum of 2^63 calls, so it cannot overflow.
   * The sum of a field in double precision is the Double that is nearest to the exact sum. It is
   * infinite if the exact sum exceeds the range of a Double.
   *
   * @throws IllegalArgumentException if the name is not a valid column name
   */
  public static Measure sum(String name, Field<? extends Number> field) {
    return new SumMeasure(name, SumMeasure.Kind.SUM, field);
  }

  /**
   * Returns the mean of a field: the exact sum, divided and rounded once. For decimal numbers, it
   * is a BigDecimal with four digits more than the field, rounded half up. For other numbers, it is
   * the nearest Double.
   *
   * @throws IllegalArgumentException if the name is not a valid column name
   */
  public static Measure mean(String name, Field<? extends Number> field) {
    return new SumMeasure(name, SumMeasure.Kind.MEAN, field);
  }

  /**
   * Returns the minimum of a field, as a Long, a BigDecimal with the scale of the field, or a
   * Double.
   *
   * @throws IllegalArgumentException if the name is not a valid column name
   */
  public static Measure minimum(String name, Field<? extends Number> field) {
    return new ExtremeMeasure(name, ExtremeMeasure.Kind.MINIMUM, field);
  }

  /**
   * Returns the maximum of a field, as a Long, a BigDecimal with the scale of the field, or a
   * Double.
   *
   * @throws IllegalArgumentException if the name is not a valid column name
   */
  public static Measure maximum(String name, Field<? extends Number> field) {
    return new ExtremeMeasure(name, ExtremeMeasure.Kind.MAXIMUM, field);
  }

  /**
   * Returns a quantile of a field, as a Long, a BigDecimal with the scale of the field, or a
   * Double. Of n numbers in ascending order, this is the one with the rank ceil(quantile * n), with
   * a relative error of at most 0.4 %. Numbers with less than 256 units of the last digit are
   * exact. The absolute error of a Double below 2.3E-308 is at most 1E-310.
   *
   * <p>The state of a group has a counter for each bucket with a number. Each doubling of numbers
   * has 128 buckets.
   *
   * @param quantile greater than 0 and at most 1; 0.5 is the median
   * @throws IllegalArgumentException if {@code quantile} is out of range, or the name is not a
   *     valid column name
   */
  public static Measure quantile(String name, double quantile, Field<? extends Number> field) {
    return new QuantileMeasure(name, quantile, new QuantileMeasure.Numbers(field));
  }

  /**
   * Returns the share of the group's calls that a filter accepts, as a Double from 0 to 1.
   *
   * @param fields the fields that {@code filter} reads, except for the event time
   * @throws IllegalArgumentException if the name is not a valid column name
   */
  public static Measure ratio(String name, Set<Field<?>> fields, CallFilter filter) {
    return ratio(name, fields, filter, RatioMeasure.ALL);
  }

  /**
   * Returns the number of calls that one filter accepts, divided by the number that another one
   * accepts, as a Double. The result is empty if the second filter accepts no call.
   *
   * @param fields the fields that the filters read, except for the event time
   * @throws IllegalArgumentException if the name is not a valid column name
   */
  public static Measure ratio(
      String name, Set<Field<?>> fields, CallFilter numerator, CallFilter denominator) {
    return new RatioMeasure(name, fields, numerator, denominator);
  }

  /**
   * Returns the most frequent values of a field with their exact numbers of calls, as a JSON text
   * such as {@code [["Noise",12],["Fight",5]]}. The greatest number comes first. Of equal numbers,
   * the lesser value comes first: the lesser number, the text whose UTF-8 bytes are less, or the
   * position with the lesser latitude, then longitude. Numbers and flags are JSON values. Other
   * values are texts, such as {@code "37.77,-122.42"} for a position. Texts over 1,000 characters
   * count as their first 1,000 characters.
   *
   * <p>A group counts at most 10,000 different values with 1 MiB of UTF-8 texts. Beyond that, the
   * result is the text {@code "more than 10,000 values, or 1 MiB of values"}, which is JSON too.
   *
   * @param n the number of values, from 1 to 100
   * @throws IllegalArgumentException if {@code n} is out of range, or the name is not a valid
   *     column name
   */
  public static Measure top(String name, int n, Field<?> field) {
    return new TopMeasure(name, n, field);
  }

  /**
   * Returns the approximate number of distinct values of a field, as a Long; 0 without any value.
   * The measure is a HyperLogLog sketch with 4,096 registers, whose relative standard error is 1.6
   * % (Apache DataSketches, HLL_8, lg k = 12).
   *
   * <p>Requires {@code org.apache.datasketches:datasketches-java} on the class path. Spark 3.5
   * includes it.
   *
   * @throws IllegalArgumentException if the name is not a valid column name
   * @throws io.callstream.CallstreamException with {@link io.callstream.ErrorCode#ENVIRONMENT} if
   *     the library is missing
   */
  public static Measure approximateDistinct(String name, Field<?> field) {
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
   * Returns a quantile of a duration, as a Duration in whole milliseconds. Of n durations in
   * ascending order, this is the one with the rank ceil(quantile * n), with a relative error of at
   * most 0.4 %. Durations below 256 ms are exact. Negative durations are ignored.
   *
   * @param quantile greater than 0 and at most 1; 0.5 is the median
   * @param fields the fields that {@code duration} reads, except for the event time
   * @throws IllegalArgumentException if {@code quantile} is out of range, or the name is not a
   *     valid column name
   */
  public static Measure quantile(
      String name, double quantile, Set<Field<?>> fields, CallDuration duration) {
    return new QuantileMeasure(name, quantile, new QuantileMeasure.Durations(fields, duration));
  }

  /** Returns the duration from one time field of a call to another, for measures of durations. */
  public static CallDuration between(Field<Instant> start, Field<Instant> end) {
    return new Between(start, end);
  }

  /** The duration between two times, whose description distinguishes the start from the end. */
  record Between(Field<Instant> start, Field<Instant> end) implements CallDuration {
    @Override
    public Optional<Duration> of(Call call) {
      return call.between(start, end);
    }

    /** Returns a duration in milliseconds; negative if the call has none, or a negative one. */
    static long millis(CallDuration duration, Call call) {
      if (duration instanceof Between times) {
        return call.isPresent(times.start) && call.isPresent(times.end)
            ? call.longValue(times.end) - call.longValue(times.start)
            : -1;
      }
      Optional<Duration> time = duration.of(call);
      return time.isPresent() && !time.get().isNegative()
          ? TimeUnit.MILLISECONDS.convert(time.get())
          : -1;
    }

    /** Describes a duration by its times if they are known, otherwise by the fields it reads. */
    static String description(Set<Field<?>> fields, CallDuration duration) {
      return duration instanceof Between ? duration.toString() : new TreeSet<>(fields).toString();
    }

    @Override
    public String toString() {
      return "[" + start + " to " + end + "]";
    }
  }
}
