package io.callstream.examples.cli;

import io.callstream.dashboard.Dashboard;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.examples.cli.StopRequest.Registration;
import io.callstream.internal.sink.Plural;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.TopicInfo;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.KafkaTopic.StartingOffsets;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Implements {@code callstream statistics}. */
@Command(
    name = "statistics",
    abbreviateSynopsis = true,
    description = {
      "Counts the calls of a topic: by type, by type and disposition in hours, by location, and by"
          + " hour of the week, or what a file describes.",
      "",
      "It runs until it is interrupted, or with --once until all is counted that was there at the"
          + " start. Tables and the accounting go to standard output at the end; the files of"
          + " --output are at most a second behind all the while."
    },
    footer = {
      "",
      "@|bold Examples:|@",
      "  callstream statistics --once --output out --report calls.html",
      "  callstream statistics --once --json --top 3 --quiet",
      "  callstream statistics --dashboard 4041",
      "  callstream statistics --once --topic orders --format-file orders.properties",
      "  callstream statistics --checkpoint state --output out --restart",
      "  callstream statistics --checkpoint state --output out \\",
      "      --conf spark.sql.shuffle.partitions=4",
      "  callstream statistics --checkpoint state --output out \\",
      "      --statistics-file more.properties --evolve",
      "  callstream statistics --checkpoint state --results-topic counts \\",
      "      --dead-letter-topic letters",
      "  callstream statistics --checkpoint state --parquet lake \\",
      "      --jdbc jdbc:postgresql://localhost/calls",
      "  callstream statistics --engine local --part 1/2 --checkpoint state-1",
      "",
      "Ctrl-C ends it in good order, with exit status 0; 130 if --once was not done."
    })
final class StatisticsCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init")
  private Callstream callstream;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(names = "--once", description = "Count what is there, and end.")
  private boolean once;

  @Option(
      names = "--starting-offsets",
      paramLabel = "earliest|latest",
      description = "Where to begin without a checkpoint, or with a new one. Default: earliest.")
  private StartingOffsets startingOffsets = StartingOffsets.EARLIEST;

  @Option(
      names = "--part",
      paramLabel = "I/N",
      description =
          "Count the I-th of N parts of the partitions, such as 1/4, with the engine local. Other"
              + " processes count the other parts, and 'callstream merge' adds them.")
  private KafkaTopic.@Nullable Part part;

  @Mixin private FormatOption format = new FormatOption();

  @Mixin private StatisticsOptions statistics = new StatisticsOptions();

  @Mixin private RestartOptions restart = new RestartOptions();

  @Option(
      names = "--dashboard",
      paramLabel = "P",
      description =
          "Show a dashboard on this port, with metrics and health; 0 selects a free port.")
  private @Nullable Integer port;

  @Mixin private DashboardOptions dashboard = new DashboardOptions();

  @Mixin private KafkaOptions kafka = new KafkaOptions();

  /**
   * Set for a run that does not count the whole topic, until the first batch shows where the run
   * starts.
   */
  private volatile @Nullable TopicInfo topicToContinue;

  @Override
  @SuppressWarnings("try")
  public Integer call() throws InterruptedException {
    if (port != null) {
      Usage.port(spec, "--dashboard", port);
    }
    if (dashboard.wantsReport() && !once) {
      throw Usage.wrong(spec, "--report is for the end of --once; add that, or leave it out.");
    }
    if (once && startingOffsets == StartingOffsets.LATEST && statistics.checkpoint() == null) {
      throw Usage.wrong(
          spec,
          "--once counts what is there, --starting-offsets latest skips it: leave one of them out.");
    }
    if (part != null && statistics.checkpoint() == null) {
      throw Usage.wrong(
          spec,
          "--part needs --checkpoint, from which 'callstream merge' reads the results. Add"
              + " --checkpoint DIR, another one for each part.");
    }
    statistics.check(kafka.topicName());
    restart.check(statistics.checkpoint());
    dashboard.check(port);
    statistics.showing(port != null);
    KafkaTopic topic = source();
    RunOptions options = once ? statistics.bounded() : statistics.continuous();
    Pipeline pipeline =
        statistics.pipeline(
            topic,
            format.format(),
            format.definition(),
            kafka.cluster(),
            options,
            this::printBatch);
    Engine engine = statistics.engine(pipeline, options);
    statistics.checkDirectories();
    // Progress bars would interfere with results that are printed during the run.
    Terminal terminal =
        statistics.json() && !once ? callstream.terminal().withoutBars() : callstream.terminal();
    terminal.say("broker    %s", topic.bootstrapServers());
    TopicInfo info = requireTopic(topic.name());
    StopRequest interruption = callstream.interruption();
    interruption.check();
    boolean countsAll =
        statistics.checkpoint() == null && startingOffsets == StartingOffsets.EARLIEST;
    if (!countsAll) {
      topicToContinue = info;
    }
    terminal.say(
        "topic     %s%s: %s%s; starting engine %s",
        topic.name(),
        part == null ? "" : ", part " + part,
        countsAll ? DisplayText.atMost(info.offsets()) + " in " : "",
        Plural.of(info.partitions().size(), "partition"),
        engine.name());
    if (info.heldBack() > 0) {
      terminal.warn(
          "          %,d more offsets are held back by an open transaction; their records are counted"
              + " %s",
          info.heldBack(), once ? "by a run that starts after its end" : "when it has ended");
    }
    if (!once) {
      terminal.say("Ctrl-C ends it, and shows the results.");
    }
    try (RunningPipeline running =
        interruption.interrupting(() -> restart.start(engine, pipeline, options))) {
      PipelineDisplay counting = new PipelineDisplay(terminal, running);
      try (Registration ignored = interruption.onRequest(counting::stop);
          Dashboard shown = show(running, engine)) {
        if (once) {
          counting.await(info);
        } else {
          counting.await();
        }
        counting.print(statistics);
        dashboard.report(running, terminal);
        if (!once || !interruption.isRequested() || counting.isComplete(info)) {
          return 0;
        }
        if (statistics.checkpoint() == null) {
          counting.tellLeft(info);
        }
        return interruption.status();
      }
    }
  }

  private void printBatch(Progress progress) {
    TopicInfo topic = topicToContinue;
    if (topic != null) {
      topicToContinue = null;
      Map<Integer, Long> starts = new HashMap<>();
      progress.offsets().forEach(p -> starts.put(p.partition(), p.start()));
      long remaining = PipelineDisplay.offsetsFrom(topic, starts);
      callstream.terminal().say("remaining %s", DisplayText.atMost(remaining));
    }
    if (statistics.json() && !once) {
      callstream.terminal().out().println(progress.toJson());
    }
  }

  private @Nullable Dashboard show(RunningPipeline running, Engine engine) {
    dashboard.prepareReport(running);
    if (port == null) {
      return null;
    }
    Dashboard shown = dashboard.show(running, engine.name(), port);
    callstream.terminal().say("dashboard %s", shown.uri());
    return shown;
  }

  private KafkaTopic source() {
    KafkaTopic topic = kafka.source().startingAt(startingOffsets);
    return part == null ? topic : topic.part(part.number(), part.of());
  }

  /** Returns the partitions of the topic that are counted. */
  private TopicInfo requireTopic(String topic) {
    try (TopicAdmin admin = TopicAdmin.connect(kafka.cluster())) {
      TopicInfo all = admin.require(topic);
      KafkaTopic.Part counted = part;
      return counted == null
          ? all
          : new TopicInfo(
              all.name(),
              all.replicas(),
              all.partitions().stream().filter(p -> counted.has(p.partition())).toList());
    }
  }
}
