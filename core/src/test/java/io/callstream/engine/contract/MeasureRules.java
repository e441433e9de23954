package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.callstream.call.Fields;
import io.callstream.engine.RunOptions;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.Accounting;
import io.callstream.statistic.CallFilter;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rules 11: measures. */
abstract class MeasureRules extends ContractRules {
  MeasureRules(ContractKit kit) {
    super(kit);
  }

  private final List<Measure> exact =
      List.of(
          Measures.count(),
          Measures.share(),
          Measures.minimum("least", CALL_TIME, MILLIS),
          Measures.maximum("most", CALL_TIME, MILLIS),
          Measures.mean("mean", CALL_TIME, MILLIS));

  private static final CallFilter IS_ON_VIEW =
      call -> Boolean.TRUE.equals(call.get(KitCalls.ON_VIEW));

  private static List<Measure> ofNumbers() {
    return List.of(
        Measures.sum("units", KitCalls.UNITS),
        Measures.sum("revenue", KitCalls.PRICE),
        Measures.mean("mean_price", KitCalls.PRICE),
        Measures.sum("speeds", KitCalls.SPEED),
        Measures.mean("mean_speed", KitCalls.SPEED),
        Measures.minimum("least_units", KitCalls.UNITS),
        Measures.maximum("most_speed", KitCalls.SPEED),
        Measures.quantile("median_units", 0.5, KitCalls.UNITS),
        Measures.ratio("on_view", Set.of(KitCalls.ON_VIEW), IS_ON_VIEW),
        Measures.ratio(
            "per_positive",
            Set.of(KitCalls.ON_VIEW, KitCalls.UNITS),
            IS_ON_VIEW,
            call -> call.isPresent(KitCalls.UNITS) && call.longValue(KitCalls.UNITS) > 0),
        Measures.top("top_units", 2, KitCalls.UNITS));
  }

  private Statistic measuring(String name, List<Measure> measures) {
    return Statistic.named(name)
        .by(Dimensions.CRIME_TYPE)
        .measuring(measures.toArray(Measure[]::new))
        .build();
  }

  private final Tried measures =
      new Tried(
          trial("measures", p -> p.statistic(measuring("exact", exact)))
              .step(
                  timed("1", "thirds", "\"1\""),
                  timed("2", "thirds", "1"),
                  timed("3", "thirds", "\"2\""),
                  timed("4", "halves", "1"))
              .step(
                  timed("5", "halves", "2"),
                  timed("6", "halves", "\"-5\""),
                  timed("7", "none", "\"\""),
                  timed("8", "none", "\"-1\"")));

  private SourceRecord timed(String id, String type, String millis) {
    return call(0, id, type, "2018-06-01T12:00", "call_time", millis);
  }

  private void assumeSketches() {
    String name = "org.apache.datasketches.hll.HllSketch";
    boolean there = true;
    try {
      Class.forName(name);
    } catch (ClassNotFoundException e) {
      there = false;
    }
    assumeTrue(there, () -> name + " is not on the class path; see Measures");
  }

  private List<Measure> all() {
    List<Measure> all = new ArrayList<>(exact);
    all.add(Measures.approximateDistinct("places", Fields.ADDRESS));
    all.add(Measures.quantile("median", 0.5, CALL_TIME, MILLIS));
    all.add(Measures.quantile("p90", 0.9, CALL_TIME, MILLIS));
    all.add(Measures.approximateDistinct("prices", KitCalls.PRICE));
    all.addAll(ofNumbers());
    return all;
  }

  @Test
  @Rule(
      number = "11.1",
      text = "Counts and shares add up over batches.",
      check = "how the engine merges batches into its state")
  void rule_11_1() throws Exception {
    assertThat(measures.get().results("exact").rows())
        .extracting(row -> row.dimension("crime_type") + " " + row.count())
        .containsExactly("halves 3", "thirds 3", "none 2");
    assertThat(measures.get().results("exact").rows())
        .extracting(row -> row.value("share").get())
        .containsExactly(3.0 / 8, 3.0 / 8, 2.0 / 8);
  }

