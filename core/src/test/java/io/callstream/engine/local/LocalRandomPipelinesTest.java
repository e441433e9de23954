package io.callstream.engine.local;

import io.callstream.engine.contract.RandomPipelinesContract;
import io.callstream.engine.contract.Testbed;

/** Random pipelines on the local engine. */
class LocalRandomPipelinesTest extends RandomPipelinesContract {
  @Override
  protected Testbed testbed() {
    return new LocalEngineContractTest.LocalTestbed();
  }
}
