package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Fields;
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

  private final Dimension described = Dimension.of("code", Fields.DISPOSITION).describedBy(CODES);

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
    assertThat(fields.get().accounting().unknown().get("dispositions")).isEqualTo(7);
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
}
