package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.CallField;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Statistic;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Rules 7: fields and lookups. */
abstract class LookupRules extends ContractRules {
  LookupRules(ContractKit kit) {
    super(kit);
  }

  private final Dimension described =
      Dimension.of("code", CallField.DISPOSITION).describedBy(CODES);

  private final Tried fields =
      new Tried(
          trial(
                  "fields",
                  p ->
                      p.statistic(Statistic.named("codes").by(described).build())
                          .statistic(TYPES)
                          .dispositionCodes(CODES))
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

  /**
   * A code that the lookup does not contain keeps its row, with an empty description. If it fails,
   * check for an inner join with the lookup.
   */
  @Test
  void rule_7_1_anUnknownCodeKeepsItsRowWithAnEmptyDescription() throws Exception {
    Map<String, String> descriptions =
        fields.get().results().get("codes").stream()
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

  /**
   * Calls with an unknown code are counted. A missing, null or blank code is also unknown. If it
   * fails, check where the engine counts unknown dispositions.
   */
  @Test
  void rule_7_2_unknownDispositionsAreCounted() throws Exception {
    assertThat(fields.get().accounting().unknownDispositions()).isEqualTo(7);
  }

  /**
   * An optional field that is missing, null, empty or blank is the empty text. If it fails, check
   * how the engine passes fields from the parser to statistics.
   */
  @Test
  void rule_7_3_nothingAndBlankAreTheEmptyText() throws Exception {
    assertThat(fields.get().rows("codes", "")).containsExactly("  4");
  }

  /**
   * Other text is unchanged and not trimmed, numbers and booleans are their JSON text, and the last
   * value of a repeated key counts. If it fails, check the parser.
   */
  @Test
  void rule_7_4_otherTextStaysAsItCame() throws Exception {
    assertThat(fields.get().rows("types")).containsExactly("t  8", " padded   1");
    assertThat(fields.get().rows("codes"))
        .containsExactly("  4", "HAN  2", "22  1", "XYZ  1", "true  1");
  }
}
