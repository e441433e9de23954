package io.callstream.spark;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.TaskWriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** A sink with a table in this process, which the driver or tasks of this process write. */
class RowsOfTasks implements TaskSink {
  private static final Map<String, RowsOfTasks> ALL = new ConcurrentHashMap<>();

  /** The rows by statistic, window and dimensions. */
  final Map<String, List<Object>> rows = new TreeMap<>();

  /** The tasks that wrote, by batch. */
  final Map<Long, Set<Integer>> tasks = new TreeMap<>();

  /** The numbers of rows of finished batches, as the driver received them. */
  final Map<Long, Long> finished = new TreeMap<>();

  /** The batch whose end fails once; -1 if none. */
  volatile long failing = -1;

  /** The task that fails once before its commit; -1 if none. */
  volatile int failingTask = -1;

  private final String id = UUID.randomUUID().toString();

  RowsOfTasks() {
    ALL.put(id, this);
  }

  private synchronized void put(ResultRow row) {
    rows.put(row.statistic() + row.window() + row.dimensions(), row.columns());
  }

  @Override
  public void write(BatchResults batch) {
    batch.updates().values().forEach(updates -> updates.forEach(this::put));
  }

  @Override
  public TaskWriter.Factory writers() {
    String name = id;
    return attempt -> new Writer(ALL.get(name), attempt);
  }

  @Override
  public synchronized void finish(BatchResults batch, List<byte[]> messages) {
    long sum = messages.stream().mapToLong(message -> Long.parseLong(new String(message))).sum();
    if (sum != batch.emittedRows()) {
      throw new IllegalStateException(sum + " of " + batch.emittedRows());
    }
    if (batch.number() == failing) {
      failing = -1;
      throw new IllegalStateException("pulled the plug");
    }
    finished.put(batch.number(), sum);
  }

  @Override
  public String toString() {
    return "rows of tasks";
  }

  private record Writer(RowsOfTasks table, Attempt attempt, List<ResultRow> added)
      implements TaskWriter {
    Writer(RowsOfTasks table, Attempt attempt) {
      this(table, attempt, new ArrayList<>());
    }

    @Override
    public void write(Results changed) {
      changed.forEach(added::add);
    }

    @Override
    public byte[] commit() {
      synchronized (table) {
        if (table.failingTask == attempt.task()) {
          table.failingTask = -1;
          throw new IllegalStateException("the task failed");
        }
        table.tasks.computeIfAbsent(attempt.batch(), b -> new HashSet<>()).add(attempt.task());
        added.forEach(table::put);
      }
      return Integer.toString(added.size()).getBytes();
    }

    @Override
    public void close() {
      added.clear();
    }
  }
}
