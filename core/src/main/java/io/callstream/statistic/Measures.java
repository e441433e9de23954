package io.callstream.statistic;

import io.callstream.call.CallField;
import java.util.Set;

/** The measures that a statistic can tell. */
public final class Measures {
  private Measures() {}

  /** How many calls the group has, in the column {@code count}. */
  public static Measure count() {
    return new Measure.Count("count");
  }

  /** The group's part of its window, in the column {@code share}. */
  public static Measure share() {
    return new Measure.Share("share");
  }

  /**
   * About how many different values a text field has, as a Long: a HyperLogLog sketch of 4,096
   * registers, whose relative standard error is 1.6 % (Apache DataSketches, HLL_8, lg k = 12). The
   * empty text is no value.
   *
   * <p>Needs {@code org.apache.datasketches:datasketches-java} on the class path, which Spark 3.5
   * brings.
   */
  public static Measure approximateDistinct(String name, CallField field) {
    return new DistinctMeasure(name, field);
  }

  /** The least of a duration, as a Duration. Negative durations do not count. */
  public static Measure minimum(String name, Set<CallField> fields, CallDuration duration) {
    return new DurationMeasure(name, DurationMeasure.Kind.MINIMUM, fields, duration);
  }

  /** The greatest of a duration, as a Duration. Negative durations do not count. */
  public static Measure maximum(String name, Set<CallField> fields, CallDuration duration) {
    return new DurationMeasure(name, DurationMeasure.Kind.MAXIMUM, fields, duration);
  }

  /** The mean of a duration, as a Duration to the millisecond. Negative durations do not count. */
  public static Measure mean(String name, Set<CallField> fields, CallDuration duration) {
    return new DurationMeasure(name, DurationMeasure.Kind.MEAN, fields, duration);
  }

  /**
   * A quantile of a duration, as a Duration: of n durations in ascending order the one at place
   * ceil(quantile * n), right to two significant digits (HdrHistogram). Negative durations do not
   * count, those over 36,600 days count as that.
   *
   * <p>Needs {@code org.hdrhistogram:HdrHistogram} on the class path.
   *
   * @param quantile over 0, at most 1: 0.5 is the median
   */
  public static Measure quantile(
      String name, double quantile, Set<CallField> fields, CallDuration duration) {
    return new QuantileMeasure(name, quantile, fields, duration);
  }

  /** The time from one moment of a call to another, for the measures of a duration. */
  public static CallDuration between(CallField start, CallField end) {
    return call -> call.between(start, end);
  }
}
