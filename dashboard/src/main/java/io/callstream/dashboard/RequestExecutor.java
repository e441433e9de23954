package io.callstream.dashboard;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads that read requests and send responses, each with a time limit. A thread that exceeds
 * its limit is interrupted, which closes the connection; usually the client sends or reads too
 * slowly. The limit for reading the head of a request is two seconds, so that slow clients do not
 * delay the health checks of an orchestrator. Thread-safe.
 */
final class RequestExecutor implements Executor {
  private static final int MAX_WAITING = 1_000;
  private static final long HEAD_LIMIT_NANOS = Duration.ofSeconds(2).toNanos();

  private final ThreadPoolExecutor threads;
  private final long limitNanos;
  private final Map<Thread, Long> deadlines = new ConcurrentHashMap<>();

  RequestExecutor(int threadCount, ThreadFactory factory, Duration limit) {
    threads =
        new ThreadPoolExecutor(
            threadCount,
            threadCount,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MAX_WAITING),
            factory);
    threads.allowCoreThreadTimeOut(true);
    limitNanos = limit.toNanos();
  }

  @Override
  public void execute(Runnable request) {
    threads.execute(
        () -> {
          startLimit(Math.min(HEAD_LIMIT_NANOS, limitNanos));
          try {
            request.run();
          } finally {
            clearLimit();
          }
        });
  }

  /** Starts the time limit of the current thread from zero. */
  void startLimit() {
    startLimit(limitNanos);
  }

  private void startLimit(long nanos) {
    deadlines.put(Thread.currentThread(), System.nanoTime() + nanos);
  }

  /** Removes the time limit of the current thread. */
  void clearLimit() {
    deadlines.remove(Thread.currentThread());
    // An interrupt that arrives late must not affect the next task.
    boolean ignored = Thread.interrupted();
  }

  /** Interrupts the threads that have exceeded their time limit. */
  void interruptOverdue() {
    long now = System.nanoTime();
    for (Thread thread : deadlines.keySet()) {
      // The map is locked for this thread, so its limit cannot change meanwhile.
      deadlines.computeIfPresent(
          thread,
          (overdue, deadline) -> {
            if (now - deadline > 0) {
              overdue.interrupt();
            }
            return deadline;
          });
    }
  }

  /** Interrupts all threads. */
  void close() {
    threads.shutdownNow();
  }
}
