package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Verifies that invalid arguments are rejected before anything starts, with a message that
 * describes the fix.
 */
class WrongUsageTest {
  @TempDir Path directory;

  static Stream<Arguments> wrongUsages() {
    return Stream.of(
        arguments("", "Name a command"),
        arguments("demoo", "Did you mean: callstream demo?"),
        arguments("dmeo --help", "Did you mean: callstream demo?"),
        arguments("help dmeo", "Did you mean: callstream demo?"),
        arguments("--verbose dmeo --help", "Did you mean: callstream demo?"),
        arguments("xyzzy --help", "The commands are demo, broker"),
        arguments("dmeo --calls 5", "Did you mean: callstream demo?"),
        arguments("statsitics --once", "Did you mean: callstream statistics?"),
        arguments("consum", "Did you mean: callstream consume?"),
        arguments("produce --synthetic 5 --tpoic x", "Did you mean: --topic?"),
        arguments("consume --bootstrap-server=a:1", "Did you mean: --bootstrap-servers?"),
        arguments("demo --bogus", "Unknown option: '--bogus'"),
        arguments("demo --no-dashbord", "--no-dashboard"),
        arguments("demo --input missing.json", "no such file"),
        arguments("demo --input .", "it is a directory"),
        arguments("demo --calls many", "'many' is not a whole number"),
        arguments("demo --calls -4", "at least 0"),
        arguments("demo --calls 5 --input pom.xml", "exclude each other"),
        arguments("demo --rate 5 --speedup 4", "exclude each other"),
        arguments("demo --rate fast", "or max"),
        arguments("demo --rate 0", "or max"),
        arguments("demo --speedup 0", "above 0"),
        arguments("demo --order sideways", "event-time, file"),
        arguments("demo --layout csv", "--layout is for --input"),
        arguments("produce --synthetic 5 --layout json", "--layout is for --input"),
        arguments("produce --datasf gnap-fj3t --layout json", "--layout is for --input"),
        arguments("produce --input pom.xml --layout xml", "json, ndjson, csv"),
        arguments("demo --partitions 0", "at least 1"),
        arguments("demo --disorder 1.5", "--disorder is 1.5; it must be from 0 to 1"),
        arguments(
            "produce --synthetic 5 --garbage NaN", "--garbage is NaN; it must be from 0 to 1"),
        arguments("demo calls.json", "'calls.json' has no place here"),
        arguments("demo --port 99999", "65535"),
        arguments("demo --no-dashboard --port 0", "exclude each other"),
        arguments("demo --no-dashboard --bind 127.0.0.1", "none is asked for"),
        arguments("demo --no-dashboard --host-name stats.example", "none is asked for"),
        arguments(
            "demo --no-dashboard --report r.html --bind 127.0.0.1",
            "--bind and --host-name are for the dashboard, and none is asked for."),
        arguments(
            "demo --no-dashboard --label Test",
            "--label is for the dashboard and --report, and none is asked for."),
        arguments("demo --host-name https://stats.example", "without scheme and port"),
        arguments("demo --host-name stats.example:80", "without scheme and port"),
        arguments("demo --bind 192.0.2.1", "is no address of this machine"),
        arguments("demo --trigger 5x", "500ms"),
        arguments("demo --trigger 3d", "is 3d; it must be from 0 to one day"),
        arguments("demo --trigger 1d1h1m1s1ms", "is 1d1h1m1s1ms; it must be"),
        arguments("demo --allowed-lateness 40000d", "is 40000d; it must be whole milliseconds"),
        arguments("demo --allowed-lateness PT0.0000015S", "is PT0.0000015S; it must be whole"),
        arguments("demo --allowed-lateness -PT1H", "PT1H"),
        arguments("demo --max-future-skew 5x", "write it like 500ms"),
        arguments("demo --max-future-skew P-1D", "The future skew is -1d; "),
        arguments(
            "demo --max-future-skew 99999999d",
            "The future skew is 99999999d; it must be from 0 to 36,600 days"),
        arguments("demo --max-future-skew 40000d", "from 0 to 36,600 days"),
        arguments("demo --max-future-skew 36600d1ms", "is 36600d1ms; it must be"),
        arguments("demo --max-event-time-jump never", "or as unlimited"),
        arguments("demo --max-event-time-jump P-1D", "The event-time jump is -1d; "),
        arguments("demo --max-event-time-jump 40000d", "from 0 to 36,600 days"),
        arguments("demo --distinct --corrections", "Leave out --distinct"),
        arguments("demo --corrections 0s", "it must be greater than 0 and at most 3,660 days"),
        arguments("demo --max-offsets-per-trigger 0", "at least 1"),
        arguments("demo --top -1", "at least 0"),
        arguments("demo --top ten", "is not a whole number"),
        arguments("statistics --restart", "--restart needs --checkpoint"),
        arguments(
            "statistics --engine local --checkpoint state --part 5/4",
            "The part of the topic is 5/4;"),
        arguments(
            "statistics --engine local --checkpoint state --part 0/4",
            "The part of the topic is 0/4;"),
        arguments("statistics --engine local --checkpoint state --part 1-4", "'1-4' is no part"),
        arguments("statistics --engine local --part 1/4", "--part needs --checkpoint"),
        arguments("statistics --checkpoint state --part 1/4", "not support a part of a topic"),
        arguments(
            "statistics --engine local --checkpoint state --part 1/4 --distinct",
            "would miss calls of the same id"),
        arguments(
            "statistics --engine local --checkpoint state --part 1/4 --corrections",
            "would miss calls of the same id"),
        arguments("demo --part=1/4", "Unknown option: '--part=1/4'"),
        arguments("merge", "Missing required parameter: 'DIR'"),
        arguments("merge state --top -1", "at least 0"),
        arguments("merge state --output /proc/callstream", "Name a directory"),
        arguments("statistics --evolve", "--evolve continues a checkpoint"),
        arguments("statistics --max-restarts 3 --checkpoint state", "need --restart"),
        arguments("statistics --restart-delay 3s --checkpoint state", "need --restart"),
        arguments(
            "statistics --restart --checkpoint state --max-restarts 0", "it must be at least 1"),
        arguments("statistics --restart --checkpoint state --restart-delay 2d", "0 to one day"),
        arguments("demo --output /proc/callstream", "Name a directory"),
        arguments("demo --checkpoint /proc/callstream", "Name a directory"),
        arguments("demo --checkpoint file:///proc/callstream", "Name a directory"),
        arguments("demo --checkpoint src", "name an empty directory"),
        arguments("demo --engine local --parquet x", "is for the engine spark"),
        arguments("demo --engine flink", "There is no engine 'flink'"),
        arguments("demo --engine local --master local[1]", "are for the engine spark"),
        arguments("demo --conf nothing", "KEY=VALUE"),
        arguments("demo --conf maxRatePerPartition=5", "has no effect"),
        arguments("demo --conf spark.streaming.backpressure.enabled=true", "has no effect"),
        arguments("demo --conf spark.sql.shufle.partitions=5", "Did you mean"),
        arguments("demo --conf spark.sql.shuffle.partitions=x", "whole number"),
        arguments("demo --conf spark.sql.shuffle.partitions=0", "at least 1"),
        arguments("produce", "specify one of these"),
        arguments("produce --synthetic 5 --input x", "mutually exclusive"),
        arguments("produce --datasf police", "gnap-fj3t"),
        arguments("produce --datasf gnap-fj3t --datasf-url ftp://h", "a URL such as"),
        arguments("produce --datasf gnap-fj3t --datasf-url h:x:y", "a URL such as"),
        arguments("produce --datasf gnap-fj3t --datasf-url http://a^b", "--datasf-url"),
        arguments("produce --datasf gnap-fj3t --seed 1", "for synthetic calls"),
        arguments("produce --datasf gnap-fj3t --format sf-2018", "leave --format and"),
        arguments("produce --datasf gnap-fj3t --poll 10m --order event-time", "there is no end"),
        arguments("produce --datasf gnap-fj3t --poll 10ms", "from one second to one day"),
        arguments("produce --datasf 2zdj-bwza --poll 10m", "once a day"),
        arguments("produce --input pom.xml --poll 10m", "are for --datasf"),
        arguments("produce --synthetic 5 --datasf-url http://h", "are for --datasf"),
        arguments("produce --synthetic 5 --format seattle", "leave --format and"),
        arguments(
            "statistics --format csv",
            "There is no format 'csv'; the formats are datasf, new-orleans, seattle, sf-2018."),
        arguments("consume --format-file missing.properties", "there is no such file"),
        arguments("consume --format-file src", "it is a directory"),
        arguments("consume --format-jar pom.xml", "--format-jar is for --format"),
        arguments("consume --format x --format-jar missing.jar", "missing.jar can't be read"),
        arguments("statistics --format-file pom.xml --format seattle", "exclude each other"),
        arguments("statistics --format-file pom.xml", "pom.xml, key '"),
        arguments("statistics --statistics-file missing.properties", "there is no such file"),
        arguments("produce --synthetic 5 --format-file x", "--format-file out"),
        arguments("produce --datasf gnap-fj3t --format-file x", "--format-file out"),
        arguments("produce --input pom.xml --seed 1", "for synthetic calls"),
        arguments("produce --synthetic 5 --topic a/b", "is not a valid topic name"),
        arguments("produce --synthetic 5 --kafka-config missing", "security.protocol"),
        arguments("statistics --once --starting-offsets latest", "leave one of them out"),
        arguments("statistics --starting-offsets middle", "earliest, latest"),
        arguments("statistics --dashboard 65536", "65535"),
        arguments("statistics --bind 127.0.0.1", "none is asked for"),
        arguments("statistics --dashboard 0 --bind 192.0.2.1", "is no address of this machine"),
        arguments("statistics --report out.html", "--once"),
        arguments("statistics --once --bind nowhere.invalid --dashboard 0", "no address"),
        arguments("statistics --engine local --conf a=b", "are for the engine spark"),
        arguments("statistics --engine local --checkpoint hdfs:///x", "not on this machine"),
        arguments("statistics --results-topic a/b", "is not a valid topic name"),
        arguments("statistics --results-topic police.service.calls", "already in use"),
        arguments("statistics --results-topic x --dead-letter-topic x", "already in use"),
        arguments("statistics --jdbc-user me", "give that too"),
        arguments("statistics --jdbc jdbc:mysql://h/d", "no URL of PostgreSQL"),
        arguments("statistics --jdbc jdbc:postgresql://h:x/d", "--jdbc is no URL like"),
        arguments("statistics --jdbc jdbc:postgresql://h/d?password=x", "holds a password"),
        arguments("statistics --jdbc jdbc:postgresql://h/d --jdbc-schema A;B", "can't be a schema"),
        arguments("statistics --jdbc jdbc:postgresql://h/d --jdbc-prefix 1", "can't be a prefix"),
        arguments(
            "statistics --jdbc jdbc:postgresql://h/d --jdbc-password-file missing", "no such file"),
        arguments("statistics --alerts missing", "no such file"),
        arguments("statistics --alerts ftp://geheim", "address of a webhook does not start"),
        arguments("statistics --alerts https://{geheim}", "--alerts is no URL"),
        arguments("statistics --parquet /proc/callstream", "Name a directory"),
        arguments("statistics --parquet x --engine local", "is for the engine spark"),
        arguments("statistics --results executors --engine local", "is for the engine spark"),
        arguments("statistics --results executors --output x", "Use --jdbc"),
        arguments("statistics --results executors --top 101", "first 100 rows"),
        arguments("statistics --results executors --json", "Say --top N"),
        arguments("statistics --results here", "driver, executors"),
        arguments("statistics --start-over", "give one of them"),
        arguments("consume --max none", "is not a whole number"),
        arguments("consume --max -1", "at least 0"),
        arguments("consume --bootstrap-servers localhost", "write host:port"),
        arguments(
            "produce --synthetic 5 --bootstrap-servers a:9092,,b:9092", "two commas in sequence"),
        arguments("consume --bootstrap-servers a:9092,", "'a:9092,' have a comma at the end"),
        arguments("consume --bootstrap-servers ,a:9092", "a comma at the start"),
        arguments(
            "consume --bootstrap-servers a", "'a' is not the address of a Kafka broker: it has no"),
        arguments("consume --bootstrap-servers ::1", "such as localhost:9092 or [::1]:9092"),
        arguments("consume --bootstrap-servers a:70000", "it must be from 1 to 65535"),
        arguments("consume --bootstrap-servers a:0", "it must be from 1 to 65535"),
        arguments("consume --bootstrap-servers=", "No Kafka broker is given"),
        arguments("broker --port 70000", "65535"),
        arguments("broker --data /proc/callstream", "Name a directory"));
  }

