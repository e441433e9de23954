package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.dashboard.RunHistory;
import io.callstream.definition.DefinitionFile;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.local.LocalEngine;
import io.callstream.internal.notation.CheckpointLocation;
import io.callstream.kafka.KafkaCluster;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.ProgressListener;
import io.callstream.progress.StabilityMonitor;
import io.callstream.sink.RecentDeadLetters;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import io.callstream.statistic.StandardStatistics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options that specify how and by which engine calls are counted, and where results go. */
final class StatisticsOptions {
  /**
   * The engine to which the options for Spark apply. The name is repeated here, so that no class of
   * Spark is loaded.
   */
  static final String SPARK = "spark";

  /** The time span that the assessment of a pipeline's stability covers. */
  private static final Duration STABILITY_SPAN = Duration.ofMinutes(5);

  /** Where Spark keeps results. */
  enum ResultsPlace {
    DRIVER,
    EXECUTORS
  }

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec command;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description =
          "Keep <statistic>.csv, accounting.json, rejected.ndjson and late.ndjson there."
              + " Default: no files.")
  private @Nullable Path output;

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "Rows of each table. Default: 10; all rows with --json.")
  private @Nullable Integer top;

  @Option(
      names = "--json",
      description =
          "Print results as JSON, in one line, and before it a line per batch if the run ends by a"
              + " signal only; nothing else is on standard output.")
  private boolean json;

  @Mixin private CountingOptions counting = new CountingOptions();

  @Mixin private SinkOptions sinks = new SinkOptions();

  @Option(
      names = "--distinct",
      description =
          "Count calls of the same id, a day or less apart (of a feed of DataSF three days), once.")
  private boolean distinct;

  @Option(
      names = "--corrections",
      paramLabel = "TIME",
      arity = "0..1",
      fallbackValue = "3d",
      description =
          "Count the last version of calls of the same id, the first of which may be TIME ago in"
              + " event time. TIME defaults to 3d. Duplicates are removed as well.")
  private @Nullable Duration corrections;

  @Option(
      names = "--sink-timeout",
      paramLabel = "TIME",
      description =
          "How long a place of results may take for a batch, or at the start to come up to date,"
              + " before the run fails. Default: 2m.")
  private Duration sinkTimeout = RunOptions.DEFAULT_SINK_TIMEOUT;

  @Option(
      names = "--trigger",
      paramLabel = "TIME",
      description =
          "How often to look for records, such as 500ms; a bounded run looks without"
              + " pause. Default: 1s.")
  private Duration trigger = RunOptions.DEFAULT_TRIGGER;

  @Option(
      names = "--max-offsets-per-trigger",
      paramLabel = "N",
      description =
          "Most offsets of a batch, over all partitions, and so the most records. Default: 500000.")
  private @Nullable Long maxOffsetsPerTrigger;

  @Option(
      names = "--checkpoint",
      paramLabel = "DIR|URI",
      description =
          "Keep there what is needed to go on after a stop or a crash: a directory, or with spark a"
              + " URI such as hdfs:///state. Default: start from the beginning.")
  private @Nullable String checkpoint;

  @Option(
      names = "--evolve",
      description =
          "Continue --checkpoint with other statistics: new ones count from here on, and removed"
              + " ones are forgotten.")
  private boolean evolve;

  @Option(
      names = "--engine",
      paramLabel = "NAME",
      description =
          "What counts: spark, or local, which is this process without Spark. Default: spark.")
  private String engine = SPARK;

  @Option(
      names = "--master",
      paramLabel = "URL",
      description = "Spark's master. Default: local[*].")
  private @Nullable String master;

  @Option(
      names = "--results",
      paramLabel = "driver|executors",
      description =
          "Where Spark keeps results: in the driver, or, if they are too large for it, in the"
              + " executors, whose tasks write --jdbc, --results-topic and --parquet."
              + " Default: driver.")
  private ResultsPlace results = ResultsPlace.DRIVER;

  @Option(
      names = "--conf",
      paramLabel = "KEY=VALUE",
      description = {
        "A Spark property; may be given several times. An example is",
        "spark.sql.shuffle.partitions=4."
      })
  private List<String> conf = new ArrayList<>();

  /** Whether a dashboard shows the pipeline. */
  private boolean shown;

  /** Adds to the pipeline what only a dashboard needs. */
  void showing(boolean dashboard) {
    shown = dashboard;
  }

  /**
   * Rejects invalid options that can be detected without access to other systems.
   *
   * @param topic the topic of the calls
   */
  void check(String topic) {
    sinks.check(command, topic, engine);
    if (top != null) {
      Usage.atLeast(command, "--top", top, 0);
    }
    if (maxOffsetsPerTrigger != null) {
      Usage.atLeast(command, "--max-offsets-per-trigger", maxOffsetsPerTrigger, 1);
    }
    if (!engine.equals(SPARK) && (master != null || !conf.isEmpty())) {
      throw Usage.wrong(
          command,
          "--master and --conf are for the engine spark; leave them out with " + engine + ".");
    }
    if (results == ResultsPlace.EXECUTORS) {
      checkResultsInExecutors();
    }
    CheckpointLocation location = checkpoint();
    if (engine.equals(LocalEngine.NAME) && location != null && location.isElsewhere()) {
      throw Usage.wrong(
          command,
          "--checkpoint "
              + location.text()
              + " is not on this machine, where the engine local keeps its own. Name a directory,"
              + " or use --engine spark.");
    }
    if (evolve && location == null) {
      throw Usage.wrong(
          command,
          "--evolve continues a checkpoint with other statistics. Add --checkpoint DIR, or leave it"
              + " out.");
    }
    if (distinct && corrections != null) {
      throw Usage.wrong(command, "--corrections removes duplicates as well. Leave out --distinct.");
    }
    RunOptions ignored = continuous();
  }

  private void checkResultsInExecutors() {
    if (!engine.equals(SPARK)) {
      throw Usage.wrong(
          command,
          "--results executors is for the engine spark; leave it out with " + engine + ".");
    }
    if (output != null) {
      throw Usage.wrong(
          command,
          "--output writes files in the driver, which does not have the results with --results"
              + " executors. Use --jdbc, --results-topic or --parquet instead.");
    }
    if (top == null ? json : top > SparkSettings.TOP_IN_DRIVER) {
      throw Usage.wrong(
          command,
          "With --results executors, the driver has the first "
              + SparkSettings.TOP_IN_DRIVER
              + " rows only. Say --top N with an N up to that.");
    }
  }

  /** Rejects directories that cannot be created, or in which no file can be written. */
  void checkDirectories() {
    if (output != null) {
      Usage.writable(command, "--output", output);
    }
    sinks.checkDirectories(command);
    CheckpointLocation location = checkpoint();
    if (location != null && location.local() != null) {
      Usage.writable(command, "--checkpoint", location.local());
    }
  }

  /**
   * Returns a pipeline with the statistics of a topic.
   *
   * @param definition the file that describes the format, if there is one
   * @param cluster the cluster of the topics for results and dead letters
   * @param options the options of the run
   * @param listeners receive the progress
   */
  Pipeline pipeline(
      KafkaTopic topic,
      CallFormat format,
      Optional<DefinitionFile> definition,
      KafkaCluster cluster,
      RunOptions options,
      ProgressListener... listeners) {
    return Usage.of(
        command,
        () -> {
          Pipeline.Builder pipeline =
              counting
                  .pipeline(
                      command,
                      topic,
                      format,
                      definition,
                      corrections,
                      topic.part().isEmpty() && results == ResultsPlace.DRIVER)
                  .listener(StabilityMonitor.ofThisJvm(STABILITY_SPAN, options.trigger()))
                  .listener(new RunHistory());
          if (shown && topic.part().isEmpty() && results == ResultsPlace.DRIVER) {
            pipeline.statistic(
                StandardStatistics.callsInDetail(format, counting.lateness(corrections)));
          }
          if (distinct) {
            pipeline.distinct(horizon(format));
          }
          if (corrections != null) {
            pipeline.corrections(corrections);
          }
          if (output != null) {
            pipeline.results(Sinks.csv(output)).deadLetters(Sinks.deadLetterFiles(output));
          }
          sinks.addTo(pipeline, command, cluster);
          if (shown) {
            pipeline.deadLetters(new RecentDeadLetters());
          }
          List.of(listeners).forEach(pipeline::listener);
          Pipeline built = pipeline.build();
          sinks.checkAlerts(command, built);
          return built;
        });
  }

  /**
   * Returns the distinct horizon. A DataSF feed contains a call for two days, and a version of the
   * call may arrive later.
   */
  private static Duration horizon(CallFormat format) {
    return CountingOptions.isOfDataSf(format)
        ? Duration.ofDays(3)
        : Pipeline.DEFAULT_DISTINCT_HORIZON;
  }

  /** Returns the options of a run that continues until it is stopped. */
  RunOptions continuous() {
    return Usage.of(command, () -> withLimits(RunOptions.continuous().triggeringEvery(trigger)));
  }

  /**
   * Returns the options of a run that ends when it has counted the topic. Without a checkpoint, no
   * later run can close the last windows.
   */
  RunOptions bounded() {
    boolean isLast = checkpoint == null && results == ResultsPlace.DRIVER;
    return Usage.of(
        command,
        () -> withLimits(isLast ? RunOptions.bounded().flushingAtEnd() : RunOptions.bounded()));
  }

  private RunOptions withLimits(RunOptions options) {
    RunOptions limited = options.sinkTimeout(sinkTimeout);
    if (maxOffsetsPerTrigger != null) {
      limited = limited.readingAtMost(maxOffsetsPerTrigger);
    }
    CheckpointLocation location = checkpoint();
    if (location != null) {
      limited = limited.checkpointingTo(location.text());
    }
    return evolve ? limited.evolving() : limited;
  }

  /** Returns the engine, after it has confirmed that it supports the pipeline. */
  Engine engine(Pipeline pipeline, RunOptions options) {
    Engine chosen =
        engine.equals(SPARK)
            ? Usage.of(command, () -> SparkEngine.with(sparkSettings()))
            : Usage.of(command, () -> Engines.named(engine));
    chosen.requireSupport(pipeline, options);
    return chosen;
  }

  private SparkSettings sparkSettings() {
    SparkSettings settings = SparkSettings.defaults();
    if (results == ResultsPlace.EXECUTORS) {
      settings = settings.resultsInExecutors();
    }
    if (master != null) {
      settings = settings.master(master);
    }
    for (String property : conf) {
      int equals = property.indexOf('=');
      if (equals < 1) {
        throw Usage.wrong(
            command,
            "--conf '"
                + property
                + "' is not KEY=VALUE, such as --conf spark.sql.shuffle.partitions=4.");
      }
      settings =
          settings.with(
              property.substring(0, equals).trim(), property.substring(equals + 1).trim());
    }
    return settings;
  }

  /** Returns the directory of the files, or null. */
  @Nullable Path output() {
    return output;
  }

  /**
   * Returns the number of rows of each statistic that the user requested; empty if the user did not
   * specify it.
   */
  OptionalInt top() {
    return top == null ? OptionalInt.empty() : OptionalInt.of(top);
  }

  boolean json() {
    return json;
  }

  /** Returns the location of the checkpoint, or null. */
  @Nullable CheckpointLocation checkpoint() {
    return checkpoint == null ? null : CheckpointLocation.of(checkpoint);
  }
}
