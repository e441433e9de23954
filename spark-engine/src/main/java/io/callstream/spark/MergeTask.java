package io.callstream.spark;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.GroupRows;
import io.callstream.internal.aggregate.RowStore;
import io.callstream.internal.task.TaskPlan;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Statistic;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.apache.spark.api.java.function.FlatMapGroupsWithStateFunction;
import org.apache.spark.sql.streaming.GroupState;
import scala.Tuple2;

/**
 * The task that keeps results in the executors. It merges the partial results of a shard of a
 * window into the rows of the shard in Spark's state store, and emits the groups that changed,
 * which are for sinks, and the {@link TopGroups}, which are for the driver. An eviction removes the
 * rows. Rows of other kinds pass through.
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
    RowStore rows = StateRows.ofFunction().of(bytes);
    Statistic statistic = plan.statistics().get(plan.indexOfSlot(key.number()));
    boolean emitsOnClose = statistic.emission() == Emission.ON_CLOSE;
    Iterator<byte[]> closed = Collections.emptyIterator();
    List<byte[]> partials = new ArrayList<>();
    while (input.hasNext()) {
      byte[] block = input.next()._2();
      if (!TaskRows.isEviction(block)) {
        partials.add(block);
      } else if (state.exists()) {
        if (emitsOnClose) {
          closed = GroupRows.drain(state.get(), rows);
        } else {
          GroupRows.remove(state.get(), rows);
        }
        state.remove();
      }
    }
    if (partials.isEmpty()) {
      return map(closed, block -> new Tuple2<>(bytes, block));
    }
    GroupRows.Merged merged =
        GroupRows.merge(
            BlockMerger.unbounded(statistic), state.exists() ? state.get() : null, rows, partials);
    state.update(merged.head());
    Tuple2<byte[], byte[]> top = top(key, statistic, merged);
    return (emitsOnClose ? List.of(top) : List.of(new Tuple2<>(bytes, merged.updates()), top))
        .iterator();
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

  private static Tuple2<byte[], byte[]> top(
      RowKey key, Statistic statistic, GroupRows.Merged merged) {
    byte[] block =
        BlockResults.top(
            statistic, key.windowStart(), merged.updates(), SparkSettings.TOP_IN_DRIVER);
    return new Tuple2<>(
        new RowKey(RowKey.Kind.TOP, key.number(), key.windowStart(), 0).toBytes(),
        new TopGroups(merged.addedGroups(), merged.addedKeyBytes(), block).toBytes());
  }
}
