package io.callstream.spring;

import io.callstream.pipeline.KafkaTopic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code callstream.*} of an application. An unknown property is an error.
 *
 * @param enabled whether the application runs a pipeline
 * @param bootstrapServers the addresses of the Kafka brokers: host:port, with commas between
 *     several
 * @param topic the topic with the records
 * @param kafka further settings of the Kafka clients, such as those of TLS
 * @param startingOffsets where a pipeline with a new checkpoint starts reading
 * @param format the name of the format of the records. Defaults to that of the definition file, or
 *     else to sf-2018
 * @param definition a file that describes the format, statistics and lookups
 * @param lateness the allowed lateness of windows, unless the definition specifies it. Defaults to
 *     the horizon of corrections, or else to one hour
 * @param distinct counts calls with the same id once; for how long ids are remembered
 * @param corrections counts the last version of each call; for how long versions are remembered
 * @param retention for how long results of closed windows are kept. Defaults to indefinitely
 * @param engine the name of the engine
 * @param checkpoint the directory of the state with which the application resumes. Required
 * @param evolve whether the pipeline may add statistics to those of its checkpoint, or remove some
 * @param trigger the minimum time between the starts of two batches
 * @param maxRecordsPerBatch the maximum number of records of a batch. By default, the engine
 *     decides
 * @param sinkTimeout the time limit of a call of a sink
 * @param rest whether the statistics are served at /callstream/statistics
 * @param sink the places that receive the results
 * @param restart when the pipeline is restarted after a failure
 */
@ConfigurationProperties(prefix = "callstream", ignoreUnknownFields = false)
public record CallstreamProperties(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("localhost:9092") String bootstrapServers,
    @DefaultValue("police.service.calls") String topic,
    @DefaultValue Map<String, String> kafka,
    @DefaultValue("earliest") KafkaTopic.StartingOffsets startingOffsets,
    @Nullable String format,
    @Nullable Path definition,
    @Nullable Duration lateness,
    @Nullable Duration distinct,
    @Nullable Duration corrections,
    @Nullable Duration retention,
    @DefaultValue("local") String engine,
    @Nullable String checkpoint,
    @DefaultValue("false") boolean evolve,
    @DefaultValue("1s") Duration trigger,
    @Nullable Long maxRecordsPerBatch,
    @DefaultValue("2m") Duration sinkTimeout,
    @DefaultValue("true") boolean rest,
    @DefaultValue Sink sink,
    @DefaultValue Restart restart) {

  /**
   * The places that receive the results, in addition to the sinks that are beans.
   *
   * @param directory the directory of CSV files, accounting.json and dead letters
   * @param jdbc whether the database of the application's DataSource has a table for each statistic
   * @param resultsTopic the topic for results
   * @param deadLetterTopic the topic for rejected records and late calls
   */
  public record Sink(
      @Nullable Path directory,
      @DefaultValue("false") boolean jdbc,
      @Nullable String resultsTopic,
      @Nullable String deadLetterTopic) {}

  /**
   * When the pipeline is restarted after a failure.
   *
   * @param limit the maximum number of consecutive restarts
   * @param firstDelay the delay before the first consecutive restart, which doubles with each one
   * @param maxDelay the longest delay
   * @param stableAfter the duration of a run after which counting restarts starts again
   */
  public record Restart(
      @DefaultValue("20") int limit,
      @DefaultValue("1s") Duration firstDelay,
      @DefaultValue("5m") Duration maxDelay,
      @DefaultValue("10m") Duration stableAfter) {}
}
