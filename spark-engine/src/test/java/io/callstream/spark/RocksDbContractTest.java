package io.callstream.spark;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;
import io.callstream.spark.SparkSettings.StateStore;
import org.junit.jupiter.api.Tag;

/** Runs the engine contract on the Spark engine with its state in RocksDB. */
@Tag("thorough")
class RocksDbContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new SparkTestbed(SparkSettings.defaults().stateStore(StateStore.ROCKSDB_WITH_CHANGELOG));
  }
}
