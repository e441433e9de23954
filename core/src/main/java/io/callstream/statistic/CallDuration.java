package io.callstream.statistic;

import io.callstream.call.Call;
import java.io.Serializable;
import java.time.Duration;
import java.util.Optional;

/** Computes a duration from a call. Must be serializable, thread-safe and deterministic. */
@FunctionalInterface
public interface CallDuration extends Serializable {
  /** Returns the duration, or empty if the call has no data for it. */
  Optional<Duration> of(Call call);
}
