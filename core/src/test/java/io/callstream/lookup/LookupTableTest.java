package io.callstream.lookup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.Field;
import io.callstream.call.Fields;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LookupTableTest {
  private static final Field<String> PRECINCT = Field.text("precinct");
  private static final LookupSource NOTHING = LookupSources.fixed(Map.of());

  @Test
  void hasItsPartsInTheirOrder() {
    LookupTable table =
        LookupTable.named("beats")
            .by(Fields.BEAT, "Beat")
            .text(PRECINCT, "Precinct")
            .number(Field.decimal("area", 2), "Area")
            .flag(Field.flag("busy"), "Busy")
            .from(NOTHING)
            .build();
    assertThat(table.columns()).containsExactly("Precinct", "Area", "Busy");
    assertThat(table.keyColumn()).isEqualTo("Beat");
    assertThat(table).hasToString("beats by beat gives precinct TEXT, area DECIMAL 2, busy FLAG");
  }

  @Test
  void rejectsWhatIsMissingOrNotValid() {
    assertThatThrownBy(() -> LookupTable.named("Beats"))
        .hasMessage(
            "'Beats' is not a valid name of a lookup; use lower-case letters, digits and"
                + " underscores, at most 60 characters, starting with a letter");
    assertThatThrownBy(() -> LookupTable.named("b").text(PRECINCT, "p").from(NOTHING).build())
        .hasMessage("The lookup 'b' has no key; call by(FIELD)");
    assertThatThrownBy(() -> LookupTable.named("b").by(Fields.BEAT).from(NOTHING).build())
        .hasMessage("The lookup 'b' has no field; call text(FIELD, COLUMN)");
    assertThatThrownBy(() -> LookupTable.named("b").by(Fields.BEAT).text(PRECINCT, "p").build())
        .hasMessage("The lookup 'b' has no source; call from(LookupSources.csv(FILE))");
    assertThatThrownBy(() -> LookupTable.named("b").text(PRECINCT, "p").text(PRECINCT, "q"))
        .hasMessage("The lookup 'b' gives the field precinct twice; use another field");
    assertThatThrownBy(() -> LookupTable.named("b").text(Fields.ID, "p"))
        .hasMessage("The lookup 'b' gives the field id that identifies calls; use another field");
  }

  @Test
  void aTableInMemoryReturnsItsRowsAgainOnlyIfTheyChanged() {
    MemoryLookup memory = LookupSources.inMemory();
    memory.put("K1", "West");
    LookupSource.Reader reader =
        memory.open(
            LookupTable.named("b").by(Fields.BEAT).text(PRECINCT, "p").from(memory).build());
    assertThat(reader.poll()).contains(Map.of("K1", List.of("West")));
    assertThat(reader.poll()).isEmpty();
    memory.put("K2", "East");
    memory.remove("K1");
    assertThat(reader.poll()).contains(Map.of("K2", List.of("East")));
    memory.replace(Map.of());
    assertThat(reader.poll()).contains(Map.of());
  }
}
