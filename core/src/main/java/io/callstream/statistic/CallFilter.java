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

  /**
   * Returns a text that differs between filters that accept different calls. It is part of the
   * pipeline's fingerprint. Defaults to the empty text, because code cannot be compared.
   */
  default String description() {
    return "";
  }
}
