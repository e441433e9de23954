package io.callstream.spring;

import io.callstream.engine.Engine;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.Supervisor;
import io.callstream.metrics.PipelineMetrics;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Source;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.DispatcherServlet;

/**
 * Runs a pipeline under a {@link Supervisor} from the start to the end of the application. The
 * pipeline has the properties {@link CallstreamProperties} and these beans, if they exist:
 *
 * <ul>
 *   <li>one {@link Pipeline}, which replaces the properties and the beans of its parts
 *   <li>one {@link Engine}, {@link Source} or {@link io.callstream.call.CallFormat}
 *   <li>each {@link io.callstream.statistic.Statistic}, in the order of the names and after those
 *       of the definition file. Without any, the standard statistics of the format
 *   <li>each {@link io.callstream.lookup.LookupTable}, {@link io.callstream.pipeline.ResultSink},
 *       {@link io.callstream.pipeline.DeadLetterSink} and {@link
 *       io.callstream.progress.ProgressListener}
 * </ul>
 *
 * <p>An application with another bean of type {@link RunningPipeline} gets none of this.
 */
@AutoConfiguration(after = DataSourceAutoConfiguration.class)
@ConditionalOnProperty(name = "callstream.enabled", matchIfMissing = true)
@ConditionalOnMissingBean(RunningPipeline.class)
@EnableConfigurationProperties(CallstreamProperties.class)
public final class CallstreamAutoConfiguration {
  private final PipelineFactory factory;

  CallstreamAutoConfiguration(CallstreamProperties properties, ListableBeanFactory beans) {
    factory = new PipelineFactory(properties, beans);
  }

  @Bean
  @ConditionalOnMissingBean
  Engine callstreamEngine() {
    return factory.engine();
  }

  @Bean
  @ConditionalOnMissingBean
  Pipeline callstreamPipeline() {
    return factory.pipeline();
  }

  @Bean
  Supervisor callstreamSupervisor(Engine engine, Pipeline pipeline) {
    return factory.supervisor(engine, pipeline);
  }

  @Bean
  PipelineLifecycle callstreamLifecycle(Supervisor supervisor) {
    return new PipelineLifecycle(supervisor);
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(ConditionalOnEnabledHealthIndicator.class)
  @ConditionalOnEnabledHealthIndicator("callstream")
  static class HealthConfiguration {
    @Bean
    HealthIndicator callstreamHealthIndicator(Supervisor supervisor) {
      return () -> PipelineHealth.ready(supervisor);
    }

    @Bean
    HealthIndicator callstreamLiveHealthIndicator(Supervisor supervisor) {
      return () -> PipelineHealth.live(supervisor);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(MeterBinder.class)
  static class MetricsConfiguration {
    /** Returns the metrics. Spring Boot binds them to the registries of the application. */
    @Bean
    PipelineMetrics callstreamMetrics(Supervisor supervisor, Engine engine, Pipeline pipeline) {
      Source source = pipeline.source();
      String name = source instanceof KafkaTopic topic ? topic.name() : source.description();
      return PipelineMetrics.of(supervisor, Tags.of("engine", engine.name(), "pipeline", name));
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
  @ConditionalOnClass(DispatcherServlet.class)
  @ConditionalOnProperty(name = "callstream.rest", matchIfMissing = true)
  static class WebConfiguration {
    @Bean
    StatisticsController callstreamStatistics(Supervisor supervisor) {
      return new StatisticsController(supervisor);
    }
  }
}
