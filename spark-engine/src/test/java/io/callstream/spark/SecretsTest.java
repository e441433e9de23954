package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.TaskPlan;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.contract.BrokerCertificates;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.Tuple2;

class SecretsTest {
  private static final String SECRET = "m4rked";

  @TempDir Path directory;

  private static Pipeline pipeline(KafkaTopic topic) {
    return Pipeline.builder(topic, SanFranciscoCalls.json())
        .statistic(StandardStatistics.callsByType())
        .build();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sasl.jaas.config",
        "ssl.keystore.password",
        "ssl.keystore.key",
        "ssl.key.password",
        "ssl.truststore.password"
      })
  void thePlanRedactsSecrets(String key) {
    KafkaTopic topic = KafkaTopic.of("calls").at("localhost:9092").with(Map.of(key, SECRET));
    Pipeline pipeline = pipeline(topic);
    assertThat(topic + " " + pipeline + " " + pipeline.fingerprint())
        .contains(key)
        .doesNotContain(SECRET);
    SparkSession before = TestSession.get();
    try (Sessions.Lease lease = Sessions.using(TestSession.get(), SparkSettings.defaults());
        Checkpoint checkpoint = Checkpoint.open(directory.toString(), lease.session())) {
      SparkSession.setActiveSession(lease.session());
      Dataset<Tuple2<byte[], byte[]>> rows =
          QueryPlan.of(
              lease.session(),
              topic,
              new TaskPlan(pipeline),
              RunOptions.continuous(),
              SparkSettings.defaults(),
              2,
              checkpoint,
              BatchTables.open(
                  pipeline,
                  new TaskPlan(pipeline),
                  Ledger.inMemory(pipeline),
                  lease.session().sparkContext()));
      // This plan also contains the older source, which does not run and is never redacted.
      assertThat(rows.queryExecution().logical().treeString())
          .contains("kafka." + key + "=*********(redacted)")
          .doesNotContain("kafka." + key + "=" + SECRET);
    } finally {
      SparkSession.setActiveSession(before);
    }
  }

  @Test
  void whatTheUserSaysAboutRedactionStaysInForce() {
    SparkSession host = TestSession.get().newSession();
    String before = host.conf().get(Sessions.OPTIONS_REDACTION);
    SparkSettings settings = SparkSettings.defaults().with(Sessions.OPTIONS_REDACTION, "mine");
    try (Sessions.Lease ours = Sessions.using(host, SparkSettings.defaults());
        Sessions.Lease theirs = Sessions.using(host, settings)) {
      assertThat(ours.session().conf().get(Sessions.OPTIONS_REDACTION))
          .contains("jaas", "password", "url");
      assertThat(theirs.session().conf().get(Sessions.OPTIONS_REDACTION)).isEqualTo("mine");
    }
    assertThat(host.conf().get(Sessions.OPTIONS_REDACTION)).isEqualTo(before);
  }

  @Test
  void aMisspeltPropertyIsRefusedWithTheNearestName() {
    KafkaTopic topic =
        KafkaTopic.of("calls").at("localhost:9").with(Map.of("sasl.jaas.confg", SECRET));
    assertThatThrownBy(() -> SparkEngine.on(TestSession.get()).start(pipeline(topic)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("sasl.jaas.confg; did you mean sasl.jaas.config?")
        .hasMessageNotContaining(SECRET);
  }

  @Test
  @Tag("thorough")
  void whoIsTurnedAwayIsToldWhatToCheck() {
    BrokerCertificates certificates = BrokerCertificates.create(directory);
    try (EmbeddedBroker broker =
        EmbeddedBroker.builder()
            .tls(certificates.brokerKeys(), certificates.password())
            .user("alice", SECRET)
            .start()) {
      Map<String, String> settings = new HashMap<>(certificates.trustingSettings());
      settings.put("security.protocol", "SASL_SSL");
      settings.put("sasl.mechanism", "SCRAM-SHA-256");
      String jaas =
          "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"alice\""
              + " password=\"wr0ng\";";
      settings.put("sasl.jaas.config", jaas);
      assertRefused(broker, settings, "sasl.jaas.config");
      settings.put("sasl.jaas.config", "ScramLoginModule required password wr0ng");
      assertRefused(broker, settings, "sasl.jaas.config is missing or can't be read");
      settings.put("sasl.jaas.config", jaas);
      settings.remove("ssl.truststore.location");
      settings.remove("ssl.truststore.password");
      assertRefused(broker, settings, "ssl.truststore.location");
    }
  }

  private static void assertRefused(
      EmbeddedBroker broker, Map<String, String> settings, String hint) {
    KafkaTopic topic = KafkaTopic.of("calls").at(broker.bootstrapServers()).with(settings);
    assertThatThrownBy(() -> SparkEngine.on(TestSession.get()).start(pipeline(topic)))
        .isInstanceOfSatisfying(
            CallstreamException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE);
              StringWriter trace = new StringWriter();
              e.printStackTrace(new PrintWriter(trace));
              assertThat(trace.toString()).doesNotContain("wr0ng", SECRET);
            })
        .hasMessageContaining(broker.bootstrapServers())
        .hasMessageContaining(hint);
  }
}
