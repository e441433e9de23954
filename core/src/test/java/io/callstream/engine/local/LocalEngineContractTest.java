package io.callstream.engine.local;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;

/** Runs the contract kit on the local engine. */
class LocalEngineContractTest extends EngineContract {
  /** The local engine with sources in memory. */
  static final class LocalTestbed implements Testbed {
    @Override
    public Engine engine() {
      return new LocalEngine();
    }

    @Override
    public ContractSource source(int partitions) {
      return ContractSource.inMemory(partitions);
    }
  }

  @Override
  protected Testbed testbed() {
    return new LocalTestbed();
  }
}
