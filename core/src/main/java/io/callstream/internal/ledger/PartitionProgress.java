package io.callstream.internal.ledger;

import io.callstream.internal.task.PartitionClock;
import io.callstream.internal.task.PartitionSegment;

/**
 * The progress of a pipeline in one partition.
 *
 * @param nextOffset the offset after the last record that was read
 * @param clock the clock of the calls that were read
 */
record PartitionProgress(long nextOffset, PartitionClock clock) {
  PartitionProgress append(PartitionSegment segment) {
    return new PartitionProgress(
        Math.max(nextOffset, segment.nextOffset()), clock.append(segment.clock()));
  }
}
