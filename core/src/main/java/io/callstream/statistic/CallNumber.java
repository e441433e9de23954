package io.callstream.statistic;

import io.callstream.call.Call;
import java.io.Serializable;

/** Reads a whole number out of a call. Serializable, thread-safe, and the same every time. */
@FunctionalInterface
public interface CallNumber extends Serializable {
  /** Returns the number. */
  long of(Call call);
}