  @Test
  @Rule(
      number = "11.2",
      text = "Minimum, maximum and mean are exact. The mean is rounded half up to the millisecond.",
      check = "for floating-point sums, or means of means")
  void rule_11_2() throws Exception {
    assertThat(measures.get().rows("exact", "thirds"))
        .containsExactly("thirds  3  0.375  PT0.001S  PT0.002S  PT0.001S");
    assertThat(measures.get().rows("exact", "halves"))
        .containsExactly("halves  3  0.375  PT0.001S  PT0.002S  PT0.002S");
  }

  @Test
  @Rule(
      number = "11.3",
      text = "Negative durations do not count. A group without data has no value.",
      check = "for a value of 0 instead of a missing value")
  void rule_11_3() throws Exception {
    assertThat(measures.get().results("exact").rows().get(2).values().subList(2, 5))
        .containsOnly(Optional.empty());
  }

  private List<SourceRecord> many() {
    return IntStream.range(0, 900)
        .mapToObj(
            i ->
                call(
                    0,
                    "id-" + i,
                    "t" + i % 3,
                    "2018-06-01T12:00",
                    "address",
                    "\"" + (i % 10 == 0 ? "" : "place " + i * 7919 % 450) + "\"",
                    "call_time",
                    i % 5 == 0 || i % 3 == 2 ? "\"\"" : Integer.toString(i * 37 % 1000 - 100),
                    "units",
                    i % 7 == 0 ? "null" : Integer.toString(i * 31 % 400 - 200),
                    "price",
                    i % 11 == 0 ? "\"\"" : i % 90 + ".25",
                    "speed",
                    i % 13 == 0 ? "null" : i * 17 % 300 - 100 + ".5",
                    "on_view",
                    i % 4 == 0 ? "true" : "false"))
        .toList();
  }

  private List<ResultRow> rows(List<SourceRecord> records, int partitions, RunOptions options)
      throws Exception {
    ContractSource source = testbed().source(partitions);
    List<SourceRecord> spread = new ArrayList<>();
    for (SourceRecord r : records) {
      // All calls of a type are in one partition, so the others contribute nothing to its groups.
      int type = type(r);
      spread.add(new SourceRecord(type % partitions, r.timestamp(), r.value()));
    }
    source.send(spread);
    Pipeline pipeline =
        Pipeline.builder(source.source(), FORMAT).statistic(measuring("all", all())).build();
    List<ResultRow> rows = new ArrayList<>();
    Accounting accounting =
        runToEnd(pipeline, options, run -> run.results("all").forEach(rows::add));
    assertThat(accounting.received()).isEqualTo(records.size());
    return rows;
  }

  private int type(SourceRecord record) {
    String text = new String(record.value(), UTF_8);
    return text.charAt(text.indexOf("\"t") + 2) - '0';
  }

  private List<ResultRow> together;

  private List<ResultRow> together() throws Exception {
    assumeSketches();
    if (together == null) {
      together = rows(many(), 1, RunOptions.bounded());
    }
    return together;
  }

  @Test
  @Rule(
      number = "11.4",
      text =
          "Distinct counts exclude the empty text and are accurate within three standard"
              + " errors of 1.6 %. Quantiles are accurate to 0.4 %.",
      check = "how the engine merges the states of measures")
  void rule_11_4() throws Exception {
    List<SourceRecord> many = many();
    assertThat(together()).hasSize(3);
    for (ResultRow row : together()) {
      int type = row.dimension("crime_type").charAt(1) - '0';
      Set<Integer> places =
          IntStream.range(0, many.size())
              .filter(i -> i % 3 == type && i % 10 != 0)
              .mapToObj(i -> i * 7919 % 450)
              .collect(Collectors.toSet());
      List<Integer> times =
          IntStream.range(0, many.size())
              .filter(i -> i % 3 == type && i % 5 != 0 && i % 3 != 2)
              .map(i -> i * 37 % 1000 - 100)
              .filter(millis -> millis >= 0)
              .sorted()
              .boxed()
              .toList();
      assertThat((double) (Long) row.value("places").get())
          .isCloseTo(places.size(), within(0.048 * places.size()));
      if (times.isEmpty()) {
        assertThat(row.value("median")).isEmpty();
        assertThat(row.value("p90")).isEmpty();
      } else {
        assertQuantile(row, "median", times.get((int) Math.ceil(0.5 * times.size()) - 1));
        assertQuantile(row, "p90", times.get((int) Math.ceil(0.9 * times.size()) - 1));
      }
    }
  }

