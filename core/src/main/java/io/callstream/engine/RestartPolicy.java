package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/**
 * Defines when and how often a {@link Supervisor} restarts a pipeline that failed.
 *
 * <p>The delay doubles with each consecutive restart, from {@code firstDelay} to {@code maxDelay}.
 * It is then reduced by a random part of up to a fifth, so that pipelines that failed together do
 * not restart together. After a run that lasted at least {@code stableAfter}, counting restarts
 * starts again.
 *
 * @param maxRestarts the maximum number of consecutive restarts, at least 1
 * @param firstDelay the delay before the first consecutive restart, from 0 to {@code maxDelay}
 * @param maxDelay the longest delay, at most one day
 * @param stableAfter the duration after which a run is stable, more than 0
 * @param permanent the failures that do not lead to a restart; copied
 */
public record RestartPolicy(
    int maxRestarts,
    Duration firstDelay,
    Duration maxDelay,
    Duration stableAfter,
    Set<ErrorCode> permanent) {
  /** The maximum fraction by which a delay is randomly reduced. */
  private static final double JITTER = 0.2;

  private static final Duration LONGEST = Duration.ofDays(1);

  private static final RestartPolicy DEFAULTS =
      new RestartPolicy(
          20,
          Duration.ofSeconds(1),
          Duration.ofMinutes(5),
          Duration.ofMinutes(10),
          EnumSet.of(
              ErrorCode.UNSUPPORTED,
              ErrorCode.FORMAT_FAILED,
              ErrorCode.STATISTIC_FAILED,
              ErrorCode.CHECKPOINT));

  /** Checks the bounds and copies {@code permanent}. */
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
          "The first delay of a restart is %s; it must be from 0 to the longest delay, %s"
              .formatted(firstDelay, maxDelay));
    }
    if (stableAfter.isNegative() || stableAfter.isZero()) {
      throw new IllegalArgumentException(
          "A run counts as stable after " + stableAfter + "; it must be more than 0");
    }
    permanent = Set.copyOf(permanent);
  }

  /**
   * Returns a policy with 20 consecutive restarts and delays from 1 second to 5 minutes, which
   * covers an outage of about an hour. A run is stable after 10 minutes.
   *
   * <p>These failures do not lead to a restart, because they would occur again: {@link
   * ErrorCode#UNSUPPORTED}, {@link ErrorCode#FORMAT_FAILED}, {@link ErrorCode#STATISTIC_FAILED} and
   * {@link ErrorCode#CHECKPOINT}. A damaged checkpoint remains damaged, and a checkpoint that
   * another run took over belongs to that run.
   */
  public static RestartPolicy defaults() {
    return DEFAULTS;
  }

  /** Returns this policy with another maximum number of consecutive restarts. */
  public RestartPolicy atMost(int restarts) {
    return new RestartPolicy(restarts, firstDelay, maxDelay, stableAfter, permanent);
  }

  /** Returns this policy with other delays. */
  public RestartPolicy delaying(Duration first, Duration longest) {
    return new RestartPolicy(maxRestarts, first, longest, stableAfter, permanent);
  }

  /** Returns this policy with another duration after which a run is stable. */
  public RestartPolicy stableAfter(Duration length) {
    return new RestartPolicy(maxRestarts, firstDelay, maxDelay, length, permanent);
  }

  /** Returns this policy with other failures that do not lead to a restart. */
  public RestartPolicy permanent(Set<ErrorCode> codes) {
    return new RestartPolicy(maxRestarts, firstDelay, maxDelay, stableAfter, codes);
  }

  boolean mayHelp(CallstreamException failure) {
    return !permanent.contains(failure.code());
  }

  /** Returns the delay before a restart. {@code chance}, from 0 to 1, reduces it. */
  Duration delay(int restart, double chance) {
    double doubled = firstDelay.toMillis() * Math.pow(2, restart - 1);
    double millis = Math.min(doubled, (double) maxDelay.toMillis());
    return Duration.ofMillis(Math.round(millis * (1 - JITTER * chance)));
  }
}
