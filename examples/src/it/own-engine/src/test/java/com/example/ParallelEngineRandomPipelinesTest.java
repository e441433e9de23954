package com.example;

import io.callstream.engine.contract.RandomPipelinesContract;
import io.callstream.engine.contract.Testbed;

class ParallelEngineRandomPipelinesTest extends RandomPipelinesContract {
  @Override
  protected Testbed testbed() {
    return new ParallelEngineTestbed();
  }
}
