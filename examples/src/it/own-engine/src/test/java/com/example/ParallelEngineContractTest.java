package com.example;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;

class ParallelEngineContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new ParallelEngineTestbed();
  }
}
