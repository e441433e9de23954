package io.callstream.spark;

import io.callstream.engine.Engine;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.Testbed;
import io.callstream.kafka.contract.TestBroker;
import java.time.Duration;

/** The Spark engine on topics of a real broker, in the session that all tests share. */
final class SparkTestbed implements Testbed {
  private final SparkSettings settings;

  SparkTestbed() {
    this(SparkSettings.defaults());
  }

  SparkTestbed(SparkSettings settings) {
    this.settings = settings;
  }

  @Override
  public Engine engine() {
    return SparkEngine.on(TestSession.get(), settings);
  }

  @Override
  public ContractSource source(int partitions) {
    return TestBroker.source(partitions);
  }

  @Override
  public Duration patience() {
    return Duration.ofMinutes(2);
  }

  @Override
  public int mostBatches() {
    return 5;
  }
}
