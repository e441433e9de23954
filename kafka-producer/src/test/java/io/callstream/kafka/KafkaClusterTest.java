package io.callstream.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.callstream.CallstreamException;
import io.callstream.call.SanFranciscoCalls;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

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

  /** A producer logs its settings when it connects, but a pipeline that is built must not. */
  @Test
  void checksSettingsWithoutLoggingThem() {
    Logger logger = (Logger) LoggerFactory.getLogger(ProducerConfig.class);
    Level level = logger.getLevel();
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.setLevel(Level.INFO);
    logger.addAppender(logged);
    try {
      KafkaCluster cluster = KafkaCluster.at("localhost:9092");
      assertThat(KafkaSinks.at(cluster).results("x")).isNotNull();
      assertThat(logged.list).isEmpty();

      ProducerSettings.producer(cluster, ProducerSettings.of(cluster)).close();
      assertThat(logged.list).as("the producer's own log").isNotEmpty();
    } finally {
      logger.detachAppender(logged);
      logger.setLevel(level);
    }
  }

  @Test
  void rejectsTimeoutsThatDoNotFitTogether() {
    KafkaCluster cluster = KafkaCluster.at("localhost:9092").with(Map.of("linger.ms", "60000"));
    KafkaSinks sinks = KafkaSinks.at(cluster);

    assertThatThrownBy(() -> CallProducer.to(cluster, "calls", SanFranciscoCalls.json()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "The Kafka settings do not make a producer: delivery.timeout.ms is 30000, less than"
                + " linger.ms=60000 plus request.timeout.ms=10000. Lower linger.ms or"
                + " request.timeout.ms, or raise delivery.timeout.ms");
    assertThatThrownBy(() -> sinks.results("x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("linger.ms=60000", "deliveringWithin");
    assertThatThrownBy(() -> sinks.deadLetters("x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("linger.ms=60000", "deliveringWithin");
    assertThat(sinks.deliveringWithin(Duration.ofSeconds(70)).results("x")).isNotNull();
  }

  @ParameterizedTest
  @CsvSource({"9980,9960,20,true", "9979,9960,20,false", "2147483647,10000,2147483647,true"})
  void acceptsTheTimeoutsThatKafkasProducerAccepts(
      String delivery, String request, String linger, boolean accepted) {
    KafkaCluster cluster =
        KafkaCluster.at("localhost:9092")
            .with(
                Map.of(
                    "delivery.timeout.ms", delivery,
                    "request.timeout.ms", request,
                    "linger.ms", linger));
    Map<String, Object> settings = ProducerSettings.of(cluster);

    if (accepted) {
      ProducerSettings.requireTimeouts(settings, "");
      ProducerSettings.producer(cluster, settings).close();
    } else {
      assertThatThrownBy(() -> ProducerSettings.requireTimeouts(settings, ""))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> ProducerSettings.producer(cluster, settings))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("do not make a producer", "delivery.timeout.ms");
    }
  }

  @Test
  void anUnknownHostIsNotAWrongSetting() {
    KafkaCluster cluster = KafkaCluster.at("nowhere.invalid:9092");

    assertThatThrownBy(() -> ProducerSettings.producer(cluster, ProducerSettings.of(cluster)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("No host of that name is known here");
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
