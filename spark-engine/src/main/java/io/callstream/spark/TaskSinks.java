package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.StatisticCombiner;
import io.callstream.internal.files.Closing;
import io.callstream.internal.task.TaskPlan;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.TaskWriter;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.apache.spark.TaskContext;

/** The sinks of a run as its tasks write them. Immutable and thread-safe. */
final class TaskSinks implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String run = UUID.randomUUID().toString();
  private final TaskPlan plan;
  private final TaskWriter.Factory[] factories;
  private final String[] names;

  TaskSinks(TaskPlan plan, List<ResultSink> sinks, List<TaskWriter.Factory> factories) {
    this.plan = plan;
    this.factories = factories.toArray(TaskWriter.Factory[]::new);
    this.names = sinks.stream().map(Object::toString).toArray(String[]::new);
  }

  /** Returns the writers of the task that the current thread runs. */
  OpenSinks open(int task) {
    return new OpenSinks(task);
  }

  private interface Step<T> {
    T take() throws Exception;
  }

  private <T> T step(int sink, Step<T> step) {
    try {
      return step.take();
    } catch (CallstreamException e) {
      throw e;
    } catch (InterruptedException e) {
      throw ChecksummedFileManager.sneaky(e); // Spark recognizes by it that the attempt is killed.
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          ("%s failed in a task: %s. The batch is not lost: it is repeated when the pipeline is"
                  + " started again with its checkpoint.")
              .formatted(names[sink], e.getMessage() == null ? e.getClass().getName() : e),
          e);
    }
  }

  /** The writers of one attempt of a task. They are opened for the first results. */
  final class OpenSinks implements AutoCloseable {
    private final int task;
    private final List<TaskWriter> writers = new ArrayList<>();
    private final Map<Integer, Long> emitted = new TreeMap<>();

    private OpenSinks(int task) {
      this.task = task;
    }

    /** Writes groups of a window. */
    void write(RowKey key, byte[] block) {
      if (writers.isEmpty()) {
        open();
      }
      emitted.merge(key.number(), (long) BlockReader.groups(block), Long::sum);
      BlockResults results =
          new BlockResults(
              plan.statistics().get(plan.indexOfSlot(key.number())),
              new TreeMap<>(Map.of(key.windowStart(), Groups.of(block))));
      for (int i = 0; i < writers.size(); i++) {
        TaskWriter writer = writers.get(i);
        step(
            i,
            () -> {
              writer.write(results);
              return true;
            });
      }
    }

    private void open() {
      BatchContext batch = BatchContext.ofTask();
      Optional<Instant> watermark = StatisticCombiner.moment(batch.watermark());
      String id = run + "-" + TaskContext.get().taskAttemptId();
      TaskWriter.Attempt attempt = new TaskWriter.Attempt(batch.number(), watermark, task, id);
      for (int i = 0; i < factories.length; i++) {
        TaskWriter.Factory factory = factories[i];
        writers.add(step(i, () -> factory.open(attempt)));
      }
    }

    /** Commits all writers, and passes what the driver must know to a receiver of rows. */
    void commit(BiConsumer<RowKey, byte[]> rows) {
      for (int i = 0; i < writers.size(); i++) {
        rows.accept(RowKey.of(RowKey.Kind.WRITTEN, i), step(i, writers.get(i)::commit));
      }
      emitted.forEach(
          (slot, count) ->
              rows.accept(
                  RowKey.of(RowKey.Kind.EMITTED, slot),
                  ByteBuffer.allocate(Long.BYTES).putLong(count).array()));
    }

    @Override
    public void close() {
      try {
        Closing.all(writers, TaskWriter::close);
      } finally {
        writers.clear();
      }
    }
  }
}
