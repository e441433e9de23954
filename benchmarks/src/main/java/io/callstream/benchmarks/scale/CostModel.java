package io.callstream.benchmarks.scale;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.regression.OLSMultipleLinearRegression;

/**
 * The time of a batch as a sum of costs. Reading, combining and merging run on several cores at the
 * same time; the fixed cost, the start of the tasks, and the driver do not.
 *
 * @param batchMillis the fixed cost of a batch
 * @param taskMillis the cost of starting and ending a task
 * @param callMicros the cost of reading a call
 * @param combineMicros the cost of a call in one statistic
 * @param mergeMicros the cost of a partial result in the state
 * @param rowMicros the cost of a changed group in the driver: the ledger, and the sinks
 */
record CostModel(
    double batchMillis,
    double taskMillis,
    double callMicros,
    double combineMicros,
    double mergeMicros,
    double rowMicros) {
  private static final double MICROS_PER_MILLI = 1e3;

  /** The measured time of a batch. */
  record Measurement(Workload workload, double millis) {}

  /**
   * Fits the costs by the method of least squares to the relative errors. A cost that would be
   * negative is 0.
   *
   * @throws IllegalArgumentException if there are not more measurements than costs
   */
  static CostModel fit(List<Measurement> measurements) {
    int costs = factors(measurements.get(0).workload()).length;
    if (measurements.size() <= costs) {
      throw new IllegalArgumentException(
          "%d measurements are too few for %d costs; measure at least %d points"
              .formatted(measurements.size(), costs, costs + 1));
    }
    List<Integer> used = new ArrayList<>();
    for (int i = 0; i < costs; i++) {
      int cost = i;
      if (measurements.stream().anyMatch(m -> factors(m.workload())[cost] != 0)) {
        used.add(i);
      }
    }
    while (true) {
      double[] fitted = fit(measurements, used);
      int least = 0;
      for (int i = 1; i < fitted.length; i++) {
        least = fitted[i] < fitted[least] ? i : least;
      }
      if (fitted[least] >= 0) {
        double[] all = new double[costs];
        for (int i = 0; i < fitted.length; i++) {
          all[used.get(i)] = fitted[i];
        }
        return new CostModel(all[0], all[1], all[2], all[3], all[4], all[5]);
      }
      used.remove(least);
    }
  }

  private static double[] fit(List<Measurement> measurements, List<Integer> used) {
    double[][] x = new double[measurements.size()][];
    double[] y = new double[x.length];
    Arrays.fill(y, 1);
    for (int i = 0; i < x.length; i++) {
      Measurement measurement = measurements.get(i);
      double[] factors = factors(measurement.workload());
      x[i] = used.stream().mapToDouble(cost -> factors[cost] / measurement.millis()).toArray();
    }
    OLSMultipleLinearRegression regression = new OLSMultipleLinearRegression();
    regression.setNoIntercept(true);
    regression.newSampleData(y, x);
    return regression.estimateRegressionParameters();
  }

  /** Returns how often a batch has each cost on its longest path. */
  private static double[] factors(Workload w) {
    double callsPerCore = w.calls() * w.partitionsPerCore() / w.partitions();
    return new double[] {
      1,
      w.partitions() + w.tasks(),
      callsPerCore / MICROS_PER_MILLI,
      callsPerCore * w.statistics() / MICROS_PER_MILLI,
      w.partialResults() * w.mergingPerCore() / MICROS_PER_MILLI,
      w.tasks() == 0 ? w.changedGroups() / MICROS_PER_MILLI : 0
    };
  }

  private double[] costs() {
    return new double[] {
      batchMillis, taskMillis, callMicros, combineMicros, mergeMicros, rowMicros
    };
  }

  /** Returns the time of a batch in milliseconds. */
  double millis(Workload workload) {
    double[] factors = factors(workload);
    double[] costs = costs();
    double sum = 0;
    for (int i = 0; i < costs.length; i++) {
      sum += costs[i] * factors[i];
    }
    return sum;
  }

  /** Returns the calls per second in batches of this size. */
  double callsPerSecond(Workload workload) {
    return workload.calls() / millis(workload) * 1e3;
  }

  /** Returns the relative error of a measurement: 0.1 if the model is 10 % too high. */
  double error(Measurement measurement) {
    return millis(measurement.workload()) / measurement.millis() - 1;
  }

  /** Returns the time of each part of a batch in milliseconds, in the order of the costs. */
  Map<String, Double> parts(Workload workload) {
    double[] factors = factors(workload);
    return Map.of(
        "a fixed cost", batchMillis,
        "starting tasks", taskMillis * factors[1],
        "reading", callMicros * factors[2] + combineMicros * factors[3],
        "merging", mergeMicros * factors[4],
        "the driver", rowMicros * factors[5]);
  }
}
