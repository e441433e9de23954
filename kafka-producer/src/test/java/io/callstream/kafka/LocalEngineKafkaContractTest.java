package io.callstream.kafka;

import org.junit.jupiter.api.Tag;
import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;

/** Runs the engine contract with the local engine on Kafka. */
@Tag("thorough")
class LocalEngineKafkaContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new KafkaTestbed();
  }
}
