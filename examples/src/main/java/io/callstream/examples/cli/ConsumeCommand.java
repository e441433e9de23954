package io.callstream.examples.cli;

import io.callstream.examples.cli.Interruption.Registration;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.TopicRecord;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code callstream consume}. */
@Command(
    name = "consume",
    description = {
      "Prints the records of a topic, one a line: partition, offset, timestamp and value, with tabs"
          + " in between.",
      "",
      "It waits for new records until it is interrupted, or has printed --max of them. A line break"
          + " or another character that is not visible shows as \\n or \\u001b, a byte that is not"
          + " UTF-8 as \\xff, a record without a value as (no value)."
    },
    footer = {
      "",
      "callstream consume --from-beginning --max 10",
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
    long printed;
    try (Registration ignored = callstream.interruption().onRequest(reader::stop)) {
      printed = reader.read(row -> print(row, terminal.out(), reader));
    }
    terminal.out().flush();
    terminal.say("%,d records of topic %s", printed, kafka.topicName());
    return 0;
  }

  private static void print(TopicRecord row, PrintStream out, TopicReader reader) {
    out.println(
        row.partition()
            + "\t"
            + row.offset()
            + "\t"
            + row.timestamp()
            + "\t"
            + Words.harmless(row.value()));
    if (out.checkError()) {
      // Nobody reads on, as behind "| head".
      reader.stop();
    }
  }
}
