package io.callstream.dashboard;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Fields;
import io.callstream.statistic.StandardStatistics;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

  private static Browser browser;
  private static URI report;

  @BeforeAll
  static void writeReport(@TempDir Path directory) throws Exception {
    browser = Browser.startIfInstalled();
    List<Call> calls = new ArrayList<>();
    for (Call call : SomeCalls.of(3_000)) {
      int i = calls.size();
      calls.add(
          SomeCalls.call(i, i % 9 == 0 ? "W".repeat(90) : call.type(), call.time())
              .address(call.address())
              .disposition(call.disposition())
              .with(Fields.PRIORITY, "ABC".substring(i % 3, i % 3 + 1))
              .with(Fields.NEIGHBORHOOD, i % 7 == 0 ? "N".repeat(80) : "Mission")
              .with(Fields.DISTRICT, "CENTRAL")
              .with(Fields.RECEIVED, call.time())
              .with(Fields.DISPATCHED, call.time().plusSeconds(1_000_000))
              .with(Fields.ON_SCENE, call.time().plusSeconds(2_000_000))
              .build());
    }
    try (WatchedRun run =
        WatchedRun.of(
            DataSfCalls.json(),
            pipeline ->
                pipeline
                    .statistics(
                        StandardStatistics.ofDataSf(DataSfCalls.json().zone(), Duration.ofHours(1)))
                    .listener(new RunHistory()))) {
      run.receive(calls);
      Path file = directory.resolve("report.html");
      Report.write(run.running(), file, "Synthetic data");
      report = file.toUri();
    }
    browser.open(report);
  }

  @AfterAll
  static void closeBrowser() throws Exception {
    if (browser != null) {
      browser.close();
    }
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
