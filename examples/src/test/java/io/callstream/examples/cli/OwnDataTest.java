package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.callstream.call.CallFormat;
import io.callstream.call.NewOrleansCalls;
import io.callstream.definition.DefinitionFile;
import io.callstream.examples.docs.DocumentationPage;
import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Counts the data of docs/your-own-data.md with the files of that page, on both engines. */
class OwnDataTest {
  private static final AtomicInteger TOPICS = new AtomicInteger();

  private static final String NEW_ORLEANS =
      """
      [{"nopd_item":"A1","typetext":"THEFT","priority":"1A","timecreate":"2026-08-11T08:00:00",
        "timedispatch":"2026-08-11T08:01:00","timearrive":"2026-08-11T08:10:00","beat":"5C02",
        "disposition":"NAT","zip":"70117","selfinitiated":"N",
        "location":{"type":"Point","coordinates":[-90.05,29.97]}},
       {"nopd_item":"A2","typetext":"THEFT","priority":"1A","timecreate":"2026-08-11T09:00:00",
        "timearrive":"2026-08-11T09:20:00","beat":"5C02","zip":"70117","selfinitiated":"Y",
        "location":{"type":"Point","coordinates":[0,0]}},
       {"nopd_item":"A3","typetext":"NOISE","priority":"2A","timecreate":"2026-08-12T00:10:00",
        "beat":"3K01","selfinitiated":"maybe"},
       {"nopd_item":"A4","typetext":"NOISE","priority":"2A","timecreate":"2026-08-12T00:30:00",
        "beat":"3K01"}]
      """;

  private static final String SEATTLE =
      """
      [{"cad_event_number":"1","final_call_type":"THEFT","priority":"2","dispatch_beat":"K3",
        "cad_event_original_time_queued":"2026-06-15T20:00:00.000",
        "cad_event_arrived_time":"2026-06-15T20:05:00.000",
        "dispatch_latitude":"47.6","dispatch_longitude":"-122.3"},
       {"cad_event_number":"1","final_call_type":"THEFT","priority":"2","dispatch_beat":"K3",
        "cad_event_original_time_queued":"2026-06-15T20:00:00.000",
        "cad_event_arrived_time":"2026-06-15T20:05:00.000",
        "dispatch_latitude":"REDACTED","dispatch_longitude":"REDACTED"},
       {"cad_event_number":"2","initial_call_type":"NOISE","priority":"3","dispatch_beat":"U2",
        "cad_event_original_time_queued":"2026-06-15T21:00:00.000"}]
      """;

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();
  private static DocumentationPage page;

  @TempDir Path directory;

  private final String topic = "own-" + TOPICS.incrementAndGet();

  @BeforeAll
  static void start() throws IOException {
    page =
        DocumentationPage.all().stream()
            .filter(each -> each.file().endsWith("docs/your-own-data.md"))
            .findFirst()
            .orElseThrow();
  }

  /** Returns a block of the page, counted among those of the same language. */
  private static String block(String language, int index) {
    return page.blocks().stream()
            .filter(block -> block.language().equals(language))
            .toList()
            .get(index)
            .text()
        + "\n";
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private CommandRun run(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("--bootstrap-servers", BROKERS, "--topic", topic));
    CommandRun run = CommandRun.of(all.toArray(String[]::new));
    assertThat(run.err()).doesNotContain("\tat ");
    assertThat(run.status()).as(run.err()).isZero();
    return run;
  }

  /** Counts the topic on both engines, whose files must be the same, and returns them. */
  private Output countOnBothEngines(String... options) throws IOException {
    Output local = count("local", options);
    Output spark = count("spark", options);
    try (var files = Files.list(local.directory())) {
      for (Path file : files.filter(f -> !f.getFileName().toString().startsWith(".")).toList()) {
        assertThat(spark.directory().resolve(file.getFileName())).hasSameTextualContentAs(file);
      }
    }
    assertThat(spark.accounting()).isEqualTo(local.accounting());
    return local;
  }

  private Output count(String engine, String... options) {
    Path out = directory.resolve("out-" + engine);
    List<String> args =
        new ArrayList<>(
            List.of("statistics", "--once", "--engine", engine, "--output", out.toString()));
    args.addAll(List.of(options));
    run(args.toArray(String[]::new));
    return new Output(out);
  }

  private static String text(Output output, String statistic) throws IOException {
    return Files.readString(output.directory().resolve(statistic + ".csv"));
  }

  @Test
  void theOrdersOfThePageAreCountedAsItShows() throws IOException {
    Path data = write("orders.csv", block("csv", 0));
    Path file = write("orders.properties", block("properties", 0));
    CommandRun produced =
        run("produce", "--input", data.toString(), "--format-file", file.toString());
    assertThat(produced.err())
        .contains("sent      4 records")
        .doesNotContain("not calls", "without");

    Output output = countOnBothEngines("--format-file", file.toString());

    assertThat(text(output, "revenue")).isEqualTo(block("csv", 1));
    assertThat(output.rows("time-to-ship").stream().map(row -> row.get(0) + row.get(1)))
        .containsExactlyInAnyOrder("Tea2", "Coffee1");
    JsonNode accounting = output.accounting();
    assertThat(accounting.get("rejected").asLong()).isZero();
    assertThat(accounting.has("unknownDispositions"))
        .as("the format has no dispositions")
        .isFalse();

    CommandRun consumed =
        run("consume", "--from-beginning", "--max", "4", "--format-file", file.toString());
    assertThat(consumed.out()).contains("\tTea\t").doesNotContain("no call");
  }

