package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.callstream.call.Call;
import io.callstream.call.CallParser;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.Position;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tests synthetic calls in the format of the current feeds. */
class SyntheticDispatchesTest {
  private static final int MANY = 60_000;
  private static final List<Field<Instant>> STEPS =
      List.of(
          Fields.RECEIVED,
          Fields.ENTERED,
          Fields.DISPATCHED,
          Fields.EN_ROUTE,
          Fields.ON_SCENE,
          Fields.CLOSED,
          Fields.UPDATED);

  private static SyntheticCalls source(long calls) {
    return SyntheticCalls.of(calls).inFormatOfToday();
  }

  private static List<Call> calls(CallSource source) {
    CallParser parser = DataSfCalls.json().parser(Fields.ALL);
    List<Call> calls = new ArrayList<>();
    for (byte[] value : Reading.bytes(source)) {
      ParseResult result = parser.parse(value);
      assertThat(result).as(new String(value, UTF_8)).isInstanceOf(ParseResult.Parsed.class);
      calls.add(((ParseResult.Parsed) result).call());
    }
    return calls;
  }

  @Test
  void areTheSameForTheSameSeedAndOthersForAnother() {
    SyntheticCalls source = source(3_000).withDisorder(0.1).withDuplicates(0.05).withGarbage(0.02);
    assertThat(Reading.texts(source)).isEqualTo(Reading.texts(source));
    assertThat(Reading.texts(source)).isNotEqualTo(Reading.texts(source.withSeed(2)));
    assertThat(Reading.texts(source(1)).get(0))
        .startsWith("{\"cad_number\":\"18275000")
        .contains(",\"received_datetime\":\"2018-10-02T00:0");
  }

  @Test
  void timesAreInOrderAcrossBothClockChanges() {
    for (LocalDate start : List.of(LocalDate.of(2018, 11, 1), LocalDate.of(2019, 3, 8))) {
      List<Call> calls = calls(source(20_000).startingOn(start));
      assertThat(calls)
          .isSortedAccordingTo(Comparator.comparingLong(Call::epochMillis).thenComparing(Call::id));
      for (Call call : calls) {
        List<Instant> times = STEPS.stream().map(call::get).filter(Objects::nonNull).toList();
        assertThat(times).as(call.id()).isSorted().hasSizeGreaterThanOrEqualTo(4);
      }
    }
  }

  @Test
  void positionsAreInSanFranciscoAndBelongToOneDistrict() {
    Map<String, Set<String>> districts = new HashMap<>();
    Map<String, Position> positions = new HashMap<>();
    for (Call call : calls(source(MANY))) {
      Position position = call.get(Fields.POSITION);
      assertThat(position).isNotNull();
      assertThat(position.latitude()).isBetween(37.70, 37.84);
      assertThat(position.longitude()).isBetween(-122.52, -122.35);
      assertThat(positions.putIfAbsent(call.get(DataSfCalls.INTERSECTION), position))
          .isIn(null, position);
      assertThat(call.address()).contains(" \\ ");
      districts
          .computeIfAbsent(call.text(Fields.NEIGHBORHOOD), n -> new HashSet<>())
          .add(call.text(Fields.DISTRICT) + call.text(DataSfCalls.SUPERVISOR_DISTRICT));
    }
    assertThat(positions).hasSizeBetween(2_000, 2_460);
    assertThat(districts).hasSize(41).allSatisfy((n, of) -> assertThat(of).hasSize(1));
    assertThat(districts.values().stream().map(of -> of.iterator().next().replaceAll("\\d", "")))
        .containsOnly(
            "CENTRAL",
            "SOUTHERN",
            "BAYVIEW",
            "MISSION",
            "NORTHERN",
            "PARK",
            "RICHMOND",
            "INGLESIDE",
            "TARAVAL",
            "TENDERLOIN");
  }

  @Test
  void urgentCallsAreAnsweredFasterAndOnViewCallsHaveNoDispatch() {
    List<Call> calls = calls(source(MANY));
    List<Call> onView = calls.stream().filter(call -> call.get(Fields.ON_VIEW)).toList();
    assertThat(onView.size() / (double) MANY).isCloseTo(0.33, within(0.06));
    assertThat(onView)
        .allSatisfy(
            call -> {
              assertThat(call.isPresent(Fields.DISPATCHED)).isFalse();
              assertThat(call.isPresent(Fields.ON_SCENE)).isTrue();
            });
    Map<String, List<Duration>> responses = new HashMap<>();
    for (Call call : calls) {
      if (!call.get(Fields.ON_VIEW)) {
        call.between(Fields.RECEIVED, Fields.ON_SCENE)
            .ifPresent(
                time ->
                    responses
                        .computeIfAbsent(
                            call.text(DataSfCalls.ORIGINAL_PRIORITY), p -> new ArrayList<>())
                        .add(time));
      }
    }
    assertThat(median(responses.get("A"))).isBetween(Duration.ofMinutes(6), Duration.ofMinutes(11));
    assertThat(median(responses.get("B")))
        .isBetween(Duration.ofMinutes(12), Duration.ofMinutes(25));
    assertThat(median(responses.get("C")))
        .isBetween(Duration.ofMinutes(28), Duration.ofMinutes(60));
    // The logarithm is symmetric: the mean is over the median.
    double mean = responses.get("C").stream().mapToLong(Duration::toSeconds).average().orElse(0);
    assertThat(mean).isGreaterThan(1.2 * median(responses.get("C")).toSeconds());
  }

  private static Duration median(List<Duration> durations) {
    return durations.stream().sorted().toList().get(durations.size() / 2);
  }

  @Test
  void garbageIsNeverACallOfToday() {
    CallParser parser = DataSfCalls.json().parser(Set.of());
    Set<String> reasons = new HashSet<>();
    int calls = 0;
    for (byte[] value : Reading.bytes(source(10_000).withGarbage(0.2))) {
      if (parser.parse(value) instanceof ParseResult.Parsed parsed) {
        calls += parsed.call().time().isBefore(Instant.parse("2098-01-01T00:00:00Z")) ? 1 : 0;
      } else {
        reasons.add(((ParseResult.Rejected) parser.parse(value)).reason().code());
      }
    }
    assertThat(calls).isEqualTo(10_000);
    assertThat(reasons).contains("blank-field", "not-text", "unreadable-time", "too-deep");
  }
}
