package io.callstream.statistic;

import io.callstream.call.Call;
import java.io.Serializable;

/** Reads a text out of a call. Serializable, thread-safe, and the same every time. */
@FunctionalInterface
public interface CallText extends Serializable {
  /** Returns the text; the empty text where the call has none. */
  String of(Call call);
}
