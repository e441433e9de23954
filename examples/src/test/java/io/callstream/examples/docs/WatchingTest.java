package io.callstream.examples.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.dashboard.Dashboard;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.metrics.PipelineMetrics;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.InputStream;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** Contains the code of docs/dashboard.md. */
class WatchingTest {
  private final MemorySource source = MemorySource.withPartitions(1);
  private final Pipeline pipeline =
      Pipeline.builder(source, SanFranciscoCalls.json())
          .statistic(StandardStatistics.callsByType())
          .build();
  private final Engine engine = Engines.named("local");
  private final RunOptions options = RunOptions.bounded();

  @Test
  @SuppressWarnings("try")
  void theDashboard() {
    int port = 0;
    assertThatCode(
            () -> {
              try (RunningPipeline running = engine.start(pipeline, options);
                  Dashboard dashboard = Dashboard.of(running).start(port)) {
                running.awaitTermination();
              }
            })
        .doesNotThrowAnyException();
  }

  @Test
  void theMetricsOnTheDashboard() throws Exception {
    int port = 0;
    source.add(0, Instant.parse("2018-11-04T08:30:00Z"), "no call".getBytes(UTF_8));
    try (RunningPipeline running = engine.start(pipeline, options)) {
      PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
      PipelineMetrics metrics = PipelineMetrics.of(running);
      metrics.bindTo(registry);
      Dashboard dashboard = Dashboard.of(running).metrics(registry::scrape).start(port);

      running.awaitTermination();
      try (InputStream answer = dashboard.uri().resolve("metrics").toURL().openStream()) {
        assertThat(new String(answer.readAllBytes(), UTF_8))
            .contains("callstream_records_rejected_total 1.0");
      }
      dashboard.close();
      metrics.close();
    }
  }

  @Test
  void theMetrics() throws Exception {
    source.add(0, Instant.parse("2018-11-04T08:30:00Z"), "no call".getBytes(UTF_8));
    MeterRegistry registry = new SimpleMeterRegistry();
    try (RunningPipeline running = engine.start(pipeline, options)) {
      PipelineMetrics metrics = PipelineMetrics.of(running, Tags.of("pipeline", "calls"));
      metrics.bindTo(registry);
      running.awaitTermination();
      assertThat(
              registry
                  .get("callstream.records.rejected")
                  .tag("pipeline", "calls")
                  .functionCounter()
                  .count())
          .isEqualTo(1);
      metrics.close();
      assertThat(registry.getMeters()).isEmpty();
    }
  }
}
