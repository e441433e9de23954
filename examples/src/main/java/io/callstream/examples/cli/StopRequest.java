package io.callstream.examples.cli;

import io.callstream.internal.threads.DaemonThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.jline.utils.Signals;

/**
 * A request of the user to end the command: SIGINT (Ctrl-C), SIGTERM, or SIGHUP (the terminal was
 * closed). Thread-safe.
 *
 * <p>The command handles signals itself and does not use shutdown hooks. Spark and Kafka have their
 * own hooks, which run at the same time as other hooks and would close the session during a batch.
 * Here the process stays alive. The command stops its work and ends in the usual way, with complete
 * files and without temporary ones. A second signal, or {@link #PATIENCE}, ends the process
 * immediately. A second SIGHUP does not, because both the kernel and the shell send one when a
 * terminal is closed.
 */
final class StopRequest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final int SIGNALLED = 128;

  private final List<Runnable> actions = new ArrayList<>();
  private final CountDownLatch requested = new CountDownLatch(1);
  private volatile int status;

  /** Returns an interruption that is triggered only by {@linkplain #request a request}. */
  static StopRequest none() {
    return new StopRequest();
  }

  /** Returns an interruption that is triggered by a signal to this process. */
  static StopRequest bySignals() {
    StopRequest interruption = new StopRequest();
    // Under java -Xrs, these have no effect, and a signal ends the process immediately.
    Signals.register("INT", () -> interruption.onSignal(2));
    Signals.register("TERM", () -> interruption.onSignal(15));
    Signals.register("HUP", () -> interruption.onHangUp(1));
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
    DaemonThreads.start("callstream-interruption", () -> haltAfterPatience(number));
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

  /**
   * Asks the command to end.
   *
   * @param status the exit status if the command's work is not complete
   */
  void request(int status) {
    if (begin(status)) {
      runActions();
    }
  }

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

  boolean isRequested() {
    return requested.getCount() == 0;
  }

  /** Returns the exit status of a command that was ended before its work was complete. */
  int status() {
    return status;
  }

  /** Ends the command here if it was asked to end. */
  void check() {
    if (isRequested()) {
      throw new InterruptedCommandException();
    }
  }

  void await() throws InterruptedException {
    requested.await();
  }

  /**
   * Does work that may block, and interrupts it when the command is asked to end.
   *
   * @throws InterruptedCommandException if the work fails after the command was asked to end
   */
  @SuppressWarnings("try")
  <T> T interrupting(Supplier<T> work) {
    Worker worker = new Worker(Thread.currentThread());
    try (Registration ignored = onRequest(worker::interrupt)) {
      return work.get();
    } catch (Exception e) {
      // Also an InterruptedException, which Spark's Scala code does not declare.
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

  /**
   * Runs an action when the command is asked to end, or immediately if it already was. The action
   * may still run while the registration is being closed.
   */
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

  interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /** The command was asked to end, and no further message is necessary. */
  static final class InterruptedCommandException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
