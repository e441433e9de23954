package io.callstream.pipeline;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.Call;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Fields;
import io.callstream.engine.local.PipelineTester;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.RadioCodes;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ResultsTest {
  private static final Instant HOUR = Instant.parse("2018-11-01T12:00:00Z");

  private static Call call(String type, Instant time) {
    return Call.builder("1", type, time).disposition("HAN").build();
  }

  private static List<BatchResults> batches(Statistic statistic, List<List<Call>> batches) {
    List<BatchResults> results = new ArrayList<>();
    try (PipelineTester tester =
        PipelineTester.of(
            DataSfCalls.json(), 1, p -> p.statistic(statistic).results(Sinks.of(results)))) {
      for (List<Call> batch : batches) {
        tester.receive(batch.toArray(Call[]::new)).endBatch();
      }
      assertThatAccounting(tester.accounting()).addsUpFor(List.of(statistic));
    }
    return results;
  }

  private static final class Sinks {
    static ResultSink of(List<BatchResults> results) {
      return results::add;
    }
  }

  @Test
  void findsEachGroup() {
    Random random = new Random(5);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      String type = random.nextInt(900) + (random.nextBoolean() ? "" : "\0\1");
      calls.add(call(type, HOUR.plusSeconds(random.nextInt(7_200))));
    }
    Statistic all = Statistic.named("s").by(Dimensions.CRIME_TYPE).build();
    Statistic hourly =
        Statistic.named("s")
            .by(Dimensions.CRIME_TYPE, Dimensions.DISPOSITION)
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .build();

    Results results = batches(all, List.of(calls)).get(0).results("s");
    assertThat(results)
        .hasSizeGreaterThan(900)
        .allSatisfy(row -> assertThat(results.group(row.dimensions())).contains(row));
    assertThat(results.group(List.of("901"))).isEmpty();
    assertThat(results.group(List.of("1", "2"))).isEmpty();
    assertThat(results.group(HOUR, List.of("1"))).isEmpty();

    Results byHour = batches(hourly, List.of(calls)).get(0).results("s");
    assertThat(byHour)
        .hasSizeGreaterThan(900)
        .allSatisfy(
            row ->
                assertThat(byHour.group(row.window().orElseThrow().start(), row.dimensions()))
                    .contains(row));
    ResultRow first = byHour.window(HOUR).get(0);
    assertThat(byHour.group(HOUR.plusNanos(1), first.dimensions())).isEmpty();
    assertThat(byHour.group(Instant.MAX, first.dimensions())).isEmpty();
    assertThat(byHour.group(first.dimensions())).isEmpty();
  }

  @Test
  void sortsMixedTextByUtf8() {
    Statistic statistic =
        Statistic.named("s")
            .by(Dimensions.hourOfDay(ZoneId.of("UTC")), Dimensions.CRIME_TYPE)
            .build();
    List<Call> calls =
        List.of(
            call("\ud83d\ude00", HOUR),
            call("\uffe5", HOUR),
            call("z\ud83d\ude00", HOUR),
            call("z\uffe5", HOUR),
            call("z", HOUR),
            call("z", HOUR.minus(Duration.ofHours(3))));
    Results results = batches(statistic, List.of(calls)).get(0).results("s");
    List<String> expected =
        List.of("9 z", "12 z", "12 z\uffe5", "12 z\ud83d\ude00", "12 \uffe5", "12 \ud83d\ude00");
    assertThat(results.rows())
        .extracting(r -> String.join(" ", r.dimensions()))
        .isEqualTo(expected);
    assertThat(results.top(6)).isEqualTo(results.rows());
    assertThat(results.top(2)).isEqualTo(results.rows().subList(0, 2));
    assertThat(results.top(0)).isEmpty();
    assertThatThrownBy(() -> results.top(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void jacksonWritesRowsAsObjectsOfTheirColumns() throws IOException {
    Statistic statistic =
        Statistic.named("s")
            .by(
                Dimensions.CRIME_TYPE,
                Dimensions.DISPOSITION.describedBy(RadioCodes.sanFrancisco()),
                Dimensions.hourOfDay(ZoneId.of("UTC")))
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .measuring(
                Measures.count(),
                Measures.share(),
                Measures.mean(
                    "response",
                    Set.of(Fields.RECEIVED, Fields.ON_SCENE),
                    Measures.between(Fields.RECEIVED, Fields.ON_SCENE)))
            .build();
    Call answered =
        Call.builder("2", "a \"b\"", HOUR)
            .disposition("HAN")
            .with(Fields.RECEIVED, HOUR)
            .with(Fields.ON_SCENE, HOUR.plusSeconds(5))
            .build();
    BatchResults batch =
        batches(statistic, List.of(List.of(call("ä", HOUR), call("ä", HOUR), answered))).get(0);
    String rows =
        "[{'window_start':'2018-11-01T12:00:00Z','window_end':'2018-11-01T13:00:00Z',"
            + "'crime_type':'ä','disposition':'HAN','disposition_description':'Handled',"
            + "'hour_of_day':12,'count':2,'share':0.6666666666666666,'response':null},"
            + "{'window_start':'2018-11-01T12:00:00Z','window_end':'2018-11-01T13:00:00Z',"
            + "'crime_type':'a \\'b\\'','disposition':'HAN','disposition_description':'Handled',"
            + "'hour_of_day':12,'count':1,'share':0.3333333333333333,'response':5000}]";

    ObjectMapper jackson = new ObjectMapper();
    Results results = batch.results("s");
    assertThat(jackson.writeValueAsString(results)).isEqualTo(rows.replace('\'', '"'));
    assertThat(jackson.writeValueAsString(results.rows())).isEqualTo(rows.replace('\'', '"'));
    assertThat(jackson.writeValueAsString(results.windows()))
        .isEqualTo(
            "[{'start':'2018-11-01T12:00:00Z','end':'2018-11-01T13:00:00Z'}]".replace('\'', '"'));
    assertThat(jackson.writeValueAsString(batch.total())).isEqualTo(batch.total().toJson());
  }

  @Test
  void numbersOfTheOtherGroupAreNullInJson() throws IOException {
    Statistic statistic =
        Statistic.named("s").by(Dimensions.hourOfDay(ZoneId.of("UTC"))).maxGroups(1).build();
    List<Call> calls = List.of(call("a", HOUR), call("a", HOUR.plus(Duration.ofHours(1))));
    Results results = batches(statistic, List.of(calls)).get(0).results("s");

    assertThat(new ObjectMapper().writeValueAsString(results))
        .isEqualTo("[{\"hour_of_day\":12,\"count\":1},{\"hour_of_day\":null,\"count\":1}]");
  }

  @Test
  void theTopRowsAreTheFirstByCountInAStableOrder() {
    Statistic windowed =
        Statistic.named("s")
            .by(Dimensions.CRIME_TYPE, Dimensions.ADDRESS)
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .measuring(Measures.count(), Measures.share())
            .build();
    Statistic numbered =
        Statistic.named("s")
            .by(Dimensions.hourOfDay(ZoneId.of("UTC")), Dimensions.CRIME_TYPE)
            .build();
    for (Statistic statistic : List.of(windowed, numbered)) {
      Random random = new Random(11);
      List<Call> calls = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        calls.add(
            Call.builder(
                    "1", "type " + random.nextInt(6), HOUR.minusSeconds(random.nextInt(20_000)))
                .address("place " + random.nextInt(4))
                .build());
      }
      Results results = batches(statistic, List.of(calls)).get(0).results("s");
      // Rows are ordered by window, count and dimensions; a stable sort keeps this among equals.
      List<ResultRow> all = new ArrayList<>(results.rows());
      all.sort(Comparator.comparingLong(ResultRow::count).reversed());
      for (int n = 0; n <= all.size() + 1; n++) {
        assertThat(results.top(n)).isEqualTo(all.subList(0, Math.min(n, all.size())));
      }
    }
  }

  @Test
  void findsRowsByTheStartOfTheirWindow() {
    Statistic statistic =
        Statistic.named("s")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .build();
    Results results =
        batches(statistic, List.of(List.of(call("a", HOUR), call("b", HOUR.plusSeconds(3_600)))))
            .get(0)
            .results("s");
    assertThat(results.windows())
        .containsExactly(
            new WindowBounds(HOUR, HOUR.plusSeconds(3_600)),
            new WindowBounds(HOUR.plusSeconds(3_600), HOUR.plusSeconds(7_200)));
    assertThat(results.window(HOUR))
        .extracting(r -> r.dimension("crime_type"))
        .containsExactly("a");
    assertThat(results.window(HOUR.plusSeconds(1))).isEmpty();
    assertThat(results.rows().get(0).value("count")).contains(1L);
    assertThatThrownBy(() -> results.rows().get(0).dimension("nope"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> results.rows().get(0).value("nope"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aBatchUpdatesTheSharesOfAllGroupsOfItsWindows() {
    Statistic statistic =
        Statistic.named("s").by(Dimensions.CRIME_TYPE).measuring(Measures.share()).build();
    List<BatchResults> batches =
        batches(
            statistic,
            List.of(
                List.of(call("a", HOUR)),
                List.of(call("b", HOUR), call("b", HOUR), call("b", HOUR))));
    assertThat(batches.get(0).updates("s"))
        .extracting(ResultRow::toString)
        .containsExactly("a  1.0");
    assertThat(batches.get(1).updates("s"))
        .extracting(ResultRow::toString)
        .containsExactly("b  0.75", "a  0.25");
  }
}
