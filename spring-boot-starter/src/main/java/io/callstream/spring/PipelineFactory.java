package io.callstream.spring;

import io.callstream.CallstreamException;
import io.callstream.call.CallFormat;
import io.callstream.call.CallFormats;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.definition.DefinitionFile;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RestartPolicy;
import io.callstream.engine.RunOptions;
import io.callstream.engine.Supervisor;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.KafkaLookups;
import io.callstream.kafka.KafkaSinks;
import io.callstream.lookup.LookupTable;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Source;
import io.callstream.progress.ProgressListener;
import io.callstream.progress.StabilityMonitor;
import io.callstream.sink.Sinks;
import io.callstream.spring.CallstreamProperties.Restart;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/** Builds a pipeline from properties and beans. Each failure names a property. */
final class PipelineFactory {
  private static final Duration STABILITY_SPAN = Duration.ofMinutes(5);

  private final CallstreamProperties properties;
  private final ListableBeanFactory beans;

  PipelineFactory(CallstreamProperties properties, ListableBeanFactory beans) {
    this.properties = properties;
    this.beans = beans;
  }

  /** Returns a part of a pipeline whose creation may reject the value of a property. */
  private static <T> T checked(String property, @Nullable Object value, Supplier<T> part) {
    try {
      return part.get();
    } catch (IllegalArgumentException | CallstreamException e) {
      var failure =
          new InvalidConfigurationPropertyValueException(
              property.isEmpty() ? "callstream" : "callstream." + property,
              value,
              String.valueOf(e.getMessage()));
      failure.initCause(e);
      throw failure;
    }
  }

  Engine engine() {
    return checked("engine", properties.engine(), () -> Engines.named(properties.engine()));
  }

  Supervisor supervisor(Engine engine, Pipeline pipeline) {
    RunOptions options = options();
    RestartPolicy policy = policy();
    return checked(
        "engine",
        engine.name(),
        () -> {
          engine.requireSupport(pipeline, options);
          return Supervisor.of(engine, pipeline, options, policy);
        });
  }

  private RunOptions options() {
    RunOptions resuming = checked("checkpoint", properties.checkpoint(), this::checkpoint);
    RunOptions triggered =
        checked(
            "trigger", properties.trigger(), () -> resuming.triggeringEvery(properties.trigger()));
    RunOptions timed =
        checked(
            "sink-timeout",
            properties.sinkTimeout(),
            () -> triggered.sinkTimeout(properties.sinkTimeout()));
    Long records = properties.maxRecordsPerBatch();
    RunOptions limited =
        records == null
            ? timed
            : checked("max-records-per-batch", records, () -> timed.readingAtMost(records));
    return properties.evolve() ? limited.evolving() : limited;
  }

  private RunOptions checkpoint() {
    String directory = properties.checkpoint();
    if (directory == null) {
      throw new IllegalArgumentException(
          "A supervised pipeline has no checkpoint. Set this property to a directory that survives"
              + " restarts, such as state.");
    }
    return RunOptions.continuous().checkpointingTo(directory);
  }

  private RestartPolicy policy() {
    Restart restart = properties.restart();
    RestartPolicy limited =
        checked(
            "restart.limit",
            restart.limit(),
            () -> RestartPolicy.defaults().atMost(restart.limit()));
    RestartPolicy delayed =
        checked(
            "restart.first-delay",
            restart.firstDelay(),
            () -> limited.delaying(restart.firstDelay(), restart.maxDelay()));
    return checked(
        "restart.stable-after",
        restart.stableAfter(),
        () -> delayed.stableAfter(restart.stableAfter()));
  }

  Pipeline pipeline() {
    Optional<DefinitionFile> definition = definition();
    CallFormat format =
        beans.getBeanProvider(CallFormat.class).getIfAvailable(() -> format(definition));
    Source source = beans.getBeanProvider(Source.class).getIfAvailable(this::topic);
    Pipeline.Builder pipeline = Pipeline.builder(source, format);
    boolean hasAll = !(source instanceof KafkaTopic topic && topic.part().isPresent());
    addStatistics(pipeline, format, definition, hasAll);
    addDurations(pipeline);
    addSinks(pipeline);
    beans.getBeanProvider(ProgressListener.class).orderedStream().forEach(pipeline::listener);
    pipeline.listener(StabilityMonitor.ofThisJvm(STABILITY_SPAN, properties.trigger()));
    return checked("", null, pipeline::build);
  }

  private Optional<DefinitionFile> definition() {
    Path file = properties.definition();
    return file == null
        ? Optional.empty()
        : Optional.of(checked("definition", file, () -> DefinitionFile.read(file)));
  }

  private CallFormat format(Optional<DefinitionFile> definition) {
    Optional<CallFormat> described = definition.flatMap(DefinitionFile::format);
    String name = properties.format();
    if (name == null) {
      return described.orElseGet(SanFranciscoCalls::json);
    }
    return checked(
        "format",
        name,
        () -> {
          if (described.isPresent()) {
            throw new IllegalArgumentException(
                "Two formats are given: this property, and the file %s. Remove one of them."
                    .formatted(properties.definition()));
          }
          return CallFormats.named(name);
        });
  }

