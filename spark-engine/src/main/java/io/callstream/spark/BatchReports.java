package io.callstream.spark;

import io.callstream.internal.engine.SinkSet;
import io.callstream.pipeline.BatchResults;
import io.callstream.progress.Progress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.sql.streaming.StreamingQueryListener;

/**
 * Combines Spark's reports with the results of their batches, and passes them on. Runs in the
 * thread of Spark's listener bus, after the batches.
 */
final class BatchReports extends StreamingQueryListener {
  private final SinkSet sinks;
  private final Supplier<Map<Integer, Long>> firstOffsets;
  private final Consumer<Progress> progress;
  private final Consumer<Throwable> failed;
  private final Map<Long, Finished> batches = new ConcurrentHashMap<>();
  private final CountDownLatch terminated = new CountDownLatch(1);

  /** True in the thread that calls listeners, while it does. */
  private final ThreadLocal<Boolean> inListener = ThreadLocal.withInitial(() -> false);

  /** A batch that was delivered to the sinks. */
  private record Finished(
      BatchResults results, Optional<Progress.Latency> latency, Progress.State inDriver) {}

  BatchReports(
      SinkSet sinks,
      Supplier<Map<Integer, Long>> firstOffsets,
      Consumer<Progress> progress,
      Consumer<Throwable> failed) {
    this.sinks = sinks;
    this.firstOffsets = firstOffsets;
    this.progress = progress;
    this.failed = failed;
  }

  /** Announces a batch, whose report follows, with the state that the driver has after it. */
  void expect(BatchResults results, Optional<Progress.Latency> latency, Progress.State inDriver) {
    batches.put(results.number(), new Finished(results, latency, inDriver));
  }

  /** Returns whether the current thread is calling a listener. */
  boolean isCallingListener() {
    return inListener.get();
  }

  /** Waits until the query's end is reported. Returns false if the time was up before. */
  boolean awaitEnd(Duration limit) throws InterruptedException {
    return terminated.await(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void onQueryStarted(QueryStartedEvent event) {}

  @Override
  public void onQueryProgress(QueryProgressEvent event) {
    Finished batch = batches.remove(event.progress().batchId());
    if (batch == null) {
      return; // Spark occasionally reports that no records arrived.
    }
    // The bus may drop reports when it is overloaded. Dropped reports do not arrive later.
    batches.keySet().removeIf(number -> number < batch.results().number());
    inListener.set(true);
    try {
      Progress report =
          ProgressReader.read(
              event.progress(),
              batch.results(),
              batch.latency(),
              batch.inDriver(),
              sinks.description(),
              firstOffsets);
      progress.accept(report);
      sinks.report(report);
    } catch (RuntimeException | Error e) {
      failed.accept(e);
    } finally {
      inListener.remove();
    }
  }

  @Override
  public void onQueryTerminated(QueryTerminatedEvent event) {
    terminated.countDown();
  }
}
