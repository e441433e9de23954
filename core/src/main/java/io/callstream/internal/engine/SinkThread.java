package io.callstream.internal.engine;

import io.callstream.internal.threads.DaemonThreads;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs calls of sinks one after the other in a dedicated thread, so that the waiting thread can
 * give up. An interrupt of the waiting thread does not reach a sink; only the time limit interrupts
 * it. So stopping a run does not interrupt a sink. Not thread-safe except for {@link #isCurrent}.
 */
final class SinkThread implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SinkThread.class);
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final Duration limit;
  private @Nullable ExecutorService executor;
  private volatile @Nullable Thread thread;

  SinkThread(Duration limit) {
    this.limit = limit;
  }

  /** A call of a sink. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  /** Thrown when the work exceeded its time limit and was interrupted. */
  static final class TooSlowException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient CompletableFuture<Void> returned;

    private TooSlowException(Duration limit, CompletableFuture<Void> returned) {
      super(
          "it is not done after "
              + limit.toMillis() / 1e3
              + " s. See what holds it up, or give it longer (RunOptions.sinkTimeout, --sink-timeout)");
      this.returned = returned;
    }

    /** Returns a future that completes when the work returns, which may never happen. */
    CompletableFuture<Void> returned() {
      return returned;
    }
  }

  /** Runs work and waits for it. Requests extra time when the limit is reached. */
  void run(Work work, Supplier<Duration> extra) throws Exception {
    CompletableFuture<Void> returned = new CompletableFuture<>();
    Future<?> running =
        executor()
            .submit(
                () -> {
                  try {
                    work.run();
                  } finally {
                    // The interrupt must not affect the work that follows.
                    boolean ignored = Thread.interrupted();
                    returned.complete(null);
                  }
                  return null;
                });
    boolean interrupted = false;
    Duration allowed = limit;
    boolean extended = false;
    long begin = System.nanoTime();
    try {
      while (true) {
        try {
          long end = begin + TimeUnit.NANOSECONDS.convert(allowed);
          running.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (TimeoutException e) {
          if (extended) {
            running.cancel(true);
            close(); // The thread may never return. The next call gets a new thread.
            awaitShortly(returned);
            throw new TooSlowException(allowed, returned);
          }
          extended = true;
          allowed = limit.plus(extraTime(extra));
        }
      }
    } catch (ExecutionException e) {
      rethrow(e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static Duration extraTime(Supplier<Duration> extra) {
    try {
      return extra.get();
    } catch (RuntimeException e) {
      LOG.warn("A sink failed to return its extra time, so it gets none", e);
      return Duration.ZERO;
    }
  }

  private static void awaitShortly(CompletableFuture<Void> returned) throws Exception {
    try {
      returned.get(GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException e) {
      // The caller sees that the work has not returned.
    }
  }

  private static void rethrow(ExecutionException e) throws Exception {
    Throwable cause = e.getCause();
    if (cause instanceof Exception exception) {
      throw exception;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    throw e;
  }

  private ExecutorService executor() {
    ExecutorService running = executor;
    if (running == null) {
      running =
          Executors.newSingleThreadExecutor(
              task -> {
                Thread started = DaemonThreads.of("callstream-sinks", task);
                thread = started;
                return started;
              });
      executor = running;
    }
    return running;
  }

  boolean isCurrent() {
    return Thread.currentThread() == thread;
  }

  /** Ends the thread after the current work. */
  @Override
  public void close() {
    ExecutorService running = executor;
    executor = null;
    if (running != null) {
      running.shutdown();
    }
  }
}
