package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress;
import io.callstream.sink.RecentDeadLetters;
import io.callstream.sink.Sinks;
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
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the page for operators in a real browser. */
class OperationsBrowserTest extends InBrowser {
  private static final int ENTER = 13;

  @BeforeEach
  void start() throws Exception {
    run =
        WatchedRun.of(
                pipeline ->
                    pipeline
                        .statistics(
                            StandardStatistics.all(
                                ZoneId.of("America/Los_Angeles"),
                                StandardStatistics.DEFAULT_LATENESS))
                        .lookup(StandardStatistics.dispositions())
                        .deadLetters(new RecentDeadLetters()))
            .receive(SomeCalls.of(2_000));
    dashboard = Dashboard.of(run.running()).start(0);
    browser.problems().clear();
    browser.resize(1280, 900);
    open("");
    browser.await("document.querySelectorAll('.chart canvas').length === 2");
  }

  private void open(String query) throws Exception {
    show("/operations" + query);
  }

  private void awaitText(String id, String text) throws Exception {
    browser.await("document.getElementById('" + id + "').textContent === '" + text + "'");
  }

  private static String duration(Duration latency) {
    long millis = latency.toMillis();
    return millis < 1_000 ? millis + " ms" : String.format(Locale.ROOT, "%.1f s", millis / 1e3);
  }

