package io.callstream.benchmarks.load;

import java.util.ArrayList;
import java.util.List;

/**
 * Searches the highest rate with which something keeps up: doubles or halves a rate until the
 * answer changes, then halves the gap. A rate that fails is tried again before it is given up.
 */
public final class RateSearch {
  /** Whether something keeps up with a rate. */
  public interface Trial {
    /** Tries a rate, in calls per second. */
    boolean keepsUp(double rate) throws InterruptedException;
  }

  /**
   * A rate that was tried.
   *
   * @param rate calls per second
   * @param keptUp what came of it
   */
  public record Tried(double rate, boolean keptUp) {}

  /**
   * What was found.
   *
   * @param rate the highest rate that was kept up with, in calls per second; 0 if none was
   * @param tried all that was tried, in order
   */
  public record Found(double rate, List<Tried> tried) {
    /** Copies the list. */
    public Found {
      tried = List.copyOf(tried);
    }
  }

  /** How often a rate must fail: somebody else may have used the machine. */
  private static final int TRIALS = 2;

  private RateSearch() {}

  /**
   * Searches.
   *
   * @param start the first rate
   * @param least the lowest rate worth trying
   * @param most the highest, beyond which the sender itself can't go
   * @param precision ends the search when the rates around the limit differ by less than this
   *     factor; over 1
   */
  public static Found search(double start, double least, double most, double precision, Trial trial)
      throws InterruptedException {
    List<Tried> tried = new ArrayList<>();
    double kept = 0;
    double failed = Double.POSITIVE_INFINITY;
    double rate = start;
    while (failed > least && failed > kept * precision) {
      if (keptUp(rate, trial, tried)) {
        kept = rate;
      } else {
        failed = rate;
      }
      if (kept >= most) {
        break;
      }
      rate =
          Double.isInfinite(failed)
              ? Math.min(most, 2 * kept)
              : kept == 0 ? Math.max(least, failed / 2) : Math.sqrt(kept * failed);
    }
    return new Found(kept, tried);
  }

  private static boolean keptUp(double rate, Trial trial, List<Tried> tried)
      throws InterruptedException {
    for (int i = 0; i < TRIALS; i++) {
      boolean keptUp = trial.keepsUp(rate);
      tried.add(new Tried(rate, keptUp));
      if (keptUp) {
        return true;
      }
    }
    return false;
  }
}
