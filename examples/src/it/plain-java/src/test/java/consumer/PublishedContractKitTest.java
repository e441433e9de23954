package consumer;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;
import io.callstream.engine.local.LocalEngine;
import io.callstream.kafka.contract.TestBroker;

/** Runs the published contract kit over Kafka, as the author of an engine that reads Kafka does. */
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
        return TestBroker.source(partitions);
      }
    };
  }
}
