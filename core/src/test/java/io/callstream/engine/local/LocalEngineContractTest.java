package io.callstream.engine.local;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;

/** Checks that the local engine satisfies the contract. */
class LocalEngineContractTest extends EngineContract {
  /** The local engine with memory sources. */
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
