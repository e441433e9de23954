package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.engine.RunningPipeline.State;
import java.util.Optional;

/**
 * The end of a run, as passed to listeners of {@link RunningPipeline#onTermination}.
 *
 * @param state {@link State#FINISHED} or {@link State#FAILED}
 * @param failure the failure of the run; empty if it finished
 */
public record Termination(State state, Optional<CallstreamException> failure) {
  /**
   * Checks that the run ended, and that a failure is present if and only if it failed.
   *
   * @throws IllegalArgumentException if the state and the failure do not match
   */
  public Termination {
    if (state == State.RUNNING || (state == State.FAILED) != failure.isPresent()) {
      throw new IllegalArgumentException(
          ("A termination with state %s and %s failure; use FINISHED without a failure, or FAILED"
                  + " with one")
              .formatted(state, failure.isPresent() ? "a" : "no"));
    }
  }
}
