package io.callstream.internal.engine;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.ledger.BatchUpdates;
import io.callstream.internal.ledger.Ledger;
import io.callstream.statistic.Statistic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Merges the partial results of a batch with the state in the ledger. Not thread-safe. */
public final class StateMerger {
  private final Ledger ledger;
  private final List<BlockMerger> mergers;
  private final List<Map<Long, List<byte[]>>> partials = new ArrayList<>();

  public StateMerger(List<Statistic> statistics, Ledger ledger) {
    this.ledger = ledger;
    mergers = statistics.stream().map(BlockMerger::new).toList();
    mergers.forEach(merger -> partials.add(new TreeMap<>()));
  }

  /** Adds a partial result of the batch. */
  public void add(int statistic, long window, byte[] block) {
    partials.get(statistic).computeIfAbsent(window, w -> new ArrayList<>()).add(block);
  }

  /**
   * Returns the new state of each window with a partial result, and forgets the partial results.
   */
  public BatchUpdates merge() {
    BatchUpdates updates = new BatchUpdates(mergers.size());
    for (int i = 0; i < mergers.size(); i++) {
      BlockMerger merger = mergers.get(i);
      for (Map.Entry<Long, List<byte[]>> window : partials.get(i).entrySet()) {
        byte[] state = ledger.block(i, window.getKey());
        updates.put(i, window.getKey(), merger.merge(state, window.getValue()));
      }
      partials.get(i).clear();
    }
    return updates;
  }
}
