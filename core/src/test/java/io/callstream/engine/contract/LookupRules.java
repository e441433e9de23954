package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static io.callstream.engine.contract.SourceRecord.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.ErrorCode;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupSources;
import io.callstream.lookup.LookupTable;
import io.callstream.lookup.MemoryLookup;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress.LookupVersion;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Rules 7: fields and lookups. */
abstract class LookupRules extends ContractRules {
  LookupRules(ContractKit kit) {
    super(kit);
  }

  private final Dimension described = Dimension.of("code", Fields.DISPOSITION).describedBy(CODES);

  private final Tried fields =
      new Tried(
          trial(
                  "fields",
                  p ->
                      withCodes(
                          p.statistic(Statistic.named("codes").by(described).build())
                              .statistic(TYPES)))
              .step(
                  call(0, "1", "t", "2018-06-01T12:00", "disposition", "\"HAN\""),
                  call(0, "2", "t", "2018-06-01T12:00", "disposition", "\"XYZ\""),
                  call(0, "3", "t", "2018-06-01T12:00"),
                  call(0, "4", "t", "2018-06-01T12:00", "disposition", "null"),
                  call(0, "5", "t", "2018-06-01T12:00", "disposition", "\"\""),
                  call(0, "6", "t", "2018-06-01T12:00", "disposition", "\" \\t \""),
                  call(0, "7", "t", "2018-06-01T12:00", "disposition", "22"),
                  call(0, "8", "t", "2018-06-01T12:00", "disposition", "true"),
                  call(
                      0,
                      "9",
                      " padded ",
                      "2018-06-01T12:00",
                      "disposition",
                      "\"XYZ\"",
                      "disposition",
                      "\"HAN\"")));

  @Test
  @Rule(
      number = "7.1",
      text = "A code that the lookup does not contain keeps its row, with an empty description.",
      check = "for an inner join with the lookup")
  void rule_7_1() throws Exception {
    Map<String, String> descriptions =
        fields.get().results("codes").stream()
            .collect(
                Collectors.toMap(
                    row -> row.dimension("code"), row -> row.description(described).get()));
    assertThat(descriptions)
        .containsOnly(
            Map.entry("HAN", "Handled"),
            Map.entry("XYZ", ""),
            Map.entry("22", ""),
            Map.entry("true", ""),
            Map.entry("", ""));
  }

  @Test
  @Rule(
      number = "7.2",
      text = "Calls with an unknown code are counted. A missing, null or blank code is unknown.",
      check = "where the engine counts unknown dispositions")
  void rule_7_2() throws Exception {
    assumeSupported(Capability.LOOKUPS);
    assertThat(fields.get().accounting().unknown()).isEqualTo(Map.of("dispositions", 7L));
  }

  @Test
  @Rule(
      number = "7.3",
      text = "An optional field that is missing, null, empty or blank is the empty text.",
      check = "how the engine passes fields from the parser to statistics")
  void rule_7_3() throws Exception {
    assertThat(fields.get().rows("codes", "")).containsExactly("  4");
  }

  @Test
  @Rule(
      number = "7.4",
      text =
          "Other text is unchanged. Numbers and booleans become their JSON text. The last"
              + " value of a repeated key counts.",
      check = "the parser")
  void rule_7_4() throws Exception {
    assertThat(fields.get().rows("types")).containsExactly("t  8", " padded   1");
    assertThat(fields.get().rows("codes"))
        .containsExactly("  4", "HAN  2", "22  1", "XYZ  1", "true  1");
  }

  private static final Field<String> AREA = Field.text("area");
  private static final Field<Long> PEOPLE = Field.number("people");

  private static LookupTable areas(LookupSource source) {
    return LookupTable.named("areas")
        .by(Fields.ADDRESS)
        .text(AREA, "area")
        .number(PEOPLE, "people")
        .from(source)
        .build();
  }

  private static final Statistic BY_AREA =
      Statistic.named("areas").by(Dimension.of("area", AREA)).build();

  /** Counts calls by area without those of crowded areas, and sums the people. */
  private static final Statistic PEOPLE_BY_AREA =
      Statistic.named("people")
          .by(Dimension.of("area", AREA))
          .where(Set.of(PEOPLE), call -> !call.isPresent(PEOPLE) || call.longValue(PEOPLE) < 1_000)
          .measuring(Measures.sum("people", PEOPLE))
          .build();

  private static SourceRecord at(int partition, String id, String address) {
    return call(partition, id, "t", "2018-06-01T12:00:00Z", "address", "\"" + address + "\"");
  }

  private final MemoryLookup changing = LookupSources.inMemory();

