package io.callstream.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.SanFranciscoCalls;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KafkaClusterTest {
  @Test
  void takesSettingsOfAnyClientAndShowsNoValue() {
    KafkaCluster cluster =
        KafkaCluster.at("localhost:9092")
            .with(Map.of("sasl.jaas.config", "secret", "fetch.min.bytes", "1"));
    assertThat(cluster.toString())
        .isEqualTo("localhost:9092 with fetch.min.bytes, sasl.jaas.config");
    assertThat(ProducerSettings.of(cluster))
        .containsEntry("sasl.jaas.config", "secret")
        .containsEntry("acks", "all")
        .doesNotContainKey("fetch.min.bytes");
  }

  @Test
  void withAddsSettings() {
    KafkaCluster cluster =
        KafkaCluster.at("localhost:9092")
            .with(Map.of("security.protocol", "SSL", "fetch.min.bytes", "1"))
            .with(Map.of("fetch.min.bytes", "2", "linger.ms", "5"));

    assertThat(cluster.settings())
        .isEqualTo(Map.of("security.protocol", "SSL", "fetch.min.bytes", "2", "linger.ms", "5"));
  }

  @Test
  void aValueThatKafkaDoesNotAcceptIsRefused() {
    KafkaCluster cluster = KafkaCluster.at("localhost:9092").with(Map.of("linger.ms", "soon"));

    assertThatThrownBy(() -> KafkaSinks.at(cluster))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("do not make a producer", "linger.ms", "soon");
    assertThatThrownBy(() -> CallProducer.to(cluster, "calls", SanFranciscoCalls.json()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("do not make a producer", "linger.ms", "soon");
  }

  @Test
  void refusesWhatNoClientKnows() {
    assertThatThrownBy(() -> KafkaCluster.at("localhost:9092").with(Map.of("ack", "all")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("named ack; did you mean acks?");
    assertThatThrownBy(
            () -> KafkaCluster.at("localhost:9092").with(Map.of("security.protcol", "SSL")))
        .hasMessageContaining("did you mean security.protocol?");
    assertThatThrownBy(() -> KafkaCluster.at("localhost:9092").with(Map.of("no.such.thing", "x")))
        .hasMessageContaining("no.such.thing; correct the name, or leave it out");
    assertThatThrownBy(() -> KafkaCluster.at(" ")).hasMessageContaining("No Kafka broker is given");
    assertThatThrownBy(() -> KafkaCluster.at("a:1").with(Map.of("bootstrap.servers", "b:2")))
        .hasMessageContaining("a:1")
        .hasMessageContaining("b:2");
  }

  @Test
  void settingsOfPlugInsAreHandedOn() {
    Map<String, String> settings =
        Map.of("config.providers.file.class", "org.example.Mine", "metrics.context.app", "x");
    assertThat(ProducerSettings.of(KafkaCluster.at("localhost:9092").with(settings)))
        .containsAllEntriesOf(settings);
  }

  @ParameterizedTest
  @CsvSource({
    "acks,1",
    "acks,0",
    "enable.idempotence,false",
    "max.in.flight.requests.per.connection,6",
    "retries,0",
    "transactional.id,x",
    "partitioner.ignore.keys,true",
    "partitioner.class,org.example.Mine",
    "key.serializer,org.example.Mine"
  })
  void aSettingThatBreaksAPromiseIsRefused(String name, String value) {
    KafkaCluster cluster = KafkaCluster.at("localhost:9092").with(Map.of(name, value));
    assertThatThrownBy(() -> ProducerSettings.of(cluster))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name + "=" + value)
        .hasMessageContaining("promises");
  }

  @ParameterizedTest
  @CsvSource({"acks,-1", "acks,all", "enable.idempotence,TRUE", "linger.ms,5"})
  void aSettingThatBreaksNoneIsTaken(String name, String value) {
    assertThat(ProducerSettings.of(KafkaCluster.at("localhost:9092").with(Map.of(name, value))))
        .containsKey(name);
  }
}
