package io.callstream.kafka;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RestartPolicy;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline.State;
import io.callstream.engine.Supervisor;
import io.callstream.engine.local.LocalEngine;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests a real broker that stops and comes back. */
@Timeout(180)
class BrokerOutageTest {
  private static final String TOPIC = "calls";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();

  @TempDir private Path directory;

  private EmbeddedBroker broker(int port) {
    return EmbeddedBroker.builder().data(directory.resolve("broker")).port(port).start();
  }

  private static void send(EmbeddedBroker broker, int calls, long seed) {
    KafkaCluster cluster = KafkaCluster.at(broker.bootstrapServers());
    try (CallProducer producer = CallProducer.to(cluster, TOPIC, FORMAT).connect()) {
      producer.send(SyntheticCalls.of(calls).withSeed(seed));
    }
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }

  @Test
  void aSupervisedPipelineContinuesWhenTheBrokerIsBack() {
    Map<Long, Long> receivedByBatch = new ConcurrentSkipListMap<>();
    EmbeddedBroker broker = broker(0);
    try {
      try (TopicAdmin admin = TopicAdmin.connect(KafkaCluster.at(broker.bootstrapServers()))) {
        admin.ensure(TOPIC, 2, 1);
      }
      send(broker, 300, 1);
      KafkaTopic topic =
          KafkaTopic.of(TOPIC)
              .at(broker.bootstrapServers())
              .with(Map.of("request.timeout.ms", "1000", "default.api.timeout.ms", "2000"));
      Pipeline pipeline =
          Pipeline.builder(topic, FORMAT)
              .statistic(StandardStatistics.callsByType())
              .results(
                  Sinks.callback(
                      batch -> receivedByBatch.put(batch.number(), batch.accounting().received())))
              .build();
      RunOptions options =
          RunOptions.continuous()
              .triggeringEvery(Duration.ZERO)
              .checkpointingTo(directory.resolve("checkpoint").toString());
      RestartPolicy policy =
          RestartPolicy.defaults()
              .atMost(10_000)
              .delaying(Duration.ofMillis(50), Duration.ofMillis(200));
      try (Supervisor supervisor = Supervisor.start(new LocalEngine(), pipeline, options, policy)) {
        await(() -> supervisor.accounting().received() == 300);
        broker.close();
        await(() -> supervisor.restarts() >= 2);
        assertThat(supervisor.state()).isEqualTo(State.RUNNING);
        assertThat(supervisor.lastFailure().map(CallstreamException::code))
            .contains(ErrorCode.BROKER_UNAVAILABLE);
        broker = broker(broker.port());
        send(broker, 200, 2);
        await(() -> supervisor.accounting().received() == 500);
        supervisor.stop();
        assertThat(supervisor.state()).isEqualTo(State.FINISHED);
        assertThatAccounting(supervisor.accounting()).addsUpFor(pipeline);
      }
      // A repeated batch has the same records.
      assertThat(receivedByBatch.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(500);
    } finally {
      broker.close();
    }
  }
}
