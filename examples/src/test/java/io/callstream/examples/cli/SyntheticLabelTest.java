package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import java.lang.reflect.Proxy;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SyntheticLabelTest {
  /** A run that does not end. */
  private static final RunningPipeline RUNNING =
      (RunningPipeline)
          Proxy.newProxyInstance(
              SyntheticLabelTest.class.getClassLoader(),
              new Class<?>[] {RunningPipeline.class},
              (proxy, method, arguments) -> null);

  @Test
  void isReadBeforeTheEndOfARunWhoseBrokerHasFailed() {
    SyntheticLabel label;
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      KafkaCluster cluster = KafkaCluster.at(broker.bootstrapServers());
      try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
        assertThat(admin.ensure("calls", 1, 1).offsets()).isZero();
      }
      try (CallProducer producer =
          CallProducer.to(cluster, "calls", SanFranciscoCalls.json()).connect()) {
        assertThat(producer.send(SyntheticCalls.of(3)).sent()).isEqualTo(3);
      }
      KafkaTopic topic = KafkaTopic.of("calls").at(broker.bootstrapServers());
      label = SyntheticLabel.of(RUNNING, topic);
      assertThat(label.atEnd()).isEqualTo("Synthetic data");
    }
    assertThat(label.atEnd()).isEqualTo("Synthetic data");
  }

  @Test
  void doesNotDelayTheEndIfNoBrokerAnswers() {
    KafkaTopic topic = KafkaTopic.of("calls").at("localhost:9");
    SyntheticLabel label = SyntheticLabel.of(RUNNING, topic);
    assertThat(assertTimeout(Duration.ofSeconds(9), label::atEnd)).isEmpty();
  }
}