  private KafkaCluster cluster() {
    KafkaCluster cluster =
        checked(
            "bootstrap-servers",
            properties.bootstrapServers(),
            () -> KafkaCluster.at(properties.bootstrapServers()));
    Map<String, String> settings = properties.kafka();
    return checked("kafka", settings.keySet(), () -> cluster.with(settings));
  }

  private KafkaTopic topic() {
    KafkaTopic topic = checked("topic", properties.topic(), () -> topic(properties.topic()));
    return topic.startingAt(properties.startingOffsets());
  }

  private KafkaTopic topic(String name) {
    KafkaCluster cluster = cluster();
    Map<String, String> settings = new TreeMap<>(cluster.settings());
    settings.keySet().retainAll(ConsumerConfig.configNames());
    return KafkaTopic.of(name).at(cluster.bootstrapServers()).with(settings);
  }

  private void addStatistics(
      Pipeline.Builder pipeline,
      CallFormat format,
      Optional<DefinitionFile> definition,
      boolean hasAllPartitions) {
    List<Statistic> statistics = new ArrayList<>();
    definition.ifPresent(
        file -> {
          checked("definition", file, () -> statistics.addAll(file.statistics(format, lateness())));
          pipeline.lookups(
              checked(
                  "definition",
                  file,
                  () -> file.lookups(format, name -> KafkaLookups.topic(topic(name)))));
        });
    // Spring finds beans in an order that can change, and the order is part of the checkpoint.
    beans.getBeanProvider(Statistic.class).stream()
        .sorted(Comparator.comparing(Statistic::name))
        .forEach(statistics::add);
    if (statistics.stream().allMatch(statistic -> statistic.viewRetention().isPresent())) {
      statistics.addAll(
          checked(
              "lateness",
              lateness(),
              () -> StandardStatistics.forFormat(format, lateness(), hasAllPartitions)));
      pipeline.lookups(StandardStatistics.lookupsForFormat(format));
    }
    pipeline.statistics(statistics);
    beans.getBeanProvider(LookupTable.class).stream()
        .sorted(Comparator.comparing(LookupTable::name))
        .forEach(pipeline::lookup);
  }

  /** Returns the lateness. A window that is closed cannot be corrected. */
  private Duration lateness() {
    Duration lateness = properties.lateness();
    Duration corrections = properties.corrections();
    return lateness != null
        ? lateness
        : corrections != null ? corrections : StandardStatistics.DEFAULT_LATENESS;
  }

  private void addDurations(Pipeline.Builder pipeline) {
    Duration distinct = properties.distinct();
    if (distinct != null) {
      checked("distinct", distinct, () -> pipeline.distinct(distinct));
    }
    Duration corrections = properties.corrections();
    if (corrections != null) {
      checked("corrections", corrections, () -> pipeline.corrections(corrections));
    }
    Duration retention = properties.retention();
    if (retention != null) {
      checked("retention", retention, () -> pipeline.retainingResults(retention));
    }
  }

  private void addSinks(Pipeline.Builder pipeline) {
    CallstreamProperties.Sink sink = properties.sink();
    Path directory = sink.directory();
    if (directory != null) {
      pipeline.results(Sinks.csv(directory)).deadLetters(Sinks.deadLetterFiles(directory));
    }
    if (sink.jdbc()) {
      pipeline.results(checked("sink.jdbc", true, () -> Sinks.jdbc(dataSource()).build()));
    }
    String results = sink.resultsTopic();
    if (results != null) {
      pipeline.results(
          checked("sink.results-topic", results, () -> kafkaSinks(results).results(results)));
    }
    String letters = sink.deadLetterTopic();
    if (letters != null) {
      pipeline.deadLetters(
          checked(
              "sink.dead-letter-topic", letters, () -> kafkaSinks(letters).deadLetters(letters)));
    }
    beans.getBeanProvider(ResultSink.class).orderedStream().forEach(pipeline::results);
    beans.getBeanProvider(DeadLetterSink.class).orderedStream().forEach(pipeline::deadLetters);
  }

  private DataSource dataSource() {
    DataSource source = beans.getBeanProvider(DataSource.class).getIfUnique();
    if (source == null) {
      throw new IllegalArgumentException(
          "No DataSource is there, or several are. Set spring.datasource.url, mark one as primary, or"
              + " define a ResultSink bean with Sinks.jdbc.");
    }
    return source;
  }

  private KafkaSinks kafkaSinks(String topic) {
    var ignored = KafkaTopic.of(topic);
    if (topic.equals(properties.topic())) {
      throw new IllegalArgumentException(
          "The pipeline reads the topic '%s'. Name another topic.".formatted(topic));
    }
    return KafkaSinks.at(cluster());
  }
}
