package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Counts the 199,999 calls of 2018, if they are available: in the directory of {@code
 * -Dcallstream.shared}, of the environment variable {@code CALLSTREAM_SHARED}, or in {@code shared}
 * next to the checkout. The results must not depend on batch boundaries or on the number of
 * partitions.
 */
@EnabledIf("isThere")
class RealDataTest {
  private static final int CALLS = 199_999;
  private static final Set<String> FILLED = new HashSet<>();

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();
  private static Map<String, String> expected;

  @TempDir Path directory;

  static boolean isThere() {
    return Files.exists(file());
  }

  /** Returns the file of the calls of 2018, which may be missing. */
  static Path file() {
    String property = System.getProperty("callstream.shared", "");
    String variable = System.getenv().getOrDefault("CALLSTREAM_SHARED", "");
    String shared =
        !property.isBlank() ? property : !variable.isBlank() ? variable : "../../shared";
    return Path.of(shared, "data", "police-department-calls-for-service.json.gz");
  }

  @BeforeAll
  static void start() throws IOException {
    expected = ExpectedFiles.filesOf(file(), false);
    assertThat(expected.get("accounting.json"))
        .contains("\"received\":199999", "\"ambiguousTimes\":107", "\"unknownDispositions\":19847");
  }

  private static void produce(String topic, String order, int partitions) {
    CommandRun run =
        CommandRun.of(
            "produce",
            "--input",
            file().toString(),
            "--order",
            order,
            "--rate",
            "max",
            "--partitions",
            String.valueOf(partitions),
            "--topic",
            topic,
            "--bootstrap-servers",
            BROKERS);
    assertThat(run.status()).as(run.err()).isZero();
  }

  private Output statistics(String topic, String... more) {
    Path output = directory.resolve("out");
    List<String> args =
        new ArrayList<>(
            List.of(
                "statistics",
                "--once",
                "--topic",
                topic,
                "--bootstrap-servers",
                BROKERS,
                "--output",
                output.toString()));
    args.addAll(List.of(more));
    CommandRun run = CommandRun.of(args.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return new Output(output);
  }

  @Tag("thorough")
  @Test
  void theDemoIsExact() throws IOException {
    Path output = directory.resolve("demo");
    CommandRun demo =
        CommandRun.of(
            "demo",
            "--input",
            file().toString(),
            "--rate",
            "max",
            "--no-dashboard",
            "--output",
            output.toString());

    assertThat(demo.status()).as(demo.err()).isZero();
    new Output(output).assertIs(expected);
  }

  @Tag("thorough")
  @ParameterizedTest(name = "{0} partitions, batches of {1}")
  @CsvSource({"1, 10000", "2, 1000", "2, 200000", "8, 1000", "8, 10000", "8, 200000"})
  void inEventTimeOrderNothingIsLate(int partitions, int batch) throws IOException {
    String topic = "ordered-" + partitions;
    if (FILLED.add(topic)) {
      produce(topic, "event-time", partitions);
    }

    statistics(topic, "--max-offsets-per-trigger", String.valueOf(batch)).assertIs(expected);
  }

  @Test
  @Tag("thorough")
  void inFileOrderOneBatchIsExactAndSmallOnesAddUp() throws IOException {
    produce("newest-first", "file", 2);

    statistics("newest-first").assertIs(expected);
    statistics("newest-first", "--distinct").assertIs(ExpectedFiles.filesOf(file(), true));

    Output output = statistics("newest-first", "--max-offsets-per-trigger", "1000");
    output.assertAccountingAddsUp();
    JsonNode accounting = output.accounting();
    assertThat(accounting.get("received").asLong()).isEqualTo(CALLS);
    JsonNode hourly = accounting.get("statistics").get("calls-by-type-and-disposition-hourly");
    assertThat(hourly.get("late").asLong()).isGreaterThan(CALLS / 2);
    assertThat(Files.readString(output.directory().resolve("calls-by-type.csv")))
        .isEqualTo(expected.get("calls-by-type.csv"));

    // The batches are the same on both engines, and so are the late calls in them.
    Map<String, String> ofSpark = output.texts();
    statistics("newest-first", "--max-offsets-per-trigger", "1000", "--engine", "local")
        .assertIs(ofSpark);
  }
}
