package consumer;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;
import io.callstream.engine.local.LocalEngine;

/** The contract kit as it is published, on an engine, as for one of somebody's own. */
class PublishedContractKitTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new Testbed() {
      @Override
      public Engine engine() {
        return new LocalEngine();
      }

      @Override
      public ContractSource source(int partitions) {
        return ContractSource.inMemory(partitions);
      }
    };
  }
}
