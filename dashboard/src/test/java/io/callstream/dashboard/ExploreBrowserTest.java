package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import com.fasterxml.jackson.databind.JsonNode;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.Position;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.net.URLEncoder;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the page that explores calls in a real browser. */
class ExploreBrowserTest extends InBrowser {
  private static final int ENTER = 13;
  private static final int RIGHT = 39;
  private static final int DOWN = 40;

  private static Pipeline.Builder inDetail(Pipeline.Builder pipeline, CallFormat format) {
    return pipeline
        .statistic(StandardStatistics.callsInDetail(format, Duration.ofHours(1)))
        .maxEventTimeJump(Duration.ofDays(30));
  }

  @BeforeEach
  void start() throws Exception {
    start(SanFranciscoCalls.json(), SomeCalls.of(2_000));
    browser.problems().clear();
    browser.resize(1280, 900);
    open("");
    browser.await("document.querySelector('#by-type .bars li') !== null");
  }

  private void start(CallFormat format, List<Call> calls) throws Exception {
    run = WatchedRun.of(format, pipeline -> inDetail(pipeline, format));
    if (!calls.isEmpty()) {
      run.receive(calls);
    }
    dashboard = Dashboard.of(run.running()).labelling("Test data").start(0);
  }

  private void restart(CallFormat format, List<Call> calls) throws Exception {
    stop();
    start(format, calls);
  }

  private void open(String query) throws Exception {
    show("/" + query);
  }

  private void awaitTotal(long total) throws Exception {
    browser.await(
        "document.getElementById('period').textContent.startsWith('%,d calls')".formatted(total));
  }

  private void click(String selector) throws Exception {
    browser.evaluate("document.querySelector(\"" + selector + "\").click()");
  }

  private String address() throws Exception {
    return browser.evaluate("location.search").asText();
  }

  /** Returns a property of the element that has the focus. */
  private String focused(String property) throws Exception {
    return browser.evaluate("document.activeElement." + property).asText();
  }

