package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReportTest {
  @TempDir Path directory;

  @Test
  void writesTheResultsOfTheEngineToAFile() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(SomeCalls.of(2_000)).receive("no call".getBytes(UTF_8));
      run.running().stop();
      Path file = directory.resolve("report.html");
      Report.write(run.running(), file);
      String html = Files.readString(file);
      for (ResultRow row : run.running().results("calls-by-type").top(15)) {
        assertThat(html)
            .contains(row.dimension("crime_type") + "</span>")
            .contains(String.format(Locale.ROOT, "<span class=\"count\">%,d</span>", row.count()));
      }
      assertThat(html)
          .contains("at the end of the run", "<dt>Calls</dt><dd>2,000</dd>")
          .contains("<th scope=\"row\" dir=\"auto\">− rejected</th><td class=\"number\">1</td>")
          .contains("<svg", "calls-by-hour-of-week");
      try (var files = Files.list(directory)) {
        assertThat(files).containsExactly(file);
      }
    }
  }

  @Test
  void drawsTheThroughputOfAHistoryListener() throws Exception {
    RunHistory history = new RunHistory();
    try (WatchedRun run =
        WatchedRun.of(
            pipeline -> pipeline.statistic(StandardStatistics.callsByType()).listener(history))) {
      for (int i = 0; i < 3; i++) {
        run.receive(SomeCalls.of(100));
      }
      WatchedRun.await("three batches in the history", () -> history.points().size() == 3);
      assertThat(Report.html(run.running()))
          .contains("Throughput over the run", "300 records in ")
          .containsOnlyOnce("<svg");
    }
    try (WatchedRun run = WatchedRun.of(StandardStatistics.callsByType())) {
      assertThat(Report.html(run.receive(SomeCalls.of(100)).running()))
          .doesNotContain("Throughput over the run");
    }
  }

  @Test
  void listsTheLatestHoursAndStatesTheirNumber() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      List<Call> calls = SomeCalls.of(2_000);
      String html = Report.html(run.receive(calls).running());
      String hours = html.substring(html.indexOf("Calls by hour as a table"));
      hours = hours.substring(0, hours.indexOf("</details>"));
      assertThat(hours).contains("The latest 72 of the 240 hours in the chart");
      assertThat(html)
          .contains("aria-label=\"Tue 30 Oct 2018 00:00 to Thu 8 Nov 2018 22:00, ")
          .contains("aria-label=\"Tue 30 Oct 2018 to Thu 8 Nov 2018, ");
      long last =
          calls.stream()
              .filter(c -> !c.time().isBefore(SomeCalls.END.minus(Duration.ofHours(1))))
              .count();
      assertThat(hours.split("<tr>", -1)).hasSize(1 + 1 + 72);
      assertThat(hours.split("<tr>", -1)[2])
          .isEqualTo(
              "<th scope=\"row\" dir=\"auto\">Thu 8 Nov 2018 22:00</th><td class=\"number\">"
                  + last
                  + "</td></tr>\n");
    }
  }

  @Test
  void showsUnconfirmedTimesIfThereAreAny() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      assertThat(Report.html(run.receive(SomeCalls.of(10)).running()))
          .doesNotContain("with an unconfirmed time");
      assertThat(Report.html(run.receive(SomeCalls.withAMisdatedOne()).running()))
          .contains(
              "<th scope=\"row\" dir=\"auto\">with an unconfirmed time</th><td"
                  + " class=\"number\">1</td>");
    }
  }

  @Test
  void showsSinceWhenAnAddedStatisticCounts() throws Exception {
    MemorySource source = MemorySource.withPartitions(1);
    Pipeline.Builder pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType());
    RunOptions options =
        RunOptions.bounded().evolving().checkpointingTo(directory.resolve("state").toString());
    source.add(0, Instant.now(), SanFranciscoCalls.json().write(SomeCalls.of(1).get(0)));
    runToEnd(pipeline.build(), options, run -> {});
    source.add(0, Instant.now(), SanFranciscoCalls.json().write(SomeCalls.of(1).get(0)));
    runToEnd(
        pipeline.statistic(Statistic.named("all").build()).build(),
        options,
        run -> {
          Instant time = run.results("all").countedSince().orElseThrow().time();
          assertThat(Report.html(run))
              .contains(
                  "Earlier</th>",
                  "all, since " + Formats.time(time, SanFranciscoCalls.json().zone()));
          assertThat(new Operations(run).latest().full())
              .contains(
                  "\"countedSince\":{\"all\":{\"batch\":1,\"time\":\"" + time + "\",",
                  "\"offsets\":{\"0\":1}}}",
                  "\"all\":{\"counted\":1,\"late\":0,\"earlier\":1}");
        });
  }

  private static void runToEnd(
      Pipeline pipeline, RunOptions options, Consumer<RunningPipeline> check) throws Exception {
    try (RunningPipeline run = Engines.named("local").start(pipeline, options)) {
      run.awaitTermination();
      check.accept(run);
    }
  }

  @Test
  void showsTheWeekWithALegendAndATableOfAllNumbers() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      List<Call> calls = new ArrayList<>();
      for (int i = 0; i < 12_345; i++) {
        calls.add(SomeCalls.call(i, "A", SomeCalls.START).build());
      }
      String html = Report.html(run.receive(calls).running());
      String week = html.substring(html.indexOf(">Day of the week and hour<"));
      week = week.substring(0, week.indexOf("</section>"));
      // Tuesday, 0:00.
      assertThat(week)
          .contains("<td class=\"h9\">12K</td>")
          .contains("<span class=\"h9\"></span> 12,345</p>")
          .contains("<td class=\"number\">12,345</td>");
      assertThat(week.substring(week.indexOf("<details>")).split("<tr>", -1)).hasSize(1 + 1 + 24);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "9999,9999",
    "10000,10K",
    "12345,12K",
    "123456,123K",
    "1234567,1.2M",
    "12345678,12M"
  })
  void formatsCountsOfTheHeatMapInFewCharacters(long count, String text) {
    assertThat(Formats.compact(count)).isEqualTo(text);
  }

  @Test
  void replacesOnlyItsFileAndUsesTheDefaultPermissions() throws Exception {
    Path other = Files.writeString(directory.resolve("report.html.draft"), "mine");
    Path file = Files.writeString(directory.resolve("report.html"), "the last report");
    try (WatchedRun run = WatchedRun.standard()) {
      Report.write(run.running(), file);
    }
    assertThat(other).hasContent("mine");
    assertThat(Files.readString(file)).startsWith("<!doctype html>");
    Path plain = Files.createFile(directory.resolve("plain"));
    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(Files.getPosixFilePermissions(plain));
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactlyInAnyOrder(file, other, plain);
    }
  }

  @Test
  void namesSectionsRowsAndColumnsForScreenReaders() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      String html = Report.html(run.receive(SomeCalls.of(500)).running());
      assertThat(html)
          .doesNotContain("<section class=\"panel\">", "scope=\"col\"></th>")
          .contains("<th scope=\"row\" abbr=\"Monday\">Mon</th>")
          .contains("aria-labelledby=\"title-1\">\n<h2 id=\"title-1\">Top crime types</h2>");
      int sections = html.split("<section ", -1).length - 1;
      assertThat(html.split(" aria-labelledby=\"title-", -1)).hasSize(sections + 1);
      assertThat(
              Pattern.compile("<tr>(?!<th scope=\"col\"|<td class=\"corner\"|<th scope=\"row\")")
                  .matcher(html)
                  .results())
          .as("rows without a name")
          .isEmpty();
    }
  }

  @Test
  void isSelfContainedAndHasNoScripts() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(SomeCalls.of(100));
      assertThat(Report.html(run.running()))
          .doesNotContain("<script", "src=", "href=", "url(", "@import")
          .contains("default-src 'none'");
    }
  }

  @Test
  void escapesTextsOfCalls() throws Exception {
    String type = "<img src=x onerror=alert(1)>\"'&</style>";
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(List.of(SomeCalls.call(1, type, SomeCalls.START).address("<b>").build()));
      assertThat(Report.html(run.running()))
          .contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;&lt;/style&gt;", "&lt;b&gt;")
          .doesNotContain("<img", "<b>");
    }
  }

  @Test
  void reportsAFileThatCannotBeWritten() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      Path file = Files.createFile(directory.resolve("plain")).resolve("report.html");
      assertThatThrownBy(() -> Report.write(run.running(), file))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("Name another file");
    }
  }
}
