package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.statistic.StandardStatistics;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sends calls to a topic and counts them to files, command by command. */
class EndToEndTest {
  private static final int CALLS = 5_000;

  /** The number of standard statistics besides that of spikes, which has no rows in a few days. */
  private static final int STATISTICS =
      StandardStatistics.all(ZoneOffset.UTC, Duration.ZERO).size();

  @TempDir static Path shared;
  private static final String BROKERS = TestBroker.cluster().bootstrapServers();
  private static Path input;
  private static Map<String, String> expected;

  @TempDir Path directory;

  @BeforeAll
  static void start() throws IOException {
    input = shared.resolve("calls.ndjson");
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(input));
        CallRecords records = SyntheticCalls.of(CALLS).open()) {
      while (records.hasNext()) {
        out.write(records.next());
        out.write('\n');
      }
    }
    expected = ExpectedFiles.filesOf(input, false);
  }

  private static CommandRun run(String topic, String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("--bootstrap-servers", BROKERS, "--topic", topic));
    CommandRun run = CommandRun.of(all.toArray(String[]::new));
    assertThat(run.err()).doesNotContain("\tat ");
    return run;
  }

  private Output statistics(String topic, String name, String... more) {
    Path output = directory.resolve(name);
    List<String> args =
        new ArrayList<>(List.of("statistics", "--once", "--output", output.toString()));
    args.addAll(List.of(more));
    CommandRun run = run(topic, args.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("calls-by-type: top 10 of", "calls-by-hour-of-week", "accounting: ")
        .contains("files: " + output)
        .containsPattern(
            "calls-by-type-and-disposition-hourly: [\\d,]+ rows, the largest \\d+"
                + " \\(0\\.[0-4]\\d%\\)\n")
        .contains("prints a table; calls-by-type-and-disposition-hourly.csv has all rows")
        .containsPattern("\n +1  \\w+day +\\d+ ");
    return new Output(output);
  }

  @Test
  void aFileIsCountedExactly() throws IOException {
    CommandRun produced = run("file", "produce", "--input", input.toString(), "--partitions", "3");
    assertThat(produced.status()).as(produced.err()).isZero();
    assertThat(produced.out()).isEmpty();
    assertThat(produced.err()).contains("5,000 records", "to topic file");

    statistics("file", "one-batch").assertIs(expected);
    statistics("file", "local", "--engine", "local").assertIs(expected);
    statistics(
            "file",
            "local-batches",
            "--engine",
            "local",
            "--max-offsets-per-trigger",
            "700",
            "--distinct")
        .assertIs(ExpectedFiles.filesOf(input, true));
    statistics("file", "many-batches", "--max-offsets-per-trigger", "700", "--distinct")
        .assertIs(ExpectedFiles.filesOf(input, true));
  }

  @Test
  void syntheticDisorderDuplicatesAndGarbageChangeNoResult() throws IOException {
    CommandRun produced =
        run(
            "dials",
            "produce",
            "--synthetic",
            "5000",
            "--disorder",
            "0.1",
            "--duplicates",
            "0.02",
            "--garbage",
            "0.04");
    assertThat(produced.status()).as(produced.err()).isZero();

    Output output = statistics("dials", "dials", "--distinct");

    Map<String, String> sameCounts = new LinkedHashMap<>(expected);
    sameCounts.put(
        "accounting.json",
        expected
            .get("accounting.json")
            .replace(
                "\"received\":5000,\"rejected\":0,\"duplicates\":0",
                "\"received\":5300,\"rejected\":200,\"duplicates\":100"));
    sameCounts.put(
        "rejected.ndjson", Files.readString(output.directory().resolve("rejected.ndjson")));
    output.assertIs(sameCounts);
    output.assertAccountingAddsUp();
  }

  @Test
  void aCheckpointGoesOnWhereItStoppedAndServesOnePipelineOnly() throws IOException {
    String checkpoint = directory.resolve("checkpoint").toString();
    run("twice", "produce", "--input", input.toString(), "--order", "file");
    statistics("twice", "out", "--checkpoint", checkpoint).assertIs(expected);
    // There are no new records: the results are the same.
    statistics("twice", "out", "--checkpoint", checkpoint).assertIs(expected);

    CommandRun other =
        run("twice", "statistics", "--once", "--checkpoint", checkpoint, "--distinct");

    assertThat(other.status()).isEqualTo(1);
    assertThat(other.err()).contains("checkpoint");
    assertThat(other.out()).isEmpty();
  }

  @Test
  void aTopicWithOtherPartitionsThanAskedForIsAFailure() {
    assertThat(run("parts", "produce", "--synthetic", "1", "--partitions", "3").status()).isZero();

    CommandRun again = run("parts", "produce", "--synthetic", "1", "--partitions", "4");

    assertThat(again.status()).isEqualTo(1);
    assertThat(again.err()).contains("has 3 partitions, not 4");
    assertThat(run("parts", "produce", "--synthetic", "1").status()).isZero();
  }

  @Test
  void aKafkaConfigSaysWhereTheBrokersAre() throws IOException {
    Path config =
        Files.writeString(
            directory.resolve("kafka.properties"),
            "bootstrap.servers=" + BROKERS + "\nclient.id=somebody\n");

    CommandRun produced =
        CommandRun.of(
            "produce",
            "--synthetic",
            "3",
            "--topic",
            "config",
            "--kafka-config",
            config.toString());
    CommandRun consumed =
        CommandRun.of(
            "consume",
            "--from-beginning",
            "--max",
            "3",
            "--topic",
            "config",
            "--kafka-config",
            config.toString());

    assertThat(produced.status()).as(produced.err()).isZero();
    assertThat(consumed.out().lines())
        .hasSize(3)
        .allMatch(line -> line.matches("2018-10-02T\\S+-07:00(\\t[^\\t]*){4}\\t[01]@\\d"));
  }

  @Test
  void aHostileTopicIsAccountedForRecordByRecord() throws Exception {
    run("hostile", "produce", "--input", input.toString());
    Map<byte[], Boolean> hostile = Hostile.records();
    try (KafkaProducer<byte[], byte[]> kafka =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", BROKERS, "max.request.size", 4 << 20),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (byte[] value : hostile.keySet()) {
        kafka.send(new ProducerRecord<>("hostile", value)).get();
      }
      kafka.send(new ProducerRecord<>("hostile", null)).get();
    }
    long valid = hostile.values().stream().filter(isValid -> isValid).count();

    Output output = statistics("hostile", "hostile");

    JsonNode accounting = output.accounting();
    assertThat(accounting.get("received").asLong()).isEqualTo(CALLS + hostile.size() + 1);
    assertThat(accounting.get("rejected").asLong()).isEqualTo(hostile.size() - valid + 1);
    output.assertAccountingAddsUp();
    assertThat(output.rows("calls-by-type").stream().map(row -> row.get(0)))
        .contains(
            "<script>alert(1)</script>",
            "quote \" and, comma",
            "🚓 e\u0301 \u001b[31m",
            " kept unchanged ",
            "true");
    assertThat(output.rows("calls-by-location").stream().map(row -> row.get(0)))
        .contains("line\nbreak\r\n", "=cmd|' /C calc'!A0", "");
    Set<String> places = new HashSet<>();
    for (JsonNode letter : output.lines("rejected.ndjson")) {
      assertThat(places.add(letter.get("partition") + ":" + letter.get("offset"))).isTrue();
    }

    CommandRun consumed =
        run(
            "hostile",
            "consume",
            "--from-beginning",
            "--max",
            String.valueOf(CALLS + hostile.size() + 1));
    assertThat(consumed.out().lines()).hasSize(CALLS + hostile.size() + 1);
    assertThat(consumed.out().chars().filter(c -> c < ' ' && c != '\n' && c != '\t')).isEmpty();
    assertThat(consumed.out()).contains("(no value)");
  }

  @Test
  void resultsAsJsonAreThoseOfTheFiles() throws IOException {
    run("json", "produce", "--input", input.toString());
    Path output = directory.resolve("json");

    CommandRun run =
        run(
            "json",
            "statistics",
            "--once",
            "--engine",
            "local",
            "--json",
            "--quiet",
            "--output",
            output.toString());

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines()).hasSize(1);
    JsonNode results = new ObjectMapper().readTree(run.out());
    Output files = new Output(output);
    assertThat(results.get("accounting")).isEqualTo(files.accounting());
    assertThat(results.get("output").asText()).isEqualTo(output.toString());
    for (Map.Entry<String, JsonNode> statistic : results.get("statistics").properties()) {
      List<String> rows = new ArrayList<>();
      for (JsonNode row : statistic.getValue()) {
        List<String> values = new ArrayList<>();
        row.forEach(value -> values.add(value.asText()));
        rows.add(String.join("|", values));
      }
      assertThat(rows)
          .isEqualTo(
              files.rows(statistic.getKey()).stream()
                  .map(row -> String.join("|", row.toList()))
                  .toList());
    }
    assertThat(results.at("/statistics/calls-by-type/0/count").isIntegralNumber()).isTrue();
    assertThat(results.at("/statistics/calls-by-type/0/crime_type").isTextual()).isTrue();

    JsonNode top =
        new ObjectMapper()
            .readTree(
                run("json", "statistics", "--once", "--engine", "local", "--json", "--top", "2")
                    .out());
    assertThat(top.at("/statistics/spikes-by-type")).isEmpty();
    assertThat(top.get("statistics"))
        .hasSize(STATISTICS + 1)
        .filteredOn(rows -> rows.size() == 2)
        .hasSize(STATISTICS);
    assertThat(top.get("output").isNull()).isTrue();
  }

  @Test
  void tablesHaveAsManyRowsAsOneWants() {
    run("top", "produce", "--input", input.toString());

    CommandRun run = run("top", "statistics", "--once", "--engine", "local", "--top", "3");

    assertThat(run.out()).contains("calls-by-type: top 3 of ", "calls-by-hour-of-week: top 3 of ");
    assertThat(run.out().lines().filter(line -> line.startsWith("     total ")))
        .hasSize(STATISTICS);
    assertThat(run.out().lines().filter(line -> line.startsWith("  4  "))).isEmpty();
  }

  @Test
  void consumeHandsOverTheBytesThatWereSent() throws IOException {
    run("raw", "produce", "--input", input.toString(), "--partitions", "1", "--order", "file");

    CommandRun run =
        run("raw", "consume", "--from-beginning", "--raw", "--max", String.valueOf(CALLS));

    assertThat(run.out()).isEqualTo(Files.readString(input));
  }

  /** Harmful records, and whether each of them is still a valid call. */
  private static final class Hostile {
    private static final String CALL =
        "{\"crime_id\":\"%s\",\"original_crime_type_name\":\"%s\",\"call_date_time\":\"%s\""
            + ",\"address\":\"%s\"}";
    private static final String TIME = "2018-10-03T12:00:00.000";

    private Hostile() {}

    static Map<byte[], Boolean> records() {
      Map<byte[], Boolean> records = new LinkedHashMap<>();
      List<String> calls =
          List.of(
              call("h1", "<script>alert(1)</script>", TIME, "a"),
              call("h2", "quote \\\" and, comma", TIME, "line\\nbreak\\r\\n"),
              call("h3", "🚓 e\\u0301 \\u001b[31m", TIME, "=cmd|' /C calc'!A0"),
              call("h4", " kept unchanged ", TIME, "   "),
              call("h5", "0", "2018-10-03 12:00", "x"),
              call("h6", "Z", "2018-10-03T19:00:00Z", "x"),
              "{\"crime_id\":7,\"original_crime_type_name\":true,\"call_date_time\":\""
                  + TIME
                  + "\",\"disposition\":null,\"more\":{\"deep\":[1,{}]}}");
      List<String> others =
          List.of(
              "",
              "  \n",
              "{",
              "{\"crime_id\":\"1\",\"original_crime",
              "[]",
              "[{\"crime_id\":\"1\"}]",
              "42",
              "null",
              "\"text\"",
              "<html><body>502 Bad Gateway</body></html>",
              "{}",
              call("", "t", TIME, "a"),
              call("  ", "t", TIME, "a"),
              call("1", "", TIME, "a"),
              call("1", "t", "", "a"),
              call("1", "t", "2018-02-30T12:00:00", "a"),
              call("1", "t", "2018-13-01T12:00:00", "a"),
              call("1", "t", "2018-10-03T25:00:00", "a"),
              call("1", "t", "yesterday", "a"),
              call("1", "t", "2099-01-01T00:00:00", "a"),
              "{\"crime_id\":null,\"original_crime_type_name\":\"t\",\"call_date_time\":\""
                  + TIME
                  + "\"}",
              "{\"crime_id\":{},\"original_crime_type_name\":\"t\",\"call_date_time\":\""
                  + TIME
                  + "\"}",
              call("1", "t", TIME, "a") + "{}",
              call("1", "x".repeat(1 << 20), TIME, "a"),
              "[".repeat(10_000) + "]".repeat(10_000),
              "{\"a\":".repeat(10_000) + "1" + "}".repeat(10_000));
      calls.forEach(text -> records.put(text.getBytes(UTF_8), true));
      others.forEach(text -> records.put(text.getBytes(UTF_8), false));
      byte[] binary = new byte[256];
      for (int i = 0; i < binary.length; i++) {
        binary[i] = (byte) i;
      }
      records.put(binary, false);
      return Collections.unmodifiableMap(records);
    }

    private static String call(String id, String type, String time, String address) {
      return String.format(CALL, id, type, time, address);
    }
  }

  @Test
  void theDemoIsExactAtFullSpeedAndPaced() throws IOException {
    Path fast = directory.resolve("fast");
    CommandRun demo =
        CommandRun.of("demo", "--calls", "5000", "--output", fast.toString(), "--no-dashboard");
    assertThat(demo.status()).as(demo.err()).isZero();
    assertThat(demo.out()).contains("accounting: 5,000 received = 0 rejected", "files: " + fast);
    new Output(fast).assertIs(expected);

    Path local = directory.resolve("local");
    CommandRun alike =
        CommandRun.of(
            "demo",
            "--calls",
            "5000",
            "--engine",
            "local",
            "--output",
            local.toString(),
            "--report",
            directory.resolve("report.html").toString());
    assertThat(alike.status()).as(alike.err()).isZero();
    assertThat(alike.err())
        .contains("engine    local", "dashboard http://localhost:", "report    ");
    assertThat(Files.readString(directory.resolve("report.html")))
        .contains("<strong>5,000 calls</strong>", "Synthetic data");
    new Output(local).assertIs(expected);

    Path paced = directory.resolve("paced");
    CommandRun slow =
        CommandRun.of(
            "demo",
            "--input",
            input.toString(),
            "--rate",
            "2500",
            "--trigger",
            "200ms",
            "--partitions",
            "1",
            "--report",
            directory.resolve("paced.html").toString(),
            "--output",
            paced.toString(),
            "--conf",
            "spark.sql.shuffle.partitions=1",
            "--master",
            "local[2]");
    assertThat(slow.status()).as(slow.err()).isZero();
    assertThat(Files.readString(directory.resolve("paced.html")))
        .contains("Source: calls.ndjson</p>")
        .doesNotContain("Kafka topic", "Synthetic data");
    new Output(paced).assertIs(expected);
  }
}
