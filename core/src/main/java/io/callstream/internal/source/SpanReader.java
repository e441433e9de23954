package io.callstream.internal.source;

import io.callstream.internal.runtime.Delivery;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * Reads some partitions of a source. One thread at a time uses it, but for {@link #wakeUp}. Which
 * partitions it reads is told by the spans it is given; each partition is read by one reader.
 */
public interface SpanReader {
  /**
   * A part of a partition.
   *
   * @param from the offset to begin at, which is where the span before ended, if there was one
   * @param to the offset to end at, without it
   */
  record Span(int partition, long from, long to) {}

  /** Takes records. */
  @FunctionalInterface
  interface Records {
    /** Takes one. */
    void take(Delivery record);
  }

  /**
   * Hands over all records of some spans, those of a partition in their order, and returns when
   * there is no more.
   *
   * @throws CancellationException if the source was stopped
   */
  void read(List<Span> spans, Records records);

  /**
   * Waits until there is a record that was not handed over in a partition that this has read or is
   * told of, or until it is woken up; no longer than {@code patience}.
   *
   * @param positions spans of nothing, that tell where partitions go on
   * @throws CancellationException if the source was stopped
   */
  void await(List<Span> positions, Duration patience);

  /** Ends a waiting that is under way, or the next one; from any thread. */
  void wakeUp();
}
