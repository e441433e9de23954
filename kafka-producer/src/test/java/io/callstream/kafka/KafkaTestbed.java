package io.callstream.kafka;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.Testbed;
import io.callstream.engine.local.LocalEngine;
import io.callstream.kafka.contract.TestBroker;

/** Runs the local engine on topics of a real broker. */
final class KafkaTestbed implements Testbed {
  @Override
  public Engine engine() {
    return new LocalEngine();
  }

  @Override
  public ContractSource source(int partitions) {
    return TestBroker.source(partitions);
  }

  @Override
  public int mostBatches() {
    return 10;
  }
}
