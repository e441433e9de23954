package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.runtime.Ledger;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A run that keeps a {@link Ledger}: what is alike in all of them. An engine adds how it works, and
 * how it is stopped. Thread-safe.
 */
public abstract class LedgerRun implements RunningPipeline {
  private final Pipeline pipeline;
  private final Ledger ledger;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile @Nullable Progress progress;
  private volatile @Nullable CallstreamException failure;

  /** Creates a run that has not ended. */
  protected LedgerRun(Pipeline pipeline, Ledger ledger) {
    this.pipeline = pipeline;
    this.ledger = ledger;
  }

  /** Returns the ledger. */
  protected final Ledger ledger() {
    return ledger;
  }

  /** Shows the report of a batch. */
  protected final void reported(Progress report) {
    progress = report;
  }

  /**
   * Takes down why the run fails. The first failure counts; others are added to it.
   *
   * @return the first failure
   */
  protected final synchronized CallstreamException failed(CallstreamException e) {
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

  /** Lets go those who wait: the run has ended, and its sinks are closed. */
  protected final void ended() {
    ended.countDown();
  }

  /** Returns whether the run has ended, and its sinks are closed. */
  protected final boolean hasEnded() {
    return ended.getCount() == 0;
  }

  /** Waits for the end whatever comes; an interrupt is kept for later. */
  protected final void awaitEnd() {
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

  @Override
  public final Pipeline pipeline() {
    return pipeline;
  }

  @Override
  public final State state() {
    if (!hasEnded()) {
      return State.RUNNING;
    }
    return failure == null ? State.FINISHED : State.FAILED;
  }

  @Override
  public final Optional<Progress> progress() {
    return Optional.ofNullable(progress);
  }

  @Override
  public final Accounting accounting() {
    return ledger.total();
  }

  @Override
  public final Results results(String statistic) {
    return ledger.results(statistic);
  }

  @Override
  public final Optional<CallstreamException> failure() {
    return Optional.ofNullable(failure);
  }

  @Override
  public final void awaitTermination() throws InterruptedException {
    ended.await();
    throwFailure();
  }

  @Override
  public final boolean awaitTermination(Duration timeout) throws InterruptedException {
    boolean done = ended.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
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
