package io.callstream.examples.cli;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.dashboard.Dashboard;
import io.callstream.dashboard.Report;
import io.callstream.engine.RunningPipeline;
import io.callstream.metrics.PipelineMetrics;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.spark.SparkEngine;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options for the dashboard that is available while calls are counted, and for its report. */
final class DashboardOptions {
  private static final String ALL_ADDRESSES = " 0.0.0.0 is all of its addresses.";

  /** The default port. It is the one after the port of Spark's own pages. */
  static final int DEFAULT_PORT = 4041;

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec command;

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      description =
          "Let the dashboard answer at another address of this machine, such as 0.0.0.0 for all:"
              + " without a password, to anyone who can reach it. Default: this machine only.")
  private @Nullable String bind;

  @Option(
      names = "--host-name",
      paramLabel = "NAME",
      description =
          "Let the dashboard answer to this name too, such as that of a reverse proxy; again for"
              + " more. Default: localhost and, with --bind, the name bound to and this machine's"
              + " own; addresses always.")
  private List<String> hostNames = List.of();

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description =
          "Write what is unusual in the calls, with charts, into one HTML file at the end, to mail"
              + " or print; its directory is made if need be.")
  private @Nullable Path report;

  @Option(
      names = "--label",
      paramLabel = "TEXT",
      description =
          "What the dashboard and the report state of all their data. Default: Synthetic data for"
              + " generated calls, otherwise nothing.")
  private String label = "";

  private @Nullable SyntheticLabel generated;
  private @Nullable String input;

  /**
   * Rejects invalid values before anything starts.
   *
   * @param port the port of the dashboard; null if no dashboard is shown
   */
  void check(@Nullable Integer port) {
    if (port != null) {
      requirePort(port);
    } else if (bind != null || !hostNames.isEmpty()) {
      throw Usage.wrong(
          command, "--bind and --host-name are for the dashboard, and none is asked for.");
    } else if (!label.isEmpty() && report == null) {
      throw Usage.wrong(
          command, "--label is for the dashboard and --report, and none is asked for.");
    }
    for (String name : hostNames) {
      if (!name.matches("[\\w.-]+")) {
        throw Usage.wrong(
            command,
            "--host-name '" + name + "' is no name of a host. Write it without scheme and port.");
      }
    }
    if (report != null) {
      Path directory = report.toAbsolutePath().getParent();
      if (Files.isDirectory(report) || directory == null) {
        throw Usage.wrong(command, "--report " + report + " is a directory. Name a file in it.");
      }
      Usage.writable(command, "--report", directory);
    }
  }

  private void requirePort(int port) {
    InetAddress address = address();
    try {
      if (!address.isAnyLocalAddress() && NetworkInterface.getByInetAddress(address) == null) {
        throw Usage.wrong(
            command,
            "--bind "
                + address.getHostAddress()
                + " is no address of this machine."
                + ALL_ADDRESSES);
      }
      new ServerSocket(port, 1, address).close();
    } catch (IOException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "The dashboard can't listen on port "
              + port
              + " of "
              + address.getHostAddress()
              + " ("
              + DisplayText.reason(e)
              + "). Stop the program that listens there, or choose another port; 0 is any that is"
              + " free.",
          e);
    }
  }

  /** Names the input of this command as the source of the calls, instead of the topic. */
  void sending(String fileOrStandardInput) {
    input =
        fileOrStandardInput.equals("-")
            ? "standard input"
            : String.valueOf(Path.of(fileOrStandardInput).getFileName());
  }

  private String source(RunningPipeline running) {
    return input == null ? running.pipeline().source().description() : input;
  }

  boolean wantsReport() {
    return report != null;
  }

  /** Starts to read the label of the report, because the broker may be unavailable at the end. */
  void prepareReport(RunningPipeline running) {
    if (report != null) {
      Optional<SyntheticLabel> ignored = generated(running);
    }
  }

  /** Returns the label that depends on the calls, which is read once; empty without one. */
  private Optional<SyntheticLabel> generated(RunningPipeline running) {
    if (generated == null
        && label.isEmpty()
        && running.pipeline().source() instanceof KafkaTopic topic) {
      generated = SyntheticLabel.of(running, topic);
    }
    return Optional.ofNullable(generated);
  }

  private InetAddress address() {
    try {
      return bind == null ? InetAddress.getLoopbackAddress() : InetAddress.getByName(bind);
    } catch (UnknownHostException e) {
      throw Usage.wrong(
          command, "--bind '" + bind + "' is no address of this machine." + ALL_ADDRESSES);
    }
  }

  /**
   * Serves the dashboard and the metrics of a pipeline on a port.
   *
   * @param engine the engine's name
   */
  Dashboard show(RunningPipeline running, String engine, int port) {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    Tags tags = Tags.of("engine", engine);
    if (running.pipeline().source() instanceof KafkaTopic topic) {
      tags = tags.and("pipeline", topic.name());
    }
    PipelineMetrics.of(running, tags).bindTo(registry);
    Dashboard.Builder dashboard =
        Dashboard.of(running)
            .bindingTo(address())
            .answeringTo(hostNames.toArray(String[]::new))
            .labelling(generated(running).<Supplier<String>>map(found -> found).orElse(() -> label))
            .from(source(running))
            .metrics(registry::scrape);
    if (engine.equals(StatisticsOptions.SPARK)) {
      if (SparkEngine.userInterface(running).isPresent()) {
        dashboard.linking("Spark UI", () -> sparkPages(running));
      } else {
        dashboard.noting(
            "Spark UI: off; --conf spark.ui.enabled=true shows it, to all who can reach this"
                + " machine");
      }
    }
    return dashboard.start(port);
  }

  /** Returns the address of Spark's pages, which end with the run. */
  private static Optional<URI> sparkPages(RunningPipeline running) {
    return running.state() == RunningPipeline.State.RUNNING
        ? SparkEngine.userInterface(running)
        : Optional.empty();
  }

  /**
   * Serves the dashboard of a pipeline on the default port, or on a free one if that port is in
   * use.
   */
  Dashboard showAnywhere(RunningPipeline running, String engine, Terminal terminal) {
    try {
      return show(running, engine, DEFAULT_PORT);
    } catch (CallstreamException e) {
      if (!(e.getCause() instanceof BindException)) {
        throw e;
      }
      Dashboard shown = show(running, engine, 0);
      terminal.warn("Port %d is taken; --port names another.", DEFAULT_PORT);
      return shown;
    }
  }

  /** Writes the report, if one is wanted. */
  void report(RunningPipeline running, Terminal terminal) {
    if (report != null) {
      Report.write(
          running,
          report,
          generated(running).map(SyntheticLabel::atEnd).orElse(label),
          source(running));
      terminal.say("report    %s", report.toAbsolutePath().normalize());
    }
  }
}
