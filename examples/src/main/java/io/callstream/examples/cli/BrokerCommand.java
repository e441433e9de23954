package io.callstream.examples.cli;

import io.callstream.kafka.broker.EmbeddedBroker;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Implements {@code callstream broker}. */
@Command(
    name = "broker",
    description = {
      "Runs a Kafka broker on this machine's loopback address until it is interrupted.",
      "",
      "Its address goes to standard output when it takes requests. It asks nobody who they are:"
          + " for trying things out, not for production."
    },
    footer = {"", "Ctrl-C ends it, with exit status 0."})
final class BrokerCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init")
  private Callstream callstream;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--port",
      paramLabel = "P",
      description = "The port; 0 is any free one. Default: ${DEFAULT-VALUE}.")
  private int port = 9092;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Keep topics and records there for the next time. Default: a temporary directory that"
              + " goes with the broker.")
  private @Nullable Path data;

  @Override
  public Integer call() throws InterruptedException {
    Terminal terminal = callstream.terminal();
    Usage.port(spec, "--port", port);
    EmbeddedBroker.Builder builder = EmbeddedBroker.builder().port(port);
    if (data != null) {
      Usage.writable(spec, "--data", data);
      builder.data(data);
    }
    try (EmbeddedBroker broker = builder.start()) {
      terminal.out().println(broker.bootstrapServers());
      terminal.out().requireWritten();
      terminal.say("The broker runs, with its data in %s. Ctrl-C ends it.", broker.data());
      callstream.interruption().await();
    }
    return 0;
  }
}
