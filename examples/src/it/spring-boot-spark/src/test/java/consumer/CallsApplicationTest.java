package consumer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.context.annotation.Bean;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistrar;

/** Tests the Spark engine in a Spring Boot application. */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = "callstream.checkpoint=target/state-${random.uuid}")
@DirtiesContext
class CallsApplicationTest {
  private static final int CALLS = 1_000;

  /** A broker with calls, which ends after the pipeline. */
  @TestConfiguration
  static class Calls {
    @Bean
    EmbeddedBroker broker() {
      EmbeddedBroker broker = EmbeddedBroker.start();
      KafkaCluster cluster = KafkaCluster.at(broker.bootstrapServers());
      String topic = "police.service.calls";
      try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
        admin.ensure(topic, 2, 1);
      }
      try (CallProducer producer =
          CallProducer.to(cluster, topic, SanFranciscoCalls.json()).connect()) {
        producer.send(SyntheticCalls.of(CALLS));
      }
      return broker;
    }

    @Bean
    DynamicPropertyRegistrar address(EmbeddedBroker broker) {
      return registry -> registry.add("callstream.bootstrap-servers", broker::bootstrapServers);
    }
  }

  @Autowired RunningPipeline running;
  @Autowired TestRestTemplate web;

  @Test
  void hasOneLoggingBindingAndOneJackson() {
    ClassPath.hasOneLoggingBindingAndOneJackson();
  }

  @Test
  void answersFromTheRunningPipeline() {
    Awaitility.await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> running.accounting().received() == CALLS);

    JsonNode types = web.getForObject("/types", JsonNode.class);
    assertThat(types).hasSize(10);
    assertThat(types.get(0).get("calls").asLong()).isPositive();
  }
}
