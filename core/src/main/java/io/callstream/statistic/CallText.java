package io.callstream.statistic;

import io.callstream.call.Call;
import java.io.Serializable;

/** Computes a text from a call. Must be serializable, thread-safe and deterministic. */
@FunctionalInterface
public interface CallText extends Serializable {
  /** Returns the text, or the empty string if the call has none. Must not return null. */
  String of(Call call);
}
