package io.callstream.runtime;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.progress.Progress;
import io.callstream.progress.ProgressListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * All sinks and listeners of a run, as one. What one of them throws comes out as a {@link
 * CallstreamException} that names it. Sinks run in a thread of their own, with a time limit: one
 * that takes longer fails, and is not called again. Not thread-safe.
 */
public final class SinkSet {
  private final Pipeline pipeline;
  private final SinkThread thread;
  private final List<AutoCloseable> open = new ArrayList<>();

  private SinkSet(Pipeline pipeline, Duration limit) {
    this.pipeline = pipeline;
    this.thread = new SinkThread(limit);
  }

  /**
   * Opens all sinks where a ledger stands.
   *
   * @param limit how long each may take for a call
   * @throws CallstreamException if one can't be opened; those opened before are closed
   */
  public static SinkSet open(Pipeline pipeline, Ledger ledger, Duration limit) {
    SinkSet sinks = new SinkSet(pipeline, limit);
    try {
      for (ResultSink sink : pipeline.resultSinks()) {
        sinks.open.add(sink);
        sinks.call(sink, "open", () -> sink.open(ledger.current()));
      }
      for (DeadLetterSink sink : pipeline.deadLetterSinks()) {
        sinks.open.add(sink);
        sinks.call(sink, "open", () -> sink.open(pipeline, ledger.nextOffsets()));
      }
    } catch (CallstreamException e) {
      sinks.abandon(e);
      throw e;
    }
    return sinks;
  }

  /** Hands out a batch. Letters are in their order. */
  public void write(BatchResults batch, Iterable<DeadLetter> letters) {
    if (letters.iterator().hasNext()) {
      for (DeadLetterSink sink : pipeline.deadLetterSinks()) {
        call(sink, "write", () -> sink.write(batch.number(), letters));
      }
    }
    write(batch);
  }

  /** Hands out results without letters. */
  public void write(BatchResults batch) {
    for (ResultSink sink : pipeline.resultSinks()) {
      call(sink, "write", () -> sink.write(batch));
    }
  }

  /** Tells all listeners. */
  public void report(Progress progress) {
    for (ProgressListener listener : pipeline.listeners()) {
      guarded(listener, "hear of progress", () -> listener.onProgress(progress));
    }
  }

  /** Closes all sinks; the first failure is thrown when all are closed. */
  public void close() {
    CallstreamException first = null;
    for (AutoCloseable sink : List.copyOf(open)) {
      try {
        call(sink, "close", sink::close);
      } catch (CallstreamException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    open.clear();
    thread.close();
    if (first != null) {
      throw first;
    }
  }

  /** Closes all sinks after a failure, to which their own failures are added. */
  public void abandon(CallstreamException failure) {
    try {
      close();
    } catch (CallstreamException e) {
      if (e != failure) {
        failure.addSuppressed(e);
      }
    }
  }

  /** Returns whether the calling thread is the one that sinks run in. */
  public boolean isCallingSink() {
    return thread.isCurrent();
  }

  /** Returns the names of the sinks for progress reports. */
  public String description() {
    return Stream.concat(pipeline.resultSinks().stream(), pipeline.deadLetterSinks().stream())
        .map(Object::toString)
        .collect(Collectors.joining(", "));
  }

  private interface Work {
    void run() throws Exception;
  }

  private void call(AutoCloseable sink, String what, Work work) {
    guarded(
        sink,
        what,
        () -> {
          try {
            thread.run(work::run);
          } catch (SinkThread.TooSlowException e) {
            if (e.isStillRunning()) {
              open.remove(sink); // A sink is called by one thread at a time.
            }
            throw e;
          }
        });
  }

  private static void guarded(Object sink, String what, Work work) {
    try {
      work.run();
    } catch (CallstreamException e) {
      throw e;
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      // A sink may lack a library or fail an assertion, and the other sinks are to be closed.
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          sink
              + " failed to "
              + what
              + ": "
              + (e.getMessage() == null ? e.getClass().getName() : e.getMessage())
              + ". The batch is not lost: it comes again when the pipeline is started again with"
              + " its checkpoint.",
          e);
    }
  }
}
