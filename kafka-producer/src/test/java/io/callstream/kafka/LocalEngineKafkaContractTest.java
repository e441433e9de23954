package io.callstream.kafka;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;
import org.junit.jupiter.api.Tag;

/** Runs the engine contract with the local engine on Kafka. */
@Tag("thorough")
class LocalEngineKafkaContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new KafkaTestbed();
  }
}
