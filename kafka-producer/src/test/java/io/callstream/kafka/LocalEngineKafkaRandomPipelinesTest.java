package io.callstream.kafka;

import io.callstream.engine.contract.RandomPipelinesContract;
import io.callstream.engine.contract.Testbed;

/** Random pipelines over Kafka on the local engine. */
class LocalEngineKafkaRandomPipelinesTest extends RandomPipelinesContract {
  @Override
  protected Testbed testbed() {
    return new KafkaTestbed();
  }
}
