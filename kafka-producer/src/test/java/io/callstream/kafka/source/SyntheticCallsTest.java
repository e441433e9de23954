package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.Call;
import io.callstream.call.CallParser;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.ParseResult;
import io.callstream.call.SanFranciscoCalls;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class SyntheticCallsTest {
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();
  private static final int MANY = 200_000;
  private static final int SEVERAL = 50_000;

  private static List<Call> calls(CallSource source) {
    CallParser parser = FORMAT.parser(Fields.ALL);
    List<Call> calls = new ArrayList<>();
    for (byte[] value : Reading.bytes(source)) {
      ParseResult result = parser.parse(value);
      assertThat(result).isInstanceOf(ParseResult.Parsed.class);
      calls.add(((ParseResult.Parsed) result).call());
    }
    return calls;
  }

  private static Map<String, Integer> counts(List<Call> calls, Function<Call, String> key) {
    Map<String, Integer> counts = new HashMap<>();
    calls.forEach(call -> counts.merge(key.apply(call), 1, Integer::sum));
    return counts;
  }

  @Test
  void areTheSameForTheSameSeedAndOthersForAnother() {
    SyntheticCalls source =
        SyntheticCalls.of(5_000).withDisorder(0.1).withDuplicates(0.05).withGarbage(0.02);
    assertThat(Reading.texts(source)).isEqualTo(Reading.texts(source));
    assertThat(Reading.texts(source)).isNotEqualTo(Reading.texts(source.withSeed(2)));
    // A fixed expectation, so that every change of the generator is noticed.
    assertThat(Reading.texts(SyntheticCalls.of(1)).get(0))
        .startsWith("{\"crime_id\":\"18275000")
        .contains("\"call_date_time\":\"2018-10-02T00:0");
  }

  @Test
  void haveTheFourteenFieldsOfTheFormatAsText() throws IOException {
    List<String> names =
        List.of(
            "crime_id",
            "original_crime_type_name",
            "report_date",
            "call_date",
            "offense_date",
            "call_time",
            "call_date_time",
            "disposition",
            "address",
            "city",
            "state",
            "agency_id",
            "address_type",
            "common_location");
    ObjectMapper json = new ObjectMapper();
    for (byte[] value : Reading.bytes(SyntheticCalls.of(5_000))) {
      JsonNode call = json.readTree(value);
      assertThat(call.fieldNames()).toIterable().containsExactlyElementsOf(names);
      assertThat(call).allMatch(JsonNode::isTextual);
      assertThat(call.get("call_date_time").textValue())
          .isEqualTo(
              call.get("call_date").textValue().substring(0, 11)
                  + call.get("call_time").textValue()
                  + ":00.000");
      assertThat(call.get("original_crime_type_name").textValue())
          .hasSizeBetween(1, 20)
          .isEqualTo(call.get("original_crime_type_name").textValue().strip());
      assertThat(call.get("address").textValue()).hasSizeBetween(5, 46);
      assertThat(call.get("common_location").textValue()).hasSizeLessThanOrEqualTo(40);
    }
  }

  @Test
  void haveTheDistributionsOfTheRealCalls() {
    List<Call> calls = calls(SyntheticCalls.of(MANY));
    assertThat(calls).hasSize(MANY);
    assertThat(counts(calls, Call::id)).hasSize(MANY);

    Map<String, Integer> hours = counts(calls, call -> call.text(Fields.CALL_TIME).substring(0, 2));
    assertThat(hours).hasSize(24);
    assertThat(hours.get("04"))
        .isEqualTo(hours.values().stream().mapToInt(i -> i).min().orElse(0))
        .isCloseTo(2_618, within(260));
    assertThat(hours.get("17")).isCloseTo(13_484, within(500));
    assertThat(hours.values().stream().mapToInt(i -> i).max().orElse(0)).isLessThan(14_200);

    Map<String, Integer> types = counts(calls, Call::type);
    assertThat(types.get("Passing Call")).isCloseTo(35_180, within(1_000));
    assertThat(types.get("Traffic Stop")).isCloseTo(13_538, within(700));
    assertThat(types.get("Muni Inspection")).isCloseTo(5_509, within(500));
    assertThat(types).hasSizeBetween(2_700, 4_200);
    assertThat(types.values().stream().filter(n -> n == 1).count()).isBetween(1_500L, 2_800L);

    Map<String, Integer> dispositions = counts(calls, Call::disposition);
    assertThat(dispositions.get("HAN")).isCloseTo(57_600, within(1_200));
    assertThat(dispositions.get("GOA")).isCloseTo(26_200, within(900));
    assertThat(dispositions.get("Not recorded")).isCloseTo(19_238, within(800));
    assertThat(dispositions.get("OTS")).isCloseTo(262, within(90));
    assertThat(dispositions).hasSizeBetween(20, 28);

    Map<String, Integer> places = counts(calls, Call::address);
    assertThat(places).hasSizeBetween(18_000, 30_000);
    assertThat(places.values().stream().filter(n -> n == 1).count()).isBetween(5_000L, 12_000L);
    assertThat(places.values().stream().mapToInt(i -> i).max().orElse(0)).isBetween(700, 2_500);
    assertThat(calls.stream().filter(call -> call.address().contains(" Block Of ")).count())
        .isCloseTo(126_641L, within(3_000L));
    assertThat(calls.stream().filter(call -> call.address().contains("/")).count())
        .isCloseTo(64_734L, within(2_000L));
    assertThat(calls.stream().filter(call -> call.text(Fields.CITY).isEmpty()).count())
        .isCloseTo(4_284L, within(500L));
    assertThat(calls.stream().filter(call -> call.text(Fields.COMMON_LOCATION).isEmpty()).count())
        .isCloseTo(175_553L, within(2_000L));

    Map<String, Integer> days = counts(calls, call -> call.text(Fields.CALL_DATE));
    assertThat(days.size()).isBetween(86, 96);
    days.remove(calls.get(MANY - 1).text(Fields.CALL_DATE));
    assertThat(days.values()).allSatisfy(n -> assertThat(n).isBetween(1_442, 2_800));
  }

  @Test
  void comeInTheOrderOfEventTimeAndIdAcrossBothClockChanges() {
    for (LocalDate start : List.of(LocalDate.of(2018, 10, 2), LocalDate.of(2019, 3, 1))) {
      List<Call> calls = calls(SyntheticCalls.of(80_000).startingOn(start));
      assertThat(calls)
          .isSortedAccordingTo(
              java.util.Comparator.comparingLong(Call::epochMillis).thenComparing(Call::id));
      assertThat(calls.get(0).text(Fields.CALL_DATE)).startsWith(start.toString());
    }
    List<Call> autumn = calls(SyntheticCalls.of(80_000));
    assertThat(autumn.stream().filter(Call::ambiguousTime).count()).isBetween(50L, 160L);
    List<Call> spring = calls(SyntheticCalls.of(30_000).startingOn(LocalDate.of(2019, 3, 1)));
    assertThat(
            spring.stream()
                .filter(call -> call.text(Fields.CALL_DATE).startsWith("2019-03-10"))
                .filter(call -> call.text(Fields.CALL_TIME).startsWith("02"))
                .count())
        .isZero();
  }

  @Test
  void idsAreYearDayOfYearAndSequence() {
    for (Call call : calls(SyntheticCalls.of(5_000).startingOn(LocalDate.of(2018, 12, 31)))) {
      LocalDate day = LocalDate.parse(call.text(Fields.CALL_DATE).substring(0, 10));
      assertThat(call.id())
          .hasSize(9)
          .startsWith(String.format("%02d%03d", day.getYear() % 100, day.getDayOfYear()));
    }
  }

  @Test
  void anyNumberOfCallsIsOfThePast() {
    // The maximum at 2,200 calls a day, and a denser number.
    for (long number : List.of(4_730_000L, 10_000_000L)) {
      CallClock clock =
          new CallClock(LocalDate.of(2018, 10, 2), number, RandomValues.sequence(number, 0));
      for (long i = 0; i < number; i++) {
        clock.advance();
      }
      assertThat(clock.date()).isBetween(LocalDate.of(2024, 7, 1), LocalDate.of(2024, 10, 1));
    }
  }

  @Test
  void denseCallsKeepTheOrderOfTimesAndOfUniqueIds() {
    List<String> ids = new ArrayList<>();
    CallParser parser = FORMAT.parser(Fields.ALL);
    long before = 0;
    try (CallRecords records = SyntheticCalls.of(50_000_000).open()) {
      while (ids.size() < SEVERAL) {
        Call call = ((ParseResult.Parsed) parser.parse(records.next())).call();
        assertThat(call.epochMillis()).isGreaterThanOrEqualTo(before);
        before = call.epochMillis();
        ids.add(call.id());
      }
    }
    assertThat(ids).isSorted().doesNotHaveDuplicates().allMatch(id -> id.length() == 10);
    assertThat(ids.stream().map(id -> id.substring(0, 5)).distinct().count()).isBetween(2L, 4L);
  }

  @Test
  void theDensestCallsAreAsManyAMinuteAsTheyShouldBe() {
    CallClock clock =
        new CallClock(LocalDate.of(2018, 10, 2), 10_000_000_000L, RandomValues.sequence(1, 0));
    StringBuilder id = new StringBuilder();
    for (int i = 0; i < 3_000_000; i++) {
      clock.advance();
    }
    clock.appendId(id);
    // A day of 4.65 million calls, after about 60 % of them.
    assertThat(clock.date()).isEqualTo(LocalDate.of(2018, 10, 2));
    assertThat(id).hasSize(13);
    assertThat(Long.parseLong(id.substring(5))).isBetween(5_900_000L, 6_100_000L);
  }

  @Test
  void disorderDelaysSomeAndChangesNone() {
    Duration maxDelay = Duration.ofMinutes(45);
    SyntheticCalls ordered = SyntheticCalls.of(SEVERAL);
    SyntheticCalls disordered = ordered.withDisorder(0.03, maxDelay);
    List<String> values = Reading.texts(disordered);
    assertThat(values.stream().sorted().toList())
        .isEqualTo(Reading.texts(ordered).stream().sorted().toList());
    assertThat(disordered.counts()).isEqualTo(new SyntheticCounts(SEVERAL, 1_500, 0, 0));

    long greatest = 0;
    String greatestId = "";
    long behind = 0;
    long latest = 0;
    for (Call call : calls(disordered)) {
      behind += call.id().compareTo(greatestId) < 0 ? 1 : 0;
      greatestId = call.id().compareTo(greatestId) > 0 ? call.id() : greatestId;
      latest = Math.max(latest, greatest - call.epochMillis());
      greatest = Math.max(greatest, call.epochMillis());
    }
    // A delay of a minute or two may not pass any other call.
    assertThat(behind).isBetween(1_400L, 1_500L);
    assertThat(Duration.ofMillis(latest)).isBetween(Duration.ofMinutes(40), maxDelay);
  }

  @Test
  void delaysKeepTheirBoundOverTheClockChange() {
    List<Call> calls =
        calls(
            SyntheticCalls.of(8_000)
                .startingOn(LocalDate.of(2018, 11, 3))
                .withDisorder(0.9, Duration.ofMinutes(90)));
    long greatest = 0;
    for (Call call : calls) {
      assertThat(greatest - call.epochMillis()).isLessThanOrEqualTo(90 * 60_000);
      greatest = Math.max(greatest, call.epochMillis());
    }
  }

  @Test
  void duplicatesAreTheSameBytesBehindTheFirst() {
    SyntheticCalls source = SyntheticCalls.of(SEVERAL).withDuplicates(0.01).withDisorder(0.01);
    List<String> values = Reading.texts(source);
    assertThat(values).hasSize(SEVERAL + 500);
    assertThat(source.size()).hasValue(SEVERAL + 500L);
    assertThat(source.counts().duplicates()).isEqualTo(500);
    assertThat(new HashSet<>(values)).hasSize(SEVERAL);
  }

  @Test
  void garbageIsOnTopAndIsNeverACallOfToday() {
    SyntheticCalls source = SyntheticCalls.of(20_000).withGarbage(0.1).withDuplicates(0.1);
    CallParser parser = FORMAT.parser(Fields.ALL);
    Set<String> calls = new HashSet<>();
    Set<String> reasons = new HashSet<>();
    int garbage = 0;
    int future = 0;
    for (byte[] value : Reading.bytes(source)) {
      ParseResult result = parser.parse(value);
      if (result instanceof ParseResult.Rejected rejected) {
        garbage++;
        reasons.add(rejected.reason().code());
      } else if (((ParseResult.Parsed) result)
          .call()
          .time()
          .isAfter(Instant.parse("2098-01-01T00:00:00Z"))) {
        garbage++;
        future++;
      } else {
        calls.add(new String(value, UTF_8));
      }
    }
    assertThat(garbage).isEqualTo(2_000);
    assertThat(source.counts()).isEqualTo(new SyntheticCounts(20_000, 0, 2_000, 2_000));
    assertThat(source.counts().records()).isEqualTo(24_000);
    assertThat(future).isPositive();
    assertThat(calls).hasSize(20_000);
    assertThat(reasons)
        .contains(
            "empty",
            "not-json",
            "not-an-object",
            "missing-field",
            "blank-field",
            "not-text",
            "unreadable-time",
            "too-deep");
  }

  @Test
  void noDialChangesTheCallsThemselves() {
    Set<String> plain = new HashSet<>(Reading.texts(SyntheticCalls.of(3_000)));
    assertThat(
            Reading.texts(
                SyntheticCalls.of(3_000).withDisorder(1).withDuplicates(1).withGarbage(1)))
        .hasSize(9_000)
        .containsAll(plain);
  }

  @Test
  void sourcesWithoutCallsAreEmpty() {
    assertThat(Reading.texts(SyntheticCalls.of(0).withGarbage(1))).isEmpty();
  }

  @Test
  void dialsOutsideTheirBoundsAreRefused() {
    assertThatThrownBy(() -> SyntheticCalls.of(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-1");
    assertThatThrownBy(() -> SyntheticCalls.of(10_000_000_001L))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("10000000001");
    SyntheticCalls source = SyntheticCalls.of(1);
    assertThatThrownBy(() -> source.withDisorder(1.1)).hasMessageContaining("1.1");
    assertThatThrownBy(() -> source.withDuplicates(-0.1)).hasMessageContaining("-0.1");
    assertThatThrownBy(() -> source.withGarbage(Double.NaN)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> source.withDisorder(0.1, Duration.ofSeconds(59)))
        .hasMessageContaining("PT59S");
  }
}
