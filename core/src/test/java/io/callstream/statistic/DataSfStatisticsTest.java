package io.callstream.statistic;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.DataSfCalls;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.ResultRow;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Compares the standard statistics of the current feeds with sums and sorted lists of the rows. */
class DataSfStatisticsTest {
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final List<Statistic> STATISTICS =
      StandardStatistics.ofDataSf(ZONE, Duration.ofHours(1));
  private static final LocalDateTime START = LocalDateTime.parse("2026-10-05T00:00:00");

  /**
   * A row of the feed. Times are in seconds after {@link #START}, and null if the row has none.
   *
   * @param onView Y, N or null
   */
  private record Row(
      int number,
      String priority,
      String district,
      String neighborhood,
      String onView,
      Integer received,
      Integer dispatched,
      Integer onScene) {
    String json() {
      Map<String, String> fields = new LinkedHashMap<>();
      fields.put("cad_number", String.valueOf(number));
      fields.put("call_type_original_desc", "TYPE");
      fields.put("received_datetime", time(received));
      fields.put("dispatch_datetime", time(dispatched));
      fields.put("onscene_datetime", time(onScene));
      fields.put("priority_original", priority);
      fields.put("police_district", district);
      fields.put("analysis_neighborhood", neighborhood);
      fields.put("onview_flag", onView);
      return fields.entrySet().stream()
          .filter(field -> field.getValue() != null)
          .map(field -> '"' + field.getKey() + "\":\"" + field.getValue() + '"')
          .collect(Collectors.joining(",", "{", "}"));
    }

    private static String time(Integer seconds) {
      return seconds == null ? null : START.plusSeconds(seconds).toString();
    }

    /** Returns the seconds from one time to another, or null if one is missing. */
    private static Integer seconds(Integer from, Integer to) {
      return from == null || to == null || to < from ? null : to - from;
    }
  }