  @ParameterizedTest(name = "callstream {0}")
  @MethodSource("wrongUsages")
  void isRefusedWithStatus2(String line, String message) {
    CommandRun run = CommandRun.of(line.isEmpty() ? new String[0] : line.split(" "));

    assertThat(run.err()).contains(message).contains("callstream").doesNotContain("\tat ");
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void whatIsRefusedLeavesNothingBehind() {
    Path output = directory.resolve("a/out");
    Path report = directory.resolve("b/report.html");

    CommandRun run =
        CommandRun.of(
            "demo",
            "--output",
            output.toString(),
            "--report",
            report.toString(),
            "--checkpoint",
            "src");

    assertThat(run.status()).isEqualTo(2);
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aDefinitionFileMustDescribeWhatItsOptionNeeds() throws IOException {
    String format = "name = orders\nzone = UTC\ntime = at\ntext.product = product\n";
    String statistic = "statistic.sales.by = product\n";
    Map<String, String> messages =
        Map.of(
            "--format-file " + definition("s", statistic), "describes statistics only",
            "--statistics-file " + definition("fs", format + statistic), "a format as well",
            "--statistics-file " + definition("none", "# nothing\n"), "describes no statistic",
            "--statistics-file " + definition("other", statistic),
                "the format 'sf-2018' has no field 'product'",
            "--format-file " + definition("wrong", format + statistic + "tex.a = b\n"),
                "Did you mean 'text.a'?",
            "--format-file " + definition("time", format + "statistic.sales.window = hour\n"),
                "key 'statistic.sales.window': 'hour' is not a window");
    for (Map.Entry<String, String> message : messages.entrySet()) {
      CommandRun run = CommandRun.of(("statistics " + message.getKey()).split(" "));
      assertThat(run.err()).contains(message.getValue()).doesNotContain("\tat ");
      assertThat(run.out()).isEmpty();
      assertThat(run.status()).as(run.err()).isEqualTo(2);
    }
  }

  private Path definition(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name + ".properties"), text);
  }

