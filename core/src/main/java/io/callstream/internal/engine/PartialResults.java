package io.callstream.internal.engine;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.PageChanges;
import io.callstream.internal.ledger.BatchUpdates;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.TaskPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The partial results of a batch, which the driver merges into the ledger. Not thread-safe. */
public final class PartialResults {
  private final TaskPlan plan;
  private final List<Map<Long, List<byte[]>>> blocks = new ArrayList<>();

  public PartialResults(TaskPlan plan) {
    this.plan = plan;
    plan.statistics().forEach(statistic -> blocks.add(new TreeMap<>()));
  }

  /** Adds the block of a task for a window, or for a bucket of sessions. */
  public void add(int statistic, long window, byte[] block) {
    blocks.get(statistic).computeIfAbsent(window, w -> new ArrayList<>()).add(block);
  }

  /** Merges the blocks with the groups in the ledger, and returns what changes. */
  public BatchUpdates merge(Ledger ledger) {
    BatchUpdates updates = new BatchUpdates(blocks.size());
    for (int i = 0; i < blocks.size(); i++) {
      int statistic = i;
      BlockMerger merger = plan.newMerger(statistic);
      blocks
          .get(statistic)
          .forEach(
              (window, partials) -> {
                Groups before = ledger.groups(statistic, window);
                PageChanges changes = merger.merge(before, partials);
                if (!changes.isUnchanged()) {
                  updates.put(statistic, window, before, changes);
                }
              });
    }
    return updates;
  }
}
