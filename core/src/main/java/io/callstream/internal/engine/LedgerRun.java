package io.callstream.internal.engine;

import io.callstream.CallstreamException;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.Termination;
import io.callstream.internal.ledger.Ledger;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A run that keeps a {@link Ledger}: the part that all engines share. An engine adds how the run
 * works and how it stops. Thread-safe.
 */
public abstract class LedgerRun implements RunningPipeline {
  private final Pipeline pipeline;
  private final Ledger ledger;
  private final RunEnd end;
  private volatile @Nullable Progress progress;

  protected LedgerRun(Pipeline pipeline, Ledger ledger) {
    this.pipeline = pipeline;
    this.ledger = ledger;
    this.end = new RunEnd("The pipeline over " + pipeline.source().description());
  }

  protected final Ledger ledger() {
    return ledger;
  }

  protected final void reported(Progress report) {
    progress = report;
  }

  /** Records why the run fails. Returns the first failure, to which later ones are added. */
  protected final CallstreamException failed(CallstreamException e) {
    return end.failed(e);
  }

  /** Ends the run after its sinks are closed, and calls the termination listeners. */
  protected final void ended() {
    end.end();
  }

  protected final boolean hasEnded() {
    return end.hasEnded();
  }

  /** Waits for the end of the run. An interrupt does not end the wait, but is preserved. */
  protected final void awaitEnd() {
    end.awaitUninterruptibly();
  }

  @Override
  public final Pipeline pipeline() {
    return pipeline;
  }

  @Override
  public final State state() {
    return end.state();
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
    return end.failure();
  }

  @Override
  public final void onTermination(Consumer<? super Termination> listener) {
    end.onTermination(listener);
  }

  @Override
  public final void awaitTermination() throws InterruptedException {
    end.await();
  }

  @Override
  public final boolean awaitTermination(Duration timeout) throws InterruptedException {
    return end.await(timeout);
  }
}
