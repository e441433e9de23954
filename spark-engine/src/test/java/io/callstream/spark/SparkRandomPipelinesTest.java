package io.callstream.spark;

import io.callstream.engine.contract.RandomPipelinesContract;
import io.callstream.engine.contract.Testbed;

/** Runs random pipelines on the Spark engine. */
class SparkRandomPipelinesTest extends RandomPipelinesContract {
  @Override
  protected Testbed testbed() {
    return new SparkTestbed();
  }
}