  private final Tried changes =
      new Tried(
          trial(
                  "changes",
                  p -> p.statistic(BY_AREA).statistic(PEOPLE_BY_AREA).lookup(areas(changing)))
              .partitions(2)
              .step(
                  () ->
                      changing.replace(
                          Map.of(
                              "A", List.of("west", "7"),
                              "B", List.of("west", "2000"),
                              "C", List.of("north", ""))),
                  at(0, "1", "A"),
                  at(1, "2", "A"),
                  at(0, "3", "B"),
                  at(1, "4", "C"),
                  at(0, "5", "D"),
                  at(0, "6", ""),
                  text(1, "no call"))
              .step(() -> changing.put("A", "east", "9"), at(0, "7", "A"), at(1, "8", "A"))
              .step(
                  () -> {
                    changing.remove("A");
                    changing.put("D", "south", "1");
                  },
                  at(0, "9", "A"),
                  at(1, "10", "D"))
              .step(() -> {}, at(0, "11", "D")));

  private Outcome changed() throws Exception {
    assumeSupported(Capability.LOOKUPS);
    return changes.get();
  }

  @Test
  @Rule(
      number = "7.5",
      text =
          "Filters, dimensions and measures read the fields of a call's row in a lookup. A call"
              + " without a row has none of them.",
      check = "that the engine joins lookups before it combines calls")
  void rule_7_5() throws Exception {
    assertThat(changed().updates(0, "areas")).containsExactly("west  3", "  2", "north  1");
    assertThat(changed().batch(0).updates("people").stream().map(row -> row.columns()))
        .containsExactlyInAnyOrder(
            Arrays.asList("west", new BigDecimal(14)),
            Arrays.asList("", null),
            Arrays.asList("north", null));
    assertThat(changed().batch(0).accounting().statistics().get("people").filtered()).isEqualTo(1);
  }

  @Test
  @Rule(
      number = "7.6",
      text =
          "A change of a table applies to the calls of later batches, and changes no earlier"
              + " result.",
      check = "whether the engine looks for changes before each batch")
  void rule_7_6() throws Exception {
    assertThat(changed().updates(1, "areas")).containsExactly("east  2");
    assertThat(changed().updates(2, "areas")).containsExactlyInAnyOrder("  3", "south  1");
    assertThat(changed().rows("areas"))
        .containsExactlyInAnyOrder("west  3", "  3", "east  2", "south  2", "north  1");
  }

  @Test
  @Rule(
      number = "7.7",
      text = "Calls without a row are counted for each lookup. Rejected records are not.",
      check = "where the engine counts calls without a row")
  void rule_7_7() throws Exception {
    assertThat(
            changed().recorder().batches().stream().map(b -> b.accounting().unknown().get("areas")))
        .containsExactly(2L, 0L, 1L, 0L);
    assertThat(changed().accounting().unknown()).isEqualTo(Map.of("areas", 3L));
  }

  @Test
  @Rule(
      number = "7.8",
      text =
          "Batches and reports show the version of each table and its rows. The version grows"
              + " when the rows change.",
      check = "what the engine adds to its reports")
  void rule_7_8() throws Exception {
    List<LookupVersion> expected =
        List.of(
            new LookupVersion(1, 3),
            new LookupVersion(2, 3),
            new LookupVersion(3, 3),
            new LookupVersion(3, 3));
    assertThat(changed().recorder().batches().stream().map(batch -> batch.lookups().get("areas")))
        .isEqualTo(expected);
    assertThat(changed().recorder().reports().stream().map(report -> report.lookups()))
        .isEqualTo(expected.stream().map(version -> Map.of("areas", version)).toList());
  }

  private final MemoryLookup ofFirsts = LookupSources.inMemory();

  private final Tried firsts =
      new Tried(
          trial(
                  "firsts",
                  p -> p.statistic(BY_AREA).lookup(areas(ofFirsts)).distinct(Duration.ofDays(1)))
              .step(
                  () -> ofFirsts.put("A", "west", "1"),
                  at(0, "1", "A"),
                  at(0, "1", "none"),
                  at(0, "2", "none"))
              .step(() -> ofFirsts.put("A", "east", "1"), at(0, "1", "A"), at(0, "3", "A")));

  @Test
  @Rule(
      number = "7.9",
      text = "With `distinct()`, the first call keeps its row, and duplicates are not unknown.",
      check = "whether the engine joins lookups again after it removes duplicates")
  void rule_7_9() throws Exception {
    assumeSupported(Capability.LOOKUPS);
    assumeSupported(Capability.DISTINCT);
    assertThat(firsts.get().rows("areas")).containsExactlyInAnyOrder("west  1", "  1", "east  1");
    assertThat(firsts.get().accounting().unknown()).isEqualTo(Map.of("areas", 1L));
    assertThat(firsts.get().accounting().duplicates()).isEqualTo(2);
  }

  private Pipeline.Builder parts(ContractSource source, LookupSource table, Recorder recorder) {
    return recorder.on(counting(source).statistic(BY_AREA).lookup(areas(table)));
  }

  private static LookupSource table(String area) {
    return LookupSources.fixed(Map.of("A", List.of(area, "1"), "B", List.of("b", "2")));
  }