  private void assertQuantile(ResultRow row, String measure, int millis) {
    assertThat((double) ((Duration) row.value(measure).get()).toMillis())
        .isCloseTo(millis, within(0.004 * millis));
  }

  @Test
  @Rule(
      number = "11.5",
      text = "Another split over partitions and batches gives the same values.",
      check = "the partial results and how they are merged into the state")
  void rule_11_5() throws Exception {
    List<ResultRow> expected = together();
    assertThat(expected).hasSize(3);
    assertThat(rows(many(), 3, RunOptions.bounded().readingAtMost(130))).isEqualTo(expected);
    List<SourceRecord> oneTypeAfterTheOther = new ArrayList<>(many());
    oneTypeAfterTheOther.sort(Comparator.comparing(this::type));
    assertThat(rows(oneTypeAfterTheOther, 1, RunOptions.bounded().readingAtMost(130)))
        .isEqualTo(expected);
  }

  @Test
  @Rule(
      number = "11.6",
      text = "Another order of calls gives the same values.",
      check = "whether the engine uses the first or last call of a group")
  void rule_11_6() throws Exception {
    List<ResultRow> expected = together();
    assertThat(expected).hasSize(3);
    List<SourceRecord> reversed = new ArrayList<>(many());
    Collections.reverse(reversed);
    assertThat(rows(reversed, 2, RunOptions.bounded().readingAtMost(400))).isEqualTo(expected);
    long seed = System.nanoTime();
    List<SourceRecord> shuffled = new ArrayList<>(many());
    Collections.shuffle(shuffled, new Random(seed));
    assertThat(rows(shuffled, 1, RunOptions.bounded().readingAtMost(300)))
        .as("shuffled with seed %d", seed)
        .isEqualTo(expected);
  }

  // ---- numbers. Each step is a batch, and a separate run if the engine has checkpoints.

  private SourceRecord with(int partition, String id, String type, String... values) {
    return call(partition, id, type, "2018-06-01T12:00:00Z", values);
  }

  private final Tried numbers =
      new Tried(
          trial("numbers", p -> p.statistic(measuring("numbers", ofNumbers())))
              .partitions(2)
              .step(
                  with(0, "1", "huge", "units", "9223372036854775807", "price", "\"0.10\""),
                  with(1, "2", "huge", "units", "9223372036854775807", "price", "0.1"),
                  with(0, "3", "order", "speed", "1e300", "on_view", "true"),
                  with(1, "4", "order", "speed", "0.1", "on_view", "true", "units", "-3"),
                  with(0, "5", "top", "units", "7"),
                  with(0, "6", "top", "units", "7"),
                  with(1, "7", "top", "units", "5"),
                  with(1, "8", "top", "units", "5"),
                  with(1, "9", "top", "units", "-2"))
              .step(
                  with(1, "10", "huge", "units", "1", "price", "\"0.10\""),
                  with(0, "11", "order", "speed", "-1e300", "on_view", "false", "units", "-5"),
                  with(0, "12", "order", "speed", "\"\""),
                  with(1, "13", "top", "units", "-2"),
                  with(0, "14", "top", "units", "-2"),
                  with(0, "15", "none"))
              .step(
                  with(0, "16", "order", "speed", "0.2"),
                  with(1, "17", "order", "units", "4"),
                  with(1, "18", "none", "units", "null", "speed", "\"\"")));

  private Optional<Object> number(String type, String measure) throws Exception {
    return numbers.get().results("numbers").stream()
        .filter(row -> row.dimension("crime_type").equals(type))
        .findFirst()
        .orElseThrow()
        .value(measure);
  }

