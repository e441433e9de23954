package io.callstream.pipeline;

import java.time.Instant;

/**
 * One window of event time, {@code [start, end)}.
 *
 * @param start the first moment in it
 * @param end the first moment behind it
 */
public record WindowBounds(Instant start, Instant end) {
  /** Returns whether the moment is in the window. */
  public boolean contains(Instant time) {
    return !time.isBefore(start) && time.isBefore(end);
  }
}
