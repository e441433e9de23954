package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.local.LocalCheckpoint.Committed;
import io.callstream.internal.ledger.Ledger;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compares the offsets in a checkpoint directory with each other and with the topic.
 *
 * @param firsts the offsets at which reading started
 * @param committed the last batch that was recorded as complete
 */
record OffsetCheck(Path root, Map<Integer, Long> firsts, Committed committed) {
  private static final String LOG = "the log of results";

  /** Rejects a directory whose offsets contradict each other or the topic. */
  void requireConsistent(Ledger ledger, Map<Integer, Long> ends) {
    Map<Integer, Long> logged = ledger.nextOffsets();
    requireBefore(firsts, LocalCheckpoint.FIRST_OFFSETS, logged, LOG);
    requireBefore(
        firsts, LocalCheckpoint.FIRST_OFFSETS, committed.reached(), LocalCheckpoint.COMMITTED);
    if (committed.batch() == ledger.lastBatch()) {
      Map<Integer, Long> reached = new TreeMap<>(committed.reached());
      reached.keySet().retainAll(logged.keySet());
      logged.keySet().forEach(partition -> reached.putIfAbsent(partition, -1L));
      requireBefore(logged, LOG, reached, LocalCheckpoint.COMMITTED);
    }
    requireInTopic(ends, logged);
    requireInTopic(ends, committed.reached());
    requireInTopic(ends, ledger.endsOfNext());
  }

  private void requireInTopic(Map<Integer, Long> ends, Map<Integer, Long> offsets) {
    offsets.forEach(
        (partition, offset) -> {
          Long end = ends.get(partition);
          if (end != null && end < offset) {
            throw new CallstreamException(
                ErrorCode.CHECKPOINT,
                ("The topic has fewer records than the checkpoint directory %s has read: partition"
                        + " %s was read up to offset %s, and ends at %s. Restore the topic and the"
                        + " checkpoint to states that fit each other, or start with a new"
                        + " directory, which counts the topic from its start.")
                    .formatted(root, partition, offset, end));
          }
        });
  }

  private void requireBefore(
      Map<Integer, Long> earlier, String earlierName, Map<Integer, Long> later, String laterName) {
    later.forEach(
        (partition, offset) -> {
          Long first = earlier.get(partition);
          if (first == null || first > offset) {
            throw LocalCheckpoint.damaged(
                root,
                String.format(
                    "%s has offset %d of partition %d, and %s has %s",
                    laterName, offset, partition, earlierName, first == null ? "none" : first),
                null);
          }
        });
  }
}
