package io.callstream.examples.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/**
 * A wish of the user that the command end: SIGINT (Ctrl-C), SIGTERM, or SIGHUP (the terminal was
 * closed). Thread-safe.
 *
 * <p>Signals are handled, not left to shutdown hooks: Spark and Kafka have hooks of their own,
 * which run at the same time as ours would and take the session away under a batch in progress.
 * Here the process goes on to live; what runs is told to stop, and the command ends as it always
 * does, with its files complete and everything temporary removed. A second signal, or {@link
 * #PATIENCE}, ends it for good; not a second SIGHUP, since both the kernel and the shell send one
 * when a terminal is closed.
 */
final class Interruption {
  /** How long an orderly end may take. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final int SIGNALLED = 128;

  private final List<Runnable> actions = new ArrayList<>();
  private final CountDownLatch requested = new CountDownLatch(1);
  private volatile int status;

  /** Returns an interruption that comes when it is {@linkplain #request requested}. */
  static Interruption none() {
    return new Interruption();
  }

  /** Returns an interruption that comes with a signal to this process. */
  static Interruption bySignals() {
    Interruption interruption = new Interruption();
    Signals.handle("INT", interruption::onSignal);
    Signals.handle("TERM", interruption::onSignal);
    Signals.handle("HUP", interruption::onHangUp);
    return interruption;
  }

  private void onSignal(int number) {
    if (!begin(SIGNALLED + number)) {
      Runtime.getRuntime().halt(SIGNALLED + number);
    }
    end(number);
  }

  private void onHangUp(int number) {
    if (begin(SIGNALLED + number)) {
      end(number);
    }
  }

  private void end(int number) {
    Thread guard = new Thread(() -> haltAfterPatience(number), "callstream-interruption");
    guard.setDaemon(true);
    guard.start();
    runActions();
  }

  private static void haltAfterPatience(int number) {
    try {
      new CountDownLatch(1).await(PATIENCE.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      return;
    }
    Runtime.getRuntime().halt(SIGNALLED + number);
  }

  /** Asks the command to end; its exit status is to be {@code status} if its work is not done. */
  void request(int status) {
    if (begin(status)) {
      runActions();
    }
  }

  /** Returns whether this is the first wish. */
  private synchronized boolean begin(int status) {
    if (isRequested()) {
      return false;
    }
    this.status = status;
    requested.countDown();
    return true;
  }

  private void runActions() {
    List<Runnable> toRun;
    synchronized (this) {
      toRun = new ArrayList<>(actions);
    }
    toRun.forEach(Runnable::run);
  }

  /** Returns whether the command was asked to end. */
  boolean isRequested() {
    return requested.getCount() == 0;
  }

  /** Returns the exit status of a command that was ended before its work was done. */
  int status() {
    return status;
  }

  /** Ends the command here if it was asked to end. */
  void check() {
    if (isRequested()) {
      throw new InterruptedCommandException();
    }
  }

  /** Waits until the command is asked to end. */
  void await() throws InterruptedException {
    requested.await();
  }

  /**
   * Does work that may wait, and interrupts it when the command is asked to end.
   *
   * @throws InterruptedCommandException if the work fails after the command was asked to end
   */
  @SuppressWarnings("try")
  <T> T interrupting(Supplier<T> work) {
    Worker worker = new Worker(Thread.currentThread());
    try (Registration ignored = onRequest(worker::interrupt)) {
      return work.get();
    } catch (RuntimeException e) {
      check();
      throw e;
    } finally {
      worker.end();
    }
  }

  /** A thread that can be interrupted until its work has ended. */
  private static final class Worker {
    private final Thread thread;
    private boolean interrupted;
    private boolean ended;

    Worker(Thread thread) {
      this.thread = thread;
    }

    synchronized void interrupt() {
      if (!ended) {
        interrupted = true;
        thread.interrupt();
      }
    }

    synchronized void end() {
      ended = true;
      if (interrupted) {
        boolean ignored = Thread.interrupted();
      }
    }
  }

  /** Has something run when the command is asked to end: at once if it was, until closed. */
  Registration onRequest(Runnable action) {
    synchronized (this) {
      if (!isRequested()) {
        actions.add(action);
        return () -> remove(action);
      }
    }
    action.run();
    return () -> {};
  }

  private synchronized void remove(Runnable action) {
    actions.remove(action);
  }

  /** What a registration is given up with. */
  interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /** The command was asked to end, and nothing remains to be said. */
  static final class InterruptedCommandException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
