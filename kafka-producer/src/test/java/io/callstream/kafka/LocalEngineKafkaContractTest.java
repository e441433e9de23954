package io.callstream.kafka;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;

/** Runs the engine contract with the local engine on Kafka. */
class LocalEngineKafkaContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new KafkaTestbed();
  }
}
