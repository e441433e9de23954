package io.callstream.testing;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.TaskWriter;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Statistic;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Delivers the batches of a run to a sink as an engine does that keeps results in its tasks. A test
 * can repeat, abandon and delay attempts.
 */
public final class TaskDelivery implements AutoCloseable {
  /** The message with which results that are not in the driver refuse to be read. */
  public static final String NOT_HERE = "The results are in the executors";

  private final SinkRun run;
  private final int tasks;
  private final TaskSink sink;
  private byte[] factory = {};

  /** Creates a delivery to a sink, which must be able to write from tasks. */
  public TaskDelivery(SinkRun run, int tasks, Object sink) {
    this.run = run;
    this.tasks = tasks;
    this.sink = (TaskSink) sink;
  }

  /** Opens the sink for a run that starts with the first batch. */
  public TaskDelivery open() {
    return open(run.opened());
  }

  /** Opens the sink for a run that continues after a batch. */
  public TaskDelivery openAfter(int batch) {
    return open(run.batch(batch));
  }

  private TaskDelivery open(BatchResults restored) {
    sink.open(inExecutors(restored));
    factory = serialized(sink.writers());
    return this;
  }

  /** Returns an attempt of a task that has written its results, and has not committed. */
  public TaskWriter attempt(int batch, int task) throws Exception {
    TaskWriter writer = open(batch, task);
    write(writer, batch, task);
    return writer;
  }

  /** Returns an attempt of a task that has written nothing yet. */
  public TaskWriter open(int batch, int task) throws Exception {
    BatchResults results = run.batch(batch);
    String id = UUID.randomUUID().toString();
    return deserialized(factory)
        .open(new TaskWriter.Attempt(results.number(), results.watermark(), task, id));
  }

  /** Writes the results of a task. */
  public void write(TaskWriter writer, int batch, int task) throws Exception {
    for (Results updates : run.batch(batch).updates().values()) {
      Map<Optional<WindowBounds>, List<ResultRow>> windows = new LinkedHashMap<>();
      for (ResultRow row : updates) {
        if (Math.floorMod(row.dimensions().hashCode(), tasks) == task) {
          windows.computeIfAbsent(row.window(), w -> new ArrayList<>()).add(row);
        }
      }
      for (List<ResultRow> rows : windows.values()) {
        writer.write(new Rows(updates.statistic(), rows));
      }
    }
  }

  /** Runs all tasks of a batch. Returns what they pass to the driver. */
  public List<byte[]> runTasks(int batch) throws Exception {
    List<byte[]> messages = new ArrayList<>();
    for (int task = 0; task < tasks; task++) {
      try (TaskWriter writer = attempt(batch, task)) {
        messages.add(writer.commit());
      }
    }
    return messages;
  }

  /** Ends a batch. */
  public void finish(int batch, List<byte[]> messages) {
    sink.finish(inExecutors(run.batch(batch)), messages);
  }

  /** Delivers a batch. */
  public void deliver(int batch) throws Exception {
    finish(batch, runTasks(batch));
  }

  /** Delivers all batches. */
  public void deliverAll() throws Exception {
    for (int batch = 0; batch < run.batches().size(); batch++) {
      deliver(batch);
    }
  }

  /** Closes the sink. */
  @Override
  public void close() {
    sink.close();
  }

  /** Returns a batch as a driver knows it that has no results. */
  private static BatchResults inExecutors(BatchResults batch) {
    Map<String, Results> current = new HashMap<>();
    batch
        .current()
        .forEach((name, results) -> current.put(name, new Elsewhere(results.statistic())));
    return new BatchResults(
        batch.lineage(),
        batch.number(),
        batch.pipeline(),
        batch.watermark(),
        Map.of(),
        current,
        batch.accounting(),
        batch.total(),
        batch.lookups());
  }

  private static byte[] serialized(TaskWriter.Factory factory) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(factory);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return bytes.toByteArray();
  }

  private static TaskWriter.Factory deserialized(byte[] factory) throws Exception {
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(factory))) {
      return (TaskWriter.Factory) in.readObject();
    }
  }

  private record Rows(Statistic statistic, List<ResultRow> list) implements Results {
    @Override
    public long size() {
      return list.size();
    }

    @Override
    public Stream<ResultRow> stream() {
      return list.stream();
    }

    @Override
    public List<ResultRow> window(Instant start) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<WindowBounds> windows() {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<ResultRow> top(int n) {
      throw new UnsupportedOperationException();
    }
  }

  /** Results that are not in the driver. */
  private record Elsewhere(Statistic statistic) implements Results {
    private static CallstreamException failure() {
      return new CallstreamException(ErrorCode.SINK_FAILED, NOT_HERE);
    }

    @Override
    public long size() {
      throw failure();
    }

    @Override
    public Stream<ResultRow> stream() {
      throw failure();
    }

    @Override
    public List<ResultRow> window(Instant start) {
      throw failure();
    }

    @Override
    public List<WindowBounds> windows() {
      throw failure();
    }

    @Override
    public List<ResultRow> top(int n) {
      throw failure();
    }
  }
}
