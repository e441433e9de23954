package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.call.CallRecord;
import io.callstream.examples.cli.StopRequest.Registration;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.TopicInfo;
import io.callstream.kafka.TopicReader;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Implements {@code callstream consume}. */
@Command(
    name = "consume",
    abbreviateSynopsis = true,
    description = {
      "Prints the records of a topic as calls, one a line: time, type, disposition, address, id, and"
          + " partition@offset; for an invalid record, the reason and its value. If the format lacks"
          + " some of these fields, others of its fields replace them.",
      "",
      "On a terminal they are aligned in columns and are cut to its width. Elsewhere there are tabs in"
          + " between, and nothing is cut: what is not visible shows as \\n or \\u001b, a byte that is"
          + " not UTF-8 as \\xff. With --raw the values come as they are.",
      "",
      "It waits for new records until it is interrupted, or has printed --max of them."
    },
    footer = {
      "",
      "@|bold Examples:|@",
      "  callstream consume --from-beginning --max 10",
      "  callstream consume --from-beginning --raw --max 1000 > calls.ndjson",
      "",
      "Ctrl-C ends it, with exit status 0."
    })
final class ConsumeCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init")
  private Callstream callstream;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--max",
      paramLabel = "N",
      description = "End after so many records. Default: no limit.")
  private @Nullable Long max;

  @Option(
      names = "--from-beginning",
      description = "Print what is in the topic first. Default: new records only.")
  private boolean fromBeginning;

  @Option(
      names = "--raw",
      description =
          "Print nothing but the values, byte for byte, each with a line break behind it. Not for a"
              + " terminal: it obeys what they say.")
  private boolean raw;

  @Mixin private FormatOption format = new FormatOption();

  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Override
  @SuppressWarnings("try")
  public Integer call() {
    Terminal terminal = callstream.terminal();
    TopicReader reader = TopicReader.of(kafka.cluster(), kafka.topicName()).following();
    if (fromBeginning) {
      reader.fromBeginning();
    }
    if (max != null) {
      Usage.atLeast(spec, "--max", max, 0);
      reader.atMost(max);
    }
    ResultStream out = terminal.out();
    Consumer<CallRecord> printer =
        raw ? row -> printRaw(row, out) : printer(terminal, format.format());
    terminal.say("broker    %s", kafka.cluster().bootstrapServers());
    if (!fromBeginning) {
      terminal.say(
          "New records of topic %s are shown as they come; --from-beginning shows all that it holds.",
          kafka.topicName());
    }
    sayWhatIsHeldBack(terminal);
    long printed;
    try (Registration ignored = callstream.interruption().onRequest(reader::stop)) {
      printed =
          reader.read(
              row -> {
                printer.accept(row);
                if (out.isClosedByReader()) {
                  reader.stop();
                }
              });
    }
    out.requireWritten();
    terminal.say("written   %s of topic %s", DisplayText.records(printed), kafka.topicName());
    return 0;
  }

  /**
   * Reports records that cannot be read yet. Without this message, a topic with only such records
   * would appear to be empty.
   */
  private void sayWhatIsHeldBack(Terminal terminal) {
    try (TopicAdmin admin = TopicAdmin.connect(kafka.cluster())) {
      long heldBack = admin.describe(kafka.topicName()).map(TopicInfo::heldBack).orElse(0L);
      if (heldBack > 0) {
        terminal.warn(
            "%,d offsets are held back by an open transaction; their records are shown when it has"
                + " ended",
            heldBack);
      }
    }
  }

  private static Consumer<CallRecord> printer(Terminal terminal, CallFormat format) {
    CallLines lines = new CallLines(format, terminal.columns().getAsInt());
    return row -> lines.of(row).forEach(terminal.out()::println);
  }

  private static void printRaw(CallRecord row, PrintStream out) {
    out.write(row.value(), 0, row.value().length);
    out.write('\n');
  }
}
