package io.callstream.statistic;

import io.callstream.call.Call;
import java.io.Serializable;

/**
 * Chooses the calls that a statistic counts. Serializable, thread-safe, and the same every time.
 */
@FunctionalInterface
public interface CallFilter extends Serializable {
  /** Returns whether the call belongs to the statistic. */
  boolean accepts(Call call);
}