  @Test
  void aBlankCheckpointIsRefused() {
    CommandRun run = CommandRun.of("statistics", "--checkpoint", "");

    assertThat(run.err()).contains("specify a directory");
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void theAddressOfAWebhookIsNotShown() {
    for (String address : List.of("ftp://h/geheim", "https://{geheim}")) {
      assertThat(CommandRun.of("statistics", "--alerts", address).err())
          .contains("such as https://alerts.example.org/calls")
          .doesNotContain("geheim");
    }
  }

  @Test
  void aPasswordOnTheCommandLineIsNotShown() {
    CommandRun run =
        CommandRun.of("statistics", "--jdbc", "jdbc:postgresql://h/d?user=u&PassWord=geheim");

    assertThat(run.err()).contains("--jdbc-password-file").doesNotContain("geheim");
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void aStackTraceIsForVerboseOnly() {
    CommandRun run = CommandRun.of("demo", "--input", "missing.json", "--verbose");

    assertThat(run.err()).contains("no such file").contains("\tat ");
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void anUnknownKafkaSettingIsRefused() throws IOException {
    Path file = Files.writeString(directory.resolve("kafka.properties"), "sasl.mechanizm=PLAIN\n");

    CommandRun run = CommandRun.of("consume", "--kafka-config", file.toString());

    assertThat(run.err()).contains("sasl.mechanizm").doesNotContain("PLAIN");
    assertThat(run.status()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"acks=1", "linger.ms=soon", "linger.ms=60000"})
  void aKafkaSettingThatNoProducerCanHaveIsRefused(String setting) throws IOException {
    Path file = Files.writeString(directory.resolve("kafka.properties"), setting + "\n");

    CommandRun run =
        CommandRun.of("statistics", "--results-topic", "x", "--kafka-config", file.toString());

    assertThat(run.err()).contains(setting.split("=")[0]).doesNotContain("unexpectedly");
    assertThat(run.status()).isEqualTo(2);
  }

  /** The commands run at the same time, because each one waits for a broker. */
  @Test
  void noBrokerIsAFailureWithinSeconds() throws Exception {
    long start = System.nanoTime();
    Map<String, Future<CommandRun>> runs = new HashMap<>();
    for (String line : List.of("statistics --once", "produce --synthetic 5")) {
      String[] args = (line + " --bootstrap-servers 127.0.0.1:1").split(" ");
      FutureTask<CommandRun> run = new FutureTask<>(() -> CommandRun.of(args));
      new Thread(run, line).start();
      runs.put(line, run);
    }

    for (String line : runs.keySet()) {
      CommandRun run = runs.get(line).get(60, TimeUnit.SECONDS);
      assertThat(run.err())
          .as(line)
          .contains("No Kafka broker answered at 127.0.0.1:1. Start one")
          .doesNotContain("\tat ");
      assertThat(run.out()).as(line).isEmpty();
      assertThat(run.status()).as(line).isEqualTo(1);
    }
    assertThat(System.nanoTime() - start).isLessThan(15_000_000_000L);
  }

  @Test
  void aHostThatNobodyKnowsIsAFailureThatSaysSo() {
    CommandRun run =
        CommandRun.of("statistics", "--once", "--bootstrap-servers", "nowhere.invalid:9092");

    assertThat(run.err()).contains("nowhere.invalid:9092", "No host of that name is known here");
    assertThat(run.status()).isEqualTo(1);
  }

  @Test
  void moreReplicasThanBrokersAreAFailureThatSaysWhatToDo() {
    CommandRun run =
        CommandRun.of(
            "produce",
            "--synthetic",
            "5",
            "--replication",
            "3",
            "--topic",
            "replicated",
            "--bootstrap-servers",
            TestBroker.cluster().bootstrapServers());

    assertThat(run.err()).contains("as many replicas as there are brokers, or fewer");
    assertThat(run.status()).isEqualTo(1);
  }

  @Test
  void aFileWithoutCallsIsAFailure() throws IOException {
    Path file = Files.writeString(directory.resolve("people.csv"), "name,age\nA,1\nB,2\n");
    CommandRun run =
        CommandRun.of(
            "produce",
            "--input",
            file.toString(),
            "--topic",
            "people",
            "--bootstrap-servers",
            TestBroker.cluster().bootstrapServers());

    assertThat(run.err())
        .contains("2 of 2 records cannot be read as calls of the format sf-2018")
        .contains("2 without an id (crime_id)")
        .contains("its fields are name, age")
        .contains("None of the 2 records of " + file + " is a call of the format sf-2018")
        .contains("Check that it is the right file, and --layout and --format");
    assertThat(run.status()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"broker --port", "demo --port", "statistics --dashboard"})
  void aTakenPortIsAFailureBeforeAnythingStarts(String line) throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      CommandRun run = CommandRun.of((line + " " + taken.getLocalPort()).split(" "));

      assertThat(run.err())
          .contains("can't listen on port " + taken.getLocalPort() + " of 127.0.0.1 (")
          .contains("Stop the program that listens there, or choose another port; 0 is any that is")
          .doesNotContain("broker    ", "\tat ");
      assertThat(run.status()).isEqualTo(1);
    }
  }

  @Test
  void aMissingTopicIsAFailureThatSaysHowToCreateIt() {
    String[] topic = {
      "--topic", "missing", "--bootstrap-servers", TestBroker.cluster().bootstrapServers()
    };
    CommandRun statistics = run(topic, "statistics", "--once");
    CommandRun consume = run(topic, "consume");

    assertThat(statistics.err())
        .contains("There is no topic missing")
        .contains("'callstream produce' does");
    assertThat(statistics.status()).isEqualTo(1);
    assertThat(consume.err()).contains("There is no topic missing");
    assertThat(consume.status()).isEqualTo(1);
  }

  private static CommandRun run(String[] topic, String... args) {
    return CommandRun.of(Stream.concat(Stream.of(args), Stream.of(topic)).toArray(String[]::new));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandHasHelp(String command) {
    CommandRun run = CommandRun.of(command, "--help");

    assertThat(run.out()).contains("Usage: callstream " + command).contains("--verbose");
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
  }

  static Stream<String> commands() {
    return Stream.of("demo", "broker", "produce", "consume", "statistics");
  }

  @Test
  void theCommandItselfHasHelpAndAVersion() {
    assertThat(CommandRun.of("--help").out()).contains("demo", "Exit status: 0 success");
    assertThat(CommandRun.of("help").out()).isEqualTo(CommandRun.of("--help").out());
    assertThat(CommandRun.of("help", "demo").out()).startsWith("Usage: callstream demo");
    assertThat(CommandRun.of("--version").out()).startsWith("callstream ");
  }
}
