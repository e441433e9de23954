package io.callstream.kafka;

import io.callstream.engine.contract.RandomPipelinesContract;
import io.callstream.engine.contract.Testbed;

/** Runs random pipelines on Kafka with the local engine. */
class LocalEngineKafkaRandomPipelinesTest extends RandomPipelinesContract {
  @Override
  protected Testbed testbed() {
    return new KafkaTestbed();
  }
}
