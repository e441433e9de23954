package com.example;

import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.Testbed;

class ParallelEngineTestbed implements Testbed {
  @Override
  public Engine engine() {
    return Engines.named("parallel");
  }

  @Override
  public ContractSource source(int partitions) {
    return ContractSource.inMemory(partitions);
  }
}
