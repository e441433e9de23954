package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.call.DataSfCalls;
import io.callstream.examples.cli.StopRequest.Registration;
import io.callstream.kafka.SendReport;
import io.callstream.kafka.UnsentCalls;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.DataSfFeed;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Implements {@code callstream produce}. */
@Command(
    name = "produce",
    customSynopsis = "callstream produce [OPTIONS] (--input FILE | --synthetic N | --datasf ID)",
    description = {
      "Sends calls to a Kafka topic, which is created if there is none.",
      "",
      "Records pass through as they are; every one is acknowledged by all in-sync replicas, or the"
          + " exit status is 1."
    },
    footer = {
      "",
      "@|bold Examples:|@",
      "  callstream produce --input FILE",
      "  callstream produce --input FILE --resume",
      "  callstream produce --synthetic 1000000 --rate 5000 \\",
      "      --disorder 0.01 --garbage 0.001",
      "  callstream produce --topic orders \\",
      "      --input orders.csv --format-file orders.properties",
      "  callstream produce --topic calls.today \\",
      "      --datasf gnap-fj3t --poll 10m --resume",
      "",
      "An app token for DataSF, which is optional, is read from the environment variable"
          + " DATASF_APP_TOKEN, and goes to data.sfgov.org alone, or to this machine."
    })
final class ProduceCommand implements Callable<Integer> {
  private static final String TOKEN_VARIABLE = "DATASF_APP_TOKEN";

  /**
   * The hosts that receive a token of DataSF: its server, and names of this machine, which may
   * replace it in tests.
   */
  private static final Set<String> TOKEN_HOSTS =
      Set.of("data.sfgov.org", "localhost", "127.0.0.1", "[::1]");

  @ParentCommand
  @SuppressWarnings("NullAway.Init")
  private Callstream callstream;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init")
  private From from;

  @Option(
      names = "--datasf-url",
      paramLabel = "URL",
      // Separate lines, because picocli breaks lines within addresses.
      description = {"The server of --datasf.", "Default: https://data.sfgov.org."})
  private @Nullable URI server;

  @Option(
      names = "--poll",
      paramLabel = "TIME",
      description =
          "With --datasf: poll at this interval for new or changed rows, such as 10m,"
              + " until interrupted. Default: send all rows once.")
  private @Nullable Duration poll;

  @Mixin private CallOptions calls = new CallOptions();

  @Mixin private FormatOption format = new FormatOption();

  @Option(
      names = "--replication",
      paramLabel = "N",
      description = "On how many brokers a new topic is kept. Default: ${DEFAULT-VALUE}.")
  private int replication = 1;

  @Option(
      names = "--resume",
      description =
          "Send only what the topic does not hold yet: after a sending that was cut short. Reads"
              + " the whole topic first. Of a feed, it sends the calls that are new or have changed.")
  private boolean resume;

  @Mixin private KafkaOptions kafka = new KafkaOptions();

  /** The source of the calls. The user specifies one of these. */
  static final class From {
    @Option(
        names = "--input",
        paramLabel = "FILE|-",
        description =
            "JSON, NDJSON or CSV, also compressed with gzip or bzip2; - is standard input. The"
                + " content decides which it is, or --layout.")
    @Nullable String input;

    @Option(
        names = "--synthetic",
        paramLabel = "N",
        description =
            "So many calls that never happened, like San Francisco's of 2018, or with --format"
                + " datasf in the format of its feeds.")
    @Nullable Long synthetic;

    @Option(
        names = "--datasf",
        paramLabel = "ID",
        description =
            "A feed of DataSF: gnap-fj3t, the calls of the last 48 hours, or 2zdj-bwza, all closed"
                + " calls.")
    @Nullable String datasf;
  }

  @Override
  public Integer call() {
    StopRequest interruption = callstream.interruption();
    calls.check();
    Usage.atLeast(spec, "--replication", replication, 1);
    checkFeed();
    CallFormat records = from.datasf == null ? format.format() : DataSfCalls.json();
    CallSource source = source(records);
    SendTask sending =
        new SendTask(callstream.terminal(), interruption, kafka.cluster(), kafka.topicName());
    callstream.terminal().say("broker    %s", kafka.cluster().bootstrapServers());
    sending.ensureTopic(calls.partitions(), replication);
    interruption.check();
    if (from.datasf != null) {
      callstream
          .terminal()
          .say(
              "reading   %s%s",
              source.name(),
              source instanceof DataSfFeed ? "" : ", all of it before the first call is sent");
    }
    SendReport report =
        resume
            ? sendRest(sending, source, records)
            : sending.send(source, records, calls, () -> false);
    if (from.synthetic == null && !resume) {
      sending.requireCalls(report, source, records);
    }
    return report.ending() == SendReport.Ending.END_OF_SOURCE || poll != null
        ? 0
        : interruption.status();
  }

  @SuppressWarnings("try")
  private SendReport sendRest(SendTask sending, CallSource source, CallFormat format) {
    callstream.terminal().say("resume    reading what topic %s holds first", kafka.topicName());
    UnsentCalls rest = UnsentCalls.of(source, kafka.cluster(), kafka.topicName());
    SendReport report;
    try (Registration ignored = callstream.interruption().onRequest(rest::stop)) {
      report = sending.send(rest, format, calls, () -> false);
    }
    callstream
        .terminal()
        .say("resumed   %s in the topic already", DisplayText.records(rest.skipped()));
    return report;
  }

  private CallSource source(CallFormat format) {
    if (from.datasf != null) {
      DataSfFeed feed = feed(from.datasf);
      return poll == null
          ? calls.feed(feed, format, callstream.terminal())
          : calls.endlessFeed(feed);
    }
    if (from.synthetic != null) {
      return calls.synthetic("--synthetic", from.synthetic, format);
    }
    return calls.input(String.valueOf(from.input), format, callstream);
  }

  /** Rejects options that do not match the source of the calls. */
  private void checkFeed() {
    if (from.datasf == null && (server != null || poll != null)) {
      throw Usage.wrong(spec, "--datasf-url and --poll are for --datasf; leave them out.");
    }
    if (from.datasf != null && format.excludes(DataSfCalls.json().name())) {
      throw Usage.wrong(
          spec,
          "--datasf reads records of the format datasf; leave --format and --format-file out.");
    }
    if (from.synthetic != null && !format.isSynthetic()) {
      throw Usage.wrong(
          spec,
          "--synthetic makes calls of the formats sf-2018 and datasf; name one of them, or leave"
              + " --format and --format-file out.");
    }
  }

  private DataSfFeed feed(String id) {
    return Usage.of(
        spec,
        () -> {
          DataSfFeed feed = DataSfFeed.of(id);
          feed = server == null ? feed : feed.at(server);
          feed = poll == null ? feed : feed.polling(poll);
          String token = System.getenv(TOKEN_VARIABLE);
          if (token == null || token.isEmpty()) {
            return feed;
          }
          if (server != null && !TOKEN_HOSTS.contains(server.getHost().toLowerCase(Locale.ROOT))) {
            callstream
                .terminal()
                .warn("token     not sent: %s is for data.sfgov.org", TOKEN_VARIABLE);
            return feed;
          }
          return feed.withToken(token);
        });
  }
}
