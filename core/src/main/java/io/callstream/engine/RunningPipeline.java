package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A pipeline that was started. Thread-safe.
 *
 * <p>One failure, of a task, a sink or a listener, stops the whole pipeline. {@link #state} and
 * {@link #failure} report it, {@link #awaitTermination} throws it, {@link #onTermination} passes it
 * to listeners, and the log has it once, at level ERROR of the logger with the name of this
 * interface. A {@link Supervisor} restarts a pipeline that fails.
 */
public interface RunningPipeline extends AutoCloseable {
  /** Where a run is in its life. */
  enum State {
    /** It processes records, or waits for some. */
    RUNNING,
    /** A bounded run came to its end, or a run was stopped. */
    FINISHED,
    /** It failed. */
    FAILED
  }

  /** Returns the pipeline. */
  Pipeline pipeline();

  /** Returns where the run is in its life. */
  State state();

  /**
   * Returns the report of the last batch; empty before the first. Its offsets may end after those
   * that listeners were given, if offsets without a record followed.
   */
  Optional<Progress> progress();

  /** Returns where all records so far went, those of earlier runs with the checkpoint included. */
  Accounting accounting();

  /**
   * Returns the current results of a statistic, those of open windows included, as of the last
   * batch.
   *
   * @throws IllegalArgumentException if the pipeline has no statistic of that name
   */
  Results results(String statistic);

  /** Returns why the run failed; empty if it did not. */
  Optional<CallstreamException> failure();

  /**
   * Waits until the run has ended and its sinks are closed.
   *
   * @throws CallstreamException if it failed
   * @throws InterruptedException if the thread is interrupted, which does not stop the run
   */
  void awaitTermination() throws InterruptedException;

  /**
   * Waits until the run has ended and its sinks are closed, but no longer than {@code timeout}.
   *
   * @return whether it has ended
   * @throws CallstreamException if it failed
   */
  boolean awaitTermination(Duration timeout) throws InterruptedException;

  /**
   * Calls a listener once, when the run has ended: its sinks are closed, its checkpoint is free,
   * and {@link #state} no longer changes. A listener that is added after the end is called before
   * this method returns.
   *
   * <p>Listeners are called in the order in which they were added, in the daemon thread that ends
   * the run, so that a slow listener delays the others but not the run. {@link #awaitTermination}
   * does not wait for them. An exception that a listener throws is logged at ERROR, and changes
   * nothing else. A listener may start the next run.
   *
   * @param listener gets the final state, and the failure if there is one
   */
  void onTermination(Consumer<? super Termination> listener);

  /**
   * Ends the run: the batch in progress is finished if that takes seconds, sinks are closed.
   * Returns when that is done. Does nothing for a run that has ended.
   */
  void stop();

  /** Does what {@link #stop} does. */
  @Override
  default void close() {
    stop();
  }
}
