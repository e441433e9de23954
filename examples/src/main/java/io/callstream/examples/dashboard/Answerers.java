package io.callstream.examples.dashboard;

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
 * other side sends or reads too slowly, is interrupted, which closes the connection. Thread-safe.
 */
final class Answerers implements Executor {
  private static final int MAX_WAITING = 1_000;

  private final ThreadPoolExecutor threads;
  private final long patienceNanos;
  private final Map<Thread, Long> busySince = new ConcurrentHashMap<>();

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
          begin();
          try {
            request.run();
          } finally {
            rest();
          }
        });
  }

  /** Has the time of this thread begin. */
  void begin() {
    busySince.put(Thread.currentThread(), System.nanoTime());
  }

  /** Lets this thread take as long as it likes. */
  void rest() {
    busySince.remove(Thread.currentThread());
    // One that comes too late is not meant for what follows.
    boolean ignored = Thread.interrupted();
  }

  /** Interrupts those who take too long. */
  void interruptStuck() {
    long now = System.nanoTime();
    for (Thread thread : busySince.keySet()) {
      // While it is looked at it can't begin or rest.
      busySince.computeIfPresent(
          thread,
          (stuck, since) -> {
            if (now - since > patienceNanos) {
              stuck.interrupt();
            }
            return since;
          });
    }
  }

  /** Interrupts all. */
  void close() {
    threads.shutdownNow();
  }
}
