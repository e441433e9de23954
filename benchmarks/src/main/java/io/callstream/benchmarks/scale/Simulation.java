package io.callstream.benchmarks.scale;

import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Simulates the batches of a cluster whose tasks merge, task by task, to see whether {@link
 * CostModel} is right where machines or partitions differ, and tasks vary. The driver starts one
 * task after the other, and each on the next free core. A stage ends with its last task. Not
 * thread-safe.
 */
final class Simulation {
  private static final int BATCHES = 200;
  private static final long SEED = 20_181_002;

  /** The time of a task varies evenly by this fraction of it, to both sides. */
  private static final double VARIATION = 0.2;

  private final CostModel costs;
  private final Workload workload;
  private final double[] speeds;
  private final double[] shares;
  private final SplittableRandom random = new SplittableRandom(SEED);

  /** A core, and the time at which its tasks end. */
  private record Core(double speed, double freeAt) {}

  /**
   * Creates a simulation.
   *
   * @param speeds the speed of each core, relative to the measured one
   * @param shares the fraction of the calls that are in each partition
   */
  Simulation(CostModel costs, Workload workload, double[] speeds, double[] shares) {
    if (speeds.length != workload.cores() || shares.length != workload.partitions()) {
      throw new IllegalArgumentException(
          "%d speeds and %d shares for %d cores and %d partitions; give one for each"
              .formatted(speeds.length, shares.length, workload.cores(), workload.partitions()));
    }
    this.costs = costs;
    this.workload = workload;
    this.speeds = speeds.clone();
    this.shares = shares.clone();
  }

  /** Returns the calls per second of batches without a pause. */
  double callsPerSecond() {
    double millis = 0;
    for (int i = 0; i < BATCHES; i++) {
      millis += batchMillis();
    }
    return BATCHES * workload.calls() / millis * 1e3;
  }

  private double batchMillis() {
    double callMicros = costs.callMicros() + workload.statistics() * costs.combineMicros();
    double[] reading =
        Arrays.stream(shares).map(share -> share * workload.calls() * callMicros / 1e3).toArray();
    double[] merging = new double[workload.tasks()];
    Arrays.fill(merging, workload.partialResults() * costs.mergeMicros() / 1e3 / workload.tasks());
    return costs.batchMillis() + stageMillis(reading) + stageMillis(merging);
  }

  private double stageMillis(double[] tasks) {
    PriorityQueue<Core> cores =
        new PriorityQueue<>((a, b) -> Double.compare(a.freeAt(), b.freeAt()));
    for (double speed : speeds) {
      cores.add(new Core(speed, 0));
    }
    double started = 0;
    double end = 0;
    for (double work : tasks) {
      Core core = cores.remove();
      started = Math.max(started, core.freeAt()) + costs.taskMillis();
      double varied = work * (1 + VARIATION * (2 * random.nextDouble() - 1));
      double freeAt = started + varied / core.speed();
      end = Math.max(end, freeAt);
      cores.add(new Core(core.speed(), freeAt));
    }
    return end;
  }
}