  /** Returns calls of the latest hour, which are not late. */
  private static List<Call> latest(int number) {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      calls.add(SomeCalls.call(50_000 + i, "Latest", SomeCalls.END).build());
    }
    return calls;
  }

  private long count(String type) {
    return run.calls().stream().filter(call -> call.type().equals(type)).count();
  }

  @Test
  void filtersByABarAndKeepsTheFilterInTheAddress() throws Exception {
    awaitTotal(2_000);
    String type = browser.texts("#by-type .bars .name").get(0);
    click("#by-type .bars button");
    awaitTotal(count(type));
    assertThat(address()).isEqualTo("?type=" + type.replace(' ', '+'));
    assertThat(browser.texts("#chips button")).containsExactly("Types: " + type + " ×");
    assertThat(browser.texts("#by-type .bars li")).as("the other types").hasSize(12);
    String disposition = browser.texts("#by-disposition .bars .name").get(0);
    click("#by-disposition .bars button");
    long both =
        run.calls().stream()
            .filter(c -> c.type().equals(type))
            .filter(c -> disposition.startsWith(c.disposition()) && !c.disposition().isEmpty())
            .count();
    awaitTotal(both);
    String permalink = address();
    open(permalink);
    awaitTotal(both);
    assertThat(browser.texts("#chips button")).hasSize(2);
    click("#chips button");
    browser.await("!location.search.includes('type=Type')");
    browser.evaluate("history.back()");
    awaitTotal(both);
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void selectsATimeWithTheMouseAndWithFields() throws Exception {
    awaitTotal(2_000);
    JsonNode box =
        browser.evaluate(
            "(b => [b.left, b.top, b.width, b.height])("
                + "document.querySelector('#overview svg').getBoundingClientRect())");
    double left = box.get(0).asDouble();
    double middle = box.get(1).asDouble() + box.get(3).asDouble() / 2;
    double width = box.get(2).asDouble();
    browser.drag(left + width * .3, middle, left + width * .5, middle);
    browser.await("/from=.*to=/.test(location.search)");
    String selected = browser.texts("#chips button").get(0);
    assertThat(selected).startsWith("Time: ");
    // The calls are evenly spread over ten days, or 240 hours.
    Instant from = Instant.parse("2018-11-03T07:00:00Z");
    Instant to = Instant.parse("2018-11-05T08:00:00Z");
    open("?from=" + from + "&to=" + to);
    awaitTotal(count(from, to));
    assertThat(browser.evaluate("document.getElementById('from').value").asText())
        .isEqualTo("2018-11-03T00:00");
    assertThat(browser.evaluate("document.getElementById('to').value").asText())
        .isEqualTo("2018-11-05T00:00");
    browser.evaluate(
        "(f => { f.value = '2018-11-04T02:00'; f.onchange(); })(document.getElementById('from'))");
    awaitTotal(
        run.calls().stream()
            .filter(c -> !c.time().isBefore(Instant.parse("2018-11-04T10:00:00Z")))
            .filter(c -> c.time().isBefore(to))
            .count());
    assertThat(address()).startsWith("?from=2018-11-04T02%3A00%3A00-08%3A00&");
    browser.evaluate(
        "(f => { f.value = '12018-11-04T02:00'; f.onchange(); })(document.getElementById('to'))");
    browser.await("location.search === '?from=2018-11-04T02%3A00%3A00-08%3A00'");
    assertThat(browser.problems()).isEmpty();
  }

  private long count(Instant from, Instant to) {
    return run.calls().stream()
        .filter(c -> !c.time().isBefore(from) && c.time().isBefore(to))
        .count();
  }

  @Test
  void marksOnlyTheSelectedPartOfADay() throws Exception {
    Instant midnight = Instant.parse("2018-11-03T07:00:00Z");
    Instant from = midnight.plus(Duration.ofHours(3));
    Instant to = midnight.plus(Duration.ofHours(9));
    open("?from=" + from + "&to=" + to);
    awaitTotal(count(from, to));
    assertThat(browser.texts("#overview g:has(.part) title"))
        .singleElement(STRING)
        .endsWith("; selected: 6 hours with " + count(from, to) + " calls");
    assertThat(browser.evaluate("document.querySelectorAll('#overview .bar:not(.out)').length"))
        .as("the bar of the pattern, and the selected part")
        .hasToString("2");
    JsonNode part =
        browser.evaluate(
            """
            (() => {
              const [day, part] = document.querySelectorAll('#overview g:has(.part) rect');
              const size = (of, name) => Number(of.getAttribute(name));
              const selected = document.querySelector('#overview .brush');
              const step = size(day, 'width') / .8;
              return [size(part, 'height') / size(day, 'height'), size(selected, 'width') / step,
                (size(selected, 'x') - size(day, 'x') + .1 * step) / step];
            })()
            """);
    double calls = count(midnight, midnight.plus(Duration.ofDays(1)));
    assertThat(part.get(0).asDouble()).isCloseTo(count(from, to) / calls, within(0.001));
    assertThat(part.get(1).asDouble()).as("width").isCloseTo(6 / 24.0, within(0.001));
    assertThat(part.get(2).asDouble()).as("start").isCloseTo(3 / 24.0, within(0.001));
    assertThat(browser.violations()).isEmpty();
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void drawsTheHoursAroundASelectedHour() throws Exception {
    Instant from = Instant.parse("2018-11-07T20:00:00Z");
    Instant to = from.plusSeconds(3_600);
    open("?from=" + from + "&to=" + to);
    awaitTotal(count(from, to));
    assertThat(browser.texts("#trend .figure")).containsExactly(String.valueOf(count(from, to)));
    assertThat(
            browser
                .evaluate(
                    "document.querySelector('#trend path.line').getAttribute('d').match(/[ML]/g).length")
                .asInt())
        .as("the day, and three hours on both sides")
        .isEqualTo(30);
    assertThat(browser.texts("#trend .key span")).contains("selected");
    assertThat(browser.texts("#trend .note").get(0)).startsWith("1 complete hour with a week");
  }

  @Test
  void namesTheIgnoredPartsOfTheAddress() throws Exception {
    awaitTotal(2_000);
    assertThat(browser.evaluate("document.getElementById('ignored').hidden").asBoolean()).isTrue();
    open(
        "?disposition=HAN&disposition=GOA&distrct=Mission&__proto__=x&last=abc&slot=168"
            + "&from=2018-11-03&to=2018-11-05T00:00:00-08:00&routine=yes&week=total");
    String expected =
        "The page ignores a part of its address. There is no parameter “distrct”. There is no"
            + " parameter “__proto__”. The parameters are group, type, disposition, priority,"
            + " district, neighborhood, address, hexagon, last, from, to, slot, routine, find, week,"
            + " kiosk. Only the first “disposition” counts. “last=abc” is not a number of days from"
            + " 1 to 999. “from=2018-11-03” is not a time such as 2018-11-04T01:00:00-07:00."
            + " “slot=168” is not an hour of the week from 0 to 167. “routine=yes” is not 0 or 1."
            + " “week=total” is not mean or totals.";
    browser.await("!document.getElementById('ignored').hidden");
    assertThat(browser.texts("#ignored")).containsExactly(expected);
    awaitTotal(
        run.calls().stream()
            .filter(c -> c.disposition().equals("HAN"))
            .filter(c -> c.time().isBefore(Instant.parse("2018-11-05T08:00:00Z")))
            .count());
    assertThat(browser.violations()).isEmpty();
    click("#chips button");
    browser.await("document.getElementById('ignored').hidden");
    assertThat(address()).isEqualTo("?to=2018-11-05T00%3A00%3A00-08%3A00");
    open("?last=7&to=2018-11-05T00:00:00-08:00");
    browser.await("document.querySelector('#chips button') !== null");
    assertThat(browser.texts("#ignored").get(0)).endsWith("because “last” selects the time.");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void showsAnEvenFeedAsAnEvenWeek() throws Exception {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 9.5 * 144; i++) {
      calls.add(
          SomeCalls.call(i, "Even", Instant.parse("2018-11-06T08:00:00Z").plusSeconds(600L * i))
              .build());
    }
    restart(SanFranciscoCalls.json(), calls);
    open("");
    String cells = "[...document.querySelectorAll('#week .heat td[title]')]";
    browser.await("document.querySelectorAll('#week .heat td.h9').length === 168");
    assertThat(browser.evaluate("new Set(" + cells + ".map(c => c.textContent)).size").asInt())
        .isEqualTo(1);
    assertThat(browser.texts("#week .heat tbody td").get(30)).isEqualTo("6.0");
    click("#week .switch button[data-week=totals]");
    browser.await("document.querySelectorAll('#week .heat td.h9').length < 168");
    assertThat(browser.evaluate("new Set(" + cells + ".map(c => c.textContent)).size").asInt())
        .isGreaterThan(1);
    assertThat(address()).isEqualTo("?week=totals");
    // The first day lacks its first hour, and the last one its second half.
    assertThat(browser.evaluate("document.querySelectorAll('#overview .bar.partial').length"))
        .hasToString("2");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void marksTheClockChangeAndComparesWithTheWeekBefore() throws Exception {
    awaitTotal(2_000);
    assertThat(browser.texts("#overview title"))
        .anyMatch(title -> title.matches("Sun,? 4 Nov 2018: .* clocks change, 25 hours"));
    assertThat(browser.evaluate("document.querySelectorAll('#overview line.change').length"))
        .hasToString("1");
    assertThat(browser.texts("#trend .note").get(0)).contains("a week before");
    assertThat(browser.texts("#now").get(0)).startsWith("The last complete hour, ");
  }

  @Test
  void movesThroughTheWeekWithTheKeyboard() throws Exception {
    browser.evaluate("document.querySelector('#week .heat td[tabindex=\"0\"]').focus()");
    browser.press("ArrowRight", RIGHT);
    browser.press("Enter", ENTER);
    browser.await("location.search === '?slot=1'");
    awaitTotal(
        run.calls().stream()
            .map(c -> c.time().atZone(SanFranciscoCalls.json().zone()))
            .filter(t -> t.getDayOfWeek().getValue() == 1 && t.getHour() == 1)
            .count());
    assertThat(browser.texts("#chips button")).containsExactly("Hour of the week: Monday 1:00 ×");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void replaysADay() throws Exception {
    awaitTotal(2_000);
    click("#play");
    browser.await("document.getElementById('replay-text').textContent !== ''");
    assertThat(browser.texts("#play")).containsExactly("Pause");
    browser.await("document.getElementById('replay-hour').value === '2'");
    click("#play");
    assertThat(browser.texts("#play")).containsExactly("Play");
    assertThat(address()).contains("from=").contains("to=");
    browser.evaluate(
        "(s => { s.value = '12'; s.oninput(); })(document.getElementById('replay-hour'))");
    browser.await("location.search.includes('T12%3A00')");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void exportsEachPanel() throws Exception {
    awaitTotal(2_000);
    browser.evaluate(
        """
        (() => {
          window.saved = [];
          URL.createObjectURL = blob => {
            const file = {size: blob.size, type: blob.type, text: ''};
            blob.text().then(text => { file.text = text; window.saved.push(file); });
            return 'data:,';
          };
          HTMLAnchorElement.prototype.click = function () { window.savedName = this.download; };
        })()
        """);
    String first = browser.texts("#by-type .bars .name").get(0);
    for (String panel : browser.texts(".panel h2")) {
      assertThat(panel).isNotBlank();
    }
    int panels = browser.evaluate("document.querySelectorAll('.panel').length").asInt();
    assertThat(panels).isGreaterThan(6);
    browser.evaluate(
        "document.querySelectorAll('.export button').forEach(b => b.textContent !== 'PNG' &&"
            + " b.click())");
    browser.await("saved.length === " + 2 * panels);
    browser.evaluate("window.saved = []");
    click("#by-type .export button");
    browser.await("saved.length === 1");
    assertThat(browser.evaluate("saved[0].text").asText())
        .startsWith("type,calls,share,meaning,data\r\n" + first + "," + count(first) + ",");
    assertThat(browser.evaluate("savedName").asText())
        .isEqualTo("callstream-by-type-test-data-first-12.csv");
    browser.evaluate("window.saved = []");
    click("#by-disposition .export button");
    browser.await("saved.length === 1");
    assertThat(browser.evaluate("savedName").asText())
        .as("all values")
        .isEqualTo("callstream-by-disposition-test-data.csv");
    for (String panel : List.of("#samples", "#trend", "#overview")) {
      browser.evaluate("window.saved = []");
      click(panel + " .export button");
      browser.await("saved.length === 1");
      assertThat(browser.evaluate("saved[0].text").asText().lines().skip(1))
          .as(panel)
          .allMatch(line -> line.matches("2018-\\d\\d-\\d\\dT\\d\\d:00:00-0[78]:00,.*"));
    }
    browser.evaluate("window.saved = []");
    browser.evaluate("[...document.querySelectorAll('#week .export button')][2].click()");
    browser.await("saved.length === 1");
    assertThat(browser.evaluate("saved[0].type").asText()).isEqualTo("image/png");
    assertThat(browser.evaluate("saved[0].size").asInt()).isGreaterThan(5_000);
    browser.evaluate("document.querySelector('#by-type .export').open = true");
    browser.await("document.querySelector('#by-type .export a').href.endsWith('api/explore?')");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void showsAMapOfTodaysFeed() throws Exception {
    List<Call> calls = new ArrayList<>();
    Instant start = Instant.parse("2026-09-30T08:00:00Z");
    for (int i = 0; i < 300; i++) {
      calls.add(
          Call.builder("id-" + i, "BURGLARY", start.plusSeconds(60L * i))
              .with(Fields.RECEIVED, start.plusSeconds(60L * i))
              .with(Fields.ON_SCENE, start.plusSeconds(60L * i + 300))
              .with(Fields.PRIORITY, "A")
              .with(Fields.NEIGHBORHOOD, i % 3 == 0 ? "Mission" : "Tenderloin")
              .with(
                  Fields.POSITION,
                  i % 3 == 0 ? new Position(37.76, -122.418) : new Position(37.7837, -122.4145))
              .build());
    }
    restart(DataSfCalls.json(), calls);
    open("");
    browser.await("document.querySelectorAll('#map .hex').length === 2");
    assertThat(browser.texts("#map .hex title"))
        .containsExactlyInAnyOrder("200 calls", "100 calls");
    assertThat(browser.texts("#map .name")).containsExactlyInAnyOrder("Mission", "Tenderloin");
    assertThat(browser.texts("#map .note").get(0)).startsWith("Hexagons of 410 m.");
    // The Tenderloin is northeast of the Mission.
    browser.evaluate(
        "[...document.querySelectorAll('#map .hex')].find(h => h.textContent === '200 calls')"
            + ".focus()");
    browser.press("ArrowRight", RIGHT);
    assertThat(focused("textContent")).as("nothing is further east").isEqualTo("200 calls");
    browser.press("ArrowDown", DOWN);
    assertThat(focused("textContent")).isEqualTo("100 calls");
    browser.press("Enter", ENTER);
    awaitTotal(100);
    assertThat(focused("textContent")).as("after the update").isEqualTo("100 calls");
    assertThat(address()).startsWith("?hexagon=");
    assertThat(browser.texts("#waiting tbody td")).startsWith("All", "5.0 min");
    assertThat(browser.violations()).isEmpty();
    browser.resize(1920, 1080);
    open("?kiosk");
    browser.await("document.querySelectorAll('#map .hex').length === 2");
    browser.await(isInPanel("#map .legend"));
    assertThat(browser.problems()).isEmpty();
  }

  /** Returns an expression: whether all of an element of the page is visible in its panel. */
  private static String isInPanel(String selector) {
    return """
        (e => e.getBoundingClientRect().height > 5
          && e.getBoundingClientRect().bottom <= e.closest('.panel').getBoundingClientRect().bottom
        )(document.querySelector('%s'))"""
        .formatted(selector);
  }

  @Test
  void explainsThatAFeedHasNoPositions() throws Exception {
    assertThat(browser.texts("#map .empty").get(0)).contains("blocks and intersections");
  }

  @Test
  void reconnectsAfterTheProgramRestarted() throws Exception {
    browser.await("document.getElementById('state').textContent === 'Running'");
    // A proxy answers for the program.
    browser.evaluate(
        "(() => { window.known = fetch;"
            + " window.fetch = async () => new Response('', {status: 502}); })()");
    browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    browser.await("document.getElementById('state').textContent === 'Connection lost, retrying'");
    browser.evaluate("(() => { window.fetch = known; })()");
    browser.await("document.getElementById('state').textContent === 'Running'");
    int port = dashboard.uri().getPort();
    dashboard.close();
    // The next request is due within seconds.
    browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    browser.await("document.getElementById('state').textContent === 'Connection lost, retrying'");
    browser.problems().clear(); // The browser reports each failed request.
    dashboard = Dashboard.of(run.receive(latest(5)).running()).start(port);
    browser.await("document.getElementById('state').textContent === 'Running'");
    awaitTotal(2_005);
  }

  @Test
  void doesNotReportAnErrorOfThePageAsALostConnection() throws Exception {
    awaitTotal(2_000);
    browser.evaluate("document.getElementById('chips').remove()");
    run.receive(latest(1));
    browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    WatchedRun.await("the error", () -> !browser.problems().isEmpty());
    assertThat(browser.problems().get(0)).contains("TypeError");
    assertThat(browser.texts("#state")).containsExactly("Running");
  }

  @Test
  void showsTheLastDaysThatTheResponseCounts() throws Exception {
    Instant from = SomeCalls.END.minus(Duration.ofDays(2));
    long before = count(from, SomeCalls.END);
    open("?last=2");
    awaitTotal(before);
    browser.evaluate(
        """
        (() => {
          window.seen = [];
          const period = document.getElementById('period');
          new MutationObserver(() => seen.push(period.textContent)).observe(period, {childList: true});
        })()
        """);
    run.receive(latest(7)); // In a new hour.
    browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    browser.await("seen.length > 0");
    browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    long after = count(from.plusSeconds(3_600), Instant.MAX);
    awaitTotal(after);
    assertThat(browser.evaluate("seen.map(text => text.replace(/ in .* (?=..:)/, ' '))"))
        .extracting(JsonNode::asText)
        .containsExactly(
            before + 7 + " calls 23:00 to the end.", after + " calls 00:00 to the end.");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void labelsTheFirstPointOfADay() throws Exception {
    String labels = " svg text:not([text-anchor])";
    open("?slot=41");
    browser.await("document.querySelector('#trend svg') !== null");
    assertThat(browser.texts("#trend" + labels))
        .as("Tuesdays at 17:00; there is no space for the last one")
        .containsExactly("30 Oct");
    CallFormat format =
        JsonFormat.builder("kolkata")
            .zone(ZoneId.of("Asia/Kolkata"))
            .id("id")
            .time("at")
            .type("type")
            .build();
    List<Call> calls = new ArrayList<>();
    for (int hour = 0; hour < 80; hour++) {
      add(calls, "Even", Instant.parse("2018-11-04T19:00:00Z").plusSeconds(3_600L * hour), 1);
    }
    stop();
    Statistic hours = // They start at half past by the clocks of Kolkata.
        Statistic.named("hours")
            .over(Windows.tumbling(Duration.ofHours(1)).allowingLateness(Duration.ofHours(1)))
            .build();
    Duration jump = Duration.ofDays(30);
    run =
        WatchedRun.of(format, pipeline -> pipeline.statistic(hours).maxEventTimeJump(jump))
            .receive(calls);
    dashboard = Dashboard.of(run.running()).start(0);
    open("");
    browser.await("document.querySelector('#overview svg') !== null");
    assertThat(browser.texts("#overview" + labels))
        .containsExactly("5 Nov", "6 Nov", "7 Nov", "8 Nov");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void updatesWhileItIsOpen() throws Exception {
    awaitTotal(2_000);
    browser.evaluate("document.querySelector('#by-type li').classList.add('seen')");
    run.receive(latest(7));
    awaitTotal(2_007);
  }

  @Test
  void saysWhatAnEmptyPageWaitsFor() throws Exception {
    restart(SanFranciscoCalls.json(), List.of());
    open("");
    browser.await(
        "document.getElementById('now').textContent.startsWith('Waiting for the first calls')");
    assertThat(browser.texts(".panel .empty")).contains("No calls yet.");
    assertThat(browser.texts("#label")).containsExactly("Test data");
    assertThat(browser.violations()).isEmpty();
    run.receive(SomeCalls.of(10));
    awaitTotal(10);
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void describesOneCallInTheSingular() throws Exception {
    restart(SanFranciscoCalls.json(), SomeCalls.of(1));
    open("");
    browser.await("document.getElementById('period').textContent === '1 call.'");
    assertThat(browser.texts("#covered").get(0)).startsWith("Calls from Tue").contains("2018");
    assertThat(browser.texts("#trend .empty"))
        .singleElement(STRING)
        .endsWith(" 00:00–01:00 is the only hour of the data: 1 call so far.");
    assertThat(browser.evaluate("document.body.outerHTML").asText())
        .doesNotContainPattern("\\b1 (calls|types|dispositions|rows|selected hours|hours)\\b");
    click("#week .switch button[data-week=totals]");
    browser.await("document.querySelector('#week td.h9[title$=\": 1 call\"]') !== null");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void doesNotWaitForCallsOfAnEndedRun() throws Exception {
    restart(SanFranciscoCalls.json(), List.of());
    open("");
    browser.await("document.getElementById('covered').textContent === 'No calls yet'");
    browser.evaluate(
        "(() => { window.known = fetch; window.fetch = async (...request) => {"
            + " const data = await (await known(request[0])).json();"
            + " return new Response(JSON.stringify({...data, state: 'FINISHED'})); }; })()");
    browser.evaluate("document.getElementById('routine').onchange()");
    browser.await("document.getElementById('now').textContent.startsWith('The run ended')");
    assertThat(browser.texts("#covered")).containsExactly("No calls");
    assertThat(browser.texts(".panel .empty"))
        .contains("No calls.")
        .doesNotContain("No calls yet.");
    assertThat(browser.problems()).isEmpty();
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
            "=HYPERLINK(1)");
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
    awaitTotal(2_000 + calls.size());
    for (String panel : List.of("#by-type", "#by-address", "#by-disposition")) {
      assertThat(browser.texts(panel + " .bars .name")).containsAll(names);
    }
    for (String name : List.of(names.get(1), "__proto__")) {
      open("?type=" + URLEncoder.encode(name, UTF_8));
      awaitTotal(300);
      assertThat(browser.texts("#chips .value")).containsExactly(name);
    }
    assertThat(browser.evaluate("window.hacked === undefined").asBoolean()).isTrue();
    assertThat(
            browser.evaluate("document.querySelectorAll('main img, main script').length").asInt())
        .isZero();
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void showsWhatTheDataAreOnEachPage() throws Exception {
    for (String page : List.of("/", "/?kiosk", "/operations", "/operations?kiosk")) {
      show(page);
      browser.await("document.getElementById('covered').textContent.includes(' to ')");
      assertThat(browser.texts("#label")).as(page).containsExactly("Test data");
      assertThat(browser.texts("#covered").get(0))
          .as(page)
          .matches("Calls from .*30 Oct 2018.* to .*8 Nov 2018.*, local time \\(America/.*\\)");
      assertThat(browser.texts("#source").get(0)).as(page).contains("memory");
      assertThat(browser.texts("#state")).as(page).containsExactly("Running");
      assertThat(
              browser.evaluate(
                  "[...document.querySelectorAll('#label, #covered, #source, #state')]"
                      + ".every(e => e.getClientRects().length > 0)"))
          .as(page)
          .hasToString("true");
      assertThat(browser.evaluate("document.title").asText()).startsWith("Test data: ");
    }
  }

  @Test
  void countsAllValuesThatContainAText() throws Exception {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 15; i++) {
      calls.add(SomeCalls.call(60_000 + i, "Alpha " + i, SomeCalls.END).build());
    }
    run.receive(calls);
    open("?find=alpha");
    browser.await("document.querySelectorAll('#by-type .bars li').length === 12");
    assertThat(browser.texts("#by-type .note").get(0))
        .matches("15 of \\d+ contain “alpha”; the first 12 are shown");
    open("?find=alpha+14");
    browser.await("document.querySelectorAll('#by-type .bars li').length === 1");
    assertThat(browser.texts("#by-type .note").get(0)).matches("1 of \\d+ contain “alpha 14”");
  }

  @Test
  void saysThatTheServerIsBusy() throws Exception {
    browser.await("document.getElementById('state').textContent === 'Running'");
    browser.evaluate(
        "(() => { window.known = fetch;"
            + " window.fetch = async () => new Response('{}', {status: 503}); })()");
    browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    browser.await(
        "document.getElementById('state').textContent === 'The server is busy, retrying'");
    browser.evaluate("(() => { window.fetch = known; })()");
    browser.await("document.getElementById('state').textContent === 'Running'");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void comparesADayThatStartsAtOneOClock() throws Exception {
    CallFormat format =
        JsonFormat.builder("santiago")
            .zone(ZoneId.of("America/Santiago"))
            .id("id")
            .time("at")
            .type("type")
            .build();
    List<Call> calls = new ArrayList<>();
    Instant start = Instant.parse("2018-08-03T04:00:00Z");
    for (int i = 0; i < 20 * 24; i++) {
      calls.add(Call.builder("id-" + i, "Even", start.plusSeconds(3_600L * i)).build());
    }
    restart(format, calls);
    open("");
    // The clocks are set from midnight to one o'clock on Sunday, 12 August.
    browser.await("document.querySelector('#overview title') !== null");
    assertThat(browser.texts("#overview title"))
        .anyMatch(
            title ->
                title.matches("Sun,? 12 Aug 2018: 23 calls, 1.0 an hour, clocks change, 23 hours"));
    assertThat(browser.texts("#trend .note").get(0))
        .as("11 to 21 August without 12 and 19; the first day and the last two are not complete")
        .startsWith(
            "9 complete days with a week before: 216 calls, as many as a week before (216)");
    open("?from=2018-08-12T01:00:00-03:00&to=2018-08-13T00:00:00-03:00");
    awaitTotal(23);
    assertThat(browser.texts("#trend .note").get(0))
        .startsWith("23 complete hours with a week before: 23 calls, as many as a week before");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void comparesOnlyWhatIsKnownAndStatesTheNumbers() throws Exception {
    List<Call> calls = new ArrayList<>();
    Instant start = Instant.parse("2018-09-03T07:00:00Z");
    for (int hour = 0; hour < 29 * 24; hour++) {
      Instant time = start.plusSeconds(3_600L * hour);
      int week = hour / 168;
      int hourOfWeek = hour % 168;
      add(calls, "Even", time, 1);
      add(calls, "New", time, hourOfWeek == 10 && week == 4 ? 23 : 0);
      add(calls, "About", time, hourOfWeek == 11 ? week == 4 ? 401 : week == 3 ? 400 : 0 : 0);
      add(calls, "Burst", time, hourOfWeek == 12 ? week == 4 ? 22 : 2 : 0);
      add(calls, "More", time, hourOfWeek == 13 ? week == 4 ? 42 : 40 : 0);
      add(calls, "Rare", time, hourOfWeek == 14 + week ? 1 : 0);
    }
    restart(SanFranciscoCalls.json(), calls);
    Instant last = start.plus(Duration.ofDays(28));
    assertThat(trend("New", last.plusSeconds(10 * 3_600), 1))
        .isEqualTo(
            "1 complete hour with a week before: 23 calls; a week before there were none; the"
                + " median of the four weeks before is 0");
    assertThat(trend("About", last.plusSeconds(11 * 3_600), 1))
        .contains("401 calls, about as many as a week before (400); ");
    assertThat(trend("Burst", last.plusSeconds(12 * 3_600), 1))
        .contains(
            "22 calls, 11 times as many as a week before (2); 11 times as many as the median of the"
                + " four weeks before (2)");
    assertThat(trend("More", last.plusSeconds(13 * 3_600), 1))
        .contains("42 calls, 5 % more than a week before (40); 5 % more than the median");
    // In each of these hours, most of the four weeks before have no call.
    assertThat(trend("Rare", last.plusSeconds(13 * 3_600), 7))
        .isEqualTo(
            "7 complete hours with a week before: 1 call, as many as a week before (1); as many as"
                + " the median of the four weeks before (1)");
    assertThat(browser.texts("#trend .key span"))
        .contains("median of the same hour in the four weeks before");
    // The first hour of all is not complete, so only the last hour has four weeks before it.
    assertThat(trend("Even", last.minusSeconds(2 * 3_600), 4))
        .isEqualTo(
            "4 complete hours with a week before: 4 calls, as many as a week before (4); 1 complete"
                + " hour with four weeks before: 1 call, as many as their median (1)");
    assertThat(trend("Even", last.minusSeconds(2 * 3_600), 2))
        .as("without a median of three weeks")
        .isEqualTo("2 complete hours with a week before: 2 calls, as many as a week before (2)");
    assertThat(trend("Even", last.minus(Duration.ofHours(20 * 24 - 12)), 20 * 24))
        .as("the first and the last day are selected in part")
        .startsWith("19 complete days with a week before: 456 calls");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void comparesNoHourThatOccursTwice() throws Exception {
    List<Call> calls = new ArrayList<>();
    Instant start = Instant.parse("2018-10-27T07:00:00Z");
    for (int hour = 0; hour < 16 * 24; hour++) {
      add(calls, "Even", start.plusSeconds(3_600L * hour), 1);
    }
    restart(SanFranciscoCalls.json(), calls);
    // From midnight to three o'clock of the night in which clocks change, and a week later.
    assertThat(trend("Even", Instant.parse("2018-11-04T07:00:00Z"), 4))
        .startsWith("2 complete hours with a week before: 2 calls");
    assertThat(trend("Even", Instant.parse("2018-11-11T08:00:00Z"), 3))
        .startsWith("2 complete hours with a week before: 2 calls");
    assertThat(browser.texts("#trust .note").get(0)).contains("the hour that occurs twice");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void drawsNoHourThatOccursTwiceIfCallsDoNotTellWhich() throws Exception {
    CallFormat format =
        JsonFormat.builder("local")
            .zone(ZoneId.of("America/Los_Angeles"))
            .id("id")
            .time("at")
            .type("type")
            .build();
    restart(format, List.of());
    String[] times = {
      "03T23:10",
      "03T23:20",
      "04T00:10",
      "04T01:10",
      "04T01:20",
      "04T02:10",
      "04T04:10",
      "04T06:10",
      "04T07:10"
    };
    for (int i = 0; i < times.length; i++) {
      run.receive(
          "{\"id\":\"%d\",\"at\":\"2018-11-%s:00\",\"type\":\"Even\"}"
              .formatted(i, times[i])
              .getBytes(UTF_8));
    }
    open("");
    browser.await("document.querySelector('#trend path.line') !== null");
    assertThat(
            browser
                .evaluate(
                    "document.querySelector('#trend path.line').getAttribute('d').replace(/[^ML]/g, '')")
                .asText())
        .as("0:00; then 2:00 and 3:00")
        .matches("MML+");
    assertThat(browser.texts("#trend .note").get(0))
        .contains("01:00 occurs twice. The calls do not specify which");
    assertThat(browser.evaluate("document.querySelectorAll('#trend .brush').length").asInt())
        .as("nothing is selected")
        .isZero();
    assertThat(browser.texts("#overview title").stream().filter(t -> t.contains("occurs twice")))
        .hasSize(2);
    open("?from=2018-11-04T01:00:00-07:00&to=2018-11-04T01:00:00-08:00");
    awaitTotal(2);
    assertThat(browser.texts("#chips button").get(0))
        .containsSubsequence("01:00 (UTC-07:00) to", "01:00 (UTC-08:00)");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void selectsNothingInAFeedOfFewHours() throws Exception {
    List<Call> calls = new ArrayList<>();
    for (int hour = 0; hour < 4; hour++) {
      add(calls, "Even", Instant.parse("2018-11-07T20:00:00Z").plusSeconds(3_600L * hour), 3);
    }
    restart(SanFranciscoCalls.json(), calls);
    open("");
    browser.await("document.querySelector('#trend svg') !== null");
    assertThat(browser.texts("#trend .key span")).isNotEmpty().doesNotContain("selected");
    open("?from=2018-11-07T20:00:00Z&to=2018-11-07T22:00:00Z");
    browser.await("document.querySelector('#trend .brush') !== null");
    assertThat(
            browser
                .evaluate("Number(document.querySelector('#trend .brush').getAttribute('x'))")
                .asDouble())
        .as("the left edge of the chart")
        .isGreaterThanOrEqualTo(44);
  }

  @Test
  void extendsTheTimeToWholeHoursAndIgnoresAReversedOne() throws Exception {
    open("?from=2018-11-04T00:30:00-07:00&to=2018-11-04T05:30:00-08:00");
    awaitTotal(count(Instant.parse("2018-11-04T07:00:00Z"), Instant.parse("2018-11-04T14:00:00Z")));
    assertThat(browser.texts("#ignored"))
        .containsExactly(
            "The page ignores a part of its address. The page counts whole hours: it selects"
                + " 2018-11-04T00:00:00-07:00 to 2018-11-04T06:00:00-08:00.");
    assertThat(browser.texts("#period").get(0)).containsSubsequence("00:00 to", "06:00.");
    open("?from=2018-11-10T00:00:00-08:00&to=2018-11-05T00:00:00-08:00");
    awaitTotal(2_000);
    assertThat(browser.texts("#ignored"))
        .containsExactly(
            "The page ignores a part of its address. “from” and “to” do not count, because “from”"
                + " is not before “to”.");
    open("?from=2018-11-05T00:00:00-08:00");
    browser.await("document.getElementById('from').value === '2018-11-05T00:00'");
    browser.evaluate(
        "(f => { f.value = '2018-11-04T00:00'; f.onchange(); })(document.getElementById('to'))");
    assertThat(browser.evaluate("document.getElementById('to').validationMessage").asText())
        .isEqualTo("The start must be before the end.");
    assertThat(address()).isEqualTo("?from=2018-11-05T00:00:00-08:00");
    assertThat(browser.problems()).isEmpty();
  }

  private static void add(List<Call> calls, String type, Instant time, int number) {
    for (int i = 0; i < number; i++) {
      calls.add(SomeCalls.call(calls.size(), type, time.plusSeconds(i)).build());
    }
  }

  /** Returns how the page compares the calls of a type in some hours. */
  private String trend(String type, Instant from, int hours) throws Exception {
    open("?type=" + type + "&from=" + from + "&to=" + from.plusSeconds(3_600L * hours));
    browser.await("document.querySelector('#trend svg') !== null");
    return browser.texts("#trend .note").get(0);
  }

  @Test
  void saysWhichFilterNoCallCanHave() throws Exception {
    open("?district=Mission");
    browser.await(
        "document.getElementById('now').textContent.includes('this feed have no field district')");
    assertThat(browser.texts("#state")).containsExactly("No calls for this address");
    browser.problems().clear(); // The browser reports the status 400.
    click("#now a");
    browser.await("location.search === '' && document.querySelector('#by-type .bars li') !== null");
    open("?type=Bananas&disposition=Peeled");
    awaitTotal(0);
    assertThat(browser.texts("#now").get(0))
        .isEqualTo("No call has the type “Bananas”. No call has the disposition “Peeled”.");
    open("?group=constructor");
    awaitTotal(0);
    assertThat(browser.texts("#now")).containsExactly("No call has the kind “constructor”.");
    assertThat(browser.texts("#chips button")).containsExactly("Kinds of calls: constructor ×");
    open("?disposition=HAN");
    browser.await("document.getElementById('now').textContent.startsWith('The last complete')");
    assertThat(browser.problems()).isEmpty();
  }

  @Test
  void allControlsAreReachableWithTheKeyboard() throws Exception {
    reachesAllControls(50);
  }

  @Test
  void keepsTheFocusWhenDataChange() throws Exception {
    awaitTotal(2_000);
    long total = 2_000;
    for (String selector :
        List.of("#by-type .bars button", "#samples .scroll", "#week td[tabindex='0']", "#from")) {
      browser.evaluate("document.querySelector(\"" + selector + "\").focus()");
      run.receive(latest(1));
      awaitTotal(++total);
      assertThat(
              browser
                  .evaluate(
                      "document.activeElement === document.querySelector(\"" + selector + "\")")
                  .asBoolean())
          .as(selector)
          .isTrue();
    }
    click("#by-type .bars button");
    browser.await("document.querySelectorAll('#chips button').length === 1");
    browser.evaluate("document.querySelector('#chips button').focus()");
    browser.press("Enter", ENTER);
    awaitTotal(total);
    assertThat(focused("id")).as("after the last filter is removed").isEqualTo("find");
  }

  @Test
  void hasNoViolationsOfAccessibilityRules() throws Exception {
    for (int width : new int[] {390, 1280}) {
      browser.resize(width, 844);
      for (String scheme : List.of("dark", "light")) {
        browser.prefer(scheme);
        assertThat(browser.violations()).as("%s, %s px", scheme, width).isEmpty();
      }
    }
    click("#by-type .bars button");
    browser.await("document.querySelector('#chips li') !== null");
    assertThat(browser.violations()).as("with a filter").isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {320, 1024})
  void fitsEveryWidthWithoutHorizontalScrolling(int width) throws Exception {
    browser.resize(width, 800);
    browser.await("document.documentElement.scrollWidth <= " + width);
    assertThat(browser.problems()).isEmpty();
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(ints = {720, 1920, 3840})
  void fitsMoreWidthsWithoutHorizontalScrolling(int width) throws Exception {
    fitsEveryWidthWithoutHorizontalScrolling(width);
  }

  @Test
  void printsWithoutControls() throws Exception {
    browser.media("print");
    try {
      assertThat(
              browser.evaluate(
                  "[...document.querySelectorAll('.tabs, .filters .row, .export, #map')]"
                      + ".some(e => e.checkVisibility())"))
          .hasToString("false");
      assertThat(
              browser
                  .evaluate("getComputedStyle(document.querySelector('.panel.wide')).breakInside")
                  .asText())
          .isEqualTo("avoid");
      show("/operations");
      browser.await("document.querySelectorAll('.chart canvas').length === 2");
      assertThat(
              browser.evaluate(
                  "[...document.querySelectorAll('.tabs, details')].some(e => e.checkVisibility())"))
          .hasToString("false");
      browser.resize(700, 900); // The width of a page, in the pixels of a screen.
      assertThat(
              browser.evaluate(
                  "[...document.querySelectorAll('.figures dt, .figures dd')]"
                      + ".filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"))
          .as("texts that are cut off")
          .isEmpty();
      browser.await(
          "[...document.querySelectorAll('.chart')].every(c => c.clientHeight > 150"
              + " && c.firstElementChild.offsetHeight <= c.clientHeight)");
    } finally {
      browser.media("");
    }
  }

  @Test
  void fitsOneScreenAsAKiosk() throws Exception {
    browser.resize(1920, 1080);
    open("?kiosk");
    browser.await("document.querySelector('#by-type .bars li') !== null");
    browser.await("document.documentElement.scrollHeight <= 1080");
    assertThat(
            browser
                .evaluate("getComputedStyle(document.getElementById('filters')).display")
                .asText())
        .isEqualTo("none");
    assertThat(browser.texts("#by-address .bars li")).as("in place of a map").isNotEmpty();
    assertThat(
            browser.evaluate(
                "['.tabs', '#map', '#by-address', '#by-type'].map(selector =>"
                    + " document.querySelector(selector).checkVisibility())"))
        .hasToString("[false,false,true,true]");
    assertThat(
            browser.evaluate(
                """
                [...document.querySelectorAll('.panel .bars li')].filter(e => e.checkVisibility()).filter(e => {
                  const item = e.getBoundingClientRect(), body = e.closest('.body').getBoundingClientRect();
                  return item.left < body.right && item.bottom > body.bottom + 1;
                }).map(e => e.textContent)
                """))
        .as("items that are cut off")
        .isEmpty();
    assertThat(address()).isEqualTo("?kiosk");
    open("?kiosk&kisok");
    browser.await("document.querySelector('#by-type .bars li') !== null");
    assertThat(browser.texts("#ignored").get(0)).contains("no parameter “kisok”");
    for (int width : new int[] {1920, 1366, 1280}) {
      browser.resize(width, width * 9 / 16);
      open("?kiosk");
      browser.await("document.querySelector('#by-type .bars li') !== null");
      for (String part : List.of("#week .legend", "#week tbody tr:last-child", "#trend .key")) {
        browser.await(isInPanel(part));
      }
    }
  }

  @Test
  @Tag("thorough")
  void transfersAtMostTenMegabytesAnHour() throws Exception {
    awaitTotal(2_000);
    browser.evaluate("performance.setResourceTimingBufferSize(10000)");
    browser.evaluate("performance.clearResourceTimings()");
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    int batches = 0;
    while (System.nanoTime() < end) {
      long next = System.nanoTime() + Duration.ofSeconds(1).toNanos();
      run.receive(latest(100));
      batches++;
      WatchedRun.await("a second", () -> System.nanoTime() >= next);
    }
    long bytes =
        browser
            .evaluate(
                "performance.getEntriesByType('resource').reduce((sum, e) => sum + e.transferSize, 0)")
            .asLong();
    assertThat(batches).isGreaterThan(50);
    assertThat(bytes).isPositive();
    assertThat(bytes * 60).as("bytes an hour").isLessThan(10_000_000);
  }
}
