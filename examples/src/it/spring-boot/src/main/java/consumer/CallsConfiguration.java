package consumer;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.dashboard.Dashboard;
import io.callstream.engine.Engines;
import io.callstream.engine.RunningPipeline;
import io.callstream.metrics.PipelineMetrics;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The pipeline starts and ends with the application. */
@Configuration
class CallsConfiguration {
  @Bean
  MemorySource source() {
    return MemorySource.withPartitions(1);
  }

  @Bean(destroyMethod = "close")
  RunningPipeline running(MemorySource source) {
    return Engines.named("local")
        .start(
            Pipeline.builder(source, SanFranciscoCalls.json())
                .statistic(StandardStatistics.callsByType())
                .statistic(StandardStatistics.callsByTypeAndDispositionHourly())
                .build());
  }

  @Bean(destroyMethod = "close")
  Dashboard dashboard(RunningPipeline running) {
    return Dashboard.of(running).start(0);
  }

  @Bean(destroyMethod = "close")
  PipelineMetrics metrics(RunningPipeline running, MeterRegistry registry) {
    PipelineMetrics metrics = PipelineMetrics.of(running);
    metrics.bindTo(registry);
    return metrics;
  }
}