  @Test
  @Rule(
      number = "7.10",
      text =
          "A batch that is repeated after a failure uses the tables that it had, also if they have"
              + " changed. The next batch uses the current ones.",
      check = "that the engine writes changed tables with the batch that uses them first")
  void rule_7_10() throws Exception {
    assumeSupported(Capability.LOOKUPS);
    assumeSupported(Capability.CHECKPOINT);
    ContractSource source = testbed().source(1);
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "1", "A")));
    runToEnd(parts(source, table("zero"), new Recorder()).build(), options);
    source.send(List.of(at(0, "2", "A"), at(0, "3", "B")));
    Recorder failed = new Recorder();
    Pipeline failing =
        parts(source, table("one"), failed)
            .results(
                Sinks.callback(
                    batch -> {
                      throw new IllegalStateException("pulled the plug");
                    }))
            .build();
    try (RunningPipeline run = start(failing, options)) {
      assertThatThrownBy(() -> run.awaitTermination(testbed().patience()))
          .hasMessageContaining("pulled the plug");
    }
    source.send(List.of(at(0, "4", "A")));
    Recorder again = new Recorder();
    Pipeline next = parts(source, table("two"), again).build();
    runToEnd(next, options);
    source.send(List.of(at(0, "5", "A")));
    runToEnd(next, options);

    BatchResults repeated = again.batches().get(0);
    assertThat(Outcome.texts(repeated.updates("areas")))
        .isEqualTo(Outcome.texts(failed.batches().get(0).updates("areas")))
        .containsExactlyInAnyOrder("one  1", "b  1");
    assertThat(repeated.lookups()).isEqualTo(Map.of("areas", new LookupVersion(2, 2)));
    BatchResults last = again.batches().get(again.batches().size() - 1);
    assertThat(last.lookups()).isEqualTo(Map.of("areas", new LookupVersion(3, 2)));
    assertThat(Outcome.texts(last.results("areas").rows()))
        .containsExactlyInAnyOrder("two  2", "zero  1", "one  1", "b  1");
  }

  @Test
  @Rule(
      number = "7.11",
      text = "A source of a table that fails, fails the run with `LOOKUP_FAILED`.",
      check = "whether the engine continues with the last table")
  void rule_7_11() throws Exception {
    assumeSupported(Capability.LOOKUPS);
    ContractSource source = testbed().source(1);
    AtomicBoolean fails = new AtomicBoolean();
    LookupSource failing =
        new LookupSource() {
          @Override
          public String description() {
            return "a shelf";
          }

          @Override
          public Reader open(LookupTable table) {
            Reader reader = table("west").open(table);
            return () -> {
              if (fails.get()) {
                throw new IllegalStateException("the shelf is closed");
              }
              return reader.poll();
            };
          }
        };
    Recorder recorder = new Recorder();
    Pipeline pipeline = parts(source, failing, recorder).build();
    source.send(List.of(at(0, "1", "A")));
    RunOptions options = RunOptions.continuous().triggeringEvery(Duration.ZERO);
    if (supports(Capability.CHECKPOINT)) {
      options = options.checkpointingTo(withCheckpoint().checkpoint().orElseThrow());
    }
    try (RunningPipeline run = start(pipeline, options)) {
      Trial.awaitCovered(run, recorder, 1, testbed().patience());
      fails.set(true);
      source.send(List.of(at(0, "2", "A")));
      assertThatThrownBy(() -> run.awaitTermination(testbed().patience()))
          .satisfies(hasCode(ErrorCode.LOOKUP_FAILED))
          .hasMessageContaining("the shelf is closed");
      assertThat(run.accounting().received()).isEqualTo(1);
    }
    assertThatThrownBy(
            () -> {
              try (RunningPipeline run = start(pipeline, RunOptions.bounded())) {
                run.awaitTermination(testbed().patience());
              }
            })
        .satisfies(hasCode(ErrorCode.LOOKUP_FAILED));
  }

  @Test
  @Rule(
      number = "7.12",
      text =
          "A checkpoint of other lookups is rejected. The place of a table is not part of the"
              + " checkpoint.",
      check = "that the engine compares the fingerprints of pipelines")
  void rule_7_12() throws Exception {
    assumeSupported(Capability.LOOKUPS);
    assumeSupported(Capability.CHECKPOINT);
    ContractSource source = testbed().source(1);
    RunOptions options = withCheckpoint();
    source.send(List.of(at(0, "1", "A")));
    runToEnd(parts(source, table("west"), new Recorder()).build(), options);
    Pipeline other =
        counting(source)
            .statistic(BY_AREA)
            .lookup(
                LookupTable.named("areas")
                    .by(Fields.CITY)
                    .text(AREA, "area")
                    .number(PEOPLE, "people")
                    .from(table("west"))
                    .build())
            .build();
    assertThatThrownBy(() -> runToEnd(other, options))
        .satisfies(hasCode(ErrorCode.CHECKPOINT))
        .hasMessageContaining("areas by city");
    Recorder same = new Recorder();
    runToEnd(parts(source, table("west"), same).build(), options);
    assertThat(same.restored().get(0).lookups())
        .isEqualTo(Map.of("areas", new LookupVersion(1, 2)));
  }
}
