package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.contract.TestBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Replays 60 calls of one hour and one call of today, in batches of 10. */
class WrongTimesTest {
  private static final String TOPIC = "replay";
  private static final ZoneId SAN_FRANCISCO = ZoneId.of("America/Los_Angeles");

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();

  @TempDir private static Path input;

  @TempDir private Path directory;

  @BeforeAll
  static void produce() throws IOException {
    List<String> lines = new ArrayList<>();
    LocalDateTime start = LocalDateTime.parse("2018-12-31T10:00:00");
    for (int i = 0; i < 60; i++) {
      lines.add(line(start.plusMinutes(i)));
    }
    // Seven hours from now: this is within the future skew of a day.
    lines.add(
        1, line(LocalDateTime.now(SAN_FRANCISCO).plusHours(7).truncatedTo(ChronoUnit.MILLIS)));
    Path file = Files.write(input.resolve("replay.ndjson"), lines);
    CommandRun run =
        CommandRun.of(
            "produce",
            "--input",
            file.toString(),
            "--order",
            "file",
            "--rate",
            "max",
            "--partitions",
            "1",
            "--topic",
            TOPIC,
            "--bootstrap-servers",
            BROKERS);
    assertThat(run.status()).as(run.err()).isZero();
  }

  private static String line(LocalDateTime time) {
    return "{\"crime_id\":\"1\",\"original_crime_type_name\":\"Noise\",\"call_date_time\":\""
        + time
        + "\",\"disposition\":\"ADM\"}";
  }

  private String accounting(String... more) throws IOException {
    List<String> args =
        new ArrayList<>(
            List.of(
                "statistics",
                "--once",
                "--topic",
                TOPIC,
                "--bootstrap-servers",
                BROKERS,
                "--max-offsets-per-trigger",
                "10",
                "--output",
                directory.toString()));
    args.addAll(List.of(more));
    CommandRun run = CommandRun.of(args.toArray(String[]::new));
    assertThat(run.status()).as(run.err()).isZero();
    return Files.readString(directory.resolve("accounting.json"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "spark"})
  void oneCallOfTodayMakesNoOtherCallLate(String engine) throws IOException {
    assertThat(accounting("--engine", engine))
        .contains("\"received\":61,\"rejected\":0,", "\"unconfirmedTimes\":1,")
        .contains("\"calls-by-type-and-disposition-hourly\":{\"counted\":61,\"late\":0}");
  }

  @Test
  void withoutALimitOfJumpsItClosesAllWindows() throws IOException {
    assertThat(accounting("--engine", "local", "--max-event-time-jump", "unlimited"))
        .contains("\"received\":61,\"rejected\":0,")
        .doesNotContain("unconfirmedTimes")
        .contains("\"calls-by-type-and-disposition-hourly\":{\"counted\":10,\"late\":51}");
  }

  @Test
  void itIsRejectedIfTheFutureSkewIsShorter() throws IOException {
    assertThat(accounting("--engine", "local", "--max-future-skew", "1h"))
        .contains("\"received\":61,\"rejected\":1,")
        .doesNotContain("unconfirmedTimes")
        .contains("\"calls-by-type-and-disposition-hourly\":{\"counted\":60,\"late\":0}");
    assertThat(directory.resolve("rejected.ndjson")).content().contains("future-time");
  }

  private String messages(String... more) throws Exception {
    List<String> args =
        new ArrayList<>(
            List.of(
                "statistics",
                "--once",
                "--engine",
                "local",
                "--topic",
                TOPIC,
                "--bootstrap-servers",
                BROKERS));
    args.addAll(List.of(more));
    try (CommandProcess run = CommandProcess.start(directory, args.toArray(String[]::new))) {
      assertThat(run.status()).as(run.err()).isZero();
      assertThat(run.out()).contains("61 received");
      return run.err();
    }
  }

  @Test
  void theWarningIsALineOfTheCommandAndNamesTheOption() throws Exception {
    assertThat(messages().lines().filter(line -> line.contains("do not confirm")))
        .singleElement()
        .asString()
        .startsWith("warning   A call of partition 0 has the event time ")
        .endsWith("If their times are right, set a greater --max-event-time-jump.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--quiet", "-q"})
  void quietHidesTheWarning(String quiet) throws Exception {
    assertThat(messages(quiet)).isEmpty();
  }

  @Test
  void verboseShowsTheWarningAsALineOfTheLog() throws Exception {
    assertThat(messages("--verbose"))
        .containsPattern(
            "WARN  [a-z.]+ClockWarnings - A call of partition 0 .*--max-event-time-jump")
        .doesNotContain("warning   ");
  }
}
