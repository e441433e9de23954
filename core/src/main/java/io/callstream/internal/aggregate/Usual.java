package io.callstream.internal.aggregate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;

/**
 * The number of calls in a usual window, according to the counts of earlier windows.
 *
 * @param mean the expected number
 * @param variance the variance of the number; more than the mean
 */
public record Usual(double mean, double variance) {
  /** What is added to the calls of the history, so that the probability of no count is 0. */
  private static final double PRIOR_CALLS = 0.5;

  /** The number of deviations above the median at which counts are cut. */
  private static final double CUT = 3;

  /** The ratio of the standard deviation of a normal distribution to its median deviation. */
  private static final double DEVIATION_PER_MEDIAN = 1.4826;

  private static final double NEGLIGIBLE = 1e-9;

  /** The bound up to which the series of the logarithm of the gamma function needs a shift. */
  private static final double LEAST_IN_SERIES = 10;

  /**
   * Returns what is usual after windows of equal weight. The median of an even number of them is
   * the mean of the two in the middle.
   *
   * @param counts the counts of at least one window
   */
  public static Usual of(double[] counts) {
    double[] weights = new double[counts.length];
    Arrays.fill(weights, 1);
    return of(counts, weights, (values, ignored) -> middle(values));
  }

  /**
   * Returns what is usual after some windows, with the lower median. With n as the effective number
   * of windows, the variance is that of a Poisson count or of the earlier counts, whichever is
   * more, plus that of the mean of n counts.
   *
   * @param counts the counts of at least one window
   * @param weights their weights, more than 0
   */
  public static Usual of(double[] counts, double[] weights) {
    return of(counts, weights, Usual::median);
  }

  private static Usual of(
      double[] counts, double[] weights, ToDoubleBiFunction<double[], double[]> medians) {
    double median = medians.applyAsDouble(counts, weights);
    double[] distances = new double[counts.length];
    double weight = 0;
    double squares = 0;
    for (int i = 0; i < counts.length; i++) {
      distances[i] = Math.abs(counts[i] - median);
      weight += weights[i];
      squares += weights[i] * weights[i];
    }
    double deviation =
        Math.max(
            Math.sqrt(median + 1),
            DEVIATION_PER_MEDIAN * medians.applyAsDouble(distances, weights));
    double limit = median + CUT * deviation;
    double windows = weight * weight / squares;
    double sum = 0;
    for (int i = 0; i < counts.length; i++) {
      sum += weights[i] * Math.min(counts[i], limit);
    }
    double mean = sum / weight + PRIOR_CALLS / windows;
    double spread = 0;
    for (int i = 0; i < counts.length; i++) {
      double distance = Math.min(counts[i], limit) - mean;
      spread += weights[i] * distance * distance;
    }
    double variance = windows > 1 ? spread / weight * windows / (windows - 1) : 0;
    return new Usual(mean, Math.max(mean, variance) * (1 + 1 / windows));
  }

  private static double middle(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  /** Returns the least value so that the values up to it have at least half of the weight. */
  private static double median(double[] values, double[] weights) {
    int[] order =
        IntStream.range(0, values.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> values[i]))
            .mapToInt(i -> i)
            .toArray();
    double half = 0;
    for (double weight : weights) {
      half += weight / 2;
    }
    double below = 0;
    for (int i : order) {
      below += weights[i];
      if (below >= half) {
        return values[i];
      }
    }
    return values[order[order.length - 1]];
  }

  /** Returns the standard deviation of the number. */
  public double spread() {
    return Math.sqrt(variance);
  }

  /**
   * Returns the negative decimal logarithm of the probability that a negative binomial number with
   * this mean and variance is at least {@code count}; 0 if the count is at most the mean. The
   * result is the same on every machine.
   */
  public double score(long count) {
    if (count <= mean) {
      return 0;
    }
    double size = mean * mean / (variance - mean);
    double ratio = 1 - mean / variance;
    double first =
        logGamma(size + count)
            - logGamma(size)
            - logGamma(count + 1.0)
            + size * StrictMath.log(mean / variance)
            + count * StrictMath.log(ratio);
    // The probabilities of the following counts, relative to that of the first.
    double sum = 1;
    double term = 1;
    for (double k = count; term > sum * NEGLIGIBLE; k++) {
      term *= (size + k) / (k + 1) * ratio;
      sum += term;
    }
    return -(first + StrictMath.log(sum)) / StrictMath.log(10);
  }

  private static double logGamma(double x) {
    double shift = 0;
    double z = x;
    while (z < LEAST_IN_SERIES) {
      shift += StrictMath.log(z);
      z++;
    }
    double inverse = 1 / z;
    double square = inverse * inverse;
    return (z - 0.5) * StrictMath.log(z)
        - z
        + 0.5 * StrictMath.log(2 * Math.PI)
        + inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)))
        - shift;
  }
}
