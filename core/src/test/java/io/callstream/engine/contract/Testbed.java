package io.callstream.engine.contract;

import io.callstream.engine.Engine;
import java.nio.file.Path;
import java.time.Duration;

/** What the contract kit must be given to test an engine. */
public interface Testbed {
  /** Returns the engine; the kit may ask several times, and runs several pipelines on each. */
  Engine engine();

  /** Returns a new, empty source of a kind that the engine reads. */
  ContractSource source(int partitions);

  /**
   * Returns the name of a new checkpoint directory, for engines with a checkpoint.
   *
   * @param fresh a directory of the file system that is not there yet, and may be used
   */
  default String checkpoint(Path fresh) {
    return fresh.toString();
  }

  /** Returns how long the kit waits for what must come; it waits as long only if it does not. */
  default Duration patience() {
    return Duration.ofMinutes(1);
  }

  /**
   * Returns how many batches a run of a random pipeline is to have at most, more or less: fewer for
   * engines whose batches take long.
   */
  default int mostBatches() {
    return 40;
  }
}
