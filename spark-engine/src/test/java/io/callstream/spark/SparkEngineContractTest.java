package io.callstream.spark;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;

/** The Spark engine keeps the contract. */
class SparkEngineContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new SparkTestbed();
  }
}
