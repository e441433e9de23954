package consumer;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;
import io.callstream.engine.local.LocalEngine;

/** Runs the published contract kit on an engine, as the author of a custom engine does. */
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
