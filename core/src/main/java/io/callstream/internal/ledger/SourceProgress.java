package io.callstream.internal.ledger;

import io.callstream.internal.task.PartitionClock;
import io.callstream.internal.task.PartitionSegment;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * The progress of a pipeline in all partitions of its source. Immutable.
 *
 * @param maxJumpMillis the greatest jump of event times; see {@link PartitionClock}
 * @param partitions the progress by partition; not modified after construction
 */
record SourceProgress(long maxJumpMillis, Map<Integer, PartitionProgress> partitions) {
  /** The progress in one partition, up to the offset after the last record. */
  record PartitionProgress(long nextOffset, PartitionClock clock) {
    PartitionProgress append(PartitionSegment segment) {
      return new PartitionProgress(
          Math.max(nextOffset, segment.nextOffset()), clock.append(segment.clock()));
    }
  }

  /** Returns the progress after a batch. Its segments may be in any order. */
  SourceProgress plus(List<PartitionSegment> batch) {
    Map<Integer, PartitionProgress> after = new TreeMap<>(partitions);
    batch.stream()
        .sorted(Comparator.comparingLong(PartitionSegment::firstOffset))
        .forEach(
            segment -> {
              PartitionProgress known = after.get(segment.partition());
              after.put(segment.partition(), (known == null ? start() : known).append(segment));
            });
    return new SourceProgress(maxJumpMillis, after);
  }

  private PartitionProgress start() {
    return new PartitionProgress(0, PartitionClock.ofPartition(maxJumpMillis));
  }

  /**
   * Returns the watermark after a batch whose segments are part of this progress: the minimum clock
   * of the partitions that had a record in the batch. A partition whose clock has no time yet holds
   * the watermark.
   */
  long watermarkAfter(List<PartitionSegment> batch, long before) {
    long least = Long.MAX_VALUE;
    for (PartitionSegment segment : batch) {
      PartitionProgress soFar = partitions.get(segment.partition());
      least = Math.min(least, soFar == null ? before : soFar.clock().millis());
    }
    return batch.isEmpty() ? before : Math.max(before, least);
  }

  /** Counts the calls that became unconfirmed, and passes on their partitions. */
  long unconfirmedSince(SourceProgress before, BiConsumer<Integer, PartitionClock> found) {
    long sum = 0;
    for (Map.Entry<Integer, PartitionProgress> entry : partitions.entrySet()) {
      PartitionClock clock = entry.getValue().clock();
      PartitionProgress known = before.partitions.get(entry.getKey());
      long more = clock.unconfirmed() - (known == null ? 0 : known.clock().unconfirmed());
      if (more > 0) {
        sum += more;
        found.accept(entry.getKey(), clock);
      }
    }
    return sum;
  }

  Map<Integer, Long> nextOffsets() {
    Map<Integer, Long> offsets = new TreeMap<>();
    partitions.forEach((partition, progress) -> offsets.put(partition, progress.nextOffset()));
    return offsets;
  }

  /** Returns the offsets of a later progress, for the partitions with records in between. */
  Map<Integer, Long> nextOffsetsChangedIn(SourceProgress later) {
    Map<Integer, Long> offsets = later.nextOffsets();
    offsets.entrySet().removeAll(nextOffsets().entrySet());
    return offsets;
  }
}
