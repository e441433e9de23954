package io.callstream.examples.cli;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.benchmarks.tune.StudyStoppedException;
import io.callstream.benchmarks.tune.TuningStudy;
import io.callstream.benchmarks.tune.TuningStudy.Depth;
import io.callstream.examples.cli.Interruption.Registration;
import io.callstream.internal.files.FileFailures;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code callstream tune}. */
@Command(
    name = "tune",
    description = {
      "Measures how settings of Spark and Kafka change throughput and latency on this machine, and"
          + " writes a report: which two or three matter most, how one can tell, what to use here,"
          + " and what does nothing.",
      "",
      "It starts a broker of its own unless one is given, and wants the machine for itself: other"
          + " work that comes and goes is noise in its figures."
    },
    footer = {
      "",
      "callstream tune",
      "callstream tune --profile thorough --output tuning",
      "",
      "A run that fails is left out, and told in the report. Ctrl-C ends it within seconds, with"
          + " exit status 130, its topics deleted, and no report."
    })
final class TuneCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init")
  private Callstream callstream;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--profile",
      paramLabel = "short|thorough",
      converter = Converters.DepthConverter.class,
      description = "Some five minutes, or more than an hour. Default: short.")
  private Depth depth = Depth.SHORT;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description =
          "Where report.html, report.md, its charts, runs.csv and effects.csv go. Default:"
              + " ${DEFAULT-VALUE}.")
  private Path output = Path.of("tuning");

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description =
          "Use these brokers, without TLS and passwords; topics are made there and deleted."
              + " Default: a broker of its own.")
  private @Nullable String bootstrapServers;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "Seed of the order of runs, and of where in the trigger interval the calls of each begin."
              + " Default: ${DEFAULT-VALUE}.")
  private Long seed = 1L;

  @Override
  @SuppressWarnings("try")
  public Integer call() throws InterruptedException {
    Usage.writable(spec, "--output", output);
    if (bootstrapServers != null) {
      requireBroker(bootstrapServers);
    }
    Terminal terminal = callstream.terminal();
    Interruption interruption = callstream.interruption();
    interruption.check();
    TuningStudy study =
        new TuningStudy(
            depth,
            output,
            bootstrapServers == null ? "" : bootstrapServers,
            seed,
            line -> terminal.say("%s", line));
    try (Registration ignored = interruption.onRequest(study::stop)) {
      List<Path> files = study.run();
      terminal.out().println(files.get(0).toAbsolutePath().normalize());
      terminal.out().requireWritten();
      return 0;
    } catch (StudyStoppedException e) {
      return interruption.status();
    } catch (IOException e) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          "The report can't be written to "
              + output
              + " ("
              + Words.reason(e)
              + "). "
              + FileFailures.advice(output, e),
          e);
    }
  }

  private void requireBroker(String servers) {
    KafkaCluster cluster = Usage.of(spec, () -> KafkaCluster.at(servers));
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      var ignored = admin.describe("callstream-tune");
    }
  }
}
