package io.callstream.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.pipeline.KafkaTopic.Isolation;
import io.callstream.statistic.StandardStatistics;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KafkaTopicTest {
  private static final KafkaTopic TOPIC = KafkaTopic.of("calls").at("localhost:9092");

  private static String fingerprint(KafkaTopic topic) {
    return Pipeline.builder(topic, SanFranciscoCalls.json())
        .statistic(StandardStatistics.callsByType())
        .build()
        .fingerprint();
  }

  @Test
  void readsCommittedRecordsByDefault() {
    KafkaTopic uncommitted = TOPIC.with(Map.of("isolation.level", "read_uncommitted"));

    assertThat(TOPIC.isolation()).isEqualTo(Isolation.READ_COMMITTED);
    assertThat(TOPIC.properties()).containsEntry("isolation.level", "read_committed");
    assertThat(TOPIC.with(Map.of("max.poll.records", "1")).properties())
        .containsEntry("isolation.level", "read_committed");
    assertThat(uncommitted.isolation()).isEqualTo(Isolation.READ_UNCOMMITTED);
    assertThat(uncommitted.startingAt(KafkaTopic.StartingOffsets.LATEST).properties())
        .containsEntry("isolation.level", "read_uncommitted");
  }

  @Test
  void theFingerprintContainsTheIsolationLevel() {
    assertThat(fingerprint(TOPIC)).contains("source: calls\nisolation level: read_committed\n");
    assertThat(fingerprint(TOPIC.with(Map.of("isolation.level", "read_uncommitted"))))
        .contains("source: calls\nisolation level: read_uncommitted\n");
  }

  @Test
  void rejectsAnUnknownIsolationLevel() {
    assertThatThrownBy(() -> TOPIC.with(Map.of("isolation.level", "read_comitted")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The Kafka property 'isolation.level' is 'read_comitted'; it must be read_committed or"
                + " read_uncommitted. Correct it, or remove it to read committed records.");
  }

  @Test
  void theTextContainsTheNamesOfSettings() {
    assertThat(TOPIC).hasToString("Kafka topic calls at localhost:9092");
    assertThat(TOPIC.with(Map.of("sasl.jaas.config", "secret")))
        .hasToString("Kafka topic calls at localhost:9092 with [sasl.jaas.config]");
    assertThat(TOPIC.with(Map.of("isolation.level", "read_uncommitted")))
        .hasToString("Kafka topic calls at localhost:9092 with [isolation.level]");
  }
}
