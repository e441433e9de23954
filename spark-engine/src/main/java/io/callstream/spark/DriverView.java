package io.callstream.spark;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.engine.SinkSet;
import io.callstream.internal.ledger.BatchUpdates;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.TaskPlan;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Statistic;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the driver does and knows if results stay in the executors. Used by the query's thread,
 * except for {@link #results}.
 */
final class DriverView {
  /** The groups of a window in the driver are reduced to the first when they are this many. */
  private static final int MOST_GROUPS = 4 * SparkSettings.TOP_IN_DRIVER;

  private final TaskPlan plan;
  private final Ledger ledger;
  private final WindowShards shards;
  private final StateScan.Source state;
  private @Nullable TaskSinks sinks;
  private volatile Snapshot readable;

  // What the tasks of the current batch reported.
  private final Map<RowKey, WindowShards.Growth> growth = new LinkedHashMap<>();
  private final Map<RowKey, List<byte[]>> top = new LinkedHashMap<>();
  private final List<List<byte[]>> written = new ArrayList<>();
  private final Map<String, Long> emitted = new TreeMap<>();

  /** What can be read after a batch. The lists have an element for each statistic. */
  private record Snapshot(
      long batch,
      List<BlockResults> top,
      List<NavigableMap<Long, Long>> sizes,
      ShardCounts shards) {}

  DriverView(TaskPlan plan, Ledger ledger, WindowShards shards, StateScan.Source state) {
    this.plan = plan;
    this.ledger = ledger;
    this.shards = shards;
    this.state = state;
    readable = now();
  }

  private Snapshot now() {
    List<BlockResults> top = new ArrayList<>();
    List<NavigableMap<Long, Long>> sizes = new ArrayList<>();
    for (int i = 0; i < plan.statistics().size(); i++) {
      top.add(BlockResults.of(ledger.results(plan.statistics().get(i).name())));
      sizes.add(shards.sizes(i));
    }
    return new Snapshot(ledger.lastBatch(), top, sizes, shards.next(ledger));
  }

  /** Opens the sinks for tasks. */
  void open(Pipeline pipeline, SinkSet open) {
    sinks = new TaskSinks(plan, pipeline.resultSinks(), open.writers());
    pipeline.resultSinks().forEach(sink -> written.add(new ArrayList<>()));
  }

  TaskSinks sinks() {
    return Objects.requireNonNull(sinks);
  }

  /** Adds a row of a task. */
  void add(RowKey key, byte[] bytes) {
    switch (key.kind()) {
      case TOP -> {
        TopGroups shard = TopGroups.of(bytes);
        growth.merge(
            key, WindowShards.Growth.NONE.plus(shard), (before, added) -> before.plus(shard));
        top.computeIfAbsent(key, k -> new ArrayList<>()).add(shard.block());
      }
      case WRITTEN -> written.get(key.number()).add(bytes);
      case EMITTED ->
          emitted.merge(
              plan.statistics().get(plan.indexOfSlot(key.number())).name(),
              ByteBuffer.wrap(bytes).getLong(),
              Long::sum);
      default -> throw new IllegalStateException("The driver does not expect " + key);
    }
  }

  /** Returns the context of the next batch. */
  BatchContext next() {
    return BatchContext.of(ledger, shards.next(ledger));
  }

  /** Returns the note that a snapshot of the ledger has. */
  byte[] note() {
    return shards.toBytes();
  }

  /** Returns the first groups of all windows, and the growth of the windows as a note. */
  BatchUpdates updates(BatchContext context) {
    BatchUpdates updates = new BatchUpdates(plan.statistics().size());
    shards.requireLimits(growth);
    top.forEach(
        (key, blocks) -> {
          int statistic = plan.indexOfSlot(key.number());
          byte[] changed = first(statistic, key.windowStart(), BlockMerger.union(blocks));
          Groups kept = ledger.groups(statistic, key.windowStart()).overlaid(changed);
          if (kept.groups() > MOST_GROUPS) {
            kept = Groups.of(first(statistic, key.windowStart(), kept.toBlock()));
          }
          updates.put(statistic, key.windowStart(), changed, kept);
        });
    updates.note(shards.grown(growth, context.shards()));
    return updates;
  }

  private byte[] first(int statistic, long window, byte[] block) {
    return BlockResults.top(
        plan.statistics().get(statistic), window, block, SparkSettings.TOP_IN_DRIVER);
  }

  /** Ends a batch that is in the ledger, and returns it without groups. */
  BatchResults finish(
      BatchContext context, BatchResults batch, Iterable<DeadLetter> letters, SinkSet open) {
    shards.closed(context.closing());
    BatchResults results = withoutGroups(batch, emitted);
    readable = now();
    open.finish(results, letters, written.stream().map(List::copyOf).toList());
    growth.clear();
    top.clear();
    written.forEach(List::clear);
    emitted.clear();
    return results;
  }

  /** Returns results that have no rows except for the first ones. */
  static BatchResults withoutGroups(BatchResults batch, Map<String, Long> emitted) {
    Map<String, Results> updates = new LinkedHashMap<>();
    batch
        .updates()
        .forEach(
            (name, results) ->
                updates.put(
                    name,
                    new WrittenResults(
                        BlockResults.of(results),
                        OptionalLong.of(emitted.getOrDefault(name, 0L)))));
    Map<String, Results> current = new LinkedHashMap<>();
    batch
        .current()
        .forEach(
            (name, results) ->
                current.put(
                    name, new WrittenResults(BlockResults.of(results), OptionalLong.empty())));
    return new BatchResults(
        batch.lineage(),
        batch.number(),
        batch.pipeline(),
        batch.watermark(),
        updates,
        current,
        batch.accounting(),
        batch.total(),
        batch.lookups());
  }

  /** Returns the results of a statistic after the last batch. Thread-safe. */
  Results results(Statistic statistic) {
    Snapshot last = readable;
    int index = plan.statistics().indexOf(statistic);
    return new ExecutorResults(
        last.top().get(index),
        last.sizes().get(index),
        state.after(last.batch(), plan.starts().get(index).slot(), last.shards()));
  }
}
