package io.callstream.spark;

import io.callstream.internal.engine.LookupFeed;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.StoredTable;
import io.callstream.internal.task.TaskPlan;
import io.callstream.pipeline.Pipeline;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;
import scala.reflect.ClassTag$;

/**
 * The tables of lookups that the batches of a run use. A version is sent to the executors once, as
 * a broadcast to which the tasks of its batches refer. Only the query's thread calls the methods.
 */
final class BatchTables implements AutoCloseable {
  private final Pipeline pipeline;
  private final Ledger ledger;
  private final SparkContext context;
  private final LookupFeed feed;

  /** The number of the batch for which the tables are. */
  private long batch = Ledger.NO_BATCH;

  private LookupTables tables = LookupTables.NONE;
  private LookupTables inBroadcast = LookupTables.NONE;
  private @Nullable Broadcast<SentTables> broadcast;

  private BatchTables(Pipeline pipeline, Ledger ledger, SparkContext context, LookupFeed feed) {
    this.pipeline = pipeline;
    this.ledger = ledger;
    this.context = context;
    this.feed = feed;
  }

  /** Opens the sources of the lookups of a pipeline, and reads their tables. */
  static BatchTables open(Pipeline pipeline, TaskPlan plan, Ledger ledger, SparkContext context) {
    return new BatchTables(pipeline, ledger, context, LookupFeed.open(pipeline, plan, ledger));
  }

  /**
   * Looks for changes when the records of the next batch exist, so that it uses every change that
   * happened before one of them was sent.
   */
  void look() {
    batch = ledger.lastBatch() + 1;
    tables = feed.ofBatch(batch);
  }

  /** Returns the tables of the next batch for its tasks, or null if there are no lookups. */
  @Nullable Broadcast<SentTables> sent() {
    if (pipeline.lookups().isEmpty()) {
      return null;
    }
    if (batch != ledger.lastBatch() + 1) {
      look(); // Spark repeats a batch without asking for its offsets.
    }
    if (broadcast == null || tables != inBroadcast) {
      if (broadcast != null) {
        broadcast.destroy();
      }
      broadcast =
          context.broadcast(
              new SentTables(tables), ClassTag$.MODULE$.<SentTables>apply(SentTables.class));
      inBroadcast = tables;
    }
    return broadcast;
  }

  /** Returns the tables of the next batch. */
  List<StoredTable> next() {
    if (batch != ledger.lastBatch() + 1) {
      look();
    }
    return tables.stored();
  }

  /** Returns the tables of the batch whose tasks have run. */
  List<StoredTable> stored() {
    return inBroadcast.stored();
  }

  @Override
  public void close() {
    feed.close();
  }
}
