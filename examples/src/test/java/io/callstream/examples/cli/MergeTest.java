package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests processes that share a topic, of which one is killed, and the command that adds their
 * results.
 */
class MergeTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SYNTHETIC = "synthetic.calls";
  private static final int CALLS = 12_000;

  /** No call is late, in one process or in several. */
  private static final List<String> NEVER_LATE = List.of("--allowed-lateness", "400d");

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();

  @TempDir Path directory;

  @BeforeAll
  static void startBroker() {
    produce(
        SYNTHETIC, "--synthetic", String.valueOf(CALLS), "--disorder", "0.1", "--garbage", "0.03");
  }

  private static void produce(String topic, String... calls) {
    List<String> args = new ArrayList<>(List.of("produce", "--topic", topic, "--partitions", "4"));
    args.addAll(List.of("--bootstrap-servers", BROKERS));
    args.addAll(List.of(calls));
    CommandRun produced = CommandRun.of(args.toArray(String[]::new));
    assertThat(produced.status()).as(produced.err()).isZero();
  }

  private static String[] statistics(String topic, List<String> options, String... more) {
    List<String> args = new ArrayList<>(List.of("statistics", "--engine", "local"));
    args.addAll(List.of("--topic", topic, "--bootstrap-servers", BROKERS));
    args.addAll(options);
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }

  private Path state(int part, int of) {
    return directory.resolve("state-" + part + "-" + of);
  }

  private Path output(int part, int of) {
    return directory.resolve("out-" + part + "-" + of);
  }

  private String[] part(String topic, int part, int of, List<String> options) {
    return statistics(
        topic,
        options,
        "--once",
        "--part",
        part + "/" + of,
        "--checkpoint",
        state(part, of).toString(),
        "--output",
        output(part, of).toString());
  }

  private CommandRun merge(String topic, int of, String... more) {
    List<String> args = new ArrayList<>(List.of("merge", "--topic", topic));
    args.addAll(NEVER_LATE);
    IntStream.rangeClosed(1, of).forEach(part -> args.add(state(part, of).toString()));
    args.addAll(List.of(more));
    return CommandRun.of(args.toArray(String[]::new));
  }

  private static long received(Path output) throws IOException {
    return Files.exists(output.resolve("accounting.json"))
        ? new Output(output).accounting().get("received").asLong()
        : 0;
  }

  /** Reads the checkpoints of running processes once, and returns the number of records. */
  private long received(String topic, int of, long before) throws IOException {
    CommandRun merged = merge(topic, of, "--json");
    assertThat(merged.status()).as(merged.err()).isZero();
    JsonNode all = JSON.readTree(merged.out());
    long received = all.get("accounting").get("received").asLong();
    long calls = received - all.get("accounting").get("rejected").asLong();
    assertThat(received).isGreaterThanOrEqualTo(before);
    all.get("accounting")
        .get("statistics")
        .fields()
        .forEachRemaining(
            statistic -> {
              long sum = 0;
              for (JsonNode row : all.get("statistics").get(statistic.getKey())) {
                sum += row.get("count").asLong();
              }
              assertThat(sum).as(statistic.getKey()).isEqualTo(calls);
              assertThat(statistic.getValue().get("counted").asLong()).isEqualTo(calls);
            });
    return received;
  }

  /** Counts a topic in parts, one of which is killed, and once more in one process. */
  private void countAndCompare(String topic, int of, int batch, long records) throws Exception {
    List<String> options = new ArrayList<>(NEVER_LATE);
    options.addAll(List.of("--max-offsets-per-trigger", String.valueOf(batch)));
    List<CommandProcess> processes = new ArrayList<>();
    long seen = 0;
    int readings = 0;
    try {
      for (int i = 1; i <= of; i++) {
        processes.add(CommandProcess.start(directory, part(topic, i, of, options)));
      }
      for (int i = 1; i <= of; i++) {
        Path out = output(i, of);
        processes.get(i - 1).await("a part has results", () -> received(out) > 0);
      }
      processes.get(0).kill();
      assertThat(received(output(1, of))).isLessThan(records / of);
      seen = received(topic, of, seen);
      processes.set(0, CommandProcess.start(directory, part(topic, 1, of, options)));
      while (processes.stream().anyMatch(CommandProcess::isAlive)) {
        seen = received(topic, of, seen);
        readings++;
      }
      for (CommandProcess process : processes) {
        assertThat(process.status()).as(process.err()).isZero();
        process.assertLeftNothing();
      }
    } finally {
      processes.forEach(CommandProcess::close);
    }
    assertThat(seen).isLessThanOrEqualTo(records);
    assertThat(readings).isGreaterThan(2);
    assertThat(processes.get(1).err()).contains(", part 2/" + of);
    assertThat(processes.get(1).out())
        .contains("part: 2/" + of + " of the topic; 'callstream merge' adds the others\n");
    compare(topic, of, records);
  }

  /** Merges the parts, and counts once more in one process. */
  private void compare(String topic, int of, long records) throws Exception {
    Path single = directory.resolve("single");
    CommandRun one =
        CommandRun.of(statistics(topic, NEVER_LATE, "--once", "--output", single.toString()));
    assertThat(one.status()).as(one.err()).isZero();
    Path merged = directory.resolve("merged");
    CommandRun all = merge(topic, of, "--output", merged.toString());
    assertThat(all.status()).as(all.err()).isZero();
    assertThat(withoutFiles(all.out())).isEqualTo(withoutSpikes(withoutFiles(one.out())));
    Map<String, String> expected = new TreeMap<>(new Output(single).texts());
    assertThat(expected.remove("spikes-by-type.csv")).isNotNull();
    expected.computeIfPresent(
        "accounting.json", (x, text) -> text.replaceFirst(",\"spikes-by-type\":\\{[^}]*}", ""));
    List<String> letters = lines(expected.remove("rejected.ndjson"));
    assertThat(lines(expected.remove("late.ndjson"))).isEmpty();
    new Output(merged).assertIs(expected);
    assertThat(received(merged)).isEqualTo(records);

    long sum = 0;
    List<String> lettersOfParts = new ArrayList<>();
    for (int i = 1; i <= of; i++) {
      new Output(output(i, of)).assertAccountingAddsUp();
      sum += received(output(i, of));
      lettersOfParts.addAll(Files.readAllLines(output(i, of).resolve("rejected.ndjson")));
    }
    assertThat(sum).isEqualTo(records);
    assertThat(lettersOfParts).containsExactlyInAnyOrderElementsOf(letters);
  }

  private static List<String> lines(String text) {
    return text.lines().toList();
  }

  /** Removes what parts cannot have: the table of spikes, and their line in the accounting. */
  private static String withoutSpikes(String out) {
    return out.replaceAll("(?m)^ +spikes-by-type: .*\n", "")
        .replaceAll("(?m)^spikes-by-type: .*\n(?: .*\n|\n)*", "");
  }

  private static String withoutFiles(String out) {
    return out.replaceAll("(?m)^files: .*\n", "");
  }

  @Test
  void partsThatAreMergedEqualOneProcess() throws Exception {
    for (int part = 1; part <= 2; part++) {
      CommandRun counted = CommandRun.of(part(SYNTHETIC, part, 2, NEVER_LATE));
      assertThat(counted.status()).as(counted.err()).isZero();
    }
    compare(SYNTHETIC, 2, CALLS * 103 / 100);
  }

  @Test
  @Tag("thorough")
  void partsThatAreMergedEqualOneProcessEvenIfOneIsKilled() throws Exception {
    countAndCompare(SYNTHETIC, 3, 20, CALLS * 103 / 100);
  }

  @Test
  @Tag("thorough")
  void partsOfTheCallsOf2018EqualOneProcess() throws Exception {
    Path file = RealDataTest.file();
    assumeTrue(Files.isReadable(file), "The calls of 2018 are not at " + file);
    produce("real.calls", "--input", file.toString());
    countAndCompare("real.calls", 2, 1_000, 199_999);
  }

  @Test
  void refusesWrongPartsAndOtherSettings() throws IOException {
    for (int part = 1; part <= 2; part++) {
      CommandRun counted = CommandRun.of(part(SYNTHETIC, part, 2, NEVER_LATE));
      assertThat(counted.status()).as(counted.err()).isZero();
    }
    Path first = state(1, 2);
    assertRefused("The parts [2/2] of the topic are missing", first);
    assertRefused("are both of part 1/2", first, first);
    assertRefused("has no checkpoint", first, directory);

    CommandRun other =
        CommandRun.of("merge", "--topic", SYNTHETIC, first.toString(), state(2, 2).toString());
    assertThat(other.status()).isEqualTo(1);
    assertThat(other.err())
        .contains("The checkpoint directory " + first + " is that of another pipeline")
        .contains("PT9600H");

    Files.createDirectories(directory.resolve("moved"));
    Files.move(first, state(2, 3));
    CommandRun moved = CommandRun.of(part(SYNTHETIC, 2, 3, NEVER_LATE));
    assertThat(moved.status()).isEqualTo(1);
    assertThat(moved.err()).contains("part: 1/2").contains("part: 2/3");
  }

  private static void assertRefused(String message, Path... checkpoints) {
    List<String> args = new ArrayList<>(List.of("merge", "--topic", SYNTHETIC));
    args.addAll(NEVER_LATE);
    Stream.of(checkpoints).forEach(checkpoint -> args.add(checkpoint.toString()));
    CommandRun refused = CommandRun.of(args.toArray(String[]::new));
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains(message);
    assertThat(refused.out()).isEmpty();
  }

  @Test
  void aPartHasNoSpikesToAlert() {
    List<String> alerts = List.of("--alerts", "log");
    CommandRun run = CommandRun.of(part(SYNTHETIC, 1, 2, alerts));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("--alerts sends spikes, and no statistic has a baseline");
  }

  @Test
  void aPartReportsOnlyItsPartitions() throws IOException {
    List<String> asJson = new ArrayList<>(NEVER_LATE);
    asJson.add("--json");
    CommandRun part = CommandRun.of(part(SYNTHETIC, 4, 4, asJson));

    assertThat(part.status()).as(part.err()).isZero();
    JsonNode all = JSON.readTree(part.out());
    assertThat(all.get("part").asText()).isEqualTo("4/4");
    assertThat(part.err()).contains("topic     synthetic.calls, part 4/4: 1 partition;");
    List<JsonNode> rejected = new Output(output(4, 4)).lines("rejected.ndjson");
    assertThat(rejected).isNotEmpty();
    assertThat(
            rejected.stream()
                .map(line -> line.get("partition").asInt())
                .max(Comparator.naturalOrder()))
        .contains(3);
    assertThat(rejected).allMatch(line -> line.get("partition").asInt() == 3);
  }

  @Test
  void refusesAPartWithoutPartitions() {
    CommandRun part = CommandRun.of(part(SYNTHETIC, 5, 5, List.of()));

    assertThat(part.status()).isEqualTo(1);
    assertThat(part.err()).contains("has 4 partitions, so there is none for part 5/5");
  }
}
