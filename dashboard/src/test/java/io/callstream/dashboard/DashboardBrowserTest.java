package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.Progress;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the page of a running pipeline in a real browser. */
class DashboardBrowserTest {
  private static final int ENTER = 13;
  private static final int TAB = 9;

  private static Browser browser;
  private WatchedRun run;
  private Dashboard dashboard;

  @BeforeAll
  static void startBrowser() throws Exception {
    String needed = "Chromium is not on the PATH; install it with: apt-get install chromium";
    if ("required".equals(System.getProperty("callstream.browser"))) {
      assertThat(Browser.installed()).as(needed).isPresent();
    }
    assumeTrue(Browser.installed().isPresent(), needed);
    browser = Browser.start();
  }

  @AfterAll
  static void closeBrowser() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  @BeforeEach
  void start() throws Exception {
    List<Statistic> statistics =
        new ArrayList<>(
            StandardStatistics.all(
                ZoneId.of("America/Los_Angeles"), StandardStatistics.DEFAULT_LATENESS));
    statistics.add(Statistic.named("by-disposition").by(Dimensions.DISPOSITION).build());
    run =
        WatchedRun.of(
                pipeline ->
                    pipeline.statistics(statistics).lookup(StandardStatistics.dispositions()))
            .receive(SomeCalls.of(2_000));
    dashboard = Dashboard.of(run.running()).start(0);
    browser.problems().clear();
    browser.resize(1280, 900);
    browser.open(dashboard.uri());
    browser.await("document.querySelector('#types .bars li') !== null");
  }

  @AfterEach
  void stop() throws Exception {
    browser.open(URI.create("about:blank"));
    dashboard.close();
    run.close();
  }

  private static String duration(Duration latency) {
    long millis = latency.toMillis();
    return millis < 1_000 ? millis + " ms" : String.format(Locale.ROOT, "%.1f s", millis / 1e3);
  }

  private static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private void assertBarsAre(String panel, List<ResultRow> rows) throws Exception {
    assertThat(browser.texts("#" + panel + " .bars .count"))
        .isEqualTo(rows.stream().map(row -> number(row.count())).toList());
    assertThat(browser.texts("#" + panel + " .bars .name"))
        .isEqualTo(rows.stream().map(row -> row.dimensions().get(0)).toList());
  }

