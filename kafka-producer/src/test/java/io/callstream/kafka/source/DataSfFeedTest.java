package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import io.callstream.kafka.source.DataSfFeed.Patience;
import io.callstream.kafka.source.SodaServer.Fault;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the feed against a server that executes queries over a changing table. */
@Timeout(60)
class DataSfFeedTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS");

  /** The number of tables with random changes. */
  private static final int TABLES = Integer.getInteger("callstream.feed.tables", 8);

  private static final LocalDateTime START = LocalDateTime.of(2026, 9, 28, 4, 0, 11);
  private static final Patience SHORT =
      new Patience(
          3,
          Duration.ofMillis(20),
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          Duration.ofSeconds(20));

  private final SodaServer server = new SodaServer();
  private final DataSfFeed feed =
      DataSfFeed.of(SodaServer.DATASET)
          .at(server.uri())
          .with(SHORT)
          .with(clockAt("2026-11-02T00:00:00Z"))
          .withPageSize(10);

  DataSfFeedTest() throws IOException {}

  private static Clock clockAt(String instant) {
    return Clock.fixed(Instant.parse(instant), ZoneId.of("America/Los_Angeles"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** Creates a row. A missing value has no key. */
  private static Map<String, Object> row(int number) {
    LocalDateTime received = START.plusMinutes(number);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("id", String.valueOf(1_000_000 + number));
    row.put("cad_number", String.valueOf(262_710_000 + number));
    row.put("received_datetime", TIME.format(received));
    row.put("call_type_original_desc", "TYPE " + number % 7);
    row.put("sensitive_call", number % 5 == 0);
    if (number % 3 != 0) {
      row.put("intersection_name", "A ST \\ \"B\" & C'EST ST");
      row.put("intersection_point", Map.of("type", "Point", "coordinates", List.of(-122.4, 37.7)));
    }
    row.put("call_last_updated_at", TIME.format(received.plusMinutes(20)));
    return row;
  }

  private List<Map<String, Object>> fill(int rows) {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      numbers.add(i);
    }
    Collections.shuffle(numbers, new Random(rows));
    List<Map<String, Object>> added = new ArrayList<>();
    numbers.forEach(number -> added.add(server.add(row(number))));
    added.sort(Comparator.comparing(row -> (String) row.get("cad_number")));
    return added;
  }

  private static Map<?, ?> read(byte[] value) {
    try {
      return JSON.readValue(value, Map.class);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Map<?, ?>> rows(CallSource source) {
    List<Map<?, ?>> rows = new ArrayList<>();
    Reading.bytes(source).forEach(value -> rows.add(read(value)));
    return rows;
  }

  private static List<String> keys(List<? extends Map<?, ?>> rows) {
    return rows.stream().map(row -> (String) row.get("cad_number")).toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 9, 10, 11, 19, 20, 137})
  void allRowsComeOnceInTheOrderOfTheirKeys(int count) {
    fill(count);

    List<Map<?, ?>> rows = rows(feed);

    assertThat(rows).containsExactlyInAnyOrderElementsOf(server.rows());
    assertThat(keys(rows)).isSorted();
    assertThat(server.requests()).allMatch(r -> r.query().get("$limit").equals("10"));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 9, 10})
  void aServerThatGivesFewerRowsAtOnceIsReadToItsEnd(int atOnce) {
    fill(37);
    server.capAt(atOnce);

    assertThat(rows(feed)).containsExactlyInAnyOrderElementsOf(server.rows());
  }

  @Test
  void rowsWithoutACadNumberComeLastAndAreRejected() {
    fill(23);
    for (int number : new int[] {90, 91, 92}) {
      Map<String, Object> row = row(number);
      row.remove("cad_number");
      server.add(row);
    }

    List<byte[]> values = Reading.bytes(feed);

    assertThat(values.stream().map(DataSfFeedTest::read).toList())
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .containsExactlyInAnyOrderElementsOf(server.rows());
    assertThat(values.subList(23, 26))
        .allMatch(
            value -> DataSfCalls.json().parser(Set.of(Fields.ID)).parse(value) instanceof Rejected);
  }

  @Test
  void aPageOfRowsWithoutACadNumberIsAFailure() {
    for (int number = 0; number < 10; number++) {
      Map<String, Object> row = row(number);
      row.remove("cad_number");
      server.add(row);
    }

    assertFailure(feed, "10 rows or more have no cad_number", "larger pages");
  }

  @Test
  void aRecordIsTheRowAsCompactJsonAndACall() {
    fill(20);
    try (CallRecords records = feed.open()) {
      byte[] value = records.next();

      assertThat(new String(value, UTF_8))
          .startsWith("{\"id\":\"1000000\",\"cad_number\":\"262710000\",\"received_datetime\":");
      assertThat(DataSfCalls.json().parser(Set.of(Fields.ID)).parse(value))
          .isInstanceOfSatisfying(
              Parsed.class, call -> assertThat(call.call().id()).isEqualTo("262710000"));
    }
  }

  @Test
  void packedAnswersAreUnpacked() {
    fill(25);
    server.pack();

    assertThat(rows(feed)).hasSize(25).containsAll(server.rows());
  }

  @Test
  void eventTimeOrderIsThatOfReceivedDatetime() {
    List<Map<String, Object>> table = fill(30);
    server.change(table.get(4), "received_datetime", "2026-09-30T00:00:00.000");
    server.change(table.get(25), "received_datetime", "2026-09-01T00:00:00.000");

    List<String> times =
        rows(feed.inEventTimeOrder(DataSfCalls.json())).stream()
            .map(row -> (String) row.get("received_datetime"))
            .toList();

    assertThat(times).hasSize(30).isSorted();
  }

  @Nested
  class WhileTheTableChanges {
    @Test
    void noRowIsLostOrDoubled() {
      List<Map<String, Object>> table = fill(50);
      Runnable edit =
          () -> {
            // One row that was read, one that will be read, the one at the edge of the page, and
            // two new rows.
            server.change(table.get(3), "call_last_updated_at", "2026-09-30T00:00:00.000");
            server.change(table.get(30), "call_last_updated_at", "2026-09-30T00:00:01.000");
            server.change(table.get(30), "disposition", "HAN");
            server.change(table.get(9), "call_last_updated_at", "2026-09-30T00:00:02.000");
            server.add(row(50));
            server.add(row(51));
          };
      server.then(SodaServer.none(), SodaServer.after(edit));

      List<Map<?, ?>> rows = rows(feed);

      assertThat(keys(rows)).isSorted().doesNotHaveDuplicates().hasSize(52);
      assertThat(rows.get(30).get("disposition")).isEqualTo("HAN");
      assertThat(rows.get(3).get("call_last_updated_at")).isNotEqualTo("2026-09-30T00:00:00.000");
    }

    @Test
    void aRowAtTheEdgeOfAPageThatIsGoneTakesNoOtherWithIt() {
      List<Map<String, Object>> table = fill(25);
      List<String> all = keys(server.rows()).stream().sorted().toList();
      server.then(SodaServer.none(), SodaServer.after(() -> server.remove(table.get(9))));

      assertThat(keys(rows(feed))).isEqualTo(all);
    }

    @Test
    @Tag("campaign")
    @Timeout(600)
    void anyChangesLeaveEachKeyThatStaysReadOnce() {
      for (int seed = 0; seed < TABLES; seed++) {
        Random random = new Random(seed);
        try (SodaServer busy = new SodaServer()) {
          List<Map<String, Object>> table = new ArrayList<>();
          int count = 20 + random.nextInt(40);
          for (int i = 0; i < count; i++) {
            table.add(busy.add(row(i)));
          }
          List<String> staying = new ArrayList<>(keys(table));
          AtomicInteger lowest = new AtomicInteger();
          Runnable edit =
              () -> {
                for (int i = random.nextInt(3); i > 0; i--) {
                  busy.add(row(lowest.decrementAndGet()));
                }
                for (int i = random.nextInt(3); i > 0 && !table.isEmpty(); i--) {
                  Map<String, Object> gone = table.remove(random.nextInt(table.size()));
                  busy.remove(gone);
                  staying.remove(gone.get("cad_number"));
                }
                for (Map<String, Object> row : table) {
                  if (random.nextInt(3) == 0) {
                    busy.change(row, "call_last_updated_at", "2026-10-01T00:00:00.000");
                  }
                }
              };
          for (int i = 0; i < 40; i++) {
            busy.then(SodaServer.after(edit));
          }
          DataSfFeed small = feed.at(busy.uri()).withPageSize(2 + random.nextInt(9));

          assertThat(keys(rows(small)))
              .as("seed %d", seed)
              .isSorted()
              .doesNotHaveDuplicates()
              .containsAll(staying);
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    }

    @Test
    void rowsOfOneKeyAllComeWhereverPagesEnd() {
      for (int i = 0; i < 12; i++) {
        for (int j = 0; j <= i % 4; j++) {
          Map<String, Object> row = row(i);
          row.put("id", i + "-" + j);
          server.add(row);
        }
      }
      for (int size = 5; size < 12; size++) {
        assertThat(rows(feed.withPageSize(size)))
            .as("pages of %d", size)
            .containsExactlyInAnyOrderElementsOf(server.rows());
      }
    }

    @Test
    void moreRowsOfOneKeyThanAPageHasAreAFailure() {
      for (int i = 0; i < 12; i++) {
        server.add(row(1));
      }

      assertFailure(feed, "has a single cad_number", "Ask for larger pages");
    }
  }

  private static void assertFailure(CallSource source, String... messages) {
    assertThatThrownBy(() -> Reading.bytes(source))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT_FAILED))
        .hasMessageContainingAll(messages);
  }

  @Nested
  class AServerThatFails {
    @ParameterizedTest
    @ValueSource(ints = {202, 408, 429, 500, 502, 503, 504})
    void isAskedAgain(int status) {
      fill(25);
      Fault busy = SodaServer.status(status, "");
      server.then(busy, busy, SodaServer.none(), busy, busy);

      assertThat(rows(feed)).containsExactlyInAnyOrderElementsOf(server.rows());
      // Three pages, one page without new rows, and one page of rows without a number.
      assertThat(server.requests()).hasSize(4 + 5);
    }

    @Test
    void isLeftAloneForTheSecondsThatItNames() {
      fill(1);
      server.then(SodaServer.status(429, "", "Retry-After", "1"));

      rows(feed);

      long pause = server.requests().get(1).nanos() - server.requests().get(0).nanos();
      assertThat(Duration.ofNanos(pause)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void isLeftAloneUntilTheDateThatItNames() {
      fill(1);
      Instant date =
          Instant.now().plusSeconds(2).truncatedTo(java.time.temporal.ChronoUnit.SECONDS);
      String header = DateTimeFormatter.RFC_1123_DATE_TIME.format(date.atOffset(ZoneOffset.UTC));
      server.then(SodaServer.status(503, "", "Retry-After", header));

      rows(feed);

      assertThat(Instant.now()).isAfterOrEqualTo(date);
      assertThat(server.requests()).hasSize(1 + 3);
    }

    @Test
    void isNotWaitedForForEver() {
      server.then(SodaServer.status(429, "", "Retry-After", "3600"));

      assertFailure(feed, "answered 429, and requests a wait of 3600 s", "app token");
      assertThat(server.requests()).hasSize(1);
    }

    @Test
    void hasItsLastWordsInTheFailureAndItsPagesBeforeIt() {
      fill(25);
      String message = "{\"message\":\"Too  busy\\u001b[31m\\n now" + "x".repeat(500) + "\"}";
      Fault busy = SodaServer.status(500, message);
      server.then(SodaServer.none(), busy, busy, busy);
      List<byte[]> before = new ArrayList<>();

      assertThatThrownBy(
              () -> {
                try (CallRecords records = feed.open()) {
                  records.forEachRemaining(before::add);
                }
              })
          .hasMessageContaining("DataSF gnap-fj3t was not read to its end, but to record 10: http")
          .hasMessageContaining("answered 500: Too busy [31m nowxxx")
          .hasMessageContaining("at the last of 3 attempts")
          .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(450));
      assertThat(before).hasSize(10);
    }

    @Test
    void inTheMiddleOfAPageLeavesNoneOfItsRows() {
      fill(25);
      server.then(server.breakOff(), server.breakOff(), SodaServer.none(), server.breakOff());

      assertThat(rows(feed)).containsExactlyInAnyOrderElementsOf(server.rows());
      assertThat(server.requests()).hasSize(3 + 5);
    }

    @Test
    void bySayingNothingIsAskedAgain() {
      fill(5);
      server.then(server.fallSilent());
      Patience hasty =
          new Patience(
              3,
              SHORT.firstDelay(),
              SHORT.longestDelay(),
              SHORT.connecting(),
              Duration.ofSeconds(1),
              SHORT.page());

      assertThat(rows(feed.with(hasty))).hasSize(5);
    }

    @Test
    void byAPageThatTakesForEverIsAskedAgain() {
      fill(5);
      server.then(server.drip());
      Patience hasty =
          new Patience(
              3,
              SHORT.firstDelay(),
              SHORT.longestDelay(),
              SHORT.connecting(),
              SHORT.silence(),
              Duration.ofSeconds(1));

      assertThat(rows(feed.with(hasty))).hasSize(5);
    }

    @Test
    void byAnAnswerThatEndsTooEarlyIsAskedAgain() {
      fill(5);
      server.then(SodaServer.status(200, "[{\"cad_number\":\"1\"}"), SodaServer.status(200, ""));

      assertThat(rows(feed)).hasSize(5);
    }

    @Test
    void byNotBeingThereIsAFailureThatSaysSo() {
      server.close();

      assertFailure(
          feed, "could not be read (no connection), at the last of 3 attempts", "network");
    }
  }

  @Nested
  class AnAnswerThatNoAttemptMends {
    @Test
    void isANameThatTheServerDoesNotKnow() {
      assertFailure(
          DataSfFeed.of("2zdj-bwza").at(server.uri()), "answered 404: Not found", "server's name");
      assertThat(server.requests()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"301, Redirections are not followed", "302, Redirections", "400, Try again later"})
    void isARefusal(int status, String fix) {
      server.then(SodaServer.status(status, "no", "Location", server.uri() + "/elsewhere"));

      assertFailure(feed, "answered " + status + ": no", fix);
      assertThat(server.requests()).hasSize(1);
    }

    @Test
    void isAPageOfAnotherKind() {
      server.then(SodaServer.status(200, "<html>Log in</html>"));

      assertFailure(feed, "no whole JSON array", "proxy");
      assertThat(server.requests()).hasSize(1);
    }

    @Test
    void isMoreThanWasAskedFor() {
      fill(11);
      server.then(SodaServer.status(200, everything()));

      assertFailure(feed, "more rows than the 10 that were asked for", "$limit");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isMoreThanMemoryIsMeantFor(boolean packed) {
      server.then(SodaServer.blank(128, packed));

      assertFailure(feed, "answered with more than 128 MiB for a page", "smaller pages");
      assertThat(server.requests()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isNotAPageOfTheMostRows(boolean packed) {
      server.then(SodaServer.blank(DataSfFeed.MAX_PAGE_SIZE * 1_500 >> 20, packed));

      assertThat(rows(feed)).hasSize(1);
    }

    private String everything() {
      try {
        return JSON.writeValueAsString(server.rows());
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    @Test
    void isAnotherOrder() {
      fill(5);
      server.then(SodaServer.status(200, everything()));

      assertFailure(feed, "not in its order", "$order");
    }

    @Test
    void isTheSamePageAgain() {
      fill(10);
      String page = "[" + rowsInOrder() + "]";
      server.then(SodaServer.status(200, page), SodaServer.status(200, page));

      assertFailure(feed, "to record 10", "not in its order");
    }

    private String rowsInOrder() {
      return String.join(",", Reading.texts(DataSfFeedTest.this.feed.withPageSize(50)));
    }

    @Test
    void isARowWithoutAKey() {
      server.then(SodaServer.status(200, "[{\"id\":\"1\"}]"));

      assertFailure(feed, "lack a cad_number");
    }
  }

  @Nested
  class AToken {
    private static final String TOKEN = "Sk4Rt0kEnOfNobody";

    @Test
    void goesInAHeaderAndNowhereElse() {
      fill(25);
      server.requireToken(TOKEN);
      DataSfFeed known = feed.withToken(TOKEN);

      assertThat(rows(known)).hasSize(25);
      assertThat(server.requests()).allMatch(request -> request.token().equals(TOKEN));
      assertThat(server.requests().toString().replace("token=" + TOKEN, "")).doesNotContain(TOKEN);
      assertThat(known + known.name()).doesNotContain(TOKEN);
    }

    @Test
    void thatIsWrongOrMissingIsNamedByTheServer() {
      server.requireToken("another");

      assertFailure(feed, "answered 403: Invalid app_token specified", "Check the app token");
      assertThatThrownBy(() -> Reading.bytes(feed.withToken(TOKEN)))
          .hasMessageContaining("403")
          .satisfies(e -> assertThat(e.toString() + e.getCause()).doesNotContain(TOKEN));
    }

    @Test
    void doesNotGoOverAnOpenConnection() {
      DataSfFeed known = feed.withToken(TOKEN);

      assertThatThrownBy(() -> known.at(URI.create("http://mirror.invalid")))
          .hasMessageContaining("use https")
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain(TOKEN));
      assertThat(known.at(URI.create("https://mirror.invalid/sf/")))
          .hasToString("DataSF gnap-fj3t at https://mirror.invalid/sf");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"127.example.com", "127.0.0.1.example.com", "localhost.example.com", "[::2]"})
    void goesToThisMachineByItsNumberOrItsOneName(String other) {
      DataSfFeed known = feed.withToken(TOKEN);

      assertThatThrownBy(() -> known.at(URI.create("http://" + other + ":8080")))
          .hasMessageContaining("use https");
      for (String own : List.of("localhost", "127.0.0.1", "127.1.2.3", "[::1]")) {
        assertThat(known.at(URI.create("http://" + own + ":8080"))).isNotNull();
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "two words", "line\nbreak", "na\u00efve"})
    void hasNoSpaceAndIsNotRepeated(String token) {
      assertThatThrownBy(() -> feed.withToken(token))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("An app token has letters, digits and signs, and no space or line break.");
    }
  }

  @Nested
  class AReadingThatWaits {
    /** Reads in a separate thread, interrupts it, and returns the exception that it throws. */
    private Throwable interrupted(DataSfFeed source, int records, int requests) throws Exception {
      AtomicInteger taken = new AtomicInteger();
      AtomicReference<Boolean> flag = new AtomicReference<>();
      CompletableFuture<Throwable> outcome = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try (CallRecords all = source.open()) {
                  for (int i = 0; i < records; i++) {
                    all.next();
                    taken.incrementAndGet();
                  }
                  outcome.completeExceptionally(new AssertionError("more: " + all.hasNext()));
                } catch (CallstreamException e) {
                  flag.set(Thread.currentThread().isInterrupted());
                  outcome.complete(e);
                }
              });
      thread.start();
      while (taken.get() < records
          || server.requests().size() < requests
          || thread.getState() == Thread.State.RUNNABLE) {
        Thread.onSpinWait();
      }
      thread.interrupt();
      Throwable thrown = outcome.get(10, TimeUnit.SECONDS);
      assertThat(flag.get()).isTrue();
      return thrown;
    }

    @Test
    void toAskAgainEndsWhenInterrupted() throws Exception {
      server.then(SodaServer.status(429, "", "Retry-After", "15"));

      assertThat(interrupted(feed, 0, 1)).hasMessageContaining("interrupted after 0 records");
    }

    @Test
    void forTheServerEndsWhenInterrupted() throws Exception {
      fill(25);
      server.then(SodaServer.none(), server.fallSilent());
      Patience patient =
          new Patience(
              3,
              SHORT.firstDelay(),
              SHORT.longestDelay(),
              SHORT.connecting(),
              Duration.ofHours(1),
              Duration.ofHours(1));

      assertThat(interrupted(feed.with(patient), 10, 2))
          .hasMessageContaining("interrupted after 10 records");
    }

    @Test
    void forTheNextLookEndsWhenInterrupted() throws Exception {
      fill(5);

      assertThat(interrupted(feed.polling(Duration.ofHours(1)), 5, 1))
          .hasMessageContaining("interrupted after 5 records");
    }
  }

  @Nested
  class Polling {
    private final DataSfFeed polling = feed.polling(Duration.ofSeconds(1));

    private List<String> next(CallRecords records, int count) {
      List<String> keys = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        keys.add((String) read(records.next()).get("cad_number"));
      }
      return keys;
    }

    @Test
    void bringsWhatIsNewOrChangedAndNothingElse() {
      List<Map<String, Object>> table = fill(25);
      try (CallRecords records = polling.open()) {
        assertThat(next(records, 25)).isEqualTo(keys(table));

        server.change(table.get(3), "call_last_updated_at", TIME.format(START.plusMinutes(50)));
        server.add(row(25));
        // The first poll starts at the new row.
        assertThat(next(records, 2)).containsExactly("262710025", "262710003");

        // Loaded again, but not changed.
        table.forEach(row -> server.change(row, "data_loaded_at", "2026-09-28T05:00:00.000"));
        server.change(table.get(3), "call_last_updated_at", TIME.format(START.plusMinutes(51)));
        assertThat(next(records, 1)).containsExactly("262710003");
      }
    }

    @Test
    void asksOnlyForWhatChangedSinceNinetyMinutesBeforeTheLatest() {
      List<Map<String, Object>> table = fill(12);
      server.change(table.get(7), "call_last_updated_at", "2026-11-01T01:59:00.000");
      try (CallRecords records = polling.open()) {
        next(records, 12);
        // The clocks were set back, so the change is more than an hour before the latest one.
        server.change(table.get(2), "call_last_updated_at", "2026-11-01T00:31:00.000");
        server.change(table.get(1), "call_last_updated_at", "2026-11-01T00:28:59.999");
        assertThat(next(records, 1)).containsExactly("262710002");
      }
      assertThat(conditions())
          .contains("call_last_updated_at >= '2026-11-01T00:29:00.000' AND cad_number IS NOT NULL");
    }

    private List<String> conditions() {
      return server.requests().stream().map(request -> request.query().get("$where")).toList();
    }

    @Test
    void isNotLedAstrayByATimeThatIsYetToCome() {
      List<Map<String, Object>> table = fill(12);
      server.change(table.get(7), "call_last_updated_at", "2099-01-01T00:00:00.000");
      // It is 17:00 in San Francisco. One hour more may come from the clock change.
      server.change(table.get(8), "call_last_updated_at", "2026-11-01T18:00:00.001");
      server.change(table.get(2), "call_last_updated_at", "2026-11-01T18:00:00.000");
      try (CallRecords records = polling.with(clockAt("2026-11-02T01:00:00Z")).open()) {
        next(records, 12);
        server.change(table.get(4), "call_last_updated_at", "2026-11-01T16:45:00.000");
        assertThat(next(records, 1)).containsExactly("262710004");
      }
      assertThat(conditions())
          .contains("call_last_updated_at >= '2026-11-01T16:30:00.000' AND cad_number IS NOT NULL");
    }

    @Test
    void outlivesAFirstLookThatFails() {
      List<Map<String, Object>> table = fill(25);
      table.get(3).remove("call_last_updated_at");
      Fault busy = SodaServer.status(503, "");
      server.then(busy, busy, busy, SodaServer.none(), busy, busy, busy);
      try (CallRecords records = polling.open()) {
        assertThat(next(records, 25)).isEqualTo(keys(table));
      }
    }

    @Test
    void leavesAServerAloneForLongerThanTheIntervalIfItSaysSo() {
      fill(1);
      Patience hasty =
          new Patience(
              3,
              SHORT.firstDelay(),
              Duration.ofSeconds(1),
              SHORT.connecting(),
              SHORT.silence(),
              SHORT.page());
      server.then(SodaServer.status(429, "", "Retry-After", "3"));
      try (CallRecords records = polling.with(hasty).open()) {
        next(records, 1);
      }
      long pause = server.requests().get(1).nanos() - server.requests().get(0).nanos();
      assertThat(Duration.ofNanos(pause)).isGreaterThanOrEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void bringsRowsWithoutACadNumberOnce() {
      fill(5);
      for (int number : new int[] {90, 91}) {
        Map<String, Object> row = row(number);
        row.remove("cad_number");
        server.add(row);
      }
      try (CallRecords records = polling.open()) {
        next(records, 7);
        Map<String, Object> row = row(92);
        row.remove("cad_number");
        server.add(row);
        assertThat(read(records.next())).isEqualTo(row);
      }
    }

    @Test
    void meetsInTheNextLookWhatChangesBehindItsBack() {
      List<Map<String, Object>> table = fill(25);
      Runnable edit =
          () ->
              server.change(table.get(2), "call_last_updated_at", TIME.format(START.plusHours(2)));
      server.then(SodaServer.none(), SodaServer.after(edit));
      try (CallRecords records = polling.open()) {
        next(records, 25);
        assertThat(next(records, 1)).containsExactly("262710002");
      }
    }

    @Test
    void outlivesALookThatFails() {
      List<Map<String, Object>> table = fill(12);
      try (CallRecords records = polling.open()) {
        next(records, 12);
        Fault busy = SodaServer.status(503, "");
        server.then(busy, busy, busy);
        server.change(table.get(5), "call_last_updated_at", TIME.format(START.plusHours(1)));
        assertThat(next(records, 1)).containsExactly("262710005");
      }
    }

    @Test
    void endsWhereNoAttemptHelps() {
      fill(2);
      try (CallRecords records = polling.open()) {
        next(records, 2);
        server.requireToken("from now on");
        assertThatThrownBy(records::hasNext).hasMessageContaining("403");
      }
    }

    @Test
    void isForTheFeedThatChangesAndNotTooOften() {
      assertThatThrownBy(() -> DataSfFeed.of("2zdj-bwza").polling(Duration.ofMinutes(10)))
          .hasMessageContaining("once a day");
      for (Duration interval :
          List.of(Duration.ofMillis(999), Duration.ofSeconds(Long.MAX_VALUE))) {
        assertThatThrownBy(() -> feed.polling(interval))
            .hasMessageContaining("from one second to one day");
      }
    }
  }

  @Nested
  class Refused {
    @ParameterizedTest
    @ValueSource(strings = {"", "police", "gnap-fj3t.json", "../gnap-fj3t"})
    void areOtherDatasets(String id) {
      assertThatThrownBy(() -> DataSfFeed.of(id))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("gnap-fj3t", "2zdj-bwza");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "ftp://h",
          "data.sfgov.org",
          "/resource",
          "https:///x",
          "https://me:secret@h",
          "https://h?token=secret",
          "https://h#a"
        })
    void areOtherServersThanWhatAUrlNames(String url) {
      assertThatThrownBy(() -> feed.at(URI.create(url)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("https://data.sfgov.org", "perhaps with a path")
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1, 50_001})
    void arePagesOfNoOrTooManyRows(int rows) {
      assertThatThrownBy(() -> feed.withPageSize(rows)).hasMessageContaining("2 to 50000");
    }
  }
}
