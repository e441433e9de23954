package io.callstream.examples.docs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RestartPolicy;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Counts the calls in the figures of docs/semantics.md, and compares its lists with the code. */
class SemanticsTest {
  private static String page(String name) throws IOException {
    return Files.readString(DocumentationPage.ROOT.resolve("docs").resolve(name));
  }

  @Test
  void allReasonsOfRejectionsAreListed() throws IOException {
    String page = page("semantics.md");
    String section = page.substring(page.indexOf("## Rejected records"));
    Stream<String> listed =
        Pattern.compile("(?m)^- `([a-z-]+)`:")
            .matcher(section.substring(0, section.indexOf("**Ids.**")))
            .results()
            .map(reason -> reason.group(1));

    assertThat(listed)
        .as("The list in docs/semantics.md, section Rejected records")
        .containsExactlyInAnyOrderElementsOf(
            RejectionReason.standard().stream().map(RejectionReason::code).toList());
  }

  @Test
  void allFailuresWithoutARestartAreListed() throws IOException {
    assertThat(page("command-line.md").lines().filter(line -> line.startsWith("- `UNSUPPORTED`")))
        .as("The codes in docs/command-line.md that end a command at once")
        .singleElement()
        .satisfies(
            line ->
                assertThat(
                        Pattern.compile("`([A-Z_]+)`")
                            .matcher(line)
                            .results()
                            .map(code -> ErrorCode.valueOf(code.group(1))))
                    .containsExactlyInAnyOrderElementsOf(RestartPolicy.defaults().permanent()));
  }

  private int calls;

  private Call at(String time) {
    return Call.builder("" + calls++, "415", Instant.parse("2018-11-05T" + time + ":00Z")).build();
  }

  private void receive(PipelineTester test, int partition, String... times) {
    for (String time : times) {
      Call call = at(time);
      test.receive(partition, call.time(), SanFranciscoCalls.json().write(call));
    }
  }

  private static String watermark(PipelineTester test) {
    return test.watermark().orElseThrow().toString().substring(11, 16);
  }

  @Test
  void theWatermarkIsTheLeastOverThePartitionsOfABatch() {
    Statistic all = Statistic.named("all").build();
    try (PipelineTester test =
        PipelineTester.of(SanFranciscoCalls.json(), 2, parts -> parts.statistic(all))) {
      receive(test, 0, "10:05", "10:20");
      receive(test, 1, "10:10");
      test.endBatch();
      assertThat(watermark(test)).isEqualTo("10:10");

      receive(test, 0, "10:50");
      receive(test, 1, "10:15");
      test.endBatch();
      assertThat(watermark(test)).isEqualTo("10:15");

      receive(test, 0, "11:00");
      test.endBatch();
      assertThat(watermark(test)).isEqualTo("11:00");
    }
  }

  /**
   * Tests the table in the section on the clock: calls of one partition, and the watermark after
   * them.
   */
  @Test
  void theClockOfAPartitionIsThatOfTheTable() throws IOException {
    List<MatchResult> rows =
        Pattern.compile("^\\| (10:00, 10:01[^|]*) \\| (none|\\d\\d:\\d\\d) \\|", Pattern.MULTILINE)
            .matcher(Files.readString(Path.of("../docs/semantics.md")))
            .results()
            .toList();
    assertThat(rows).hasSize(6);
    for (MatchResult row : rows) {
      try (PipelineTester test =
          PipelineTester.of(
              SanFranciscoCalls.json(),
              1,
              parts ->
                  parts
                      .statistic(Statistic.named("all").build())
                      .maxEventTimeJump(Pipeline.DEFAULT_MAX_EVENT_TIME_JUMP))) {
        for (String time : row.group(1).split(", ")) {
          Call call =
              time.equals("**next year**")
                  ? Call.builder("far", "415", Instant.parse("2019-11-05T10:00:00Z")).build()
                  : at(time);
          test.receive(call).endBatch();
        }
        assertThat(test.watermark().isEmpty() ? "none" : watermark(test))
            .as(row.group())
            .isEqualTo(row.group(2));
      }
    }
  }

  @Test
  void aCallIsLateWhenItsWindowAndTheLatenessAreOver() {
    Statistic hourly =
        Statistic.named("hourly")
            .over(Windows.tumbling(Duration.ofHours(1)).allowingLateness(Duration.ofMinutes(30)))
            .build();
    try (PipelineTester test = PipelineTester.of(hourly)) {
      test.receive(at("10:20"), at("10:50")).endBatch();
      assertThat(watermark(test)).isEqualTo("10:50");
      test.receive(at("10:40"), at("11:20")).endBatch();
      assertThat(watermark(test)).isEqualTo("11:20");
      test.receive(at("10:55"), at("11:40")).endBatch();
      assertThat(watermark(test)).isEqualTo("11:40");
      test.receive(at("10:58"), at("11:50")).endBatch();

      assertThat(test.results("hourly")).extracting(ResultRow::count).isEqualTo(List.of(4L, 3L));
      assertThat(test.deadLetters())
          .singleElement()
          .isInstanceOf(Late.class)
          .extracting(DeadLetter::value)
          .satisfies(value -> assertThat(new String(value, UTF_8)).contains("02:58"));
    }
  }
}
