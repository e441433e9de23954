package io.callstream.internal.source;

import io.callstream.call.CallRecord;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * Reads some partitions of a source. The spans that it receives define which partitions it reads.
 * Only one reader reads each partition. Used by one thread at a time, except for {@link #wakeUp}.
 */
public interface SpanReader {
  /**
   * A range of offsets of a partition.
   *
   * @param from the first offset, which is the end of the previous span if there was one
   * @param to the end offset, exclusive
   */
  record Span(int partition, long from, long to) {}

  /** Receives records. */
  @FunctionalInterface
  interface Records {
    void take(CallRecord record);
  }

  /** Passes on all records of some spans. Those of a partition are in order. */
  void read(List<Span> spans, Records records);

  /**
   * Waits until a partition has a new record, until {@link #wakeUp} is called, or until {@code
   * patience} has elapsed. Considers the partitions that this reader has read and those of {@code
   * positions}.
   *
   * @param positions empty spans with the current position of partitions
   * @throws CancellationException if the source was stopped
   */
  void await(List<Span> positions, Duration patience);

  /** Ends the current wait, or the next one. May be called from any thread. */
  void wakeUp();
}
