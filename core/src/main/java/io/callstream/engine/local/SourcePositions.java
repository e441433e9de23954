package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.source.OpenSource;
import io.callstream.pipeline.Source;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The offsets at which a run reads the partitions of its source. Not thread-safe. */
final class SourcePositions {
  private final OpenSource source;
  private final @Nullable LocalCheckpoint checkpoint;

  /** The offset of each partition at which the first unplanned batch starts. */
  private final Map<Integer, Long> next = new TreeMap<>();

  /** The offset of each partition at which a bounded run ends; null for a continuous run. */
  private final @Nullable Map<Integer, Long> bounds;

  /** The offsets that are known to be read, including those without records. */
  private Map<Integer, Long> reached = Map.of();

  /** Finds the positions of a run. Fails if the checkpoint does not fit the topic. */
  SourcePositions(
      OpenSource source,
      Source description,
      @Nullable LocalCheckpoint checkpoint,
      Ledger ledger,
      boolean isBounded) {
    this.source = source;
    this.checkpoint = checkpoint;
    bounds = isBounded ? source.endOffsets() : null;
    Map<Integer, Long> firsts = source.firstOffsets();
    Map<Integer, Long> before = checkpoint == null ? Map.of() : checkpoint.firstOffsets();
    next.putAll(before.isEmpty() ? source.startOffsets() : before);
    next.putAll(ledger.nextOffsets());
    if (checkpoint != null) {
      checkpoint.begin(next);
      if (!before.isEmpty()) {
        checkpoint.requireConsistent(ledger, bounds == null ? source.endOffsets() : bounds);
      }
      reached = checkpoint.committed().reached();
      // Markers of transactions may follow the last record, and may have been deleted since.
      next.replaceAll(
          (partition, position) ->
              Math.max(
                  position,
                  Math.min(
                      firsts.getOrDefault(partition, 0L), reached.getOrDefault(partition, 0L))));
    }
    next.forEach(
        (partition, position) ->
            requireStillThere(description, partition, position, firsts.get(partition)));
  }

  private static void requireStillThere(
      Source source, int partition, long position, @Nullable Long first) {
    if (first == null || first > position) {
      throw new CallstreamException(
          ErrorCode.SOURCE_FAILED,
          ("Records that were not read yet are gone from %s: partition %s must be read from offset"
                  + " %s%s. Most likely retention deleted them: keep records longer than the"
                  + " pipeline may be down. To continue without them, start with a new checkpoint.")
              .formatted(
                  source.description(),
                  partition,
                  position,
                  first == null ? ", and is not there" : ", and begins at " + first));
    }
  }

  /** Returns whether the run ends at the offsets at which the partitions ended at its start. */
  boolean isBounded() {
    return bounds != null;
  }

  /** Returns the offset of each partition at which the next batch starts. */
  Map<Integer, Long> next() {
    return Collections.unmodifiableMap(next);
  }

  /** Returns the offset at which the run ends in a partition, or another if it has no end. */
  long end(int partition, Map<Integer, Long> latest, long other) {
    return (bounds == null ? latest : bounds).getOrDefault(partition, other);
  }

  void moveTo(Map<Integer, Long> ends) {
    next.putAll(ends);
  }

  void addPartitions(Collection<Integer> partitions) {
    for (int partition : partitions) {
      if (!next.containsKey(partition)) {
        add(partition);
      }
    }
  }

  private void add(int partition) {
    long first = source.firstOffsets().getOrDefault(partition, 0L);
    next.put(partition, first);
    if (checkpoint != null) {
      Map<Integer, Long> firsts = new TreeMap<>(checkpoint.firstOffsets());
      firsts.put(partition, first);
      checkpoint.writeFirstOffsets(firsts);
    }
  }

  /** Records that the last batch is complete, because no further batch may follow to show it. */
  void commit(Ledger ledger, boolean all) {
    if (checkpoint == null) {
      return;
    }
    Map<Integer, Long> now = new TreeMap<>(reached);
    if (all) {
      next.forEach((partition, offset) -> now.merge(partition, offset, Math::max));
    }
    ledger.nextOffsets().forEach((partition, offset) -> now.merge(partition, offset, Math::max));
    reached = Map.copyOf(now);
    LocalCheckpoint.Committed done = new LocalCheckpoint.Committed(ledger.lastBatch(), reached);
    if (!done.equals(checkpoint.committed())) {
      checkpoint.commit(done);
    }
  }
}
