package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.Call;
import io.callstream.call.DataSfCalls;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.call.SeattleCalls;
import io.callstream.engine.RunningPipeline;
import io.callstream.statistic.StandardStatistics;
import io.callstream.testing.SomeCalls;
import io.callstream.testing.WatchedRun;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests what {@code /api/explore} computes. */
class ExploreTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private WatchedRun run;
  private Dashboard dashboard;

  /** Starts with the night in which the clocks are set back, and a gap after it. */
  @BeforeEach
  void start() throws Exception {
    run =
        WatchedRun.of(
            pipeline ->
                pipeline
                    .statistic(
                        StandardStatistics.callsInDetail(
                            SanFranciscoCalls.json(), Duration.ofHours(1)))
                    .maxEventTimeJump(Duration.ofDays(30)));
    receive("00:30:00-07:00", "415 Poss", "HAN", "X St");
    receive("01:30:00-07:00", "Passing Call", "HAN", "X St");
    receive("01:30:00-08:00", "Burglary", "REP", "Y St");
    receive("02:30:00-08:00", "Burglary", "GOA", "Y St");
    receive("12:30:00-08:00", "22500e", "CIT", "");
    dashboard = Dashboard.of(run.running()).labelling("Test data").start(0);
  }

  @AfterEach
  void stop() {
    dashboard.close();
    run.close();
  }

  private void receive(String time, String type, String disposition, String address)
      throws Exception {
    run.receive(
        """
        {"crime_id":"%s","original_crime_type_name":"%s","call_date_time":"2018-11-04T%s",
        "disposition":"%s","address":"%s"}\
        """
            .formatted(time, type, time, disposition, address)
            .getBytes(UTF_8));
  }

  private HttpResponse<byte[]> get(String query, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(dashboard.uri().resolve("/api/explore" + query));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return CLIENT.send(request.build(), BodyHandlers.ofByteArray());
  }

  private JsonNode explore(String query) throws IOException, InterruptedException {
    HttpResponse<byte[]> response = get(query);
    assertThat(response.statusCode()).as(new String(response.body(), UTF_8)).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  private static List<String> values(JsonNode explored, String facet) {
    List<String> values = new ArrayList<>();
    explored
        .get("facets")
        .get(facet)
        .get("values")
        .forEach(value -> values.add(value.get(0).asText() + "=" + value.get(1).asInt()));
    return values;
  }

  @Test
  void sumsAllCallsWithoutRoutineActivity() throws Exception {
    JsonNode all = explore("");
    assertThat(all.get("total").asInt()).isEqualTo(4);
    assertThat(all.get("routine").asInt()).isEqualTo(1);
    assertThat(all.get("label").asText()).isEqualTo("Test data");
    assertThat(values(all, "type")).containsExactly("Burglary=2", "22500e=1", "415 Poss=1");
    assertThat(values(all, "group")).containsExactly("property=2", "noise=1", "parking=1");
    assertThat(values(all, "disposition")).containsExactly("CIT=1", "GOA=1", "HAN=1", "REP=1");
    assertThat(values(all, "address")).containsExactly("Y St=2", "=1", "X St=1");
    assertThat(all.at("/facets/type/values/1/2").asText()).isEqualTo("blocked driveway");
    assertThat(all.at("/facets/disposition/values/2/2").asText()).isEqualTo("Handled");
    assertThat(all.at("/groups/noise").asText()).isEqualTo("Noise and disturbance");
    assertThat(all.get("facets").has("hexagon")).isFalse();
    assertThat(explore("?routine=1").get("total").asInt()).isEqualTo(5);
    assertThat(explore("?group=routine").get("total").asInt()).isEqualTo(1);
    assertThat(explore("?type=Passing+Call").get("total").asInt()).isEqualTo(1);
  }

  @Test
  void countsAllValuesThatContainAText() throws Exception {
    JsonNode types = explore("?find=BURG&top=1").get("facets").get("type");
    assertThat(types.get("values")).hasSize(1);
    assertThat(types.get("groups").asInt()).isEqualTo(3);
    assertThat(types.get("found").asInt()).isEqualTo(1);
    JsonNode places = explore("?find=st&top=1").get("facets").get("address");
    assertThat(places.get("values")).hasSize(1);
    assertThat(places.get("found").asInt()).as("X St and Y St").isEqualTo(2);
    assertThat(places.get("groups").asInt()).isEqualTo(3);
  }

  /** Returns a run whose results of a statistic wait. */
  private static RunningPipeline waiting(
      RunningPipeline run,
      String statistic,
      AtomicReference<CountDownLatch> until,
      Runnable onResults) {
    return (RunningPipeline)
        Proxy.newProxyInstance(
            ExploreTest.class.getClassLoader(),
            new Class<?>[] {RunningPipeline.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("results") && arguments[0].equals(statistic)) {
                onResults.run();
                until.get().await();
              }
              return method.invoke(run, arguments);
            });
  }

  @Test
  void rejectsRequestsWhileTooManyCompute() throws Exception {
    AtomicReference<CountDownLatch> until = new AtomicReference<>(new CountDownLatch(0));
    try (WatchedRun both =
            WatchedRun.of(
                StandardStatistics.callsInDetail(SanFranciscoCalls.json(), Duration.ofHours(1)),
                StandardStatistics.callsByType());
        Dashboard slow =
            Dashboard.of(waiting(both.running(), "calls-by-type", until, () -> {})).start(0)) {
      URI api = slow.uri().resolve("/api/explore");
      HttpRequest known = HttpRequest.newBuilder(api).build();
      assertThat(CLIENT.send(known, BodyHandlers.discarding()).statusCode()).isEqualTo(200);
      until.set(new CountDownLatch(1));
      List<CompletableFuture<HttpResponse<String>>> requests = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(api + "?top=" + (100 + i))).build();
        requests.add(CLIENT.sendAsync(request, BodyHandlers.ofString()));
      }
      int rejected = 64 - ExploreApi.MAX_REQUESTS;
      WatchedRun.await(
          "rejections",
          () -> requests.stream().filter(CompletableFuture::isDone).count() == rejected);
      for (CompletableFuture<HttpResponse<String>> request : requests) {
        if (request.isDone()) {
          assertThat(request.get().statusCode()).isEqualTo(503);
          assertThat(request.get().headers().firstValue("Retry-After")).contains("1");
          assertThat(request.get().body())
              .isEqualTo(
                  "{\"error\":\"8 other requests for calls are in progress. Try again in a"
                      + " second.\"}");
        }
      }
      for (String path : List.of("/health/live", "/api/explore", "/")) {
        HttpRequest other = HttpRequest.newBuilder(slow.uri().resolve(path)).build();
        assertThat(CLIENT.send(other, BodyHandlers.discarding()).statusCode())
            .as(path)
            .isEqualTo(200);
      }
      until.get().countDown();
      int answered = 0;
      for (CompletableFuture<HttpResponse<String>> request : requests) {
        answered += request.get().statusCode() == 200 ? 1 : 0;
      }
      assertThat(answered).isEqualTo(ExploreApi.MAX_REQUESTS);
    }
  }

  /** Returns the number of threads that answer requests for calls. */
  private static long requestsInProgress() {
    return Thread.getAllStackTraces().values().stream()
        .filter(
            stack ->
                Arrays.stream(stack)
                    .anyMatch(frame -> frame.getClassName().equals(ExploreApi.class.getName())))
        .count();
  }

  @Test
  void computesEqualRequestsOnce() throws Exception {
    AtomicReference<CountDownLatch> until = new AtomicReference<>(new CountDownLatch(1));
    AtomicInteger computed = new AtomicInteger();
    try (WatchedRun both =
        WatchedRun.of(
            StandardStatistics.callsInDetail(SanFranciscoCalls.json(), Duration.ofHours(1)),
            StandardStatistics.callsByType())) {
      RunningPipeline running =
          waiting(both.running(), "calls-by-type", until, computed::incrementAndGet);
      try (Dashboard slow = Dashboard.of(running).start(0)) {
        HttpRequest request =
            HttpRequest.newBuilder(slow.uri().resolve("/api/explore?top=9")).build();
        List<CompletableFuture<HttpResponse<String>>> requests = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
          requests.add(CLIENT.sendAsync(request, BodyHandlers.ofString()));
        }
        WatchedRun.await(
            "30 requests",
            () ->
                requestsInProgress() == 30
                    || requests.stream().anyMatch(CompletableFuture::isDone));
        until.get().countDown();
        String body = requests.get(0).get().body();
        for (CompletableFuture<HttpResponse<String>> each : requests) {
          assertThat(each.get().statusCode()).isEqualTo(200);
          assertThat(each.get().body()).isEqualTo(body);
        }
        assertThat(computed).hasValue(1);
      }
    }
  }

  @Test
  void listsHoursWithTheClockChangeAndTheGap() throws Exception {
    JsonNode hours = explore("").get("hours");
    // 7:00 and 9:00 UTC. The offset changes from 7 to 8 hours between them.
    assertThat(hours.get("runs")).hasToString("[[0,1541314800,-25200],[2,1541322000,-28800]]");
    assertThat(hours.get("calls")).hasToString("[1,0,1,1,0,0,0,0,0,0,0,0,0,1]");
    assertThat(hours.get("gaps")).hasToString("[[4,13]]");
  }

  @Test
  void leavesOutAMisdatedCallFarAfterTheWatermark() throws Exception {
    JsonNode before = explore("");
    run.receive(
        """
        {"crime_id":"1","original_crime_type_name":"415","call_date_time":"2019-11-04T00:00:00-08:00",
        "disposition":"HAN","address":"X St"}\
        """
            .getBytes(UTF_8));
    JsonNode after = explore("");
    assertThat(after.at("/accounting/received").asInt()).isEqualTo(6);
    assertThat(after.at("/accounting/rejected").asInt()).isZero();
    assertThat(after.get("hours")).isEqualTo(before.get("hours"));
    assertThat(after.get("total").asInt()).isEqualTo(4);
  }

  @Test
  void appliesAFilterToAllButItsOwnFacet() throws Exception {
    JsonNode burglaries = explore("?type=Burglary");
    assertThat(burglaries.get("total").asInt()).isEqualTo(2);
    assertThat(values(burglaries, "type")).hasSize(3);
    assertThat(values(burglaries, "disposition")).containsExactly("GOA=1", "REP=1");
    assertThat(values(burglaries, "address")).containsExactly("Y St=2");
    assertThat(burglaries.get("hours").get("calls")).hasToString("[0,0,1,1,0,0,0,0,0,0,0,0,0,0]");
    JsonNode one = explore("?type=Burglary&disposition=GOA");
    assertThat(one.get("total").asInt()).isEqualTo(1);
    assertThat(values(one, "type")).containsExactly("Burglary=1");
    assertThat(values(one, "disposition")).containsExactly("GOA=1", "REP=1");
    assertThat(explore("?type=Nothing").get("total").asInt()).isZero();
    assertThat(values(explore("?address="), "type")).containsExactly("22500e=1");
  }

  @Test
  void selectsATimeAndAnHourOfTheWeek() throws Exception {
    JsonNode second = explore("?from=2018-11-04T01:00:00-08:00&to=2018-11-04T02:00:00-08:00&top=1");
    assertThat(second.get("total").asInt()).isEqualTo(1);
    assertThat(second.get("samples"))
        .hasToString("[[1541322000,[\"property\",\"Burglary\",\"REP\",\"Y St\"],1]]");
    assertThat(second.get("columns"))
        .hasToString("[\"group\",\"type\",\"disposition\",\"address\"]");
    assertThat(second.get("hours").get("calls")).hasSize(14);
    // Sunday from 1:00 is hour 145 of the week, and occurs twice.
    assertThat(explore("?slot=145&routine=1").get("total").asInt()).isEqualTo(2);
  }

  @Test
  void extendsTheTimeToWholeHours() throws Exception {
    // From 0:45 to 2:10 with the offset of -8 hours: one window from 0:00, which is 1:00 in
    // daylight saving time, and two windows more.
    JsonNode hours = explore("?from=2018-11-04T00:45:00-08:00&to=2018-11-04T02:10:00-08:00");
    assertThat(hours.get("range")).hasToString("{\"from\":1541318400,\"to\":1541329200}");
    assertThat(hours.get("total").asInt()).as("calls at 1:30 and 2:30").isEqualTo(2);
    assertThat(explore("?from=2018-11-04T01:00:00-08:00").get("range"))
        .hasToString("{\"from\":1541322000,\"to\":null}");
  }

  @Test
  void rejectsATimeThatEndsBeforeItStarts() throws Exception {
    for (String end : List.of("2018-11-05T00:00:00-08:00", "2018-11-10T00:00:00-08:00")) {
      HttpResponse<byte[]> response = get("?from=2018-11-10T00:00:00-08:00&to=" + end);
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(JSON.readTree(response.body()).get("error").asText())
          .isEqualTo(
              "The parameter from is 2018-11-10T08:00:00Z; it must be before the parameter to,"
                  + " which is "
                  + Instant.parse(end)
                  + ".");
    }
  }

  @Test
  void findsValuesByTextAndMeaning() throws Exception {
    assertThat(values(explore("?find=BURG"), "type")).containsExactly("Burglary=2");
    assertThat(values(explore("?find=driveway"), "type")).containsExactly("22500e=1");
    assertThat(explore("?find=driveway").get("total").asInt()).isEqualTo(4);
    assertThat(values(explore("?find=driveway"), "group")).hasSize(3);
  }

  @Test
  void rejectsUnknownParametersAndWrongValues() throws Exception {
    for (String query :
        List.of("?color=red", "?from=yesterday", "?slot=168", "?top=0", "?routine=yes")) {
      HttpResponse<byte[]> response = get(query);
      assertThat(response.statusCode()).as(query).isEqualTo(400);
      assertThat(JSON.readTree(response.body()).get("error").asText()).isNotBlank();
    }
    assertThat(JSON.readTree(get("?slot=168").body()).get("error").asText())
        .isEqualTo("The parameter slot is 168; it must be a whole number from 0 to 167.");
  }

  @Test
  void rejectsAFilterOnAFieldThatTheFeedLacks() throws Exception {
    for (String field : List.of("district", "priority", "hexagon", "neighborhood")) {
      HttpResponse<byte[]> response = get("?type=Burglary&" + field + "=Mission");
      assertThat(response.statusCode()).as(field).isEqualTo(400);
      assertThat(JSON.readTree(response.body()).get("error").asText())
          .isEqualTo(
              "The calls of this feed have no field "
                  + field
                  + ", so it cannot be a filter. Filters can be group, type, disposition,"
                  + " address.");
    }
  }

  @Test
  void namesTheValuesThatNoCallHas() throws Exception {
    assertThat(explore("?type=Nothing&disposition=HAN").get("unknown"))
        .hasToString("{\"type\":\"Nothing\"}");
    JsonNode neverTogether = explore("?type=Burglary&disposition=CIT&from=2018-11-05T00:00:00Z");
    assertThat(neverTogether.get("total").asInt()).isZero();
    assertThat(neverTogether.get("unknown")).isEmpty();
    assertThat(explore("").get("unknown")).isEmpty();
  }

  @Test
  void compressesAndRepeatsNothing() throws Exception {
    HttpResponse<byte[]> plain = get("");
    HttpResponse<byte[]> zipped = get("", "Accept-Encoding", "gzip");
    assertThat(zipped.headers().firstValue("Content-Encoding")).contains("gzip");
    assertThat(zipped.body().length).isLessThan(plain.body().length);
    assertThat(new GZIPInputStream(new ByteArrayInputStream(zipped.body())).readAllBytes())
        .isEqualTo(plain.body());
    String tag = plain.headers().firstValue("ETag").orElseThrow();
    HttpResponse<byte[]> same = get("", "If-None-Match", tag);
    assertThat(same.statusCode()).isEqualTo(304);
    assertThat(same.headers().firstValue("Vary")).contains("Accept-Encoding");
    assertThat(same.body()).isEmpty();
    receive("12:40:00-08:00", "22500e", "CIT", "Z St");
    assertThat(get("", "If-None-Match", tag).statusCode()).isEqualTo(200);
    assertThat(explore("").get("total").asInt()).isEqualTo(5);
  }

  @Test
  void computesResponseTimesAndHexagonsOfTodaysFeed() throws Exception {
    try (WatchedRun today =
            WatchedRun.of(
                DataSfCalls.json(),
                pipeline ->
                    pipeline.statistic(
                        StandardStatistics.callsInDetail(
                            DataSfCalls.json(), Duration.ofHours(1))));
        Dashboard shown = Dashboard.of(today.running()).start(0)) {
      dashboard.close();
      dashboard = shown;
      int id = 0;
      for (String onScene : List.of("00:01:00", "00:02:00", "00:10:00")) {
        today.receive(call(id++, "BURGLARY", "A", onScene, "N"));
      }
      today.receive(call(id++, "BURGLARY", "B", "00:30:00", "Y"));
      JsonNode all = explore("");
      assertThat(all.get("total").asInt()).isEqualTo(4);
      assertThat(values(all, "priority")).containsExactly("A=3", "B=1");
      assertThat(values(all, "hexagon")).containsExactly("0,0=4");
      assertThat(all.get("centers")).hasToString("[[\"Mission\",0.0,0.0]]");
      // Of 60, 120 and 600 s, without the call that an officer started.
      assertThat(all.get("waiting")).hasSize(2);
      for (JsonNode waiting : all.get("waiting")) {
        assertThat(waiting.get(1).asInt()).isBetween(119, 121);
        assertThat(waiting.get(2).asInt()).isBetween(597, 603);
      }
      assertThat(all.at("/waiting/1/0").asText()).isEqualTo("A");
      JsonNode without = explore("?priority=B");
      assertThat(without.get("total").asInt()).isEqualTo(1);
      assertThat(without.get("waiting")).isEmpty();
    }
  }

  private static byte[] call(int id, String type, String priority, String onScene, String onView) {
    return """
    {"cad_number":"%s","call_type_final_desc":"%s","priority_final":"%s",
    "received_datetime":"2026-09-30T00:00:00.000","onscene_datetime":"2026-09-30T%s.000",
    "onview_flag":"%s","analysis_neighborhood":"Mission","police_district":"MISSION",
    "intersection_point":{"type":"Point","coordinates":[0.0001,0.0001]}}\
    """
        .formatted(id, type, priority, onScene, onView)
        .getBytes(UTF_8);
  }

  @Test
  void exploresTheStandardHourlyStatisticWithoutTheView() throws Exception {
    try (WatchedRun standard = WatchedRun.standard().receive(SomeCalls.of(1_000));
        Dashboard shown = Dashboard.of(standard.running()).start(0)) {
      dashboard.close();
      dashboard = shown;
      JsonNode all = explore("");
      assertThat(all.get("statistic").asText()).isEqualTo("calls-by-type-and-disposition-hourly");
      assertThat(all.get("total").asInt()).isEqualTo(1_000);
      assertThat(values(all, "disposition"))
          .isEqualTo(
              standard.calls().stream()
                  .collect(Collectors.groupingBy(call -> call.disposition(), Collectors.counting()))
                  .entrySet()
                  .stream()
                  .sorted(
                      Map.Entry.<String, Long>comparingByValue()
                          .reversed()
                          .thenComparing(Map.Entry.comparingByKey()))
                  .map(entry -> entry.getKey() + "=" + entry.getValue())
                  .toList());
    }
  }

  @Test
  void listsTheSpikesThatAllFiltersSelect() throws Exception {
    List<Call> calls = new ArrayList<>();
    for (int day = 0; day < 12; day++) {
      // 10:00 at the offset of -7 hours. The burst is on Friday, October 26.
      Instant time = Instant.parse("2018-10-15T17:00:00Z").plus(Duration.ofDays(day));
      for (int i = 0; i < (day == 11 ? 20 : 4); i++) {
        calls.add(SomeCalls.call(calls.size(), "459", time.plusSeconds(i)).build());
      }
    }
    try (WatchedRun spikes =
            WatchedRun.of(
                StandardStatistics.spikesByType(
                    SanFranciscoCalls.json().zone(), Duration.ZERO, Set.of()));
        Dashboard shown = Dashboard.of(spikes.receive(calls).running()).start(0)) {
      dashboard.close();
      dashboard = shown;
      assertThat(explore("").get("statistic").isNull()).as("spikes are not all calls").isTrue();
      for (String query : List.of("", "?type=459", "?group=property", "?slot=106")) {
        assertThat(explore(query).at("/spikes/0/rows")).as(query).hasSize(1);
      }
      for (String query : List.of("?type=415", "?group=noise", "?slot=107", "?address=X+St")) {
        assertThat(explore(query).at("/spikes/0/rows")).as(query).isEmpty();
      }
    }
  }

  @Test
  void saysThatThereIsNothingToExplore() throws Exception {
    try (WatchedRun other = WatchedRun.of(StandardStatistics.callsByType());
        Dashboard shown = Dashboard.of(other.running()).start(0)) {
      dashboard.close();
      dashboard = shown;
      JsonNode nothing = explore("");
      assertThat(nothing.get("statistic").isNull()).isTrue();
      assertThat(nothing.has("facets")).isFalse();
    }
  }

  @Test
  void explainsTypesInPlainWords() {
    TypeGroups groups = TypeGroups.of(SanFranciscoCalls.json());
    assertThat(groups.group("415")).isEqualTo("noise");
    assertThat(groups.meaning("415")).isEqualTo("noise or disturbance");
    assertThat(groups.group("459 Poss")).isEqualTo("property");
    assertThat(groups.meaning("22500e")).isEqualTo("blocked driveway");
    assertThat(groups.group("Rz/22500e")).isEqualTo("parking");
    assertThat(groups.group("Passing Call")).isEqualTo(TypeGroups.ROUTINE);
    assertThat(groups.group("PASSING CALL")).isEqualTo(TypeGroups.ROUTINE);
    for (String type : List.of("585", "7a", "Traffic Stop ", "Muni Inspection")) {
      assertThat(groups.group(type)).as(type).isEqualTo(TypeGroups.ROUTINE);
    }
    for (String note : List.of("Re 585", "Type number 407", "903/904", "7a/x", "A Passing Call")) {
      assertThat(groups.group(note)).as(note).isEqualTo("other");
    }
    assertThat(groups.group("585 Poss 415")).isEqualTo("noise");
    for (String type : List.of("Bomb Threat", "Explosive Found", "531")) {
      assertThat(groups.names().get(groups.group(type)))
          .as(type)
          .isEqualTo("Violence, threats and weapons");
    }
    assertThat(groups.group("No Such Note")).isEqualTo("other");
    assertThat(groups.meaning("No Such Note")).isEmpty();
    assertThat(groups.group("")).isEqualTo("other");
    assertThat(TypeGroups.of(SeattleCalls.json()).names()).isEmpty();
  }
}
