package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.engine.RunningPipeline.State;
import java.util.Optional;

/**
 * How a run ended, as listeners of {@link RunningPipeline#onTermination} get it.
 *
 * @param state {@link State#FINISHED} or {@link State#FAILED}
 * @param failure why the run failed; empty if it finished
 */
public record Termination(State state, Optional<CallstreamException> failure) {
  /** Checks that exactly a failed run has a failure. */
  public Termination {
    if (state == State.RUNNING || (state == State.FAILED) != failure.isPresent()) {
      throw new IllegalArgumentException(
          "A termination with state "
              + state
              + " and "
              + (failure.isPresent() ? "a" : "no")
              + " failure; use FINISHED without a failure, or FAILED with one");
    }
  }
}