  private static List<Row> rows() {
    Random random = new Random(11);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      int received = i * 20;
      Integer dispatched = random.nextInt(5) == 0 ? null : received + random.nextInt(4_000) - 5;
      int base = dispatched == null ? received : dispatched;
      Integer onScene = random.nextInt(4) == 0 ? null : base + random.nextInt(2_000);
      String onView = random.nextInt(20) == 0 ? null : random.nextInt(3) == 0 ? "Y" : "N";
      rows.add(
          new Row(
              i,
              List.of("A", "B", "C", "").get(random.nextInt(4)),
              List.of("MISSION", "TENDERLOIN").get(random.nextInt(2)),
              "Neighborhood " + random.nextInt(3),
              onView,
              received,
              dispatched,
              onScene));
    }
    return rows;
  }

  private static PipelineTester count(List<Row> rows) {
    PipelineTester test =
        PipelineTester.of(DataSfCalls.json(), 2, pipeline -> pipeline.statistics(STATISTICS));
    for (Row row : rows) {
      test.receive(row.json());
      if (row.number() % 500 == 499) {
        test.endBatch();
      }
    }
    return test.endBatch();
  }

  @Test
  void responseTimesAreThoseOfTheSortedRows() {
    List<Row> rows = rows();
    try (PipelineTester test = count(rows)) {
      assertResponseTimes(test, "response-times-by-priority", "priority", rows, Row::priority);
      assertResponseTimes(test, "response-times-by-district", "district", rows, Row::district);
      assertThat(test.accounting().rejected()).isZero();
      assertThatAccounting(test.accounting()).addsUpFor(STATISTICS);
      assertThat(test.accounting().statistics().get("response-times-by-priority").filtered())
          .isEqualTo(rows.stream().filter(row -> "Y".equals(row.onView())).count());
    }
  }

  private static void assertResponseTimes(
      PipelineTester test,
      String statistic,
      String column,
      List<Row> rows,
      Function<Row, String> group) {
    Map<String, List<Row>> groups =
        rows.stream()
            .filter(row -> !"Y".equals(row.onView()))
            .collect(Collectors.groupingBy(group, TreeMap::new, Collectors.toList()));
    List<ResultRow> results = test.results(statistic).rows();
    assertThat(results).hasSameSizeAs(groups.keySet());
    for (ResultRow result : results) {
      List<Row> own = groups.get(result.dimension(column));
      assertThat(result.count()).isEqualTo(own.size());
      Map<String, Function<Row, Integer>> durations =
          Map.of(
              "received_to_dispatch", row -> Row.seconds(row.received(), row.dispatched()),
              "dispatch_to_scene", row -> Row.seconds(row.dispatched(), row.onScene()),
              "received_to_scene", row -> Row.seconds(row.received(), row.onScene()));
      durations.forEach(
          (name, seconds) -> {
            int[] sorted =
                own.stream()
                    .map(seconds)
                    .filter(s -> s != null)
                    .mapToInt(s -> s)
                    .sorted()
                    .toArray();
            assertQuantile(result, name + "_median", sorted, 0.5);
            assertQuantile(result, name + "_p90", sorted, 0.9);
            assertQuantile(result, name + "_p99", sorted, 0.99);
          });
    }
  }

  /** Quantiles have two significant digits. */
  private static void assertQuantile(ResultRow row, String name, int[] sorted, double quantile) {
    double exact = sorted[(int) Math.ceil(quantile * sorted.length) - 1] * 1_000.0;
    double actual = ((Duration) row.value(name).orElseThrow()).toMillis();
    assertThat(Math.abs(actual - exact)).as(name + " of " + row).isLessThanOrEqualTo(exact / 100);
  }

  @Test
  void aGroupWithoutTimesHasNoResponseTimes() {
    try (PipelineTester test =
        count(List.of(new Row(1, "I", "PARK", "Haight", "N", 0, null, null)))) {
      ResultRow row = test.results("response-times-by-priority").rows().get(0);
      assertThat(row.count()).isEqualTo(1);
      assertThat(row.value("received_to_scene_median")).isEmpty();
    }
  }

  @Test
  void countsByNeighborhoodAndHourAndSharesOfOnViewCallsAreExact() {
    List<Row> rows = rows();
    try (PipelineTester test = count(rows)) {
      Map<String, Long> expected =
          rows.stream()
              .collect(
                  Collectors.groupingBy(
                      row ->
                          START.plusHours(row.received() / 3_600).atZone(ZONE).toInstant()
                              + " "
                              + row.neighborhood(),
                      Collectors.counting()));
      assertThat(test.results("calls-by-neighborhood-hourly").rows())
          .hasSameSizeAs(expected.keySet())
          .allSatisfy(
              row ->
                  assertThat(row.count())
                      .isEqualTo(
                          expected.get(
                              row.window().orElseThrow().start()
                                  + " "
                                  + row.dimension("neighborhood"))));

      Map<String, String> texts = Map.of("Y", "true", "N", "false");
      Map<String, Long> flags =
          rows.stream()
              .collect(
                  Collectors.groupingBy(
                      row -> row.onView() == null ? "" : texts.get(row.onView()),
                      Collectors.counting()));
      assertThat(flags).hasSize(3);
      assertThat(test.results("calls-by-on-view").rows())
          .hasSize(3)
          .allSatisfy(
              row -> {
                long count = flags.get(row.dimension("on_view"));
                assertThat(row.count()).isEqualTo(count);
                assertThat(row.value("share")).contains((double) count / rows.size());
              });
    }
  }

  @Test
  void theListHasTheStatisticsOfAllFormatsFirst() {
    assertThat(STATISTICS)
        .extracting(Statistic::name)
        .containsExactly(
            "calls-by-type",
            "calls-by-type-and-disposition-hourly",
            "calls-by-location",
            "calls-by-hour-of-week",
            "response-times-by-priority",
            "response-times-by-district",
            "calls-by-neighborhood-hourly",
            "calls-by-on-view");
    assertThat(STATISTICS.get(4).columns())
        .containsExactlyElementsOf(
            Arrays.asList(
                "priority",
                "count",
                "received_to_dispatch_median",
                "received_to_dispatch_p90",
                "received_to_dispatch_p99",
                "dispatch_to_scene_median",
                "dispatch_to_scene_p90",
                "dispatch_to_scene_p99",
                "received_to_scene_median",
                "received_to_scene_p90",
                "received_to_scene_p99"));
  }
}
