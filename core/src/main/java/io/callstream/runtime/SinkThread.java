package io.callstream.runtime;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Runs calls of sinks one after the other in a thread of its own, so that whoever waits can give
 * up. An interrupt of the waiting thread does not reach a sink, only the time limit does: what a
 * sink has begun is not broken off because a run is stopped. Not thread-safe but for {@link
 * #isCurrent}.
 */
final class SinkThread implements AutoCloseable {
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final Duration limit;
  private @Nullable ExecutorService executor;
  private volatile @Nullable Thread thread;

  SinkThread(Duration limit) {
    this.limit = limit;
  }

  /** Work of a sink. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  /** The time limit is over, and the work was interrupted. */
  static final class TooSlowException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean stillRunning;

    private TooSlowException(Duration limit, boolean stillRunning) {
      super(
          "it is not done after "
              + limit.toMillis() / 1e3
              + " s. See what holds it up, or give it longer with RunOptions.sinkTimeout");
      this.stillRunning = stillRunning;
    }

    /** Returns whether the work goes on although it was interrupted. */
    boolean isStillRunning() {
      return stillRunning;
    }
  }

  /** Runs work and waits for it; throws what it throws. */
  void run(Work work) throws Exception {
    Future<?> running =
        executor()
            .submit(
                () -> {
                  work.run();
                  return null;
                });
    boolean interrupted = false;
    long end = System.nanoTime() + limit.toNanos();
    try {
      while (true) {
        try {
          running.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      rethrow(e);
    } catch (TimeoutException e) {
      running.cancel(true);
      throw new TooSlowException(limit, !endsSoon());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Lets go of the thread, which may never come back; the next call gets another. */
  private boolean endsSoon() {
    ExecutorService left = executor();
    close();
    try {
      return left.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return left.isTerminated();
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
                Thread started = new Thread(task, "callstream-sinks");
                started.setDaemon(true);
                thread = started;
                return started;
              });
      executor = running;
    }
    return running;
  }

  /** Returns whether the calling thread runs such a call. */
  boolean isCurrent() {
    return Thread.currentThread() == thread;
  }

  /** Lets the thread end when its work is done. */
  @Override
  public void close() {
    ExecutorService running = executor;
    executor = null;
    if (running != null) {
      running.shutdown();
    }
  }
}
