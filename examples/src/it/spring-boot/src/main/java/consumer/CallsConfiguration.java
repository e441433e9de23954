package consumer;

import io.callstream.dashboard.Dashboard;
import io.callstream.engine.RunningPipeline;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What the application counts, and its dashboard. */
@Configuration
class CallsConfiguration {
  @Bean
  Statistic callsByType() {
    return StandardStatistics.callsByType();
  }

  @Bean
  Statistic noise() {
    return Statistic.named("noise")
        .where(call -> call.type().startsWith("Noise"))
        .by(Dimensions.ADDRESS)
        .over(Windows.tumbling(Duration.ofHours(1)).allowingLateness(Duration.ofHours(1)))
        .build();
  }

  @Bean(destroyMethod = "close")
  Dashboard dashboard(RunningPipeline running) {
    return Dashboard.of(running).start(0);
  }
}
