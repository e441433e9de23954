package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.call.DataSfCalls;
import io.callstream.definition.DefinitionFile;
import io.callstream.kafka.KafkaLookups;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupTable;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Options that specify what a topic is counted by, and which calls count. */
final class CountingOptions {
  @Option(
      names = "--statistics-file",
      paramLabel = "FILE",
      description =
          "A file that describes what to count, instead of the standard statistics or those of"
              + " --format-file.")
  private @Nullable Path statisticsFile;

  @Option(
      names = "--allowed-lateness",
      paramLabel = "TIME",
      description =
          "For how long calls still count in an hour that is over, in event time. Default: 1h, or the"
              + " TIME of --corrections, because an hour that is closed cannot be corrected.")
  private @Nullable Duration allowedLateness;

  @Option(
      names = "--max-future-skew",
      paramLabel = "TIME",
      description =
          "Reject calls whose time is further than this after the timestamp of their record."
              + " Default: 1d.")
  private Duration maxFutureSkew = Pipeline.DEFAULT_MAX_FUTURE_SKEW;

  @Option(
      names = "--max-event-time-jump",
      paramLabel = "TIME|unlimited",
      description =
          "How far a call may be ahead of the calls before it and close windows at once. A call that"
              + " is further ahead is counted, and closes windows if the next two calls confirm its"
              + " time. Default: 1h.")
  private EventTimeJump maxEventTimeJump = EventTimeJump.DEFAULT;

  @Option(
      names = "--retain",
      paramLabel = "TIME",
      description =
          "For how long hours that are over stay in the tables, in event time, such as 30d."
              + " Default: indefinitely.")
  private @Nullable Duration retention;

  /**
   * Returns the start of a pipeline with the statistics of a topic.
   *
   * @param ofFormat the file that describes the format, if there is one
   * @param corrections the horizon of corrections; null without them
   * @param seesAll whether the driver has the results of the whole topic, which a baseline requires
   */
  Pipeline.Builder pipeline(
      CommandSpec command,
      KafkaTopic topic,
      CallFormat format,
      Optional<DefinitionFile> ofFormat,
      @Nullable Duration corrections,
      boolean seesAll) {
    Duration lateness = lateness(corrections);
    Pipeline.Builder pipeline =
        Pipeline.builder(topic, format)
            .statistics(statistics(command, format, ofFormat, lateness, seesAll))
            .lookups(lookups(topic, format, ofFormat))
            .maxFutureSkew(maxFutureSkew);
    maxEventTimeJump.addTo(pipeline);
    if (retention != null) {
      pipeline.retainingResults(retention);
    }
    return pipeline;
  }

  /**
   * Returns the allowed lateness.
   *
   * @param corrections the horizon of corrections; null without them
   */
  Duration lateness(@Nullable Duration corrections) {
    return allowedLateness != null
        ? allowedLateness
        : corrections != null ? corrections : StandardStatistics.DEFAULT_LATENESS;
  }

  private List<Statistic> statistics(
      CommandSpec command,
      CallFormat format,
      Optional<DefinitionFile> ofFormat,
      Duration lateness,
      boolean seesAll) {
    Path file = statisticsFile;
    if (file != null) {
      DefinitionFile own = DefinitionFile.read(file);
      if (own.format().isPresent()) {
        throw Usage.wrong(
            command,
            "--statistics-file " + own + " describes a format as well. Use --format-file.");
      }
      List<Statistic> described = own.statistics(format, lateness);
      if (described.isEmpty()) {
        throw Usage.wrong(
            command,
            "--statistics-file "
                + own
                + " describes no statistic. Add a line such as 'statistic.calls.window = 1h'.");
      }
      return described;
    }
    List<Statistic> described =
        ofFormat.map(own -> own.statistics(format, lateness)).orElse(List.of());
    return described.isEmpty()
        ? StandardStatistics.forFormat(format, lateness, seesAll)
        : described;
  }

  /** Returns the lookups of the file that describes statistics, and that of known dispositions. */
  private List<LookupTable> lookups(
      KafkaTopic topic, CallFormat format, Optional<DefinitionFile> ofFormat) {
    Optional<DefinitionFile> file =
        statisticsFile == null ? ofFormat : Optional.of(DefinitionFile.read(statisticsFile));
    List<LookupTable> lookups =
        new ArrayList<>(
            file.map(own -> own.lookups(format, name -> ofTopic(topic, name))).orElse(List.of()));
    for (LookupTable standard : StandardStatistics.lookupsForFormat(format)) {
      if (lookups.stream().noneMatch(lookup -> lookup.name().equals(standard.name()))) {
        lookups.add(standard);
      }
    }
    return lookups;
  }

  /** Returns a table in another topic of the cluster of the calls. */
  private static LookupSource ofTopic(KafkaTopic calls, String name) {
    return KafkaLookups.topic(
        KafkaTopic.of(name).at(calls.bootstrapServers()).with(calls.properties()));
  }

  /** Returns whether a format is that of the feeds of DataSF. */
  static boolean isOfDataSf(CallFormat format) {
    return format.definition().equals(DataSfCalls.json().definition());
  }
}
