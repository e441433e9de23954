package io.callstream.benchmarks.load;

import io.callstream.benchmarks.load.LatencyResult.Conclusion;
import java.util.Locale;

/**
 * Searches for the sustainable rate: the highest rate at which an engine keeps up. The search
 * doubles or halves the rate until the result changes, and then narrows the interval. It repeats a
 * rate at which the engine fell behind, or at which there were too few batches, because other
 * programs may have used the machine. A rate that the sender cannot reach also ends the search
 * upwards.
 */
public final class RateSearch {
  /** A measurement at one rate. */
  public interface Trial {
    /** Measures at a rate in calls per second. */
    Conclusion at(double rate) throws InterruptedException;
  }

  /** Why the rate is not higher. */
  public enum Limit {
    /** The engine did not keep up with a higher rate. */
    ENGINE,
    /** The sender cannot send more. */
    SENDER,
    /** The search reached its maximum. */
    MAXIMUM
  }

  /**
   * The result of a search.
   *
   * @param rate the highest rate at which the engine kept up, in calls per second; 0 if none
   * @param limit why it is not higher; unless it is the engine, the rate is a lower bound
   */
  public record Found(double rate, Limit limit) {
    /** Describes the result. */
    public String description() {
      if (rate == 0) {
        return limit == Limit.SENDER
            ? "unknown, because the sender was late at every rate"
            : "below the lowest rate of the search";
      }
      String calls = String.format(Locale.ROOT, "%,.0f calls/s", rate);
      return switch (limit) {
        case ENGINE -> calls;
        case SENDER -> "at least " + calls + ", because the sender could not send more";
        case MAXIMUM -> "at least " + calls + ", the highest rate of the search";
      };
    }
  }

  private static final int TRIALS_PER_RATE = 2;

  private RateSearch() {}

  /**
   * Runs a search.
   *
   * @param start the first rate
   * @param least the lowest rate to try
   * @param most the highest rate to try
   * @param precision the search ends when the rates around the limit differ by less than this
   *     factor; greater than 1
   */
  public static Found search(double start, double least, double most, double precision, Trial trial)
      throws InterruptedException {
    double sustained = 0;
    double failed = Double.POSITIVE_INFINITY;
    Limit limit = Limit.MAXIMUM;
    double rate = start;
    while (failed > least && failed > sustained * precision && sustained < most) {
      Conclusion conclusion = conclusionAt(rate, trial);
      if (conclusion == Conclusion.KEPT_UP) {
        sustained = rate;
      } else {
        failed = rate;
        limit = conclusion == Conclusion.SENDER_LATE ? Limit.SENDER : Limit.ENGINE;
      }
      rate =
          Double.isInfinite(failed)
              ? Math.min(most, 2 * sustained)
              : sustained == 0 ? Math.max(least, failed / 2) : Math.sqrt(sustained * failed);
    }
    return new Found(sustained, limit);
  }

  private static Conclusion conclusionAt(double rate, Trial trial) throws InterruptedException {
    Conclusion conclusion = trial.at(rate);
    for (int i = 1; i < TRIALS_PER_RATE; i++) {
      if (conclusion == Conclusion.KEPT_UP || conclusion == Conclusion.SENDER_LATE) {
        return conclusion;
      }
      conclusion = trial.at(rate);
    }
    return conclusion;
  }
}
