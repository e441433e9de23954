package io.callstream.spark;

import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.CallReader;
import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.PossibleDuplicate;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.kafka010.KafkaBatchInputPartition;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * The task that reads a range of offsets. It parses each record once and combines the records for
 * all statistics. If calls are known by their ids, it instead sorts them by the bucket that
 * remembers the ids.
 */
final class ReadTask implements PartitionReader<InternalRow> {
  private final Factory plan;
  private final KafkaBatchInputPartition range;
  private Iterator<Tuple2<byte[], byte[]>> rows = Collections.emptyIterator();
  private boolean hasRun;
  private @Nullable Tuple2<byte[], byte[]> row;

  private ReadTask(Factory plan, KafkaBatchInputPartition range) {
    this.plan = plan;
    this.range = range;
  }

  /**
   * Creates the tasks of a batch, in the executors.
   *
   * @param buckets the number of state rows that remember ids
   * @param sent the tables of the batch; null if there are no lookups
   */
  record Factory(
      TaskPlan plan,
      int buckets,
      TaskDeadLetterDirectory letterDirectory,
      @Nullable Broadcast<SentTables> sent)
      implements PartitionReaderFactory {
    private static final long serialVersionUID = 1L;

    LookupTables tables() {
      return sent == null ? LookupTables.NONE : sent.value().tables(plan);
    }

    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
      return new ReadTask(this, (KafkaBatchInputPartition) partition);
    }
  }

  @Override
  public boolean next() throws IOException {
    if (!hasRun) {
      hasRun = true;
      rows = run().iterator();
    }
    row = rows.hasNext() ? rows.next() : null;
    return row != null;
  }

  @Override
  public InternalRow get() {
    Tuple2<byte[], byte[]> now = row;
    if (now == null) {
      throw new IllegalStateException("get() without a row");
    }
    return new GenericInternalRow(new Object[] {now._1(), now._2()});
  }

  @Override
  public void close() {}

  private List<Tuple2<byte[], byte[]>> run() throws IOException {
    BatchContext context = BatchContext.ofTask();
    int task = TaskContext.getPartitionId();
    LookupTables tables = plan.tables();
    try (TaskRows out = new TaskRows(task, plan.letterDirectory)) {
      CallCounter counter =
          new CallCounter(plan.plan, context.number(), tables, context.watermark(), out::add);
      if (plan.plan.hasKnownCalls()) {
        sort(counter, tables, context.shards().partitions(), out);
      } else {
        count(counter, tables, context.shards(), out);
      }
      if (task == 0) {
        evict(context, out);
      }
      return out.finish();
    }
  }

  private void count(CallCounter counter, LookupTables tables, ShardCounts shards, TaskRows out)
      throws IOException {
    TaskReport report = read(counter::count, tables, out);
    out.addPartials(plan.plan, counter, shards);
    out.add(report.plus(new TaskReport(counter.accounting(), List.of())));
  }

  private void sort(CallCounter counter, LookupTables tables, int partitions, TaskRows out)
      throws IOException {
    ByteArrayOutputStream[] bytes = new ByteArrayOutputStream[plan.buckets];
    DataOutputStream[] outs = new DataOutputStream[plan.buckets];
    for (int i = 0; i < plan.buckets; i++) {
      bytes[i] = new ByteArrayOutputStream();
      outs[i] = new DataOutputStream(bytes[i]);
    }
    TaskReport report =
        read(
            (call, record, index) -> {
              int bucket = Math.floorMod(call.id().hashCode(), plan.buckets);
              try {
                PossibleDuplicate.of(call, record, index, counter.mayMiss(call))
                    .write(plan.plan, outs[bucket]);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            },
            tables,
            out);
    for (int i = 0; i < plan.buckets; i++) {
      if (bytes[i].size() > 0) {
        out.add(RowKey.ofBucket(i, partitions), bytes[i].toByteArray());
      }
    }
    out.add(report);
  }

  private TaskReport read(CallReader.Calls calls, LookupTables tables, TaskRows out)
      throws IOException {
    CallReader reader = new CallReader(plan.plan, tables, Instant.now(), calls, out::add);
    RecordReader.read(range, reader::read);
    return reader.report();
  }

  private static void evict(BatchContext context, TaskRows out) {
    context
        .closing()
        .forEach(
            (slot, starts) ->
                starts.forEach(start -> out.addEviction(slot, start, context.shards())));
  }
}
