package io.callstream.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Fields;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the report in a real browser, on screens and on the width of paper. */
class ReportBrowserTest {
  /** The widths of A4 and Letter in pixels of CSS, without the margins of 12 mm. */
  private static final List<Integer> PAPERS = List.of(703, 725);

  private static final String CLIPPED =
      "[...document.querySelectorAll('body *')].filter(e => {"
          + " const box = e.getBoundingClientRect();"
          + " return box.width > 0 && box.right > document.documentElement.clientWidth + 0.5"
          + "  || getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1;"
          + "}).map(e => e.tagName + ' ' + e.textContent.slice(0, 60))";

  /** Words and times that take several lines, of cells whose words are short. */
  private static final String BROKEN =
      "[...document.querySelectorAll('table:not(.heat) :is(th, td):not(.long), .share')]"
          + ".flatMap(e => [...e.textContent.matchAll(/[^\\s–]+/g)].filter(word => {"
          + " const range = document.createRange();"
          + " range.setStart(e.firstChild, word.index);"
          + " range.setEnd(e.firstChild, word.index + word[0].length);"
          + " return range.getClientRects().length > 1;"
          + "}).map(word => word[0]))";

  /** Parts of numbers and shares that take several lines, and tables that are cut off. */
  private static final String CUT =
      "[...document.querySelectorAll('td.number, .count, .share')].filter(e => {"
          + " const range = document.createRange();"
          + " range.selectNodeContents(e);"
          + " return range.getClientRects().length > 1;"
          + "}).concat([...document.querySelectorAll('.panel.wide .scroll')]"
          + " .filter(e => e.scrollWidth > e.clientWidth + 1)).map(e => e.textContent.slice(0, 60))";

  private static Browser browser;
  private static URI report;

  @BeforeAll
  static void writeReport(@TempDir Path directory) throws Exception {
    browser = Browser.startIfInstalled();
    ZoneId zone = DataSfCalls.json().zone();
    List<Statistic> statistics =
        new ArrayList<>(StandardStatistics.ofDataSf(zone, Duration.ofHours(1)));
    statistics.add(StandardStatistics.spikesByType(zone, Duration.ofHours(1), Set.of()));
    try (WatchedRun run =
        WatchedRun.of(
            DataSfCalls.json(),
            pipeline ->
                pipeline
                    .statistics(statistics)
                    .listener(new RunHistory())
                    .maxEventTimeJump(Duration.ofDays(1)))) {
      run.receive(unusualCalls(ZonedDateTime.of(2018, 4, 2, 0, 0, 0, 0, zone)));
      Path file = directory.resolve("report.html");
      Report.write(run.running(), file, "Synthetic data");
      report = file.toUri();
    }
    browser.open(report);
  }

  /**
   * Returns calls of eight weeks, with long names: a quiet day, hours with many calls of a type,
   * and a last week with a shift.
   */
  private static List<Call> unusualCalls(ZonedDateTime start) {
    List<Call> calls = new ArrayList<>();
    for (int hour = 0; hour < 8 * 7 * 24 + 2; hour++) {
      ZonedDateTime time = start.plusHours(hour);
      int day = hour / 24;
      if (day != 40 || hour % 4 == 0) {
        add(calls, 2, "W".repeat(90), "Mission", time);
      }
      if (day == 37 && hour % 24 >= 17 && hour % 24 < 20) {
        add(calls, hour % 24 == 18 ? 31 : 30, "S".repeat(90), "Mission", time);
      }
      if (day >= 49) {
        add(calls, 1, "T".repeat(90), "N".repeat(80), time);
      }
    }
    return calls;
  }

  private static void add(
      List<Call> calls, int number, String type, String neighborhood, ZonedDateTime time) {
    for (int i = 0; i < number; i++) {
      int id = calls.size();
      calls.add(
          SomeCalls.call(id, type, time.toInstant())
              .address(id % 300 + " Block Of Hyde St")
              .disposition("HAN")
              .with(Fields.PRIORITY, "ABC".substring(id % 3, id % 3 + 1))
              .with(Fields.NEIGHBORHOOD, neighborhood)
              .with(Fields.DISTRICT, "CENTRAL")
              .with(Fields.RECEIVED, time.toInstant())
              .with(Fields.DISPATCHED, time.toInstant().plusSeconds(1_000_000))
              .with(Fields.ON_SCENE, time.toInstant().plusSeconds(2_000_000))
              .build());
    }
  }

  @AfterAll
  static void closeBrowser() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  @Test
  void hasAPanelOfEachFinding() throws Exception {
    assertThat(browser.texts("h2"))
        .contains(
            "The busiest hour",
            "Unusual days",
            "Unusual hours",
            "Shifts against the weeks before",
            "Response times");
  }

  @Test
  void nothingIsClippedOnA4AndLetter() throws Exception {
    for (int width : PAPERS) {
      browser.emulate("print", "light");
      browser.resize(width, 1_000);
      assertThat(browser.evaluate(CLIPPED)).as("%d pixels", width).isEmpty();
      assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
          .isLessThanOrEqualTo(width);
    }
  }

  @Test
  void namesAndNumbersStayWhole() throws Exception {
    browser.emulate("screen", "light");
    browser.resize(1_280, 900);
    assertThat(browser.evaluate(CUT)).isEmpty();
    assertThat(browser.evaluate(BROKEN)).isEmpty();
    assertThat(browser.texts(".share")).contains("100.0 %");
    browser.emulate("print", "light");
    for (int width : PAPERS) {
      browser.resize(width, 1_000);
      assertThat(browser.evaluate(BROKEN)).as("%d pixels", width).isEmpty();
    }
  }

  @Test
  void hasNoViolationsOfAccessibilityRules() throws Exception {
    for (String scheme : List.of("light", "dark")) {
      for (int width : List.of(1_280, 390)) {
        browser.emulate("screen", scheme);
        browser.resize(width, 900);
        assertThat(browser.violations()).as("%s, %d pixels", scheme, width).isEmpty();
        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
            .isLessThanOrEqualTo(width);
      }
    }
    assertThat(browser.texts(".label")).containsExactly("Synthetic data");
    assertThat(browser.problems()).isEmpty();
  }
}
