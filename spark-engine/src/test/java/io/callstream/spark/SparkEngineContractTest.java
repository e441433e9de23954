package io.callstream.spark;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;

/** Runs the engine contract on the Spark engine. */
class SparkEngineContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new SparkTestbed();
  }
}
