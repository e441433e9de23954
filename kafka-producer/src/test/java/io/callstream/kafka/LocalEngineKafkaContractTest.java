package io.callstream.kafka;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;

/** The local engine keeps the contract over Kafka. */
class LocalEngineKafkaContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new KafkaTestbed();
  }
}
