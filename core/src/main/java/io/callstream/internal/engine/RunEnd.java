package io.callstream.internal.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.RunningPipeline.Termination;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The end of a run: its failure, its listeners, and the threads that wait for it. Thread-safe. */
public class RunEnd {
  private static final Logger LOG = LoggerFactory.getLogger(RunningPipeline.class);

  private final String name;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final List<Consumer<? super Termination>> listeners = new ArrayList<>();
  private volatile @Nullable CallstreamException failure;

  public RunEnd(String name) {
    this.name = name;
  }

  /** Records a failure. Returns the first one, to which later ones are added until the end. */
  public final synchronized CallstreamException failed(CallstreamException e) {
    if (hasEnded()) {
      LOG.error("{} failed after its end with {}: {}", name, e.code(), e.getMessage(), loggable(e));
      return e;
    }
    CallstreamException first = failure;
    if (first == null) {
      failure = e;
      return e;
    }
    if (first != e) {
      first.addSuppressed(e);
    }
    return first;
  }

  /** Returns a failure without messages of a format or a statistic, which may quote a call. */
  private static Throwable loggable(CallstreamException e) {
    return e.code() == ErrorCode.FORMAT_FAILED || e.code() == ErrorCode.STATISTIC_FAILED
        ? new WithoutMessage(e, Collections.newSetFromMap(new IdentityHashMap<>()))
        : e;
  }

  /** A throwable without its message and those of its causes. */
  private static final class WithoutMessage extends Exception {
    private static final long serialVersionUID = 1L;

    WithoutMessage(Throwable of, Set<Throwable> copied) {
      super(of.getClass().getName());
      setStackTrace(of.getStackTrace());
      copied.add(of);
      Throwable cause = of.getCause();
      if (cause != null && !copied.contains(cause)) {
        initCause(new WithoutMessage(cause, copied));
      }
      for (Throwable suppressed : of.getSuppressed()) {
        if (!copied.contains(suppressed)) {
          addSuppressed(new WithoutMessage(suppressed, copied));
        }
      }
    }
  }

  /** Logs the failure, if there is one, ends the run, and then calls the listeners. */
  public final void ended() {
    end(true);
  }

  /** Does the same as {@link #ended()}, without logging. */
  public final void endedQuietly() {
    end(false);
  }

  private void end(boolean logging) {
    List<Consumer<? super Termination>> waiting = List.of();
    synchronized (this) {
      if (hasEnded()) {
        return;
      }
      waiting = List.copyOf(listeners);
      listeners.clear();
      try {
        if (logging && failure == null) {
          logSuccess();
        } else if (logging) {
          logFailure();
        }
      } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
        LOG.error("{} ended, and describing its end threw an exception", name, e);
      } finally {
        ended.countDown();
      }
    }
    waiting.forEach(this::call);
  }

  /** Logs what is remarkable about a run that ends without a failure. */
  void logSuccess() {}

  private void logFailure() {
    CallstreamException e = failure;
    if (e == null) {
      return;
    }
    try {
      LOG.error("{} failed with {}: {}", name, e.code(), e.getMessage(), loggable(e));
    } catch (OutOfMemoryError full) {
      // There is no memory for the message. Listeners and waiting threads still see the failure.
    }
  }

  public final void onTermination(Consumer<? super Termination> listener) {
    synchronized (this) {
      if (!hasEnded()) {
        listeners.add(listener);
        return;
      }
    }
    call(listener);
  }

  private void call(Consumer<? super Termination> listener) {
    try {
      listener.accept(new Termination(state(), failure()));
    } catch (RuntimeException | Error e) {
      LOG.error("A termination listener of {} threw an exception", name, e);
    }
  }

  protected final boolean hasEnded() {
    return ended.getCount() == 0;
  }

  public final State state() {
    if (!hasEnded()) {
      return State.RUNNING;
    }
    return failure == null ? State.FINISHED : State.FAILED;
  }

  public final Optional<CallstreamException> failure() {
    return Optional.ofNullable(failure);
  }

  /** Waits for the end of the run. An interrupt does not end the wait, but is preserved. */
  public final void awaitEnd() {
    boolean interrupted = false;
    while (true) {
      try {
        ended.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  public final void awaitTermination() throws InterruptedException {
    ended.await();
    throwFailure();
  }

  public final boolean awaitTermination(Duration timeout) throws InterruptedException {
    // TimeUnit.convert saturates. Duration.toNanos throws for more than 292 years.
    boolean done = ended.await(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
    if (done) {
      throwFailure();
    }
    return done;
  }

  private void throwFailure() {
    CallstreamException e = failure;
    if (e != null) {
      throw e;
    }
  }
}
