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
 * The threads that read requests and answer them. One that is at it for too long, mostly since the
 * other side sends or reads too slowly, is interrupted, which closes the connection. Reading the
 * head of a request may take two seconds, so that those who send slowly don't hold up the probes of
 * an orchestrator for long. Thread-safe.
 */
final class Answerers implements Executor {
  private static final int MAX_WAITING = 1_000;
  private static final long HEAD_NANOS = Duration.ofSeconds(2).toNanos();

  private final ThreadPoolExecutor threads;
  private final long patienceNanos;
  private final Map<Thread, Long> deadlines = new ConcurrentHashMap<>();

  Answerers(int number, ThreadFactory factory, Duration patience) {
    threads =
        new ThreadPoolExecutor(
            number, number, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_WAITING), factory);
    threads.allowCoreThreadTimeOut(true);
    patienceNanos = patience.toNanos();
  }

  @Override
  public void execute(Runnable request) {
    threads.execute(
        () -> {
          begin(Math.min(HEAD_NANOS, patienceNanos));
          try {
            request.run();
          } finally {
            rest();
          }
        });
  }

  /** Has the time of this thread begin, as when a request has been read. */
  void begin() {
    begin(patienceNanos);
  }

  private void begin(long nanos) {
    deadlines.put(Thread.currentThread(), System.nanoTime() + nanos);
  }

  /** Lets this thread take as long as it likes. */
  void rest() {
    deadlines.remove(Thread.currentThread());
    // One that comes too late is not meant for what follows.
    boolean ignored = Thread.interrupted();
  }

  /** Interrupts those who take too long. */
  void interruptStuck() {
    long now = System.nanoTime();
    for (Thread thread : deadlines.keySet()) {
      // While it is looked at it can't begin or rest.
      deadlines.computeIfPresent(
          thread,
          (stuck, deadline) -> {
            if (now - deadline > 0) {
              stuck.interrupt();
            }
            return deadline;
          });
    }
  }

  /** Interrupts all. */
  void close() {
    threads.shutdownNow();
  }
}
