package io.callstream.kafka.source;

import java.util.Arrays;
import java.util.Random;

/** Draws random values. The specification of {@link Random} defines its sequence. */
final class RandomValues {
  private static final double MAX_MEAN_AT_ONCE = 500;

  private RandomValues() {}

  /**
   * Returns a separate random sequence for each purpose, so that one dial does not change the
   * results of another.
   */
  static Random sequence(long seed, int purpose) {
    long mixed = seed + (purpose + 1) * 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return new Random(mixed ^ (mixed >>> 31));
  }

  /** Draws from a Poisson distribution. The number of steps grows with the mean. */
  static int poisson(Random random, double mean) {
    int count = 0;
    double left = mean;
    // A sum of Poisson draws has the sum of their means. The split keeps e^-mean above 0.
    for (; left > MAX_MEAN_AT_ONCE; left -= MAX_MEAN_AT_ONCE) {
      count += smallPoisson(random, MAX_MEAN_AT_ONCE);
    }
    return count + smallPoisson(random, left);
  }

  private static int smallPoisson(Random random, double mean) {
    double limit = Math.exp(-mean);
    int count = 0;
    for (double product = random.nextDouble(); product > limit; product *= random.nextDouble()) {
      count++;
    }
    return count;
  }

  /** Draws a rank. Low ranks are drawn most often. */
  static int rank(Random random, int ranks, double skew) {
    return (int) (ranks * Math.pow(random.nextDouble(), skew));
  }

  static final class Weighted {
    private final String[] values;
    private final double[] sums;

    Weighted(String[] values, double[] weights) {
      this.values = values;
      this.sums = weights.clone();
      Arrays.parallelPrefix(sums, Double::sum);
    }

    String draw(Random random) {
      int found = Arrays.binarySearch(sums, random.nextDouble() * sums[sums.length - 1]);
      return values[Math.min(values.length - 1, found < 0 ? -found - 1 : found + 1)];
    }
  }

  /**
   * Selects an exact number of items from a given total in one pass. Each item has the same
   * probability.
   */
  static final class Selection {
    private final Random random;
    private long chosen;
    private long left;

    Selection(Random random, long chosen, long of) {
      this.random = random;
      this.chosen = chosen;
      this.left = of;
    }

    boolean next() {
      boolean choose = chosen > 0 && random.nextDouble() * left < chosen;
      left--;
      chosen -= choose ? 1 : 0;
      return choose;
    }
  }
}
