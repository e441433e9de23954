package io.callstream.benchmarks.tune;

import java.util.DoubleSummaryStatistics;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.RealVector;
import org.apache.commons.math3.stat.regression.OLSMultipleLinearRegression;

/**
 * A randomized complete block design for one measure, fitted by least squares:
 *
 * <pre>ln value = configuration + round + noise</pre>
 *
 * <p>The effect of a round contains everything that made the whole round faster or slower, such as
 * another program on the machine. Missing runs are allowed, and a configuration may run more than
 * once in a round.
 */
final class BlockDesign {
  private static final double SIGNIFICANCE = 0.05;

  private final List<Value> values;
  private final List<Configuration> configurations;
  private final List<Integer> rounds;

  /** The effect of each configuration, and of each round except the first. */
  private final double[] effects;

  /** The covariance of the effects, relative to the variance of the noise: (X'X)⁻¹. */
  private final RealMatrix covariance;

  private final int degreesOfFreedom;
  private final double deviation;

  record Value(Configuration configuration, int round, double log) {}

  private static final class LeastSquares extends OLSMultipleLinearRegression {
    LeastSquares(double[] y, double[][] x) {
      setNoIntercept(true);
      newYSampleData(y);
      newXSampleData(x);
    }
  }

  /** Fits the values, which must contain the baseline. */
  private BlockDesign(List<Value> values) {
    this.values = values;
    configurations = values.stream().map(Value::configuration).distinct().toList();
    rounds = values.stream().map(Value::round).distinct().toList();
    LeastSquares fit =
        new LeastSquares(
            values.stream().mapToDouble(Value::log).toArray(),
            values.stream().map(this::row).toArray(double[][]::new));
    effects = fit.estimateRegressionParameters();
    covariance = new Array2DRowRealMatrix(fit.estimateRegressionParametersVariance());
    degreesOfFreedom = values.size() - effects.length;
    deviation = degreesOfFreedom < 1 ? Double.NaN : fit.estimateRegressionStandardError();
  }

  /** Fits the values that can be compared with the baseline. */
  static BlockDesign of(List<Value> values) {
    return new BlockDesign(comparable(values));
  }

  /**
   * Returns the values of the configurations that have a round in common with the baseline, or with
   * another such configuration.
   */
  private static List<Value> comparable(List<Value> values) {
    Set<Configuration> configurations = new HashSet<>(Set.of(Configuration.baseline()));
    Set<Integer> rounds = new HashSet<>();
    boolean changed = true;
    while (changed) {
      changed = false;
      for (Value value : values) {
        if (configurations.contains(value.configuration())) {
          changed |= rounds.add(value.round());
        } else if (rounds.contains(value.round())) {
          changed |= configurations.add(value.configuration());
        }
      }
    }
    return values.stream().filter(v -> configurations.contains(v.configuration())).toList();
  }

  private double[] row(Value value) {
    double[] row = new double[configurations.size() + rounds.size() - 1];
    row[configurations.indexOf(value.configuration())] = 1;
    int round = rounds.indexOf(value.round());
    if (round > 0) {
      row[configurations.size() + round - 1] = 1;
    }
    return row;
  }

  List<Configuration> configurations() {
    return configurations;
  }

  /** Returns the standard deviation of the noise; NaN if there are too few values. */
  double deviation() {
    return deviation;
  }

  /** Returns the mean of a configuration over all rounds. */
  double mean(Configuration configuration) {
    double ofRounds = 0;
    for (int i = configurations.size(); i < effects.length; i++) {
      ofRounds += effects[i];
    }
    return effects[configurations.indexOf(configuration)] + ofRounds / rounds.size();
  }

  /** Returns the minimum and the maximum of a configuration, among other statistics. */
  DoubleSummaryStatistics summary(Configuration configuration) {
    return values.stream()
        .filter(value -> value.configuration().equals(configuration))
        .mapToDouble(Value::log)
        .summaryStatistics();
  }

  /**
   * Returns the half-width of the confidence interval of a sum of means, by Student's t with
   * Bonferroni's correction; NaN if there are too few values.
   *
   * @param plus the configurations to add
   * @param minus the configurations to subtract, as many as {@code plus}
   * @param comparisons the number of comparisons for the correction
   */
  double confidence(List<Configuration> plus, List<Configuration> minus, int comparisons) {
    if (degreesOfFreedom < 1) {
      return Double.NaN;
    }
    RealVector contrast = new ArrayRealVector(effects.length);
    plus.forEach(c -> contrast.addToEntry(configurations.indexOf(c), 1));
    minus.forEach(c -> contrast.addToEntry(configurations.indexOf(c), -1));
    double variance = contrast.dotProduct(covariance.operate(contrast));
    double quantile =
        new TDistribution(degreesOfFreedom)
            .inverseCumulativeProbability(1 - SIGNIFICANCE / 2 / Math.max(1, comparisons));
    return quantile * deviation * Math.sqrt(variance);
  }
}
