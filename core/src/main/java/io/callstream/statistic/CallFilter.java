package io.callstream.statistic;

import io.callstream.call.Call;
import java.io.Serializable;

/**
 * Selects the calls that a statistic counts. Must be serializable, thread-safe and deterministic.
 */
@FunctionalInterface
public interface CallFilter extends Serializable {
  /** Returns whether the statistic counts the call. */
  boolean accepts(Call call);
}
