package io.callstream.kafka.source;

import java.util.Arrays;
import java.util.Random;

/** Ways to draw at random. {@link Random}'s sequence is laid down by its specification. */
final class Draws {
  private static final double MAX_MEAN_AT_ONCE = 500;

  private Draws() {}

  /** Returns a sequence of its own for each purpose, so that no dial changes what another does. */
  static Random sequence(long seed, int purpose) {
    long mixed = seed + (purpose + 1) * 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return new Random(mixed ^ (mixed >>> 31));
  }

  /** Draws from a Poisson distribution, in as many steps as its mean. */
  static int poisson(Random random, double mean) {
    int count = 0;
    double left = mean;
    // A sum of such draws is one of the sum of their means; e^-mean must not become 0.
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

  /** Draws one of few ranks often and one of many seldom: low ranks are drawn most. */
  static int rank(Random random, int ranks, double skew) {
    return (int) (ranks * Math.pow(random.nextDouble(), skew));
  }

  /** Values that are drawn in proportion to their weights. */
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

  /** Chooses exactly so many of so many, each with the same probability, in one pass. */
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
