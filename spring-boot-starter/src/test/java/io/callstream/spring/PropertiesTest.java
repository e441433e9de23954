package io.callstream.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.Supervisor;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.StabilityMonitor;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;

/** Tests the pipeline that properties and beans result in. */
@ExtendWith(OutputCaptureExtension.class)
class PropertiesTest {
  @TempDir private Path directory;

  /** An application whose records are in memory. */
  private ApplicationContextRunner application;

  /** An application that would read Kafka. No broker is needed to build its pipeline. */
  private ApplicationContextRunner unstarted;

  @BeforeEach
  void setUp() {
    unstarted =
        new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(CallstreamAutoConfiguration.class))
            .withPropertyValues(
                "callstream.checkpoint=" + directory.resolve("state"),
                "callstream.bootstrap-servers=localhost:1");
    application = unstarted.withBean(MemorySource.class, () -> MemorySource.withPartitions(1));
  }

  @Test
  void countsTheStandardStatisticsOfTheFormatByDefault() {
    application.run(
        context -> {
          Pipeline pipeline = context.getBean(Pipeline.class);
          assertThat(pipeline.statistics())
              .extracting(Statistic::name)
              .containsExactly(
                  "calls-by-type",
                  "calls-by-type-and-disposition-hourly",
                  "calls-by-location",
                  "calls-by-hour-of-week",
                  "spikes-by-type");
          assertThat(pipeline.lookups()).hasSize(1);
          assertThat(pipeline.listeners()).hasOnlyElementsOfType(StabilityMonitor.class);
          assertThat(pipeline.resultSinks()).isEmpty();
          assertThat(context).hasSingleBean(RunningPipeline.class).hasSingleBean(Supervisor.class);
        });
  }

  /** Fails at once, and not after waiting for a broker. */
  private static final class Unstartable implements Engine {
    @Override
    public String name() {
      return "unstartable";
    }

    @Override
    public Set<Capability> capabilities() {
      return EnumSet.allOf(Capability.class);
    }

    @Override
    public RunningPipeline start(Pipeline pipeline, RunOptions options) {
      assertThat(options)
          .isEqualTo(
              RunOptions.continuous()
                  .checkpointingTo(options.checkpoint().orElseThrow())
                  .triggeringEvery(Duration.ofMillis(200))
                  .readingAtMost(1_000)
                  .sinkTimeout(Duration.ofSeconds(5))
                  .evolving());
      throw new CallstreamException(ErrorCode.UNSUPPORTED, "as expected");
    }
  }

  @Test
  void appliesEachProperty() {
    unstarted
        .withBean(Engine.class, Unstartable::new)
        .withConfiguration(AutoConfigurations.of(DataSourceAutoConfiguration.class))
        .withPropertyValues(
            "callstream.topic=orders",
            "callstream.kafka.client.id=me",
            "callstream.starting-offsets=latest",
            "callstream.format=seattle",
            "callstream.lateness=2h",
            "callstream.distinct=3d",
            "callstream.retention=30d",
            "callstream.evolve=true",
            "callstream.trigger=200ms",
            "callstream.max-records-per-batch=1000",
            "callstream.sink-timeout=5s",
            "callstream.sink.directory=" + directory.resolve("out"),
            "callstream.sink.jdbc=true",
            "callstream.sink.results-topic=results",
            "callstream.sink.dead-letter-topic=letters",
            "callstream.restart.limit=3")
        .run(
            context -> {
              assertThatThrownBy(context.getBean(Supervisor.class)::awaitTermination)
                  .hasMessage("as expected");
              Pipeline pipeline = context.getBean(Pipeline.class);
              KafkaTopic topic = (KafkaTopic) pipeline.source();
              assertThat(topic.name()).isEqualTo("orders");
              assertThat(topic.bootstrapServers()).isEqualTo("localhost:1");
              assertThat(topic.properties()).containsEntry("client.id", "me");
              assertThat(topic.startingOffsets()).isEqualTo(KafkaTopic.StartingOffsets.LATEST);
              assertThat(pipeline.format().name()).isEqualTo("seattle");
              assertThat(pipeline.statistics())
                  .filteredOn(statistic -> statistic.window().isPresent())
                  .isNotEmpty()
                  .allMatch(
                      statistic ->
                          statistic
                              .window()
                              .orElseThrow()
                              .allowedLateness()
                              .equals(Duration.ofHours(2)));
              assertThat(pipeline.distinctHorizon()).contains(Duration.ofDays(3));
              assertThat(pipeline.retention()).contains(Duration.ofDays(30));
              assertThat(pipeline.resultSinks())
                  .extracting(Object::toString)
                  .satisfiesExactly(
                      csv -> assertThat(csv).contains("out"),
                      jdbc -> assertThat(jdbc).contains("in a database"),
                      kafka -> assertThat(kafka).isEqualTo("results in topic results"));
              assertThat(pipeline.deadLetterSinks())
                  .extracting(Object::toString)
                  .contains("dead letters in topic letters");
            });
  }

  @Test
  void aPartOfATopicHasNoSpikes() {
    unstarted
        .withBean(Engine.class, Unstartable::new)
        .withBean(KafkaTopic.class, () -> KafkaTopic.of("calls").at("localhost:1").part(1, 2))
        .run(
            context ->
                assertThat(context.getBean(Pipeline.class).statistics())
                    .extracting(Statistic::name)
                    .contains("calls-by-type")
                    .doesNotContain("spikes-by-type"));
  }

  @Test
  void countsTheStatisticsOfTheDefinitionAndThenThoseOfTheBeans() throws Exception {
    Path definition =
        Files.writeString(
            directory.resolve("orders.properties"),
            """
            name = orders
            zone = Europe/Berlin
            time = at
            text.product = product
            statistic.orders-by-product.by = product
            statistic.orders-by-product.window = 1h
            """);
    application
        .withPropertyValues("callstream.definition=" + definition, "callstream.lateness=3h")
        .withBean("z", Statistic.class, () -> Statistic.named("b").build())
        .withBean("y", Statistic.class, () -> Statistic.named("a").build())
        .run(
            context -> {
              Pipeline pipeline = context.getBean(Pipeline.class);
              assertThat(pipeline.format().name()).isEqualTo("orders");
              assertThat(pipeline.statistics())
                  .extracting(Statistic::name)
                  .containsExactly("orders-by-product", "a", "b");
              assertThat(pipeline.statistics().get(0).window().orElseThrow().allowedLateness())
                  .isEqualTo(Duration.ofHours(3));
            });
  }

  @Test
  void aPipelineBeanReplacesTheProperties() {
    MemorySource source = MemorySource.withPartitions(1);
    Pipeline pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(Statistic.named("mine").by(Dimensions.ADDRESS).build())
            .build();
    unstarted
        .withBean(Pipeline.class, () -> pipeline)
        .run(
            context -> assertThat(context.getBean(Supervisor.class).pipeline()).isSameAs(pipeline));
  }

  @Test
  void doesNothingIfItIsDisabledOrTheApplicationHasItsOwnPipeline() {
    application
        .withPropertyValues("callstream.enabled=false")
        .run(context -> assertThat(context).doesNotHaveBean(Pipeline.class));
    new ApplicationContextRunner()
        .withConfiguration(AutoConfigurations.of(CallstreamAutoConfiguration.class))
        .withBean(
            RunningPipeline.class,
            () ->
                Engines.named("local")
                    .start(
                        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
                            .statistic(StandardStatistics.callsByType())
                            .build()))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(Supervisor.class));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "bootstrap-servers=kafka|'kafka'|no port",
        "topic=a b|'a b'|at most 249",
        "kafka.max.poll.record=3|max.poll.record|max.poll.records",
        "format=paris|'paris'|sf-2018",
        "definition=none.properties|none.properties|no such file",
        "lateness=-1s|PT-1S|0",
        "distinct=0s|PT0S|3,660 days",
        "corrections=0s|PT0S|3,660 days",
        "retention=-1s|PT-1S|36,600 days",
        "engine=flink|'flink'|local",
        "checkpoint=|''|specify a directory",
        "trigger=48h|PT48H|one day",
        "max-records-per-batch=0|0|at least 1",
        "sink-timeout=0s|PT0S|one day",
        "sink.jdbc=true|true|spring.datasource.url",
        "sink.results-topic=police.service.calls|'police.service.calls'|another topic",
        "sink.dead-letter-topic=a b|'a b'|at most 249",
        "restart.limit=0|0|at least 1",
        "restart.first-delay=1h|PT1H|PT5M",
        "restart.stable-after=0s|PT0S|more than 0",
      })
  void aWrongValueStopsTheStartAndIsNamedWithItsLimit(
      String property, String value, String limit, CapturedOutput output) {
    String name = "callstream." + property.substring(0, property.indexOf('='));
    String state =
        property.startsWith("checkpoint")
            ? "spring.application.name=a"
            : "callstream.checkpoint=" + directory;
    assertThat(start(output, state, "callstream." + property))
        .contains(name.startsWith("callstream.kafka") ? "callstream.kafka" : name, value, limit);
  }

  @Test
  void anUnknownPropertyStopsTheStart(CapturedOutput output) {
    assertThat(start(output, "callstream.trigger-interval=1s"))
        .contains("callstream.trigger-interval", "left unbound");
  }

  @Test
  void aMissingCheckpointStopsTheStart(CapturedOutput output) {
    assertThat(start(output, "callstream.topic=calls"))
        .contains(
            "'callstream.checkpoint' is not valid: A supervised pipeline has no checkpoint",
            "such as state");
  }

  @Test
  void partsThatDoNotFitTogetherStopTheStart(CapturedOutput output) {
    String state = "callstream.checkpoint=" + directory;
    assertThat(start(output, state, "callstream.distinct=1d", "callstream.corrections=1d"))
        .contains("'callstream' is not valid: The pipeline has distinct() and corrections()");
  }

  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration(CallstreamAutoConfiguration.class)
  static class Application {}

  /** Starts an application that must fail, and returns what it prints. */
  private String start(CapturedOutput output, String... properties) {
    String[] arguments =
        Stream.of(properties).map(property -> "--" + property).toArray(String[]::new);
    assertThatThrownBy(
            () ->
                new SpringApplicationBuilder(Application.class)
                    .web(WebApplicationType.NONE)
                    .run(arguments))
        .isInstanceOf(Exception.class);
    return output.getAll();
  }
}
