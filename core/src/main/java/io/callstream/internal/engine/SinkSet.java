package io.callstream.internal.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.Closing;
import io.callstream.internal.files.FileFailures;
import io.callstream.internal.files.RunLock;
import io.callstream.internal.sink.DeadLetterCounts;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Sink;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.TaskWriter;
import io.callstream.progress.Progress;
import io.callstream.progress.ProgressListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All sinks and listeners of a run. Exceptions of a sink or a listener are wrapped in a {@link
 * CallstreamException} that names it. Sinks run in a separate thread with a time limit. A sink that
 * exceeds the limit fails. It is closed when its call has returned, and no run can open it before
 * that. Not thread-safe.
 */
public final class SinkSet {
  private static final Logger LOG = LoggerFactory.getLogger(SinkSet.class);
  private static final String CLOSE = "close";

  /**
   * The sinks of all runs in this process whose call exceeded its time limit and has not returned.
   * A restarted pipeline has the same sinks, and only one thread at a time may call a sink.
   */
  private static final Set<Sink> UNRETURNED =
      Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));

  private final Pipeline pipeline;
  private final SinkThread thread;
  private final List<Sink> open = new ArrayList<>();
  private final List<RunLock> locks = new ArrayList<>();

  /** The sinks over the time limit. Each future completes when its sink is closed. */
  private final List<CompletableFuture<Void>> late = new ArrayList<>();

  private SinkSet(Pipeline pipeline, Duration limit) {
    this.pipeline = pipeline;
    this.thread = new SinkThread(limit);
  }

  /**
   * Locks the directories of all sinks, and opens the sinks.
   *
   * @param restored the state after the last finished batch
   * @param nextOffsets the offset after the last record of that batch for each partition
   * @throws CallstreamException if another run has locked a directory, a sink is still in a call of
   *     an earlier run, or a sink cannot be opened. Locks are then released, and open sinks closed
   */
  public static SinkSet open(
      Pipeline pipeline, BatchResults restored, Map<Integer, Long> nextOffsets, Duration limit) {
    SinkSet sinks = new SinkSet(pipeline, limit);
    try {
      sinks.requireReturned();
      sinks.lockDirectories();
      for (ResultSink sink : pipeline.resultSinks()) {
        sinks.open.add(sink);
        sinks.call(sink, "open", () -> sink.open(restored));
      }
      for (DeadLetterSink sink : pipeline.deadLetterSinks()) {
        sinks.open.add(sink);
        sinks.call(sink, "open", () -> sink.open(restored, nextOffsets));
      }
      return sinks;
    } catch (CallstreamException | Error e) {
      sinks.abandon(e);
      throw e;
    }
  }

  private List<Sink> sinks() {
    List<Sink> sinks = new ArrayList<>(pipeline.resultSinks());
    sinks.addAll(pipeline.deadLetterSinks());
    return sinks;
  }

  private void requireReturned() {
    for (Sink sink : sinks()) {
      if (UNRETURNED.contains(sink)) {
        throw new CallstreamException(
            ErrorCode.SINK_FAILED,
            ("%s cannot be opened: its call in an earlier run exceeded RunOptions.sinkTimeout and"
                    + " has not returned. Start again when that call has returned. If it never"
                    + " returns, find what blocks it, and restart the process.")
                .formatted(sink));
      }
    }
  }

  /** Locks each directory once, because several sinks of a run may share one. */
  private void lockDirectories() {
    Set<Path> all = new LinkedHashSet<>();
    for (Sink sink : sinks()) {
      guarded(sink, "name its directories", () -> all.addAll(sink.exclusiveDirectories()));
    }
    Set<Path> real = new HashSet<>();
    for (Path directory : all) {
      try {
        if (real.add(Files.createDirectories(directory).toRealPath())) {
          locks.add(RunLock.ofOutput(directory, directory.toString()));
        }
      } catch (IOException e) {
        throw new CallstreamException(
            ErrorCode.SINK_FAILED,
            "The output directory %s can't be created or locked: %s. %s"
                .formatted(directory, e, FileFailures.advice(directory, e)),
            e);
      }
    }
  }

  /**
   * Delivers a batch.
   *
   * @param letters the dead letters in order; their number must match the accounting of the batch
   * @throws CallstreamException with {@link ErrorCode#ENGINE_FAILED} if the number differs, at the
   *     latest when a sink has received the last dead letter
   */
  public void write(BatchResults batch, Iterable<DeadLetter> letters) {
    writeLetters(batch, letters);
    for (ResultSink sink : pipeline.resultSinks()) {
      call(sink, "write", () -> sink.write(batch));
    }
  }

  /**
   * Ends a batch whose results tasks have written. All sinks must be {@linkplain TaskSink such
   * sinks}.
   *
   * @param messages the messages of the tasks for each sink, in the order of the pipeline
   */
  public void finish(
      BatchResults batch, Iterable<DeadLetter> letters, List<List<byte[]>> messages) {
    writeLetters(batch, letters);
    for (int i = 0; i < messages.size(); i++) {
      TaskSink sink = (TaskSink) pipeline.resultSinks().get(i);
      List<byte[]> ofSink = messages.get(i);
      call(sink, "finish", () -> sink.finish(batch, ofSink));
    }
  }

  /** Returns what opens the writers of all sinks in tasks, in the order of the pipeline. */
  public List<TaskWriter.Factory> writers() {
    List<TaskWriter.Factory> writers = new ArrayList<>();
    for (ResultSink sink : pipeline.resultSinks()) {
      call(sink, "name its writers", () -> writers.add(((TaskSink) sink).writers()));
    }
    return writers;
  }

  private void writeLetters(BatchResults batch, Iterable<DeadLetter> letters) {
    Iterable<DeadLetter> counted = () -> new CountedDeadLetters(batch, letters.iterator());
    List<DeadLetterSink> letterSinks = pipeline.deadLetterSinks();
    boolean expected = !DeadLetterCounts.of(batch.accounting()).equals(new DeadLetterCounts());
    // Each iteration opens the files of the dead letters.
    if (!letterSinks.isEmpty() && (expected || counted.iterator().hasNext())) {
      for (DeadLetterSink sink : letterSinks) {
        call(sink, "write", () -> sink.write(batch, counted));
      }
    }
  }

  public void write(BatchResults batch) {
    write(batch, List.of());
  }

  public void report(Progress progress) {
    for (ProgressListener listener : pipeline.listeners()) {
      guarded(listener, "hear of progress", () -> listener.onProgress(progress));
    }
  }

  /**
   * Closes all sinks, then releases the directories, and throws the first failure. If a sink still
   * runs after its time limit, the directories are released when it has returned.
   */
  public void close() {
    try {
      Closing.all(List.copyOf(open), sink -> call(sink, CLOSE, sink::close));
    } finally {
      open.clear();
      thread.close();
      List<RunLock> held = List.copyOf(locks);
      locks.clear();
      var ignored =
          CompletableFuture.allOf(late.toArray(CompletableFuture[]::new))
              .whenComplete((none, failure) -> held.forEach(SinkSet::release));
    }
  }

  private static void release(RunLock lock) {
    try {
      lock.close();
    } catch (IOException e) {
      LOG.debug("A lock of an output directory was released with a failure", e);
    }
  }

  /** Closes all sinks after a failure, to which their failures are added. */
  public void abandon(Throwable failure) {
    Closing.after(failure, this::close);
  }

  public boolean isCallingSink() {
    return thread.isCurrent();
  }

  public String description() {
    return sinks().stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  private void call(Sink sink, String what, SinkThread.Work work) {
    guarded(
        sink,
        what,
        () -> {
          try {
            thread.run(work, sink::extraTime);
          } catch (SinkThread.TooSlowException e) {
            if (!e.returned().isDone()) {
              open.remove(sink);
              UNRETURNED.add(sink);
              CompletableFuture<Void> closed =
                  what.equals(CLOSE) ? e.returned() : e.returned().thenRun(() -> closeLate(sink));
              late.add(closed.whenComplete((none, failure) -> UNRETURNED.remove(sink)));
            }
            throw e;
          }
        });
  }

  /** Closes a sink in its thread after the run has ended. */
  private static void closeLate(Sink sink) {
    try {
      sink.close();
    } catch (Exception | LinkageError | AssertionError e) {
      LOG.warn("{} failed to close after it had exceeded its time limit", sink, e);
    }
  }

  private static void guarded(Object sink, String what, SinkThread.Work work) {
    try {
      work.run();
    } catch (CallstreamException e) {
      throw e;
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      // A sink may lack a library or fail an assertion. The other sinks must be closed anyway.
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          ("%s failed to %s: %s. The batch is not lost: it is repeated when the pipeline is started"
                  + " again with its checkpoint.")
              .formatted(
                  sink, what, e.getMessage() == null ? e.getClass().getName() : e.getMessage()),
          e);
    }
  }
}