  private static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  @Test
  void showsTheFiguresOfTheEngine() throws Exception {
    assertThat(browser.texts("#figure-lag")).containsExactly("0");
    Progress progress = run.running().progress().orElseThrow();
    Progress.Latency latency = progress.latency().orElseThrow();
    assertThat(browser.texts("#figure-latency"))
        .containsExactly(duration(latency.mean()) + " / " + duration(latency.greatest()));
    double out = progress.outputRowsPerSecond();
    assertThat(browser.texts("#figure-out"))
        .containsExactly(Double.isNaN(out) ? "–" : number(Math.round(out)));
    assertThat(browser.texts("#figure-received")).containsExactly("2,000");
    Instant watermark = run.running().details().watermark().orElseThrow();
    assertThat(browser.texts("#figure-watermark"))
        .as("the watermark after the first batch")
        .containsExactly(
            DateTimeFormatter.ofPattern("d MMM HH:mm", Locale.UK)
                .format(watermark.atZone(SanFranciscoCalls.json().zone())));
    assertThat(
            browser.evaluate(
                """
                ['rates', 'durations'].map(id => {
                  const canvas = document.querySelector('#' + id + ' canvas');
                  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                  for (let i = 0; i < data.length; i += 4) {
                    if (Math.abs(data[i] - data[i + 2]) > 60) { // Axes are nearly gray.
                      return true;
                    }
                  }
                  return false;
                })
                """))
        .as("charts that show the only batch")
        .hasToString("[true,true]");
    assertThat(browser.texts("#figure-restarts")).as("not supervised").containsExactly("–");
    assertThat(browser.texts("#records tbody td:nth-child(2)"))
        .containsExactly(
            "2,000",
            "0",
            "0",
            "2,000",
            number(run.running().accounting().ambiguousTimes()),
            number(run.running().accounting().unknown().get("dispositions")));
    assertThat(browser.texts("#phases .name")).containsExactly("read", "merge", "log", "sinks");
    assertThat(browser.texts("#phases .count"))
        .isEqualTo(
            progress.phases().values().stream().map(OperationsBrowserTest::duration).toList());
    assertThat(browser.texts("#partitions tbody th")).containsExactly("0", "1");
    assertThat(browser.texts("#partitions .holds th"))
        .as("the last call is in partition 1")
        .containsExactly("0");
    assertThat(browser.texts("#watermark").get(0)).contains("Partition 0 holds the watermark back");
    assertThat(browser.texts("#settings tbody th")).contains("engine", "trigger", "sink timeout");
    assertThat(browser.texts("#letters-note")).containsExactly("No record was rejected or late.");
    assertThat(browser.texts("#state")).containsExactly("Running");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void appliesTheChangesOfABatchToThePage() throws Exception {
    browser.evaluate("window.stillTheSamePage = true");
    browser.evaluate("document.querySelector('#records tbody tr').classList.add('seen')");
    run.receive(SomeCalls.of(700));
    awaitText("figure-received", "2,700");
    assertThat(browser.texts("#records tbody tr:first-child td:nth-child(2)"))
        .containsExactly("2,700");
    run.receive("no call".getBytes(UTF_8));
    awaitText("figure-rejected", "1");
    assertThat(browser.evaluate("window.stillTheSamePage").asBoolean()).isTrue();
    assertThat(browser.evaluate("document.querySelectorAll('#records .seen').length").asInt())
        .as("rows are kept")
        .isEqualTo(1);
    browser.evaluate("document.querySelector('summary').click()");
    browser.await("document.querySelectorAll('#batches tbody tr').length === 3");
    // A page that is opened later shows the same as one that applied the changes.
    List<String> applied = browser.texts("td, #figures dd, #watermark, #phases .count");
    open("");
    browser.await("document.querySelectorAll('.chart canvas').length === 2");
    browser.evaluate("document.querySelector('summary').click()");
    browser.await("document.querySelectorAll('#batches tbody tr').length === 3");
    assertThat(browser.texts("td, #figures dd, #watermark, #phases .count")).isEqualTo(applied);
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void showsReasonsAndRecordsAsText() throws Exception {
    String markup = "<img src=x onerror=\"window.hacked = 1\">";
    run.receive(markup.getBytes(UTF_8));
    run.receive(SomeCalls.of(10));
    browser.await("document.querySelectorAll('#letters h3').length === 2");
    assertThat(browser.texts("#letters h3"))
        .contains("rejected: not-json × 1")
        .anySatisfy(
            reason ->
                assertThat(reason).startsWith("late: calls-by-type-and-disposition-hourly × "));
    assertThat(browser.texts("#letters code")).contains(markup);
    assertThat(browser.evaluate("window.hacked === undefined").asBoolean()).isTrue();
    assertThat(browser.evaluate("document.querySelectorAll('main img').length").asInt()).isZero();
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void isCompleteBeforeTheFirstBatchAndDoesNotMoveWithIt() throws Exception {
    try (WatchedRun empty = WatchedRun.standard();
        Dashboard shown = Dashboard.of(empty.running()).start(0)) {
      browser.resize(1280, 900);
      browser.open(shown.uri().resolve("/operations"));
      awaitText("state", "Running, no batch yet");
      assertThat(browser.texts("#figures dd")).hasSize(12).contains("–", "0");
      assertThat(browser.texts(".chart .empty"))
          .containsExactly("Waiting for the first batch", "Waiting for the first batch");
      assertThat(browser.texts("#partitions tbody th")).containsExactly("–");
      assertThat(
              browser.evaluate(
                  "[...document.querySelectorAll('.panel')].every(p => p.innerText.trim()"
                      + ".split('\\n').length > 1)"))
          .hasToString("true");
      assertThat(browser.violations()).isEmpty();
      empty.receive(SomeCalls.of(1_000));
      browser.await("document.querySelectorAll('.chart canvas').length === 2");
      empty.receive("no call".getBytes(UTF_8));
      awaitText("figure-rejected", "1");
      browser.evaluate(
          "window.moved = -1; new PerformanceObserver(list => { window.moved = list.getEntries()"
              + ".reduce((sum, entry) => sum + entry.value, 0); })"
              + ".observe({type: 'layout-shift', buffered: true});"
              + " setTimeout(() => { window.moved = Math.max(0, window.moved); }, 300)");
      browser.await("window.moved >= 0");
      assertThat(browser.evaluate("window.moved").asDouble())
          .as("cumulative layout shift")
          .isLessThan(0.05);
      assertThat(browser.problems()).isEmpty();
      browser.open(URI.create("about:blank"));
    }
  }

  @ParameterizedTest
  @CsvSource({"1280,720", "1080,1920"})
  void aKioskFitsOneScreen(int width, int height) throws Exception {
    run.receive("no call".getBytes(UTF_8));
    browser.resize(width, height);
    open("?kiosk");
    browser.await("document.querySelectorAll('.chart canvas').length === 2");
    browser.await(
        "document.documentElement.scrollHeight <= innerHeight"
            + " && document.documentElement.scrollWidth <= innerWidth");
    assertThat(
            browser.evaluate(
                "[...document.querySelectorAll('.panel, .figures > div')].every(e => {"
                    + " const at = e.getBoundingClientRect();"
                    + " return at.height > 20 && at.top >= 0 && at.bottom <= innerHeight"
                    + " && at.left >= 0 && at.right <= innerWidth; })"))
        .hasToString("true");
    assertThat(
            browser.evaluate(
                "[...document.querySelectorAll('.chart, #phases, #watermark, #records')]"
                    + ".filter(e => { const at = e.getBoundingClientRect();"
                    + " const panel = e.closest('.panel').getBoundingClientRect();"
                    + " return at.bottom > panel.bottom + 1 || at.height < 20; }).map(e => e.id)"))
        .as("parts that are cut off")
        .isEmpty();
    assertThat(browser.problems()).isEmpty();
  }

  @ParameterizedTest
  @Tag("thorough")
  @CsvSource({"1920,1080", "3840,2160"})
  void aKioskFitsLargeScreens(int width, int height) throws Exception {
    aKioskFitsOneScreen(width, height);
  }

  @ParameterizedTest
  @CsvSource({"light,1280", "dark,360"})
  void hasNoAccessibilityViolations(String scheme, int width) throws Exception {
    run.receive("no call".getBytes(UTF_8));
    browser.prefer(scheme);
    browser.resize(width, 800);
    open("");
    browser.await("document.querySelectorAll('.chart canvas').length === 2");
    browser.await("document.querySelector('#letters code') !== null");
    assertThat(browser.violations()).isEmpty();
  }

  @ParameterizedTest
  @Tag("thorough")
  @CsvSource({"light,360", "dark,1280"})
  void hasNoMoreAccessibilityViolations(String scheme, int width) throws Exception {
    hasNoAccessibilityViolations(scheme, width);
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
  void saysThatNoTimeIsConfirmedAfterOneCall() throws Exception {
    try (WatchedRun one = WatchedRun.standard().receive(SomeCalls.of(1));
        Dashboard shown = Dashboard.of(one.running()).start(0)) {
      browser.open(shown.uri().resolve("/operations"));
      awaitText(
          "covered",
          "1 call from 30 Oct 2018 00:00, local time (America/Los_Angeles); no time is confirmed yet");
      browser.open(URI.create("about:blank"));
    }
  }

  @Test
  void namesTheIgnoredPartsOfTheAddress() throws Exception {
    assertThat(browser.evaluate("document.getElementById('ignored').hidden").asBoolean()).isTrue();
    open("?kiosk&district=Mission");
    awaitText(
        "ignored",
        "The page ignores a part of its address: district. Its only parameter is kiosk.");
    assertThat(browser.evaluate("document.getElementById('ignored').checkVisibility()").asBoolean())
        .isTrue();
  }

  @Test
  void drawsDurationsNextToAllPhasesOfSparkOnASmallWall() throws Exception {
    browser.resize(1366, 768);
    open("?kiosk");
    browser.await("document.querySelectorAll('.chart canvas').length === 2");
    browser.evaluate(
        """
        (async () => {
          const state = await (await fetch('api/operations')).json();
          state.progress.phasesMs = {latestOffset: 2, walCommit: 9, getBatch: 1, queryPlanning: 8,
            addBatch: 9000, commitOffsets: 7, triggerExecution: 9027};
          window.EventSource = class {
            addEventListener(name, action) {
              if (name === 'state') {
                action({data: JSON.stringify(state)});
              }
            }
            close() {}
          };
          document.dispatchEvent(new Event('visibilitychange'));
        })()
        """);
    browser.await("document.querySelectorAll('#phases li').length === 7");
    browser.await("document.querySelector('#durations .u-over').clientHeight >= 60");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void showsPhasesOfSparkInTheirOrderAndThenTheirSum() throws Exception {
    browser.evaluate(
        """
        (async () => {
          const state = await (await fetch('api/operations')).json();
          state.progress.phasesMs = {addBatch: 7, getBatch: 1, unknown: 3, latestOffset: 2, triggerExecution: 13};
          window.EventSource = class {
            addEventListener(name, action) {
              if (name === 'state') {
                action({data: JSON.stringify(state)});
              }
            }
            close() {}
          };
          document.dispatchEvent(new Event('visibilitychange'));
        })()
        """);
    browser.await(
        "document.querySelector('#phases li:last-child .name').textContent === 'whole batch'");
    assertThat(browser.texts("#phases .name"))
        .containsExactly("latestOffset", "getBatch", "addBatch", "unknown", "whole batch");
    assertThat(browser.texts("#phases .count"))
        .containsExactly("2 ms", "1 ms", "7 ms", "3 ms", "13 ms");
    assertThat(browser.problems()).isEmpty();
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
          browser.open(shown.uri().resolve("/operations"));
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
    open("");
    browser.await("/^batch 1, ([2-9]|\\d\\d) s ago$/.test(" + age + ")");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void allControlsAreReachableWithTheKeyboard() throws Exception {
    browser.press("Tab", TAB);
    assertThat(browser.evaluate("document.activeElement.className").asText()).isEqualTo("skip");
    browser.evaluate("document.querySelector('summary').focus()");
    browser.press("Enter", ENTER);
    browser.await("document.querySelectorAll('#batches tbody tr').length === 1");
    reachesAllControls(10);
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
  @ValueSource(ints = {320, 1024})
  void fitsEveryWidthWithoutHorizontalScrolling(int width) throws Exception {
    browser.resize(width, 800);
    browser.await("document.querySelector('#rates canvas') !== null");
    browser.await("document.documentElement.scrollWidth <= " + width);
    assertThat(browser.problems()).isEmpty();
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(ints = {360, 720, 1920, 3840})
  void fitsMoreWidthsWithoutHorizontalScrolling(int width) throws Exception {
    fitsEveryWidthWithoutHorizontalScrolling(width);
  }

  @Test
  @Tag("thorough")
  void redrawsTheChartsWhenTheColorSchemeChanges() throws Exception {
    browser.await("document.querySelectorAll('.chart canvas').length === 2");
    for (String scheme : List.of("dark", "light")) {
      browser.evaluate(
          "document.querySelectorAll('.chart canvas').forEach(c => c.classList.add('seen'))");
      browser.prefer(scheme);
      browser.await("matchMedia('(prefers-color-scheme: " + scheme + ")').matches");
      browser.await("document.querySelectorAll('.chart canvas:not(.seen)').length === 2");
      assertThat(browser.evaluate("document.querySelectorAll('.chart canvas').length").asInt())
          .isEqualTo(2);
    }
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  @Tag("thorough")
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
      browser.open(other.uri().resolve("/operations"));
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
              .linking(
                  "Spark UI",
                  () ->
                      next.running().state() == RunningPipeline.State.RUNNING
                          ? Optional.of(URI.create("http://localhost:4040"))
                          : Optional.empty())
              .noting("Spark UI: off")
              .start(port);
      browser.await("document.querySelector('#figure-received')?.textContent === '123'");
      browser.await("document.querySelector('#links a') !== null");
      assertThat(browser.texts("#state")).containsExactly("Running");
      assertThat(browser.texts("#links a")).containsExactly("More", "Spark UI");
      assertThat(browser.texts("#links span")).containsExactly("Spark UI: off");
      next.running().stop();
      browser.await("document.querySelectorAll('#links a').length === 1");
      assertThat(browser.texts("#links a")).containsExactly("More");
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
      browser.open(other.uri().resolve("/operations"));
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
    browser.await("document.getElementById('figure-received').textContent === '2,010'");
    assertThat(browser.texts("#state")).containsExactly("Running");
    assertThat(browser.problems()).isEmpty();
  }
}