  @Test
  void theLookupOfThePageGivesOrdersADepartment() throws IOException {
    Path data = write("orders.csv", block("csv", 0));
    Path format = write("orders.properties", block("properties", 0));
    Path lookup = write("departments.properties", block("properties", 3));
    write("products.csv", block("csv", 2));
    run("produce", "--input", data.toString(), "--format-file", format.toString());

    Output output =
        countOnBothEngines(
            "--format-file", format.toString(), "--statistics-file", lookup.toString());

    assertThat(text(output, "departments")).isEqualTo("department,count\nHot drinks,3\n,1\n");
    assertThat(output.accounting().get("unknownProducts").asLong()).isEqualTo(1);
  }

  @Test
  void aFileWithoutStatisticsGivesTheStandardOnesOfItsFields() throws IOException {
    Path data = write("orders.csv", block("csv", 0));
    String format = block("properties", 0);
    Path file = write("o.properties", format.substring(0, format.indexOf("statistic.")));
    run("produce", "--input", data.toString(), "--format-file", file.toString());
    CommandRun counted =
        run("statistics", "--once", "--engine", "local", "--format-file", file.toString());
    assertThat(counted.out())
        .contains("calls-per-hour: 2 rows", "calls-by-hour-of-week: 2 rows")
        .doesNotContain("calls-by-type", "calls-by-location");
  }

  @Test
  void recordsThatDoNotFitAreReportedWithTheirField() throws IOException {
    Path data = write("orders.csv", block("csv", 0).replace(",2,9.00", ",2,\"9,00\""));
    Path file = write("orders.properties", block("properties", 0));
    CommandRun produced =
        run("produce", "--input", data.toString(), "--format-file", file.toString());
    assertThat(produced.err())
        .contains("not calls 1 of 4 records cannot be read as calls of the format orders")
        .contains("unreadable-value, amount is \"9,00\"");
  }

  @Test
  void newOrleansIsCountedByBeatAndPriority() throws IOException {
    Path data = write("new-orleans.json", NEW_ORLEANS);
    Path file = write("beats.properties", block("properties", 1));
    CommandRun produced = run("produce", "--input", data.toString(), "--format", "new-orleans");
    assertThat(produced.err()).contains("unreadable-value, selfinitiated is \"maybe\"");

    Output output =
        countOnBothEngines("--format", "new-orleans", "--statistics-file", file.toString());

    assertThat(text(output, "calls-by-beat"))
        .isEqualTo(
            """
            window_start,window_end,beat,count
            2026-08-11T00:00:00-05:00,2026-08-12T00:00:00-05:00,5C02,2
            2026-08-12T00:00:00-05:00,2026-08-13T00:00:00-05:00,3K01,1
            """);
    assertThat(output.rows("response-times").stream().map(row -> row.get(0)))
        .containsExactly("1A", "2A");
    assertThat(output.accounting().get("rejected").asLong()).isEqualTo(1);

    CommandRun standard =
        run("statistics", "--once", "--engine", "local", "--format", "new-orleans");
    assertThat(standard.out())
        .contains("calls-by-type: 2 rows", "calls-by-type-and-disposition-hourly: 3 rows");
  }

  @Test
  void seattleIsCountedOncePerCall() throws IOException {
    Path data = write("seattle.json", SEATTLE);
    Path file = write("beats.properties", block("properties", 1));
    CommandRun produced = run("produce", "--input", data.toString(), "--format", "seattle");
    assertThat(produced.err()).contains("sent      3 records").doesNotContain("not calls");

    Output output =
        countOnBothEngines(
            "--format", "seattle", "--distinct", "--statistics-file", file.toString());

    assertThat(text(output, "calls-by-beat"))
        .isEqualTo(
            """
            window_start,window_end,beat,count
            2026-06-15T00:00:00-07:00,2026-06-16T00:00:00-07:00,K3,1
            2026-06-15T00:00:00-07:00,2026-06-16T00:00:00-07:00,U2,1
            """);
    assertThat(output.accounting().get("duplicates").asLong()).isEqualTo(1);
  }

  @Test
  void theFileOfAnotherCityHasTheFieldsOfNewOrleans() throws IOException {
    CallFormat format =
        DefinitionFile.read(write("city.properties", block("properties", 2)))
            .format()
            .orElseThrow();
    assertThat(format.fields()).isEqualTo(NewOrleansCalls.json().fields());
    assertThat(format.zone()).isEqualTo(NewOrleansCalls.json().zone());
  }
}
