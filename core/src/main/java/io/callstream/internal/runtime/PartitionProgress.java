package io.callstream.internal.runtime;

/**
 * How far a pipeline has come in one partition.
 *
 * @param nextOffset the offset after the last record that was read
 * @param clock the clock of the calls that were read
 */
public record PartitionProgress(long nextOffset, PartitionClock clock) {
  /** Returns the progress after a segment that follows. */
  PartitionProgress append(PartitionSegment segment) {
    return new PartitionProgress(
        Math.max(nextOffset, segment.nextOffset()), clock.append(segment.clock()));
  }
}
