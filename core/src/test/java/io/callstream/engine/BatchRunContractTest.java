package io.callstream.engine;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;

/** Checks that an engine that uses {@link BatchRun} satisfies the contract. */
class BatchRunContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new ParallelEngineTestbed();
  }
}
