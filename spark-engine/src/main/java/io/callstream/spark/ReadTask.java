package io.callstream.spark;

import io.callstream.call.Call;
import io.callstream.runtime.CallCounter;
import io.callstream.runtime.CallReader;
import io.callstream.runtime.Candidate;
import io.callstream.runtime.Delivery;
import io.callstream.runtime.TaskPlan;
import io.callstream.runtime.TaskReport;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import scala.Tuple2;
import scala.Tuple4;

/**
 * The task that reads: parses the records of a partition once and combines them for all statistics,
 * or, if duplicates do not count, sorts the calls by where their ids are remembered.
 */
final class ReadTask
    implements MapPartitionsFunction<Tuple4<byte[], Integer, Long, Long>, Tuple2<String, byte[]>> {
  private static final long serialVersionUID = 1L;

  private final TaskPlan plan;
  private final int buckets;
  private final String letterDirectory;

  /**
   * Creates the task of a plan.
   *
   * @param buckets over how many state rows ids are spread if duplicates do not count
   * @param letterDirectory where files of dead letters may be
   */
  ReadTask(TaskPlan plan, int buckets, String letterDirectory) {
    this.plan = plan;
    this.buckets = buckets;
    this.letterDirectory = letterDirectory;
  }

  @Override
  public Iterator<Tuple2<String, byte[]>> call(
      Iterator<Tuple4<byte[], Integer, Long, Long>> records) throws IOException {
    BatchContext context = BatchContext.ofTask();
    int partition = TaskContext.getPartitionId();
    try (TaskRows rows = new TaskRows("read-" + partition, letterDirectory)) {
      CallReader reader = new CallReader(plan, rows::add);
      CallCounter counter = new CallCounter(plan, context.watermark(), rows::add);
      if (plan.distinctHorizonMillis().isPresent()) {
        sort(records, reader, counter, rows);
      } else {
        count(records, reader, counter, rows);
      }
      if (partition == 0) {
        evict(context.closing(), rows);
      }
      return rows.finish().iterator();
    }
  }

  private static void count(
      Iterator<Tuple4<byte[], Integer, Long, Long>> records,
      CallReader reader,
      CallCounter counter,
      TaskRows rows) {
    while (records.hasNext()) {
      Delivery record = delivery(records.next());
      Call call = reader.read(record);
      if (call != null) {
        counter.count(call, record);
      }
    }
    rows.addPartials(counter);
    rows.add(reader.report().plus(new TaskReport(counter.accounting(), Map.of())));
  }

  private void sort(
      Iterator<Tuple4<byte[], Integer, Long, Long>> records,
      CallReader reader,
      CallCounter counter,
      TaskRows rows)
      throws IOException {
    ByteArrayOutputStream[] bytes = new ByteArrayOutputStream[buckets];
    DataOutputStream[] outs = new DataOutputStream[buckets];
    for (int i = 0; i < buckets; i++) {
      bytes[i] = new ByteArrayOutputStream();
      outs[i] = new DataOutputStream(bytes[i]);
    }
    while (records.hasNext()) {
      Delivery record = delivery(records.next());
      Call call = reader.read(record);
      if (call != null) {
        Delivery carried = counter.mayMiss(call) ? record : withoutValue(record);
        new Candidate(call, carried)
            .write(plan, outs[Math.floorMod(call.id().hashCode(), buckets)]);
      }
    }
    for (int i = 0; i < buckets; i++) {
      if (bytes[i].size() > 0) {
        rows.add(RowKey.candidates(i), bytes[i].toByteArray());
      }
    }
    rows.add(reader.report());
  }

  private static void evict(List<List<Long>> closing, TaskRows rows) {
    for (int statistic = 0; statistic < closing.size(); statistic++) {
      for (long windowStart : closing.get(statistic)) {
        rows.addEviction(statistic, windowStart);
      }
    }
  }

  private static Delivery delivery(Tuple4<byte[], Integer, Long, Long> record) {
    return new Delivery(record._2(), record._3(), record._4(), record._1());
  }

  private static Delivery withoutValue(Delivery record) {
    return new Delivery(record.partition(), record.offset(), record.timestampMillis(), null);
  }
}