  @Test
  void showsTheResultsOfTheEngine() throws Exception {
    assertBarsAre("types", run.running().results("calls-by-type").top(15));
    assertBarsAre("locations", run.running().results("calls-by-location").top(12));
    List<ResultRow> dispositions = run.running().results("by-disposition").rows();
    assertThat(browser.texts("#dispositions .bars .count"))
        .isEqualTo(dispositions.stream().map(row -> number(row.count())).toList());
    assertThat(browser.texts("#dispositions .bars .share"))
        .isEqualTo(
            dispositions.stream()
                .map(row -> String.format(Locale.ROOT, "%.1f %%", row.count() / 20.0))
                .toList());
    for (ResultRow row : run.running().results("calls-by-hour-of-week").rows()) {
      assertThat(
              browser
                  .evaluate(
                      "document.querySelector('#week table').tBodies[0].rows["
                          + (Integer.parseInt(row.dimensions().get(0)) - 1)
                          + "].cells["
                          + (Integer.parseInt(row.dimensions().get(1)) + 1)
                          + "].textContent")
                  .asLong())
          .isEqualTo(row.count());
    }
    assertThat(browser.texts("#figure-lag")).containsExactly("0");
    Progress.Latency latency = run.running().progress().orElseThrow().latency().orElseThrow();
    assertThat(browser.texts("#figure-latency")).containsExactly(duration(latency.mean()));
    assertThat(browser.texts("#figures dt"))
        .contains("Mean latency, max " + duration(latency.greatest()));
    double out = run.running().progress().orElseThrow().outputRowsPerSecond();
    assertThat(browser.texts("#figure-out"))
        .containsExactly(Double.isNaN(out) ? "–" : number(Math.round(out)));
    assertThat(browser.texts("#figures div:first-child dd")).containsExactly("2,000");
    assertThat(browser.texts("#records tbody td:nth-child(2)"))
        .containsExactly(
            "2,000",
            "0",
            "0",
            "2,000",
            number(run.running().accounting().ambiguousTimes()),
            number(run.running().accounting().unknown().get("dispositions")));
    assertThat(browser.texts("#others h2"))
        .contains("by-disposition")
        .doesNotContain("calls-by-type");
    assertThat(browser.texts("#state")).containsExactly("Running");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void showsUnconfirmedTimesIfThereAreAny() throws Exception {
    assertThat(browser.texts("#records tbody th")).doesNotContain("with an unconfirmed time");
    run.receive(SomeCalls.withAMisdatedOne());
    browser.await("document.querySelectorAll('#records tbody tr').length === 7");
    assertThat(browser.texts("#records tbody tr:last-child th"))
        .containsExactly("with an unconfirmed time");
    assertThat(browser.texts("#records tbody tr:last-child td:nth-child(2)")).containsExactly("1");
  }

  @Test
  void showsSinceWhenAnAddedStatisticCounts(@TempDir Path directory) throws Exception {
    MemorySource source = MemorySource.withPartitions(1);
    RunOptions options =
        RunOptions.bounded().evolving().checkpointingTo(directory.resolve("state").toString());
    Pipeline.Builder pipeline =
        Pipeline.builder(source, SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType());
    for (int i = 0; i < 2; i++) {
      byte[] call = SanFranciscoCalls.json().write(SomeCalls.of(1).get(0));
      source.add(0, Instant.now(), call);
      try (RunningPipeline each = Engines.named("local").start(pipeline.build(), options)) {
        each.awaitTermination();
        if (i == 0) {
          pipeline.statistic(Statistic.named("all").build());
          continue;
        }
        try (Dashboard shown = Dashboard.of(each).start(0)) {
          browser.open(shown.uri());
          browser.await("document.querySelector('#contributions tbody tr') !== null");
          assertThat(browser.texts("#contributions thead th")).endsWith("Filtered", "Earlier");
          assertThat(browser.texts("#contributions tbody th").get(1)).startsWith("all, since ");
          assertThat(browser.texts("#contributions tbody tr:last-child td"))
              .containsExactly("1", "0", "0", "1");
        }
      }
    }
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void showsTheWeekWithALegendAndATableOfAllNumbers() throws Exception {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 12_345; i++) {
      calls.add(SomeCalls.call(40_000 + i, "Burst", Instant.parse("2018-11-10T11:00:00Z")).build());
    }
    run.receive(calls);
    String most = number(run.running().results("calls-by-hour-of-week").top(1).get(0).count());
    // On a phone the cells are too small for numbers.
    browser.resize(360, 800);
    browser.await("document.querySelector('#week .legend').textContent === '0  " + most + "'");
    assertThat(browser.texts("#week .heat tr:nth-child(6) td:nth-child(5)")).containsExactly("12K");
    browser.evaluate("document.querySelector('#week summary').click()");
    browser.await("document.querySelectorAll('#week-table tbody tr').length === 24");
    assertThat(browser.texts("#week-table tbody tr:nth-child(4) td:nth-child(7)"))
        .containsExactly(most);
    assertThat(
            browser.texts("#week-table tbody td").stream()
                .mapToLong(n -> Long.parseLong(n.replace(",", "")))
                .sum())
        .isEqualTo(14_345);
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void updatesThePageAfterABatch() throws Exception {
    browser.evaluate("window.stillTheSamePage = true");
    List<Call> more = new ArrayList<>();
    for (int i = 0; i < 700; i++) {
      more.add(SomeCalls.call(10_000 + i, "Overtaking", SomeCalls.START).build());
    }
    run.receive(more);
    browser.await("document.querySelector('#types .bars .name').textContent === 'Overtaking'");
    assertBarsAre("types", run.running().results("calls-by-type").top(15));
    assertThat(browser.texts("#figures div:first-child dd")).containsExactly("2,700");
    assertThat(browser.evaluate("window.stillTheSamePage").asBoolean()).isTrue();
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void countsTheAgeOfTheLastBatchIndependentlyOfTheClockOfThePage() throws Exception {
    String age = "document.getElementById('asof').textContent";
    String outdated = "document.getElementById('figures').classList.contains('outdated')";
    browser.evaluate("Date.now = () => 0");
    browser.await("/^batch 0, [2-9] s ago$/.test(" + age + ")");
    assertThat(browser.evaluate(outdated).asBoolean()).as("after some seconds").isFalse();
    browser.await("/^batch 0, 1\\d s ago$/.test(" + age + ") && " + outdated);
    run.receive(SomeCalls.of(10));
    browser.await("/^batch 1, [0-5] s ago$/.test(" + age + ") && !" + outdated);
    // A page that is opened later receives an existing snapshot.
    browser.await("/^batch 1, [2-5] s ago$/.test(" + age + ")");
    browser.open(dashboard.uri());
    browser.await("/^batch 1, ([2-9]|\\d\\d) s ago$/.test(" + age + ")");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void keepsTheRowsOfATableWhenItsNumbersChange() throws Exception {
    browser.evaluate("document.querySelector('#records tbody tr').classList.add('seen')");
    run.receive(SomeCalls.of(10));
    browser.await("document.querySelector('#records tbody td').textContent === '2,010'");
    assertThat(browser.evaluate("document.querySelectorAll('#records .seen').length").asInt())
        .isEqualTo(1);
  }

  @Test
  void showsMarkupInCallsAsText() throws Exception {
    List<String> names =
        List.of(
            "<img src=x onerror='window.hacked = 1'>",
            "<script>window.hacked = 1</script>",
            "__proto__",
            "constructor",
            "\u202egnirts",
            "' onmouseover='window.hacked = 1");
    List<Call> calls = new ArrayList<>();
    for (String name : names) {
      for (int i = 0; i < 300; i++) {
        calls.add(
            SomeCalls.call(20_000 + calls.size(), name, SomeCalls.END)
                .address(name)
                .disposition(name)
                .build());
      }
    }
    run.receive(calls);
    browser.await(
        "[...document.querySelectorAll('#types .bars .name')]"
            + ".some(name => name.textContent === 'constructor')");
    assertThat(browser.texts("#types .bars .name")).containsAll(names);
    assertThat(browser.texts("#locations .bars .name")).containsAll(names);
    assertThat(browser.texts("#dispositions .bars .name")).containsAll(names);
    assertThat(browser.texts("#others tbody th")).containsAll(names);
    assertThat(browser.evaluate("window.hacked === undefined").asBoolean()).isTrue();
    assertThat(
            browser.evaluate("document.querySelectorAll('main img, main script').length").asInt())
        .isZero();
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void allControlsAreReachableWithTheKeyboard() throws Exception {
    browser.press("Tab", TAB);
    assertThat(browser.evaluate("document.activeElement.className").asText()).isEqualTo("skip");
    Set<String> reached = new LinkedHashSet<>();
    for (int i = 0; i < 30; i++) {
      browser.press("Tab", TAB);
      JsonNode label =
          browser.evaluate(
              "document.activeElement.getAttribute('aria-label') ||"
                  + " document.activeElement.textContent");
      reached.add(label.asText().trim());
      if (label.asText().equals("Hours as a table")) {
        browser.press("Enter", ENTER);
        browser.await("document.querySelectorAll('#hours-table tbody tr').length === 240");
      }
    }
    assertThat(reached)
        .contains(
            "Hours as a table",
            "Calls by hour",
            "Days as a table",
            "The week as a table",
            "Latest batches as a table",
            "Calls by statistic",
            "Rows of by-disposition");
  }

  @Test
  void namesChartsAndPanelsForScreenReaders() throws Exception {
    assertThat(browser.evaluate("document.documentElement.lang").asText()).isEqualTo("en");
    assertThat(
            browser.evaluate(
                "[...document.querySelectorAll('main section:not([hidden])')].every(s =>"
                    + " document.getElementById(s.getAttribute('aria-labelledby')).textContent)"))
        .hasToString("true");
    assertThat(
            browser.evaluate(
                "[...document.querySelectorAll('[role=img]')].every(c =>"
                    + " c.getAttribute('aria-label'))"))
        .hasToString("true");
    assertThat(browser.evaluate("document.querySelectorAll('h1').length").asInt()).isEqualTo(1);
    assertThat(browser.evaluate("document.getElementById('state').getAttribute('role')").asText())
        .isEqualTo("status");
  }

  @ParameterizedTest
  @ValueSource(ints = {320, 360, 720, 1024, 1920, 3840})
  void fitsEveryWidthWithoutHorizontalScrolling(int width) throws Exception {
    browser.resize(width, 800);
    browser.await("document.querySelector('#hours-chart canvas') !== null");
    browser.await("document.documentElement.scrollWidth <= " + width);
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void redrawsTheChartsWhenTheColorSchemeChanges() throws Exception {
    browser.await("document.querySelectorAll('.chart canvas').length === 3");
    for (String scheme : List.of("dark", "light")) {
      browser.evaluate(
          "document.querySelectorAll('.chart canvas').forEach(c => c.classList.add('seen'))");
      browser.prefer(scheme);
      browser.await("matchMedia('(prefers-color-scheme: " + scheme + ")').matches");
      browser.await("document.querySelectorAll('.chart canvas:not(.seen)').length === 3");
      assertThat(browser.evaluate("document.querySelectorAll('.chart canvas').length").asInt())
          .isEqualTo(3);
    }
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void showsSeparateBarsForNamesWithTheSameShortText() throws Exception {
    String name = "y".repeat(120);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 1_500; i++) {
      calls.add(SomeCalls.call(30_000 + i, name + (i < 800 ? "A" : "B"), SomeCalls.START).build());
    }
    run.receive(calls);
    browser.await("document.querySelector('#types .bars .count').textContent === '800'");
    assertThat(browser.texts("#types .bars .count"))
        .isEqualTo(
            run.running().results("calls-by-type").top(15).stream()
                .map(row -> number(row.count()))
                .toList())
        .startsWith("800", "700");
    // Some screen readers ignore a list without markers that has no role.
    assertThat(browser.evaluate("document.querySelectorAll('ol:not([role=list])').length").asInt())
        .isZero();
    browser.resize(360, 800);
    browser.await(
        "[...document.querySelectorAll('.bars .name')].every(name => name.scrollWidth <="
            + " name.clientWidth)");
    assertThat(
            browser
                .evaluate("getComputedStyle(document.querySelector('#types .name')).textOverflow")
                .asText())
        .isEqualTo("clip");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void showsTheMessageOfAFailureAsText() throws Exception {
    String message = "<b onclick=x>the disk burns</b>";
    try (WatchedRun failing =
            WatchedRun.of(
                pipeline ->
                    pipeline
                        .statistic(StandardStatistics.callsByType())
                        .results(
                            Sinks.callback(
                                batch -> {
                                  throw new CallstreamException(ErrorCode.SINK_FAILED, message);
                                })));
        Dashboard other = Dashboard.of(failing.running()).start(0)) {
      browser.open(other.uri());
      failing.receive(SomeCalls.of(1));
      browser.await("document.getElementById('state').textContent === 'Failed'");
      assertThat(browser.texts("#failure").get(0)).contains(message);
      assertThat(browser.problems()).isEmpty();
      browser.open(URI.create("about:blank"));
    }
  }

  @Test
  void showsTheEndAndConnectsToTheNextRun() throws Exception {
    run.running().stop();
    browser.await("document.getElementById('state').textContent === 'Finished'");
    int port = dashboard.uri().getPort();
    dashboard.close();
    browser.await("document.getElementById('state').textContent.includes('the program has ended')");
    try (WatchedRun next = WatchedRun.standard().receive(SomeCalls.of(123))) {
      dashboard =
          Dashboard.of(next.running())
              .linking("More", URI.create("http://localhost"))
              .noting("Spark UI: off")
              .start(port);
      browser.await("document.querySelector('#figures dd')?.textContent === '123'");
      browser.await("document.querySelector('#links a') !== null");
      assertThat(browser.texts("#state")).containsExactly("Running");
      assertThat(browser.texts("#links a")).containsExactly("More");
      assertThat(browser.texts("#links span")).containsExactly("Spark UI: off");
      assertThat(browser.texts("#others h2"))
          .as("panels of the previous run")
          .doesNotContain("by-disposition");
    }
  }

  @Test
  void showsThatTooManyPagesAreOpen() throws Exception {
    List<Socket> pages = new ArrayList<>();
    try (Dashboard other = Dashboard.of(run.running()).start(0)) {
      for (int i = 0; i < UpdateStream.MAX_CLIENTS; i++) {
        Socket page = new Socket(InetAddress.getLoopbackAddress(), other.uri().getPort());
        pages.add(page);
        page.getOutputStream()
            .write("GET /api/updates HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(UTF_8));
        assertThat(page.getInputStream().readNBytes(12)).asString(UTF_8).endsWith("200");
      }
      browser.open(other.uri());
      browser.await(
          "document.getElementById('state').textContent === '32 pages are already open,"
              + " retrying'");
      for (Socket page : pages) {
        page.close();
      }
      browser.await("document.getElementById('state').textContent === 'Running'");
      assertThat(browser.problems()).isEmpty();
      browser.open(URI.create("about:blank"));
    } finally {
      for (Socket page : pages) {
        page.close();
      }
    }
  }

  @Test
  void disconnectsAHiddenPage() throws Exception {
    browser.evaluate(
        """
        (() => {
          const close = EventSource.prototype.close;
          EventSource.prototype.close = function () {
            window.disconnected = true;
            close.call(this);
          };
          window.EventSource = class extends EventSource {
            constructor(from) {
              super(from);
              window.disconnected = false;
            }
          };
        })()
        """);
    String other = browser.openTab();
    try {
      browser.await("document.hidden && window.disconnected === true");
      run.receive(SomeCalls.of(10));
    } finally {
      browser.closeTab(other);
    }
    browser.await("!document.hidden");
    browser.await("document.querySelector('#figures dd').textContent === '2,010'");
    assertThat(browser.texts("#state")).containsExactly("Running");
    assertThat(browser.problems()).isEmpty();
  }
}
