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
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
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

  private void assumeLibraries(String... classes) {
    for (String name : classes) {
      boolean there = true;
      try {
        Class.forName(name);
      } catch (ClassNotFoundException e) {
        there = false;
      }
      assumeTrue(there, () -> name + " is not on the class path; see Measures");
    }
  }

  private void assumeSketches() {
    assumeLibraries("org.apache.datasketches.hll.HllSketch", "org.HdrHistogram.Histogram");
  }

  private List<Measure> all() {
    List<Measure> all = new ArrayList<>(exact);
    all.add(Measures.approximateDistinct("places", Fields.ADDRESS));
    all.add(Measures.quantile("median", 0.5, CALL_TIME, MILLIS));
    all.add(Measures.quantile("p90", 0.9, CALL_TIME, MILLIS));
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
                    i % 5 == 0 || i % 3 == 2 ? "\"\"" : Integer.toString(i * 37 % 1000 - 100)))
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
              + " errors of 1.6 %. Quantiles are accurate to two digits.",
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
        .isCloseTo(millis, within(0.01 * millis));
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
}