  @Test
  @Rule(
      number = "11.7",
      text = "Sums of whole and decimal numbers are exact, also beyond the range of a long.",
      check = "for sums that overflow, or that are computed in floating point")
  void rule_11_7() throws Exception {
    assertThat(number("huge", "units")).contains(new BigDecimal("18446744073709551615"));
    assertThat(number("huge", "revenue")).contains(new BigDecimal("0.30"));
    assertThat(number("huge", "mean_price")).contains(new BigDecimal("0.100000"));
  }

  @Test
  @Rule(
      number = "11.8",
      text =
          "The sum of numbers in double precision is the double that is nearest to the exact sum.",
      check = "for partial sums that are rounded")
  void rule_11_8() throws Exception {
    // 0.1 + 0.2 is 0.30000000000000004 in double precision, which is also the nearest to the sum.
    double sum = new BigDecimal(0.1).add(new BigDecimal(0.2)).doubleValue();
    assertThat(number("order", "speeds")).contains(sum);
    assertThat(number("order", "mean_speed")).contains(sum / 4);
  }

  @Test
  @Rule(
      number = "11.9",
      text =
          "Minimum, maximum and quantile of numbers include negative ones. A group without a number"
              + " has no value.",
      check = "for states that start with the number 0")
  void rule_11_9() throws Exception {
    assertThat(number("order", "least_units")).contains(-5L);
    assertThat(number("order", "most_speed")).contains(1e300);
    assertThat(number("order", "median_units")).contains(-3L);
    for (String measure :
        List.of("units", "mean_price", "speeds", "least_units", "median_units", "top_units")) {
      assertThat(number("none", measure)).as(measure).isEmpty();
    }
  }

  @Test
  @Rule(
      number = "11.10",
      text =
          "A ratio divides the counts of all batches. It has no value if the second count is zero.",
      check = "for means of the ratios of batches")
  void rule_11_10() throws Exception {
    assertThat(number("order", "on_view")).contains(2.0 / 6);
    assertThat(number("order", "per_positive")).contains(2.0);
    assertThat(number("none", "on_view")).contains(0.0);
    assertThat(number("none", "per_positive")).isEmpty();
  }

  @Test
  @Rule(
      number = "11.11",
      text =
          "The most frequent values have the counts of all batches. Equal counts are in the order of"
              + " the values.",
      check = "for partial results that contain only the most frequent values of a batch")
  void rule_11_11() throws Exception {
    // The first batch has -2 only once, after 5 and 7.
    assertThat(number("top", "top_units")).contains("[[-2,3],[5,2]]");
  }

  private final Tried lateNumbers =
      new Tried(
          trial(
                  "late-numbers",
                  p ->
                      p.statistic(
                          Statistic.named("hours")
                              .over(Windows.tumbling(HOUR).withoutLateness())
                              .measuring(
                                  Measures.sum("sum", KitCalls.UNITS),
                                  Measures.maximum("most", KitCalls.UNITS),
                                  Measures.top("top", 3, KitCalls.UNITS))
                              .build()))
              .step(
                  call(0, "1", "a", "2018-06-01T12:10:00Z", "units", "1"),
                  call(0, "2", "a", "2018-06-01T12:20:00Z", "units", "2"))
              .step(
                  call(0, "3", "a", "2018-06-01T12:30:00Z", "units", "4"),
                  call(0, "4", "a", "2018-06-01T13:30:00Z", "units", "8"))
              .step(call(0, "5", "a", "2018-06-01T12:40:00Z", "units", "16")));

  @Test
  @Rule(
      number = "11.12",
      text = "A late call does not change a measure of its window.",
      check = "for late calls that are added before they are separated")
  void rule_11_12() throws Exception {
    assertThat(lateNumbers.get().results("hours").rows())
        .extracting(row -> row.values().toString())
        .containsExactly(
            "[Optional[7], Optional[4], Optional[[[1,1],[2,1],[4,1]]]]",
            "[Optional[8], Optional[8], Optional[[[8,1]]]]");
  }
}
