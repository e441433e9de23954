package io.callstream.statistic;

import io.callstream.call.Call;
import java.io.Serializable;

/** Computes a whole number from a call. Must be serializable, thread-safe and deterministic. */
@FunctionalInterface
public interface CallNumber extends Serializable {
  /** Returns the number. */
  long of(Call call);
}
