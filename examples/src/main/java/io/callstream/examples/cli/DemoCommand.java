package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.dashboard.Dashboard;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.examples.cli.StopRequest.Registration;
import io.callstream.internal.notation.CheckpointLocation;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.Pace;
import io.callstream.kafka.SendReport;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Implements {@code callstream demo}. */
@Command(
    name = "demo",
    abbreviateSynopsis = true,
    description = {
      "Shows everything at once, on this machine alone: starts a Kafka broker, sends calls to a"
          + " topic, counts them, prints tables, and removes all but the files of --output.",
      "",
      "At full speed (--rate max) all calls are sent first, and then counted. With --rate N or"
          + " --speedup X they are counted while they come."
    },
    footer = {
      "",
      "@|bold Examples:|@",
      "  callstream demo",
      "  callstream demo --rate 5000 --stay",
      "  callstream demo --calls 20000 --rate 2000 \\",
      "      --disorder 0.05 --duplicates 0.01 --distinct",
      "  callstream demo --input FILE --output out --report calls.html",
      "",
      "Ctrl-C ends it within seconds, with exit status 130, or 0 once all calls are counted."
    })
final class DemoCommand implements Callable<Integer> {
  private static final long DEFAULT_CALLS = 200_000;

  @ParentCommand
  @SuppressWarnings("NullAway.Init")
  private Callstream callstream;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--calls",
      paramLabel = "N",
      description = "How many synthetic calls. Default: 200000.")
  private @Nullable Long number;

  @Option(
      names = "--input",
      paramLabel = "FILE|-",
      description =
          "Calls of a file instead: JSON, NDJSON or CSV, also compressed with gzip or bzip2; - is"
              + " standard input.")
  private @Nullable String input;

  @Mixin private CallOptions calls = new CallOptions();

  @Mixin private StatisticsOptions statistics = new StatisticsOptions();

  @Option(
      names = "--stay",
      description =
          "Keep the broker, its topic and the dashboard until interrupted, once all calls are"
              + " counted.")
  private boolean stay;

  @Option(
      names = "--port",
      paramLabel = "P",
      description = "The dashboard's port; 0 is any that is free. Default: 4041, or a free one.")
  private @Nullable Integer port;

  @Option(names = "--no-dashboard", description = "Show no dashboard.")
  private boolean noDashboard;

  @Mixin private DashboardOptions dashboard = new DashboardOptions();

  @Override
  public Integer call() throws InterruptedException {
    CallFormat format = SanFranciscoCalls.json();
    CallSource source = check(format);
    Terminal terminal = callstream.terminal();
    StopRequest interruption = callstream.interruption();
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      terminal.say("broker    %s, data in %s", broker.bootstrapServers(), broker.data());
      SendTask sending =
          new SendTask(
              terminal,
              interruption,
              KafkaCluster.at(broker.bootstrapServers()),
              KafkaTopic.DEFAULT_NAME);
      Integer partitions = calls.partitions();
      sending.ensureTopic(partitions == null ? CallOptions.DEFAULT_PARTITIONS : partitions, 1);
      interruption.check();
      Pipeline pipeline = pipeline(broker.bootstrapServers(), format);
      boolean counted =
          sendsFirst()
              ? sendThenCount(sending, source, pipeline)
              : countWhileSending(sending, source, pipeline);
      return counted ? 0 : interruption.status();
    }
  }

  /** Rejects invalid options before anything starts, and returns the calls. */
  private CallSource check(CallFormat format) {
    if (port != null) {
      Usage.port(spec, "--port", port);
      if (noDashboard) {
        throw Usage.wrong(spec, "--port and --no-dashboard exclude each other.");
      }
    }
    // Without a port, any port is valid: the default one may be in use.
    dashboard.check(noDashboard ? null : Objects.requireNonNullElse(port, 0));
    calls.check();
    statistics.showing(!noDashboard);
    statistics.check(KafkaTopic.DEFAULT_NAME);
    if (input != null && number != null) {
      throw Usage.wrong(
          spec, "--input and --calls exclude each other: --calls is for synthetic calls.");
    }
    if (input != null) {
      dashboard.sending(input);
    }
    CallSource source =
        input == null
            ? calls.synthetic("--calls", number == null ? DEFAULT_CALLS : number, format)
            : calls.input(input, format, callstream);
    // No broker has this address. The pipeline only serves to ask the engine whether it supports
    // it.
    Pipeline pipeline = pipeline("127.0.0.1:1", format);
    Engine ignored = statistics.engine(pipeline, options());
    statistics.checkDirectories();
    CheckpointLocation checkpoint = statistics.checkpoint();
    if (checkpoint != null && checkpoint.local() != null && Files.exists(checkpoint.local())) {
      requireNewCheckpoint(checkpoint.local());
    }
    return source;
  }

  private void requireNewCheckpoint(Path checkpoint) {
    try (Stream<Path> files = Files.list(checkpoint)) {
      if (files.findAny().isPresent()) {
        throw Usage.wrong(
            spec,
            "--checkpoint "
                + checkpoint
                + " is not empty. A demo's topic is new each time: name an empty directory.");
      }
    } catch (IOException e) {
      throw Usage.wrong(
          spec, "--checkpoint " + checkpoint + " can't be read (" + DisplayText.reason(e) + ").");
    }
  }

  private Pipeline pipeline(String bootstrapServers, CallFormat format) {
    return statistics.pipeline(
        KafkaTopic.of(KafkaTopic.DEFAULT_NAME).at(bootstrapServers),
        format,
        Optional.empty(),
        KafkaCluster.at(bootstrapServers),
        options());
  }

  /** Returns whether all calls are sent before the first one is counted. */
  private boolean sendsFirst() {
    return calls.pace() instanceof Pace.Max;
  }

  private RunOptions options() {
    return sendsFirst() ? statistics.bounded() : statistics.continuous();
  }

  /**
   * Sends all calls before the pipeline starts. Otherwise the batch of one partition may be read
   * before that of another, and calls would be late because of that.
   */
  @SuppressWarnings("try")
  private boolean sendThenCount(SendTask sending, CallSource source, Pipeline pipeline)
      throws InterruptedException {
    SendReport report = sending.send(source, pipeline.format(), calls, () -> false);
    callstream.interruption().check();
    Engine engine = statistics.engine(pipeline, options());
    try (RunningPipeline running = start(engine, pipeline);
        Registration ignored = callstream.interruption().onRequest(running::stop);
        Dashboard shown = show(running, engine)) {
      return finish(sending, source, report, running, shown, () -> false);
    }
  }

  @SuppressWarnings("try")
  private boolean countWhileSending(SendTask sending, CallSource source, Pipeline pipeline)
      throws InterruptedException {
    StopRequest interruption = callstream.interruption();
    Engine engine = statistics.engine(pipeline, options());
    try (RunningPipeline running = start(engine, pipeline);
        Dashboard shown = show(running, engine)) {
      interruption.check();
      SendReport report =
          sending.send(
              source,
              pipeline.format(),
              calls,
              () -> running.state() != RunningPipeline.State.RUNNING);
      return finish(
          sending,
          source,
          report,
          running,
          shown,
          () -> interruption.isRequested() || running.accounting().received() >= report.sent());
    }
  }

  /**
   * Returns whether all records were sent and counted. A signal may come at any time, so only this
   * shows whether the work is complete.
   */
  private static boolean allCounted(SendReport report, RunningPipeline running) {
    return report.ending() == SendReport.Ending.END_OF_SOURCE
        && running.accounting().received() >= report.sent();
  }

  private RunningPipeline start(Engine engine, Pipeline pipeline) {
    callstream.terminal().say("engine    %s", engine.name());
    return callstream.interruption().interrupting(() -> engine.start(pipeline, options()));
  }

  private @Nullable Dashboard show(RunningPipeline running, Engine engine) {
    dashboard.prepareReport(running);
    if (noDashboard) {
      return null;
    }
    Terminal terminal = callstream.terminal();
    Dashboard shown =
        port == null
            ? dashboard.showAnywhere(running, engine.name(), terminal)
            : dashboard.show(running, engine.name(), port);
    terminal.say("dashboard %s%s", shown.uri(), stay ? "" : " (--stay keeps it)");
    return shown;
  }

  /**
   * Waits until the calls are counted, shows the results, stays if the user specified that, and
   * returns whether everything is done.
   *
   * @param enough returns whether the pipeline must end
   */
  private boolean finish(
      SendTask sending,
      CallSource source,
      SendReport report,
      RunningPipeline running,
      @Nullable Dashboard shown,
      BooleanSupplier enough)
      throws InterruptedException {
    PipelineDisplay counting = new PipelineDisplay(callstream.terminal(), running);
    counting.await(report.sent(), enough);
    counting.print(statistics);
    counting.tellMissing(report.sent());
    dashboard.report(running, callstream.terminal());
    boolean all = allCounted(report, running);
    if (all && stay) {
      callstream
          .terminal()
          .say(
              "The broker stays: --bootstrap-servers %s%s. Ctrl-C ends it.",
              ((KafkaTopic) running.pipeline().source()).bootstrapServers(),
              shown == null ? "" : "; so does the dashboard at " + shown.uri());
      callstream.interruption().await();
    }
    if (all && input != null) {
      sending.requireCalls(report, source, running.pipeline().format());
    }
    return all;
  }
}
