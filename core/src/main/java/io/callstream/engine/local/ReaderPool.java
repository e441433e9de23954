package io.callstream.engine.local;

import io.callstream.engine.local.BatchPlanner.PlannedBatch;
import io.callstream.internal.engine.BatchPart;
import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.SpanReader;
import io.callstream.internal.source.SpanReader.Span;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.threads.DaemonThreads;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The readers of a run. Each reader has a dedicated thread and reads the same partitions in all
 * batches. Not thread-safe: only the thread of the run uses the pool.
 */
final class ReaderPool {
  private static final Logger LOG = LoggerFactory.getLogger(ReaderPool.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final TaskPlan plan;
  private final @Nullable Path letterDirectory;
  private final List<SpanReader> readers = new ArrayList<>();

  /** Runs the readers; null if they run in the calling thread. */
  private final @Nullable ExecutorService threads;

  /** Creates the readers of a source; with 0 threads, they read in the calling thread. */
  ReaderPool(
      OpenSource source,
      TaskPlan plan,
      int partitions,
      int threads,
      @Nullable Path letterDirectory) {
    this.plan = plan;
    this.letterDirectory = letterDirectory;
    for (int i = 0; i < Math.max(1, Math.min(threads, partitions)); i++) {
      readers.add(source.newReader());
    }
    this.threads =
        threads == 0
            ? null
            : Executors.newFixedThreadPool(
                readers.size(), DaemonThreads.named("callstream-local-reader"));
  }

  /** A batch that readers are reading. */
  record Reading(PlannedBatch batch, List<Future<BatchPart>> parts) {
    List<BatchPart> await() {
      List<BatchPart> read = new ArrayList<>();
      parts.forEach(part -> read.add(get(part)));
      return read;
    }

    /** Releases the parts that were read, if the batch is not processed. */
    void drop(Consumer<Throwable> failed) {
      for (Future<BatchPart> part : parts) {
        try {
          if (part.isDone()) {
            get(part).close();
          }
        } catch (CancellationException e) {
          LOG.debug("A part of a batch was canceled, because the run ends", e);
        } catch (RuntimeException | Error e) {
          failed.accept(e);
          LOG.debug("A part of a batch that was given up failed", e);
        }
      }
    }
  }

  /** Returns the number of readers. */
  int size() {
    return readers.size();
  }

  /** Returns whether the readers work while the calling thread does something else. */
  boolean isParallel() {
    return threads != null;
  }

  Reading start(PlannedBatch batch) {
    List<Future<BatchPart>> parts = new ArrayList<>();
    for (int i = 0; i < readers.size(); i++) {
      int number = i;
      List<Span> mine =
          batch.spans().stream()
              .filter(span -> readerOf(span.partition()) == number && span.from() < span.to())
              .toList();
      if (!mine.isEmpty()) {
        SpanReader reader = readers.get(i);
        parts.add(
            submit(
                () ->
                    new BatchPart(plan, batch.start(), letterDirectory)
                        .filledBy(part -> reader.read(mine, part::add))));
      }
    }
    return new Reading(batch, parts);
  }

  private int readerOf(int partition) {
    return partition % readers.size();
  }

  /** Waits until records may be available, but not for long. */
  void awaitRecords(Map<Integer, Long> positions) {
    Semaphore found = new Semaphore(0);
    Set<SpanReader> back = ConcurrentHashMap.newKeySet();
    List<Future<?>> waiting = new ArrayList<>();
    for (int i = 0; i < readers.size(); i++) {
      SpanReader reader = readers.get(i);
      List<Span> mine = new ArrayList<>();
      for (Map.Entry<Integer, Long> position : positions.entrySet()) {
        if (readerOf(position.getKey()) == i) {
          mine.add(new Span(position.getKey(), position.getValue(), position.getValue()));
        }
      }
      waiting.add(
          submit(
              () -> {
                try {
                  reader.await(mine, LOOK);
                } finally {
                  back.add(reader);
                  found.release();
                }
                return null;
              }));
    }
    found.acquireUninterruptibly();
    // Waking a reader that has already returned would end its next wait.
    readers.stream().filter(reader -> !back.contains(reader)).forEach(SpanReader::wakeUp);
    waiting.forEach(ReaderPool::get);
  }

  private <T> Future<T> submit(Callable<T> work) {
    // Unlike a CompletableFuture, a FutureTask needs no memory to keep the failure of a full heap.
    FutureTask<T> task = new FutureTask<>(work);
    Executor executor = threads == null ? Runnable::run : threads;
    executor.execute(task);
    return task;
  }

  private static <T> T get(Future<T> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Ends the threads after their current work. Waits for them, but not indefinitely. */
  void end() {
    if (threads == null) {
      return;
    }
    threads.shutdown();
    boolean interrupted = false;
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!threads.isTerminated() && System.nanoTime() < end) {
      try {
        boolean ignored = threads.awaitTermination(100, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
