package io.callstream.statistic;

import java.io.Serializable;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * What is usual for a group of a statistic. A statistic with a baseline emits only the groups with
 * unusually many calls, its <em>spikes</em>, when a window closes.
 *
 * <p>A window is compared with the earlier windows at the same local time. Those on the same day of
 * the week have the weight 1. Those on other working days, or for Saturdays and Sundays on the
 * other of both, have the weight {@value #OTHER_DAY_WEIGHT}. Holidays are Sundays. From their
 * counts, the comparison computes:
 *
 * <ul>
 *   <li>{@code expected}: the usual number of calls, a weighted mean. A count that exceeds the
 *       median by more than 3 deviations is reduced to that limit first, so that earlier spikes
 *       have little effect.
 *   <li>{@code spread}: the standard deviation of the number of calls in a usual window. It is at
 *       least that of independent calls, and larger if the earlier counts vary more, or are few.
 *   <li>{@code score}: the negative decimal logarithm of the probability that a usual window has at
 *       least as many calls, according to a negative binomial distribution with that mean and
 *       spread. With the score 6, one of a million usual windows has as many calls.
 *   <li>{@code history}: the number of earlier windows in the comparison.
 * </ul>
 *
 * <p>A group without calls in a window has the count 0 there. A window in which the statistic
 * counted no call of any group is a gap in the feed, and not part of a comparison. If the statistic
 * has a filter, this applies only if it counted no call in the day before and the day after either.
 * An hour that occurs twice when clocks change is compared like two hours of that day, and an hour
 * that does not occur is no zero. Windows whose length differs from the usual one by more than a
 * tenth are not compared.
 *
 * <p>The pipeline keeps all groups for {@link #weeks()}: for each window, the key and the measures
 * of each group that has calls in it. Runs that share a checkpoint may have different baselines;
 * the baseline of a run applies to the windows that it closes. Change it only after a run that
 * ended in order: a batch that is repeated would emit other spikes.
 *
 * @param zone the time zone of days, hours and holidays
 * @param weeks for how many weeks before a window earlier windows are compared, 1 to {@value
 *     #MAX_WEEKS}
 * @param holidays dates that are compared like Sundays
 * @param minHistory the minimum number of earlier windows in a comparison, at least 1
 * @param minCount the minimum number of calls of a spike, at least 1
 * @param falseAlarmRate the probability that a usual window of a group is a spike, from 1e-12 to
 *     0.1
 */
public record Baseline(
    ZoneId zone,
    int weeks,
    Set<LocalDate> holidays,
    int minHistory,
    long minCount,
    double falseAlarmRate)
    implements Serializable {
  /** The default of {@link #weeks()}. */
  public static final int DEFAULT_WEEKS = 8;

  /** The maximum of {@link #weeks()}. */
  public static final int MAX_WEEKS = 53;

  /** The default of {@link #minHistory()}. */
  public static final int DEFAULT_MIN_HISTORY = 4;

  /** The default of {@link #minCount()}. */
  public static final long DEFAULT_MIN_COUNT = 5;

  /** The default of {@link #falseAlarmRate()}. */
  public static final double DEFAULT_FALSE_ALARM_RATE = 1e-5;

  /** The weight of a window on another day of the same kind. */
  public static final double OTHER_DAY_WEIGHT = 0.25;

  private static final double MIN_RATE = 1e-12;
  private static final double MAX_RATE = 0.1;

  /** Checks the bounds. */
  public Baseline {
    holidays = Set.copyOf(holidays);
    if (weeks < 1 || weeks > MAX_WEEKS) {
      throw new IllegalArgumentException(
          "The baseline remembers %s weeks; it must be from 1 to %s".formatted(weeks, MAX_WEEKS));
    }
    if (minHistory < 1) {
      throw new IllegalArgumentException(
          "The baseline needs %s earlier windows; it must be at least 1".formatted(minHistory));
    }
    if (minCount < 1) {
      throw new IllegalArgumentException(
          "A spike has at least %s calls; it must be at least 1".formatted(minCount));
    }
    if (!(falseAlarmRate >= MIN_RATE && falseAlarmRate <= MAX_RATE)) {
      throw new IllegalArgumentException(
          "The rate of false alarms is %s; it must be from 1e-12 to 0.1".formatted(falseAlarmRate));
    }
  }

  /** Returns a baseline of the local times of a week, with the default values. */
  public static Baseline weekly(ZoneId zone) {
    return new Baseline(
        zone,
        DEFAULT_WEEKS,
        Set.of(),
        DEFAULT_MIN_HISTORY,
        DEFAULT_MIN_COUNT,
        DEFAULT_FALSE_ALARM_RATE);
  }

  /** Returns this baseline with another {@link #weeks()}. */
  public Baseline remembering(int otherWeeks) {
    return new Baseline(zone, otherWeeks, holidays, minHistory, minCount, falseAlarmRate);
  }

  /** Returns this baseline with other {@link #holidays()}. */
  public Baseline holidays(Collection<LocalDate> dates) {
    return new Baseline(zone, weeks, Set.copyOf(dates), minHistory, minCount, falseAlarmRate);
  }

  /** Returns this baseline with another {@link #minHistory()}. */
  public Baseline needing(int windows) {
    return new Baseline(zone, weeks, holidays, windows, minCount, falseAlarmRate);
  }

  /** Returns this baseline with another {@link #minCount()}. */
  public Baseline atLeast(long calls) {
    return new Baseline(zone, weeks, holidays, minHistory, calls, falseAlarmRate);
  }

  /** Returns this baseline with another {@link #falseAlarmRate()}. */
  public Baseline falseAlarmRate(double rate) {
    return new Baseline(zone, weeks, holidays, minHistory, minCount, rate);
  }

  /** The measures of a comparison. */
  static final List<Measure> MEASURES =
      List.of(
          new ComparisonMeasure("expected", 0),
          new ComparisonMeasure("spread", 1),
          new ComparisonMeasure("score", 2),
          new ComparisonMeasure("history", ComparisonMeasure.HISTORY));
}
