package io.callstream.engine;

import io.callstream.engine.contract.RandomPipelinesContract;
import io.callstream.engine.contract.Testbed;

/** Random pipelines on an engine that uses {@link BatchRun}. */
class BatchRunRandomPipelinesTest extends RandomPipelinesContract {
  @Override
  protected Testbed testbed() {
    return new ParallelEngineTestbed();
  }
}
