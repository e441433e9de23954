package consumer;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The pipeline starts and ends with the application. */
@Configuration
class CallsConfiguration {
  @Bean(destroyMethod = "close")
  RunningPipeline running(@Value("${calls.brokers}") String brokers) {
    return Engines.named("spark")
        .start(
            Pipeline.builder(
                    KafkaTopic.of("police.service.calls").at(brokers), SanFranciscoCalls.json())
                .statistic(StandardStatistics.callsByType())
                .build());
  }
}
