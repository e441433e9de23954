package io.callstream.spark;

import io.callstream.internal.aggregate.RowStore;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.KnownCallRows;
import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.PossibleDuplicate;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapGroupsWithStateFunction;
import org.apache.spark.sql.streaming.GroupState;
import scala.Tuple2;

/**
 * The task that remembers calls by their ids. It removes duplicates from a bucket of calls,
 * replaces corrected calls, and combines the remaining calls for all statistics. Rows of other
 * kinds pass through.
 */
final class SiftTask
    implements FlatMapGroupsWithStateFunction<
        byte[], Tuple2<byte[], byte[]>, byte[], Tuple2<byte[], byte[]>> {
  private static final long serialVersionUID = 1L;

  private final TaskPlan plan;
  private final TaskDeadLetterDirectory letterDirectory;

  SiftTask(TaskPlan plan, TaskDeadLetterDirectory letterDirectory) {
    this.plan = plan;
    this.letterDirectory = letterDirectory;
  }

  @Override
  public Iterator<Tuple2<byte[], byte[]>> call(
      byte[] keyBytes, Iterator<Tuple2<byte[], byte[]>> input, GroupState<byte[]> state)
      throws IOException {
    RowKey key = RowKey.of(keyBytes);
    if (key.kind() != RowKey.Kind.CANDIDATES) {
      return input;
    }
    RowStore store = StateRows.ofFunction().of(keyBytes);
    List<PossibleDuplicate> candidates = new ArrayList<>();
    while (input.hasNext()) {
      byte[] bytes = input.next()._2();
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
      while (in.available() > 0) {
        candidates.add(PossibleDuplicate.read(plan, in));
      }
    }
    candidates.sort(PossibleDuplicate.ORDER);
    BatchContext batch = BatchContext.ofTask();
    try (TaskRows rows = new TaskRows(key.number(), letterDirectory)) {
      CallCounter counter =
          new CallCounter(plan, batch.number(), LookupTables.NONE, batch.watermark(), rows::add);
      KnownCallRows.Sifted sifted =
          KnownCallRows.sift(
              plan,
              state.exists() ? state.get() : null,
              store,
              candidates,
              batch.watermark(),
              batch.number(),
              counter::take);
      rows.addPartials(plan, counter, batch.shards());
      rows.add(
          TaskReport.ofDuplicates(sifted.duplicates())
              .plus(new TaskReport(counter.accounting(), List.of())));
      byte[] head = sifted.head();
      if (head != null) {
        state.update(head);
      } else if (state.exists()) {
        state.remove();
      }
      return rows.finish().iterator();
    }
  }
}
