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
 * <p>A failure of a task, a sink or a listener stops the whole pipeline. {@link #state} and {@link
 * #failure} report it, {@link #awaitTermination} throws it, and {@link #onTermination} passes it to
 * listeners. The logger with the name of this interface logs it once at level ERROR. A {@link
 * Supervisor} restarts a pipeline that fails.
 */
public interface RunningPipeline extends AutoCloseable {
  /** The state of a run. */
  enum State {
    /** The run processes records or waits for records. */
    RUNNING,
    /** A bounded run is complete, or a run was stopped. */
    FINISHED,
    /** The run failed. */
    FAILED
  }

  /**
   * The end of a run, as passed to listeners of {@link #onTermination}.
   *
   * @param state {@link State#FINISHED} or {@link State#FAILED}
   * @param failure the failure of the run; empty if it finished
   */
  record Termination(State state, Optional<CallstreamException> failure) {
    /**
     * Checks that the run ended, and that a failure is present if and only if it failed.
     *
     * @throws IllegalArgumentException if the state and the failure do not match
     */
    public Termination {
      if (state == State.RUNNING || (state == State.FAILED) != failure.isPresent()) {
        throw new IllegalArgumentException(
            ("A termination with state %s and %s failure; use FINISHED without a failure, or"
                    + " FAILED with one")
                .formatted(state, failure.isPresent() ? "a" : "no"));
      }
    }
  }

  /** Returns the pipeline. */
  Pipeline pipeline();

  /** Returns the state of the run. */
  State state();

  /**
   * Returns whether the run processes records or waits for them. A {@link Supervisor} does neither
   * while a start is in progress or pending.
   */
  default boolean isReading() {
    return state() == State.RUNNING;
  }

  /**
   * Returns the report of the last batch, or empty before the first. Its offsets may end after
   * those in the report to listeners, if offsets without a record followed.
   */
  Optional<Progress> progress();

  /** Returns the accounting of all records so far, including earlier runs with the checkpoint. */
  Accounting accounting();

  /**
   * Returns the results of a statistic after the last batch, including open windows.
   *
   * @throws IllegalArgumentException if the pipeline has no statistic with this name
   */
  Results results(String statistic);

  /**
   * Returns the settings of the run, the event times of its partitions, and its restarts. Returns
   * {@link RunDetails#NONE} if the engine does not know them.
   */
  default RunDetails details() {
    return RunDetails.NONE;
  }

  /** Returns the failure of the run, or empty if it did not fail. */
  Optional<CallstreamException> failure();

  /**
   * Waits until the run has ended and its sinks are closed.
   *
   * @throws CallstreamException if the run failed
   * @throws InterruptedException if the waiting thread is interrupted; the run continues
   */
  void awaitTermination() throws InterruptedException;

  /**
   * Waits until the run has ended and its sinks are closed, or until {@code timeout} has elapsed.
   *
   * @return whether the run has ended
   * @throws CallstreamException if the run failed
   * @throws InterruptedException if the waiting thread is interrupted; the run continues
   */
  boolean awaitTermination(Duration timeout) throws InterruptedException;

  /**
   * Registers a listener that is called once when the run has ended: its sinks are closed, its
   * checkpoint is released, and {@link #state} no longer changes. If the run has already ended, the
   * listener is called before this method returns.
   *
   * <p>Listeners are called in the order of registration, in the daemon thread that ends the run. A
   * slow listener delays the other listeners, but not the run. {@link #awaitTermination} does not
   * wait for them. An exception from a listener is logged at level ERROR and has no other effect. A
   * listener may start the next run.
   *
   * @param listener receives the final state, and the failure if there is one
   */
  void onTermination(Consumer<? super Termination> listener);

  /**
   * Stops the run: it finishes the current batch if this takes only seconds, and closes the sinks.
   * Returns when the run has ended. Does nothing if the run has already ended.
   */
  void stop();

  /** Stops the run. Equivalent to {@link #stop}. */
  @Override
  default void close() {
    stop();
  }
}
