package io.callstream.engine.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.internal.task.JoinTable;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupSources;
import io.callstream.lookup.LookupTable;
import io.callstream.lookup.MemoryLookup;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.progress.Progress.LookupVersion;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** What the rules of the contract kit do not check: all types, wrong rows, and the definition. */
class LookupTablesTest {
  private static final Field<String> AREA = Field.text("area");
  private static final Field<Long> PEOPLE = Field.number("people");
  private static final Field<BigDecimal> SIZE = Field.decimal("size", 2);
  private static final Field<Double> DENSITY = Field.real("density");
  private static final Field<Boolean> BUSY = Field.flag("busy");

  private final MemoryLookup memory = LookupSources.inMemory();

  private LookupTable areas() {
    return LookupTable.named("areas")
        .by(Fields.ADDRESS)
        .text(AREA, "area")
        .number(PEOPLE, "people")
        .number(SIZE, "size")
        .number(DENSITY, "density")
        .flag(BUSY, "busy")
        .from(memory)
        .build();
  }

  private static Call call(String address) {
    return Call.builder("1", "t", Instant.parse("2018-11-01T12:00:00Z")).address(address).build();
  }

  private static PipelineTester tester(UnaryOperator<Pipeline.Builder> parts) {
    return PipelineTester.of(SanFranciscoCalls.json(), 1, parts);
  }

  private static List<String> texts(PipelineTester test, String statistic) {
    return test.results(statistic).rows().stream()
        .map(ResultRow::columns)
        .map(Object::toString)
        .toList();
  }

  @Test
  void warnsOfAColumnThatNoRowHas() {
    Logger logger = (Logger) LoggerFactory.getLogger(JoinTable.class);
    ListAppender<ILoggingEvent> events = new ListAppender<>();
    events.start();
    logger.addAppender(events);
    memory.put("A", "west", "", "2.50", "0.5", "1");
    memory.put("B", "east", "", "", "", "");
    try (PipelineTester test =
        tester(pipeline -> pipeline.lookup(areas()).statistic(Statistic.named("all").build()))) {
      test.receive(call("A")).endBatch();
      assertThat(events.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .singleElement()
          .asString()
          .contains("No row of the lookup 'areas' has a value in the column 'people'");
    } finally {
      logger.detachAppender(events);
    }
  }

  @Test
  void aCallGetsValuesOfAllTypes() {
    memory.put("A", "west", "7", "2.50", "0.5", "1");
    memory.put("B", "east", "", " ", "", "");
    Statistic statistic =
        Statistic.named("s")
            .by(Dimension.of("area", AREA))
            .where(Set.of(BUSY, AREA), c -> !c.isPresent(BUSY) || c.longValue(BUSY) == 1)
            .measuring(
                Measures.count(),
                Measures.sum("people", PEOPLE),
                Measures.sum("size", SIZE),
                Measures.maximum("density", DENSITY))
            .build();
    try (PipelineTester test = tester(p -> p.statistic(statistic).lookup(areas()))) {
      test.receive(call("A"), call("A"), call("B"), call("C")).endBatch();
      assertThat(texts(test, "s"))
          .containsExactly(
              "[west, 2, 14, 5.00, 0.5]", "[, 1, null, null, null]", "[east, 1, null, null, null]");
      assertThat(test.accounting().unknown()).isEqualTo(Map.of("areas", 1L));
    }
  }

  @Test
  void aStatisticOfAllFieldsReadsThoseOfLookups() {
    memory.put("A", "west", "", "", "", "");
    Statistic all =
        Statistic.named("s")
            .by(Dimension.of("both", c -> c.address() + " " + c.text(AREA)))
            .build();
    MemorySource source = MemorySource.withPartitions(1);
    try (PipelineTester test = tester(p -> p.statistic(all).lookup(areas()))) {
      test.receive(call("A")).receive("{").endBatch();
      test.receive(new String(SanFranciscoCalls.json().write(call("A")), UTF_8));
      test.endBatch();
      assertThat(texts(test, "s")).containsExactly("[A west, 2]");
    }
    assertThat(
            Pipeline.builder(source, SanFranciscoCalls.json())
                .statistic(all)
                .lookup(areas())
                .build()
                .fields())
        .contains(AREA, PEOPLE, SIZE, DENSITY, BUSY, Fields.ADDRESS);
  }

  @Test
  void aPipelineReadsOnlyWhatItUsesOfALookup() {
    Statistic plain = Statistic.named("s").build();
    Pipeline.Builder pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json()).statistic(plain);
    assertThat(pipeline.build().fields()).isEmpty();
    assertThat(pipeline.lookup(areas()).build().fields()).isEqualTo(Set.of(Fields.ADDRESS));
    assertThat(pipeline.distinct().build().fields())
        .isEqualTo(Set.of(Fields.ADDRESS, Fields.ID, AREA));
  }

