package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.examples.cli.Interruption.Registration;
import io.callstream.kafka.SendReport;
import io.callstream.kafka.UnsentCalls;
import io.callstream.kafka.source.CallSource;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code callstream produce}. */
@Command(
    name = "produce",
    description = {
      "Sends calls to a Kafka topic, which is created if there is none.",
      "",
      "Records pass through as they are; every one is acknowledged by all in-sync replicas, or the"
          + " exit status is 1."
    },
    footer = {
      "",
      "callstream produce --input calls.json.gz --rate max",
      "callstream produce --input calls.json.gz --resume",
      "callstream produce --synthetic 1000000 --rate 5000 --disorder 0.01 --garbage 0.001"
    })
final class ProduceCommand implements Callable<Integer> {
  private static final String STANDARD_INPUT = "-";

  @ParentCommand
  @SuppressWarnings("NullAway.Init")
  private Callstream callstream;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init")
  private From from;

  @Mixin private CallOptions calls = new CallOptions();

  @Option(
      names = "--replication",
      paramLabel = "N",
      description = "On how many brokers a new topic is kept. Default: ${DEFAULT-VALUE}.")
  private int replication = 1;

  @Option(
      names = "--resume",
      description =
          "Send only what the topic does not hold yet: after a sending that was cut short. Reads"
              + " the whole topic first.")
  private boolean resume;

  @Mixin private KafkaOptions kafka = new KafkaOptions();

  /** Where calls come from: one of these. */
  static final class From {
    @Option(
        names = "--input",
        paramLabel = "FILE|-",
        description = "A JSON array, NDJSON or CSV, each also .gz or .bz2; - is standard input.")
    @Nullable String input;

    @Option(
        names = "--synthetic",
        paramLabel = "N",
        description = "So many calls that never happened, like San Francisco's of 2018.")
    @Nullable Long synthetic;

    @Option(
        names = "--datasf",
        paramLabel = "ID",
        description = "A feed of DataSF. Not there yet: refused until a later version brings it.")
    @Nullable String datasf;
  }

  @Override
  public Integer call() {
    Interruption interruption = callstream.interruption();
    CallFormat format = SanFranciscoCalls.json();
    calls.check();
    Usage.atLeast(spec, "--replication", replication, 1);
    CallSource source = source(format);
    Sending sending =
        new Sending(callstream.terminal(), interruption, kafka.cluster(), kafka.topicName());
    sending.ensureTopic(calls.partitions(), replication);
    interruption.check();
    SendReport report =
        resume
            ? sendRest(sending, source, format)
            : sending.send(source, format, calls.pace(), () -> false);
    return report.ending() == SendReport.Ending.END_OF_SOURCE ? 0 : interruption.status();
  }

  @SuppressWarnings("try")
  private SendReport sendRest(Sending sending, CallSource source, CallFormat format) {
    callstream.terminal().say("resume    reading what topic %s holds first", kafka.topicName());
    UnsentCalls rest = UnsentCalls.of(source, kafka.cluster(), kafka.topicName());
    SendReport report;
    try (Registration ignored = callstream.interruption().onRequest(rest::stop)) {
      report = sending.send(rest, format, calls.pace(), () -> false);
    }
    callstream.terminal().say("resumed   %,d records were in the topic already", rest.skipped());
    return report;
  }

  private CallSource source(CallFormat format) {
    if (from.datasf != null) {
      throw Usage.wrong(
          spec,
          "--datasf is not there yet. Download the feed as a file, and send that with --input.");
    }
    if (from.synthetic != null) {
      return calls.synthetic("--synthetic", from.synthetic, format);
    }
    String input = String.valueOf(from.input);
    if (!input.equals(STANDARD_INPUT)) {
      return calls.file(input, format);
    }
    StoppableInput standardInput = new StoppableInput(System.in);
    callstream.interruption().onRequest(standardInput::stop);
    return calls.standardInput(standardInput, format);
  }
}
