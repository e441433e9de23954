package io.callstream.benchmarks.tune;

import io.callstream.CallstreamException;
import io.callstream.internal.sink.TerminalStyle;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The main class of the tuning study. {@code ./callstream tune} starts it. */
@Command(
    name = "tune",
    abbreviateSynopsis = true,
    description = {
      "Measures how settings of Spark and Kafka change throughput and latency on this machine, and"
          + " writes a report: which two or three settings matter most, which values to use, and"
          + " which settings have no effect.",
      "",
      "Do not use the machine meanwhile. Other programs make the figures less exact."
    },
    footer = {
      "",
      "@|bold Examples:|@",
      "  callstream tune",
      "  callstream tune --profile thorough --output tuning",
      "",
      "If a run fails, the study continues, and the report contains the reason. Ctrl-C ends the"
          + " study within seconds, with exit status 130 and without a report. The study deletes"
          + " its topics."
    })
public final class Tune implements Callable<Integer> {
  private static final int FAILURE = 1;
  private static final int WRONG_USAGE = 2;
  private static final int STOP_TIMEOUT_SECONDS = 30;

  private enum Extent {
    SHORT,
    THOROUGH;

    StudyProfile profile() {
      return this == SHORT ? StudyProfile.brief() : StudyProfile.thorough();
    }
  }

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--profile",
      paramLabel = "short|thorough",
      description = "About five minutes, or more than an hour. Default: short.")
  private Extent extent = Extent.SHORT;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description =
          "The directory for report.html, report.md, its charts, runs.csv and effects.csv."
              + " Default: ${DEFAULT-VALUE}.")
  private Path output = Path.of("tuning");

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description =
          "Brokers without TLS and passwords. The study creates topics there and deletes them."
              + " By default, it starts a broker.")
  private String bootstrapServers = "";

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "The seed of the order of runs and of the start of each steady run. Default:"
              + " ${DEFAULT-VALUE}.")
  private long seed = 1;

  @Option(
      names = "--verbose",
      description = "Show the log of all parts on standard error, and stack traces of failures.")
  private boolean verbose;

  @Option(
      names = {"-q", "--quiet"},
      description = "Show no progress and no messages, only failures.")
  private boolean quiet;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help, and exit.")
  @SuppressWarnings("unused") // picocli reads it.
  private boolean help;

  /** Runs a study and ends the process with its exit status. */
  public static void main(String[] args) {
    // logback.xml reads the property when the first class logs.
    System.setProperty(
        "callstream.log", Arrays.asList(args).contains("--verbose") ? "INFO" : "OFF");
    System.exit(run(args));
  }

  /** Runs a study and returns the exit status. */
  static int run(String... args) {
    return commandLine().execute(args);
  }

  static CommandLine commandLine() {
    return new CommandLine(new Tune())
        .setCommandName("callstream tune")
        .setUsageHelpWidth(80)
        .setColorScheme(
            Help.defaultColorScheme(
                TerminalStyle.ofOut() == TerminalStyle.ANSI ? Ansi.ON : Ansi.OFF))
        .setParameterExceptionHandler((wrong, given) -> explainUsage(wrong))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler((e, command, parsed) -> explain(e, command));
  }

  private static int explainUsage(ParameterException wrong) {
    PrintWriter err = wrong.getCommandLine().getErr();
    err.println(TerminalStyle.ofErr().red("callstream tune: " + wrong.getMessage()));
    err.println("'callstream tune --help' describes its use.");
    return WRONG_USAGE;
  }

  private static int explain(Exception e, CommandLine command) {
    Tune tune = command.getCommand();
    String message = String.valueOf(e.getMessage());
    if (e instanceof IOException) {
      message =
          "The report can't be written to " + tune.output + " (" + e + "). Name another --output.";
    } else if (!(e instanceof CallstreamException)) {
      message = "It failed unexpectedly: " + e + ". Run it again with --verbose to see where.";
    }
    command.getErr().println(TerminalStyle.ofErr().red("callstream tune: " + message));
    if (tune.verbose) {
      e.printStackTrace(command.getErr());
    }
    return FAILURE;
  }

  @Override
  public Integer call() throws InterruptedException, IOException {
    requireWritable();
    if (!bootstrapServers.isEmpty()) {
      requireBroker();
    }
    TuningStudy study =
        new TuningStudy(
            extent.profile(),
            output,
            bootstrapServers,
            seed,
            quiet ? line -> {} : line -> System.err.println("callstream: " + line));
    CountDownLatch ended = new CountDownLatch(1);
    Thread stopping = new Thread(() -> stop(study, ended), "callstream-tune-stop");
    Runtime.getRuntime().addShutdownHook(stopping);
    try {
      Path report = study.run().get(0);
      System.out.println(report.toAbsolutePath().normalize());
      return 0;
    } catch (CancellationException e) {
      return FAILURE; // The signal determines the exit status.
    } finally {
      ended.countDown();
    }
  }

  /** Stops the study when a signal ends the process, and waits until it has deleted its topics. */
  private static void stop(TuningStudy study, CountDownLatch ended) {
    study.stop();
    try {
      boolean ignored = ended.await(STOP_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void requireWritable() {
    try {
      if (Files.isWritable(Files.createDirectories(output))) {
        return;
      }
    } catch (IOException e) {
      throw notWritable(e.toString());
    }
    throw notWritable("permission denied");
  }

  private ParameterException notWritable(String reason) {
    return new ParameterException(
        spec.commandLine(),
        "--output "
            + output
            + " can't be written ("
            + reason
            + "). Name a directory in which this user may write.");
  }

  private void requireBroker() {
    KafkaCluster cluster;
    try {
      cluster = KafkaCluster.at(bootstrapServers);
    } catch (IllegalArgumentException | CallstreamException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      var ignored = admin.describe("callstream-tune");
    }
  }
}
