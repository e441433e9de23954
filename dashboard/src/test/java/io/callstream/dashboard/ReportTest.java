package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.call.Call;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.StabilityMonitor;
import io.callstream.statistic.Baseline;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReportTest {
  /** A Monday, in weeks without a clock change. */
  private static final Instant START = Instant.parse("2018-04-02T07:00:00Z");

  private static final Duration HOUR = Duration.ofHours(1);

  @TempDir Path directory;

  @Test
  void writesTheResultsOfTheEngineToAFile() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(SomeCalls.of(2_000)).receive("no call".getBytes(UTF_8));
      run.running().stop();
      Path file = directory.resolve("report.html");
      Report.write(run.running(), file);
      String html = Files.readString(file);
      for (ResultRow row : run.running().results("calls-by-type").top(10)) {
        assertThat(html)
            .contains(row.dimension("crime_type") + "</span>")
            .contains(String.format(Locale.ROOT, "<span class=\"count\">%,d</span>", row.count()));
      }
      assertThat(html)
          .contains(
              "at the end of the run",
              "<strong>2,000 calls</strong>, Tue 30 Oct 2018 to Thu 8 Nov 2018")
          .contains("<th scope=\"row\" dir=\"auto\">− rejected</th><td class=\"number\">1</td>")
          .contains("<svg", "Calls by hour of week");
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
          .contains("Records per second, by the time", "300 records in ")
          .containsOnlyOnce("<svg");
    }
    try (WatchedRun run = WatchedRun.of(StandardStatistics.callsByType())) {
      assertThat(Report.html(run.receive(SomeCalls.of(100)).running()))
          .doesNotContain("Records per second, by the time");
    }
  }

  @Test
  void drawsHoursAndDaysAndMarksIncompleteDays() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      List<Call> calls = SomeCalls.of(2_000);
      String html = Report.html(run.receive(calls).running());
      assertThat(html)
          .contains("aria-label=\"Tue 30 Oct 2018 00:00 to Thu 8 Nov 2018 22:00, ")
          .contains("aria-label=\"Tue 30 Oct 2018 to Thu 8 Nov 2018, ");
      // The first and the last day are not complete, and clocks change on one.
      assertThat(html.substring(html.indexOf(">Calls by day<")).split("rect class=\"pale\"", -1))
          .hasSize(1 + 3);
      long last =
          calls.stream()
              .filter(c -> !c.time().isBefore(SomeCalls.END.minus(Duration.ofHours(23))))
              .count();
      assertThat(html)
          .contains(
              "<th scope=\"row\" dir=\"auto\">Thu 8 Nov 2018 *</th><td class=\"number\">"
                  + last
                  + "</td>",
              "<th scope=\"row\" dir=\"auto\">Sun 4 Nov 2018 *</th>",
              "<th scope=\"row\" dir=\"auto\">Mon 5 Nov 2018</th>");
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
                  "All, since " + Formats.time(time, SanFranciscoCalls.json().zone()));
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
  void showsTheMeanOfCompleteHoursOfTheWeek() throws Exception {
    List<Call> calls = new ArrayList<>();
    // Each hour of two weeks has a call, and Tuesdays from 2:00 have 20,000 and 4,690 calls.
    for (int hour = 0; hour < 14 * 24; hour++) {
      Instant start = START.plus(Duration.ofHours(hour));
      int number = hour == 26 ? 20_000 : hour == 26 + 7 * 24 ? 4_690 : 1;
      for (int i = 0; i < number; i++) {
        calls.add(SomeCalls.call(calls.size(), "A", start).build());
      }
    }
    try (WatchedRun run = WatchedRun.standard()) {
      String html = Report.html(run.receive(calls).running());
      String week = html.substring(html.indexOf(">Day of the week and hour<"));
      week = week.substring(0, week.indexOf("</section>"));
      assertThat(week)
          .contains("of 1 to 2 complete hours each", "<td class=\"h9\">12K</td>")
          .contains("<span class=\"h9\"></span> 12K</p>");
    }
  }

  @Test
  void statesTheLabelOfItsData() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      Path file = directory.resolve("report.html");
      Report.write(run.running(), file, "Synthetic <data>");
      assertThat(file).content().contains("<span class=\"label\">Synthetic &lt;data&gt;</span>");
      assertThat(Report.html(run.running())).doesNotContain("class=\"label\"");
    }
  }

  @Test
  void anHourHasOneDayAndNoWeek() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      List<Call> calls = new ArrayList<>();
      for (int minute = 0; minute < 5; minute++) {
        calls.add(SomeCalls.call(minute, "A", START.plusSeconds(60L * minute)).build());
      }
      assertThat(Report.html(run.receive(calls).running()))
          .contains("<strong>5 calls</strong>, Mon 2 Apr 2018;", ">No hour is complete.<")
          .contains("aria-label=\"Mon 2 Apr 2018 00:00, maximum 5\"")
          .doesNotContain("Mon 2 Apr 2018 to", "class=\"heat\"");
    }
  }

  @Test
  void leavesNoSpaceNextToTheLastPanel() throws Exception {
    String addresses = " aria-labelledby=\"title-\\d+\">\n<h2 id=\"title-\\d+\">Addresses";
    try (WatchedRun run = WatchedRun.standard()) {
      // Calls by day and dispositions are next to each other.
      assertThat(Report.html(run.receive(SomeCalls.of(500)).running()))
          .containsPattern("panel wide\"" + addresses);
    }
    try (WatchedRun run =
        WatchedRun.of(
            StandardStatistics.callsPerHour(HOUR),
            StandardStatistics.callsByType(),
            StandardStatistics.callsByLocation())) {
      // There are no dispositions.
      assertThat(Report.html(run.receive(SomeCalls.of(500)).running()))
          .containsPattern("panel half\"" + addresses);
    }
    Statistic byCity = Statistic.named("by-city").by(Dimensions.CITY).build();
    try (WatchedRun run =
        WatchedRun.of(StandardStatistics.callsByType(), StandardStatistics.callsByLocation())) {
      // A report without hours has no panel of days.
      assertThat(Report.html(run.receive(SomeCalls.of(500)).running()))
          .containsPattern("panel wide\"" + addresses);
    }
    try (WatchedRun run = WatchedRun.of(StandardStatistics.callsByLocation(), byCity)) {
      // The table of the other statistic is next to the addresses.
      assertThat(Report.html(run.receive(SomeCalls.of(500)).running()))
          .containsPattern("panel half\"" + addresses);
    }
  }

  @Test
  void statesTheSourceAndTheTimeZone() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(SomeCalls.of(2_000));
      Path file = directory.resolve("report.html");
      Report.write(run.running(), file, "", "calls <1>.json.gz");
      assertThat(file)
          .content()
          .contains("Source: calls &lt;1&gt;.json.gz</p>")
          .containsPattern("; the newest of Thu 8 Nov 2018 2\\d:\\d\\d PST")
          .containsPattern("Created \\w{3} \\d+ \\w{3} \\d{4} \\d\\d:\\d\\d P[SD]T, while");
      assertThat(Report.html(run.running()))
          .contains("Source: " + run.running().pipeline().source().description());
    }
  }

  /**
   * Words of the code, and names of statistics and columns, that readers of a report do not know.
   */
  @Test
  void hasNoWordsOfTheCode() throws Exception {
    ZoneId zone = DataSfCalls.json().zone();
    try (WatchedRun run =
        WatchedRun.of(
            DataSfCalls.json(),
            pipeline -> pipeline.statistics(StandardStatistics.ofDataSf(zone, HOUR)))) {
      assertThat(Report.html(run.receive(SomeCalls.of(10)).running()))
          .contains(">Response times by district<", ">Received to scene (90 %)<", ">Start<")
          .contains(
              "It is not known whether the run keeps up with the calls. This needs a stability"
                  + " monitor among the listeners of the pipeline.");
      assertThat(Report.html(run.running()).replaceAll("(?s)<style>.*?</style>|<[^>]*>", " "))
          .doesNotContain("StabilityMonitor", "in this process", "baseline", "partition", "null")
          .doesNotContain(
              "crime_type", "window_start", "received_to", "response-times", "calls-by");
    }
  }

  @Test
  void saysHowManyBatchesAStabilityMonitorNeeds() throws Exception {
    try (WatchedRun run =
        WatchedRun.of(
            pipeline ->
                pipeline
                    .statistic(StandardStatistics.callsByType())
                    .listener(StabilityMonitor.ofThisJvm(HOUR, Duration.ZERO)))) {
      assertThat(Report.html(run.receive(SomeCalls.of(10)).running()))
          .contains("keeps up with the calls. This takes at least 6 batches with records.");
    }
  }

  @Test
  void saysThatHolidaysOfBaselinesAreMarked() throws Exception {
    ZoneId paris = ZoneId.of("Europe/Paris");
    Baseline baseline = Baseline.weekly(paris);
    assertThat(method(paris, baseline)).contains("Holidays are unusual days too.");
    assertThat(method(paris, baseline.holidays(Set.of(LocalDate.of(2018, 7, 14)))))
        .contains("Holidays are marked in parentheses, and follow the other days.")
        .doesNotContain("Holidays are unusual days too.");
  }

  private static String method(ZoneId zone, Baseline baseline) throws Exception {
    Statistic spikes =
        Statistic.named("spikes")
            .over(Windows.hourly(zone).withoutLateness())
            .comparedWith(baseline)
            .build();
    try (WatchedRun run =
        WatchedRun.of(SanFranciscoCalls.json(zone), pipeline -> pipeline.statistic(spikes))) {
      return Report.html(run.running());
    }
  }

  @Test
  void changesOnlyTheColumnsOfWindowsAndQuantiles() throws Exception {
    Statistic named =
        Statistic.named("named")
            .by(
                Dimension.of("window_", call -> "A"),
                Dimension.of("window_count", call -> "B"),
                Dimension.of("zone_p12", call -> "C"))
            .build();
    try (WatchedRun run = WatchedRun.of(named)) {
      assertThat(Report.html(run.receive(SomeCalls.of(3)).running()))
          .contains(">Window </th>", ">Window count</th>", ">Zone p12</th>", ">Count</th>");
    }
  }

  @Test
  void saysWhetherAllRecordsAreCounted() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(SomeCalls.of(10));
      assertThat(Report.html(run.running()))
          .contains(
              "All 10 records are calls, and are counted. A call that the feed repeats counts each"
                  + " time. Newer calls are missing.");
      run.receive(
          List.of(SomeCalls.call(11, "A", SomeCalls.START.minus(HOUR.multipliedBy(9))).build()));
      assertThat(Report.html(run.running()))
          .contains(
              "All 11 records are calls. Of the calls, 1 came too late for at least one figure, 1"
                  + " had a time far from the times around it. A call");
      run.receive("no call".getBytes(UTF_8));
      run.running().stop();
      assertThat(Report.html(run.running()))
          .contains(
              "12 records have 11 calls. Of the records, 1 could not be read as a call. Of the"
                  + " calls, 1 came too late for at least one figure, 1 had a time far from the"
                  + " times around it. A call that the feed repeats counts each time.</p>");
    }
  }

  @Test
  void oneOfAThingIsSingular() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      assertThat(Report.html(run.receive(SomeCalls.of(1)).running()))
          .contains(
              "<strong>1 call</strong>",
              "The only record is a call, and is counted.",
              "The only type is ",
              ">1 disposition<",
              ">1 address<")
          .doesNotContainPattern("\\b1 (calls|records|types|hours|days|weeks|rows)\\b");
      run.receive("no call".getBytes(UTF_8));
      assertThat(Report.html(run.running())).contains("2 records have 1 call.");
    }
  }

  @Test
  void methodStatesTheErrorThatIsComputed() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      assertThat(Report.html(run.running()))
          .contains("times √(1 + 1/n)", "by at least 4 times the number after ±.");
    }
  }

  @Test
  void saysThatThereAreNoRecords() throws Exception {
    try (WatchedRun run = WatchedRun.standard()) {
      assertThat(Report.html(run.running()))
          .contains("There are no records yet.")
          .doesNotContain("All 0 records");
    }
  }

  @Test
  void hoursAfterTheWatermarkAreNotAGap() throws Exception {
    List<Call> calls = new ArrayList<>();
    // Every second call goes to the other partition, whose clock is five hours behind.
    for (int hour = 0; hour < 100; hour++) {
      calls.add(SomeCalls.call(2 * hour, "A", START.plus(HOUR.multipliedBy(hour))).build());
      Instant lagging = START.plus(HOUR.multipliedBy(Math.max(0, hour - 5)));
      calls.add(SomeCalls.call(2 * hour + 1, "A", lagging).build());
    }
    try (WatchedRun run = WatchedRun.standard()) {
      assertThat(Report.html(run.receive(calls).running())).doesNotContain("Hours not compared");
    }
    calls.removeIf(call -> Duration.between(START, call.time()).toHours() / 10 == 5);
    try (WatchedRun run = WatchedRun.standard()) {
      // The ten hours without calls, and the hours before and after them.
      assertThat(Report.html(run.receive(calls).running()))
          .contains("Hours not compared because of gaps or clock changes: 12.");
    }
  }

  @Test
  void writesDurationsAndDaysOfTheWeekForPeople() throws Exception {
    ZoneId zone = DataSfCalls.json().zone();
    Call call =
        SomeCalls.call(1, "A", START.plusSeconds(1))
            .with(Fields.DISTRICT, "Central")
            .with(Fields.RECEIVED, START)
            .with(Fields.ON_SCENE, START.plusSeconds(460))
            .build();
    Statistic byDay = Statistic.named("by-day").by(Dimensions.dayOfWeek(zone)).build();
    try (WatchedRun run =
        WatchedRun.of(
            DataSfCalls.json(),
            pipeline ->
                pipeline.statistics(StandardStatistics.ofDataSf(zone, HOUR)).statistic(byDay))) {
      assertThat(Report.html(run.receive(List.of(call)).running()))
          .contains("Response times by district", "<td class=\"number\">7 min 40 s</td>")
          .contains("<th scope=\"row\" dir=\"auto\">Monday</th>")
          .doesNotContain("460,000");
    }
  }

  @Test
  void shortensTypesAndPriorities() throws Exception {
    String longText = "x".repeat(5_000);
    List<Call> calls = new ArrayList<>();
    for (int hour = 0; hour < 6 * 7 * 24; hour++) {
      Instant time = START.plus(HOUR.multipliedBy(hour));
      for (int i = 0; i < (hour == 900 ? 30 : 1); i++) {
        calls.add(
            SomeCalls.call(calls.size(), hour == 900 ? longText : "A", time)
                .with(Fields.PRIORITY, longText)
                .with(Fields.RECEIVED, time)
                .with(Fields.ON_SCENE, time.plusSeconds(60))
                .build());
      }
    }
    ZoneId zone = DataSfCalls.json().zone();
    try (WatchedRun run =
        WatchedRun.of(
            DataSfCalls.json(),
            pipeline ->
                pipeline
                    .statistics(StandardStatistics.ofDataSf(zone, HOUR))
                    .statistic(StandardStatistics.spikesByType(zone, HOUR, Set.of())))) {
      String html = Report.html(run.receive(calls).running());
      assertThat(html)
          .contains(">Unusual hours<", ">Response times<")
          .contains("x".repeat(99) + "…")
          .doesNotContain("x".repeat(100));
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
          .contains(
              "aria-labelledby=\"title-1\">\n<h2 id=\"title-1\">What the calls are about</h2>");
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
    String type = "<img src=x onerror=alert(1)>\"'&</style>\u001b[31m";
    try (WatchedRun run = WatchedRun.standard()) {
      run.receive(List.of(SomeCalls.call(1, type, SomeCalls.START).address("<b>").build()));
      assertThat(Report.html(run.running()))
          .contains(
              "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;&lt;/style&gt;\ufffd[31m",
              "&lt;b&gt;")
          .doesNotContain("<img", "<b>", "\u001b");
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
