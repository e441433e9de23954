package io.callstream.statistic;

import io.callstream.call.Call;
import java.io.Serializable;
import java.time.Duration;
import java.util.Optional;

/** Reads a duration out of a call. Serializable, thread-safe, and the same every time. */
@FunctionalInterface
public interface CallDuration extends Serializable {
  /** Returns the duration, or empty where the call does not tell. */
  Optional<Duration> of(Call call);
}
