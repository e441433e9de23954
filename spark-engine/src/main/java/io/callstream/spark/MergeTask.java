package io.callstream.spark;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.GroupRows;
import io.callstream.internal.aggregate.RowStore;
import io.callstream.internal.task.TaskPlan;
import io.callstream.statistic.Emission;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.apache.spark.api.java.function.FlatMapGroupsWithStateFunction;
import org.apache.spark.sql.streaming.GroupState;
import scala.Tuple2;

/**
 * The task that keeps results. It merges the partial results of a window into the rows of the
 * window in Spark's state store, and emits the groups that changed. An eviction removes the rows.
 * For sessions, one row has the open sessions of a bucket of groups, and an eviction removes those
 * that are closed. Rows of other kinds pass through.
 */
final class MergeTask
    implements FlatMapGroupsWithStateFunction<
        byte[], Tuple2<byte[], byte[]>, byte[], Tuple2<byte[], byte[]>> {
  private static final long serialVersionUID = 1L;

  private final TaskPlan plan;
  private final boolean inExecutors;

  /**
   * Creates a task.
   *
   * @param inExecutors whether results stay in the executors. The rows of windows are then for
   *     sinks, and the driver gets the {@link TopGroups} of each window
   */
  MergeTask(TaskPlan plan, boolean inExecutors) {
    this.plan = plan;
    this.inExecutors = inExecutors;
  }

  @Override
  public Iterator<Tuple2<byte[], byte[]>> call(
      byte[] bytes, Iterator<Tuple2<byte[], byte[]>> input, GroupState<byte[]> state) {
    RowKey key = RowKey.of(bytes);
    if (key.kind() != RowKey.Kind.WINDOW) {
      return input;
    }
    RowStore rows = StateRows.ofFunction().of(bytes);
    int statistic = plan.indexOfSlot(key.number());
    if (statistic < 0) {
      remove(state, rows); // The pipeline no longer has the statistic.
      return Collections.emptyIterator();
    }
    BlockMerger merger =
        inExecutors
            ? BlockMerger.unbounded(plan.statistics().get(statistic))
            : plan.newMerger(statistic);
    Iterator<byte[]> closed = Collections.emptyIterator();
    List<byte[]> partials = new ArrayList<>();
    while (input.hasNext()) {
      byte[] block = input.next()._2();
      if (TaskRows.isEviction(block)) {
        if (inExecutors && state.exists() && emitsOnClose(statistic)) {
          closed = GroupRows.drain(state.get(), rows);
          state.remove();
        } else {
          evict(merger, state, rows);
        }
      } else {
        partials.add(block);
      }
    }
    if (partials.isEmpty()) {
      return map(closed, block -> new Tuple2<>(bytes, block));
    }
    GroupRows.Merged merged =
        GroupRows.merge(merger, state.exists() ? state.get() : null, rows, partials);
    if (merged.isUnchanged()) {
      return Collections.emptyIterator();
    }
    state.update(merged.head());
    List<Tuple2<byte[], byte[]>> output = new ArrayList<>(2);
    if (!inExecutors || !emitsOnClose(statistic)) {
      output.add(new Tuple2<>(bytes, merged.updates()));
    }
    if (inExecutors) {
      output.add(top(key, statistic, merged));
    }
    return output.iterator();
  }

  private static <A, B> Iterator<B> map(Iterator<A> all, Function<A, B> mapping) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return all.hasNext();
      }

      @Override
      public B next() {
        return mapping.apply(all.next());
      }
    };
  }

  private boolean emitsOnClose(int statistic) {
    return plan.statistics().get(statistic).emission() == Emission.ON_CLOSE;
  }

  private Tuple2<byte[], byte[]> top(RowKey key, int statistic, GroupRows.Merged merged) {
    byte[] block =
        BlockResults.top(
            plan.statistics().get(statistic),
            key.windowStart(),
            merged.updates(),
            SparkSettings.TOP_IN_DRIVER);
    return new Tuple2<>(
        new RowKey(RowKey.Kind.TOP, key.number(), key.windowStart(), 0).toBytes(),
        new TopGroups(merged.addedGroups(), merged.addedKeyBytes(), block).toBytes());
  }

  private static void evict(BlockMerger merger, GroupState<byte[]> state, RowStore rows) {
    byte[] open =
        state.exists()
            ? GroupRows.open(merger, state.get(), rows, BatchContext.ofTask().watermark())
            : null;
    if (open == null) {
      state.remove();
    } else {
      state.update(open);
    }
  }

  private static void remove(GroupState<byte[]> state, RowStore rows) {
    if (state.exists()) {
      GroupRows.remove(state.get(), rows);
    }
    state.remove();
  }
}
