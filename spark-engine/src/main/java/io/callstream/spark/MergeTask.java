package io.callstream.spark;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.PageChanges;
import io.callstream.internal.task.TaskPlan;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapGroupsWithStateFunction;
import org.apache.spark.sql.streaming.GroupState;
import scala.Tuple2;

/**
 * The task that keeps results. It merges the partial results of a window into the block of the
 * window, which is one row of Spark's state store, and emits the groups that changed. An eviction
 * removes the row. For sessions, a row has the open sessions of a bucket of groups, and an eviction
 * removes those that are closed. Rows of other kinds pass through.
 */
final class MergeTask
    implements FlatMapGroupsWithStateFunction<
        byte[], Tuple2<byte[], byte[]>, byte[], Tuple2<byte[], byte[]>> {
  private static final long serialVersionUID = 1L;

  private final TaskPlan plan;

  MergeTask(TaskPlan plan) {
    this.plan = plan;
  }

  @Override
  public Iterator<Tuple2<byte[], byte[]>> call(
      byte[] bytes, Iterator<Tuple2<byte[], byte[]>> input, GroupState<byte[]> state) {
    RowKey key = RowKey.of(bytes);
    if (key.kind() != RowKey.Kind.WINDOW) {
      return input;
    }
    int statistic = plan.indexOfSlot(key.number());
    if (statistic < 0) {
      state.remove(); // The pipeline no longer has the statistic.
      return Collections.emptyIterator();
    }
    BlockMerger merger = plan.newMerger(statistic);
    List<byte[]> partials = new ArrayList<>();
    while (input.hasNext()) {
      byte[] block = input.next()._2();
      if (TaskRows.isEviction(block)) {
        evict(merger, state);
      } else {
        partials.add(block);
      }
    }
    if (partials.isEmpty()) {
      return Collections.emptyIterator();
    }
    Groups before = groups(state);
    PageChanges changes = merger.merge(before, partials);
    if (changes.isUnchanged()) {
      return Collections.emptyIterator();
    }
    state.update(before.with(changes).toBlock());
    return List.of(new Tuple2<>(bytes, changes.updates())).iterator();
  }

  private static void evict(BlockMerger merger, GroupState<byte[]> state) {
    Groups open = merger.open(groups(state), BatchContext.ofTask().watermark());
    if (open.count() == 0) {
      state.remove();
    } else {
      state.update(open.toBlock());
    }
  }

  private static Groups groups(GroupState<byte[]> state) {
    return state.exists() ? Groups.of(state.get()) : Groups.NONE;
  }
}