  @Test
  void aNewVersionHasANewNumberAndOnlyOtherRowsAreANewVersion() {
    memory.put("A", "west", "", "", "", "");
    List<LookupVersion> versions = new ArrayList<>();
    List<String> reports = new ArrayList<>();
    try (PipelineTester test =
        tester(
            p ->
                p.statistic(Statistic.named("s").by(Dimension.of("area", AREA)).build())
                    .lookup(areas())
                    .listener(report -> versions.add(report.lookups().get("areas")))
                    .listener(report -> reports.add(report.toJson())))) {
      test.receive(call("A")).endBatch();
      memory.put("A", "west", "", "", "", "");
      test.receive(call("A")).endBatch();
      memory.put("A", "east", "", "", "", "");
      memory.put("B", "east", "", "", "", "");
      test.receive(call("A")).endBatch();
      assertThat(texts(test, "s")).containsExactly("[west, 2]", "[east, 1]");
    }
    assertThat(reports.get(2)).endsWith(",\"lookups\":{\"areas\":{\"version\":2,\"rows\":2}}}");
    assertThat(versions)
        .containsExactly(new LookupVersion(1, 1), new LookupVersion(1, 1), new LookupVersion(2, 2));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "A|''|1|no value of the column 'area' in the row of the key 'A'",
        "' '|x|1|a row without a key",
        "A|x|1.5|'1.5' in the column 'people' of the key 'A', which is not a valid number",
        "A|x|9223372036854775808|in the column 'people' of the key 'A', which is not a valid",
        "A|x|1e999999999|in the column 'people' of the key 'A', which is not a valid",
        "A|x|many|'many' in the column 'people' of the key 'A', which is not a valid number",
      })
  void rejectsWrongRows(String key, String area, String people, String reason) {
    memory.put(key, area, people, "", "", "");
    requireFailure(reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"1.234|1|1", "1e400000|1|1", "1|NaN|1", "1|1e999|1", "1|1|yes"})
  void rejectsValuesOutsideOfTheirFields(String size, String density, String busy) {
    memory.put("A", "x", "1", size, density, busy);
    requireFailure("of the key 'A', which is not a valid");
  }

  @Test
  void rejectsARowOfAnotherNumberOfValues() {
    memory.put("A", "x");
    requireFailure("1 values in the row of the key 'A', and 5 fields");
  }

  private void requireFailure(String reason) {
    assertThatThrownBy(() -> tester(p -> p.statistic(Statistic.named("s").build()).lookup(areas())))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOOKUP_FAILED))
        .hasMessageStartingWith("The table of the lookup 'areas' has ")
        .hasMessageContaining(reason)
        .hasMessageEndingWith(
            "Correct the table, and start again with the same checkpoint: nothing is lost.");
  }

  @Test
  void rejectsATableThatIsTooLarge() {
    memory.put("A", "x".repeat(LookupTable.MAX_BYTES), "", "", "", "");
    requireFailure(" bytes; the limit is 67108864");
  }

  @Test
  void aSourceThatFailsOrGivesNothingFailsTheStart() {
    LookupSource broken =
        new LookupSource() {
          @Override
          public String description() {
            return "the shelf";
          }

          @Override
          public Reader open(LookupTable table) {
            return () -> {
              throw new IllegalStateException("it is closed");
            };
          }
        };
    assertThatThrownBy(() -> tester(p -> withSource(p, broken)))
        .hasMessage(
            "The source of the lookup 'areas' (the shelf) failed:"
                + " java.lang.IllegalStateException: it is closed. Correct the cause, and start"
                + " again with the same checkpoint: nothing is lost.");
    LookupSource silent =
        new LookupSource() {
          @Override
          public String description() {
            return "nothing";
          }

          @Override
          public Reader open(LookupTable table) {
            return Optional::empty;
          }
        };
    assertThatThrownBy(() -> tester(p -> withSource(p, silent)))
        .hasMessage(
            "The source of the lookup 'areas' gave no table at the first poll. Correct"
                + " LookupSource.Reader.poll.");
  }

  private static Pipeline.Builder withSource(Pipeline.Builder pipeline, LookupSource source) {
    return pipeline
        .statistic(Statistic.named("s").build())
        .lookup(
            LookupTable.named("areas").by(Fields.ADDRESS).text(AREA, "area").from(source).build());
  }

  @Test
  void rejectsLookupsThatDoNotFitTheFormatOrEachOther() {
    UnaryOperator<Pipeline.Builder> counted = p -> p.statistic(Statistic.named("s").build());
    requireRefusal(
        p -> counted.apply(p).lookup(areas()).lookup(areas()),
        "Two lookups are named 'areas'; rename one of them");
    requireRefusal(
        p ->
            counted
                .apply(p)
                .lookup(
                    LookupTable.named("b").by(Fields.BEAT).text(AREA, "a").from(memory).build()),
        "The lookup 'b' uses the key beat, which the format 'sf-2018' does not"
            + " have. Use a text field of the format.");
    requireRefusal(
        p ->
            counted
                .apply(p)
                .lookup(
                    LookupTable.named("b")
                        .by(Fields.ADDRESS)
                        .text(Fields.CITY, "a")
                        .from(memory)
                        .build()),
        "The lookup 'b' gives the field city, which the format 'sf-2018' or"
            + " another lookup has. Give it a field with another name.");
    requireRefusal(
        p ->
            p.statistic(Statistic.named("s").by(Dimension.of("x", Field.text("x"))).build())
                .lookup(areas()),
        "The statistic 's' reads the field x");
  }

  private static void requireRefusal(UnaryOperator<Pipeline.Builder> parts, String message) {
    Pipeline.Builder builder =
        parts.apply(Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json()));
    assertThatThrownBy(builder::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
