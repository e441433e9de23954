package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/**
 * When and how often a {@link Supervisor} restarts a pipeline that failed.
 *
 * <p>The delay doubles with each restart in a row, from {@code firstDelay} to {@code maxDelay}. A
 * random part of up to a fifth is then taken off, so that pipelines that failed together do not
 * restart together. A run that lasted at least {@code stableAfter} starts a new row.
 *
 * @param maxRestarts how many restarts in a row are tried, at least 1
 * @param firstDelay the delay before the first restart of a row, from 0 to {@code maxDelay}
 * @param maxDelay the longest delay, at most one day
 * @param stableAfter how long a run lasts that starts a new row, more than 0
 * @param permanent the failures after which no restart is tried; copied
 */
public record RestartPolicy(
    int maxRestarts,
    Duration firstDelay,
    Duration maxDelay,
    Duration stableAfter,
    Set<ErrorCode> permanent) {
  /** The largest part of a delay that chance takes off. */
  private static final double JITTER = 0.2;

  private static final Duration LONGEST = Duration.ofDays(1);

  private static final RestartPolicy DEFAULTS =
      new RestartPolicy(
          20,
          Duration.ofSeconds(1),
          Duration.ofMinutes(5),
          Duration.ofMinutes(10),
          EnumSet.of(
              ErrorCode.INVALID_ARGUMENT,
              ErrorCode.UNSUPPORTED,
              ErrorCode.FORMAT_FAILED,
              ErrorCode.STATISTIC_FAILED,
              ErrorCode.CHECKPOINT));

  /** Checks the bounds. */
  public RestartPolicy {
    if (maxRestarts < 1) {
      throw new IllegalArgumentException(
          "The limit of restarts in a row is " + maxRestarts + "; it must be at least 1");
    }
    if (maxDelay.isNegative() || maxDelay.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "The longest delay of a restart is " + maxDelay + "; it must be from 0 to one day");
    }
    if (firstDelay.isNegative() || firstDelay.compareTo(maxDelay) > 0) {
      throw new IllegalArgumentException(
          "The first delay of a restart is "
              + firstDelay
              + "; it must be from 0 to the longest delay, "
              + maxDelay);
    }
    if (stableAfter.isNegative() || stableAfter.isZero()) {
      throw new IllegalArgumentException(
          "A run counts as stable after " + stableAfter + "; it must be more than 0");
    }
    permanent = Set.copyOf(permanent);
  }

  /**
   * Returns 20 restarts in a row with delays from 1 second to 5 minutes, which survives an outage
   * of about an hour. A run of 10 minutes is stable. Not restarted are failures that come again:
   * {@link ErrorCode#INVALID_ARGUMENT}, {@link ErrorCode#UNSUPPORTED}, {@link
   * ErrorCode#FORMAT_FAILED}, {@link ErrorCode#STATISTIC_FAILED}, and {@link ErrorCode#CHECKPOINT},
   * since a damaged checkpoint stays damaged, and one that another run took over belongs to that
   * run.
   */
  public static RestartPolicy defaults() {
    return DEFAULTS;
  }

  /** Returns this policy with another limit of restarts in a row. */
  public RestartPolicy atMost(int restarts) {
    return new RestartPolicy(restarts, firstDelay, maxDelay, stableAfter, permanent);
  }

  /** Returns this policy with other delays. */
  public RestartPolicy delaying(Duration first, Duration longest) {
    return new RestartPolicy(maxRestarts, first, longest, stableAfter, permanent);
  }

  /** Returns this policy with another length of a stable run. */
  public RestartPolicy stableAfter(Duration length) {
    return new RestartPolicy(maxRestarts, firstDelay, maxDelay, length, permanent);
  }

  /** Returns this policy with other failures after which no restart is tried. */
  public RestartPolicy notAfter(Set<ErrorCode> codes) {
    return new RestartPolicy(maxRestarts, firstDelay, maxDelay, stableAfter, codes);
  }

  /** Returns whether a restart may help after a failure. */
  boolean mayHelp(CallstreamException failure) {
    return !permanent.contains(failure.code());
  }

  /**
   * Returns the delay before a restart.
   *
   * @param restart counts the restarts of a row, from 1
   * @param chance from 0 to 1: how much of the random part is taken off
   */
  Duration delay(int restart, double chance) {
    double doubled = firstDelay.toMillis() * Math.pow(2, restart - 1);
    double millis = Math.min(doubled, (double) maxDelay.toMillis());
    return Duration.ofMillis(Math.round(millis * (1 - JITTER * chance)));
  }
}
