package io.callstream.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RunSettingsTest {
  private static Map<String, String> settings(Map<String, String> kafka, RunOptions options) {
    KafkaTopic topic = KafkaTopic.of("calls").at("localhost:9092").with(kafka);
    return RunSettings.of(
        Pipeline.builder(topic, SanFranciscoCalls.json())
            .statistics(
                StandardStatistics.all(ZoneId.of("America/Los_Angeles"), Duration.ofHours(1)))
            .distinct()
            .build(),
        options,
        Map.of("engine", "local"));
  }

  @Test
  void showsEverySettingInPlainWords() {
    Map<String, String> settings =
        settings(
            Map.of(),
            RunOptions.continuous()
                .triggeringEvery(Duration.ofMillis(2_500))
                .checkpointingTo("/state")
                .readingAtMost(1_000));
    assertThat(settings)
        .containsEntry("engine", "local")
        .containsEntry("mode", "continuous")
        .containsEntry("trigger", "2s500ms")
        .containsEntry("checkpoint", "/state")
        .containsEntry("records per batch, at most", "1000")
        .containsEntry("sink timeout", "2m")
        .containsEntry("distinct calls, horizon", "1d")
        .containsEntry("corrections, horizon", "off")
        .containsEntry("Kafka isolation.level", "read_committed")
        .containsEntry(
            "statistic calls-by-type-and-disposition-hourly",
            "windows of 1h, lateness 1h, at most 100000 groups")
        .containsEntry("statistic calls-by-type", "no window, at most 100000 groups");
  }

  @Test
  void hidesValuesThatMayBeSecret() {
    List<String> secret =
        List.of(
            "sasl.jaas.config",
            "ssl.keystore.password",
            "ssl.keystore.key",
            "ssl.truststore.location",
            "sasl.oauthbearer.token.endpoint.url",
            "metrics.context.secret",
            "spark.hadoop.fs.s3a.secret.key",
            "spark.hadoop.fs.s3a.access.key");
    for (String key : secret) {
      assertThat(RunSettings.properties(Map.of(key, "hunter2")))
          .containsExactly(Map.entry(key, "set, value not shown"));
    }
    Map<String, String> settings =
        settings(
            Map.of("sasl.jaas.config", "password=hunter2", "security.protocol", "SASL_SSL"),
            RunOptions.continuous().checkpointingTo("s3a://id:hunter2@bucket/state"));
    assertThat(settings)
        .containsEntry("Kafka security.protocol", "SASL_SSL")
        .containsEntry("checkpoint", "s3a://bucket/state");
    assertThat(settings.toString()).doesNotContain("hunter2");
  }
}
