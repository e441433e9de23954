package io.callstream.benchmarks.load;

import io.callstream.benchmarks.load.SteadyRun.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Searches the highest rate with which something keeps up: doubles or halves a rate until the
 * answer changes, then halves the gap. A rate that is not kept up with is tried again before it is
 * given up, and so is one at which it is too early to tell, which is not known to be kept up with.
 * A rate that the sender can't send says nothing of what is measured, and ends the search from
 * above all the same.
 */
public final class RateSearch {
  /** Whether something keeps up with a rate. */
  public interface Trial {
    /** Tries a rate, in calls per second. */
    Answer at(double rate) throws InterruptedException;
  }

  /**
   * A rate that was tried.
   *
   * @param rate calls per second
   * @param answer what came of it
   */
  public record Tried(double rate, Answer answer) {}

  /** What keeps the rate from being higher. */
  public enum Limit {
    /** What is measured is not seen to keep up with more. */
    ENGINE,
    /** The sender can't send more. */
    SENDER,
    /** No more was to be tried. */
    MOST
  }

  /**
   * What was found.
   *
   * @param rate the highest rate that was kept up with, in calls per second; 0 if none was
   * @param limit why it is not higher; unless it is the engine, the rate is a lower bound
   * @param tried all that was tried, in order
   */
  public record Found(double rate, Limit limit, List<Tried> tried) {
    /** Copies the list. */
    public Found {
      tried = List.copyOf(tried);
    }

    /** Returns the rate in words. */
    public String words() {
      if (rate == 0) {
        return limit == Limit.SENDER
            ? "cannot be told: the sender was late at every rate"
            : "none that was tried";
      }
      return switch (limit) {
        case ENGINE -> String.format(Locale.ROOT, "%,.0f calls/s", rate);
        case SENDER ->
            String.format(
                Locale.ROOT, "at least %,.0f calls/s: the sender could not send more", rate);
        case MOST -> String.format(Locale.ROOT, "at least %,.0f calls/s: no more was tried", rate);
      };
    }
  }

  /** How often a rate that is too much is tried: somebody else may have used the machine. */
  private static final int TRIALS = 2;

  private RateSearch() {}

  /**
   * Searches.
   *
   * @param start the first rate
   * @param least the lowest rate worth trying
   * @param most the highest rate worth trying
   * @param precision ends the search when the rates around the limit differ by less than this
   *     factor; over 1
   */
  public static Found search(double start, double least, double most, double precision, Trial trial)
      throws InterruptedException {
    List<Tried> tried = new ArrayList<>();
    double kept = 0;
    double over = Double.POSITIVE_INFINITY;
    Limit limit = Limit.MOST;
    double rate = start;
    while (over > least && over > kept * precision && kept < most) {
      switch (answer(rate, trial, tried)) {
        case KEPT_UP -> kept = rate;
        case FELL_BEHIND, TOO_EARLY -> {
          over = rate;
          limit = Limit.ENGINE;
        }
        case SENDER_LATE -> {
          over = rate;
          limit = Limit.SENDER;
        }
      }
      rate =
          Double.isInfinite(over)
              ? Math.min(most, 2 * kept)
              : kept == 0 ? Math.max(least, over / 2) : Math.sqrt(kept * over);
    }
    return new Found(kept, limit, tried);
  }

  private static Answer answer(double rate, Trial trial, List<Tried> tried)
      throws InterruptedException {
    Answer answer = Answer.SENDER_LATE;
    for (int i = 0; i < TRIALS; i++) {
      answer = trial.at(rate);
      tried.add(new Tried(rate, answer));
      if (answer == Answer.KEPT_UP || answer == Answer.SENDER_LATE) {
        return answer;
      }
    }
    return answer;
  }
}
