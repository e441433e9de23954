package io.callstream.engine.contract;

import io.callstream.engine.Engine;
import java.nio.file.Path;
import java.time.Duration;

/** Provides the engine under test and its sources to the contract kit. */
public interface Testbed {
  /**
   * Returns the engine. The kit may call this method several times, and runs several pipelines on
   * each engine.
   */
  Engine engine();

  /** Returns a new, empty source of a kind that the engine supports. */
  ContractSource source(int partitions);

  /**
   * Returns the name of a new checkpoint directory, for engines with a checkpoint.
   *
   * @param fresh the path of a local directory that does not exist yet and may be used
   */
  default String checkpoint(Path fresh) {
    return fresh.toString();
  }

  /**
   * Returns how long the kit waits for an expected event. It waits that long only if the event does
   * not occur.
   */
  default Duration patience() {
    return Duration.ofMinutes(1);
  }

  /**
   * Returns the approximate maximum number of batches in a run of a random pipeline. Return a lower
   * number for an engine with slow batches.
   */
  default int mostBatches() {
    return 40;
  }
}
