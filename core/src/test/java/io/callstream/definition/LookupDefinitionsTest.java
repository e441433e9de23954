package io.callstream.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.callstream.call.NewOrleansCalls;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupSources;
import io.callstream.lookup.LookupTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LookupDefinitionsTest {
  private static final LookupSource NOTHING = LookupSources.fixed(Map.of());

  @TempDir private Path directory;

  private DefinitionFile read(String text) throws IOException {
    return DefinitionFile.read(Files.writeString(directory.resolve("a.properties"), text));
  }

  @Test
  void readsLookupsAndTheStatisticsThatUseTheirFields() throws IOException {
    DefinitionFile file =
        read(
            """
            lookup.beats.file = tables/beats.csv
            lookup.beats.key = beat
            lookup.beats.key-column = Beat
            lookup.beats.text.precinct = Precinct
            lookup.beats.number.officers = Officers
            lookup.beats.decimal.area = Area
            lookup.beats.decimal.area.scale = 3
            lookup.beats.real.density = Density
            lookup.beats.flag.busy = Busy
            lookup.zips.topic = zips
            lookup.zips.key = zip
            lookup.zips.text.quarter = quarter
            statistic.s.by = precinct, busy, quarter
            statistic.s.where.busy = true
            statistic.s.measures = sum(area)
            """);
    assertThat(file.format()).isEmpty();
    List<String> topics = new ArrayList<>();
    List<LookupTable> lookups =
        file.lookups(
            NewOrleansCalls.json(),
            name -> {
              topics.add(name);
              return NOTHING;
            });
    assertThat(lookups)
        .extracting(LookupTable::toString)
        .containsExactly(
            "beats by beat gives precinct TEXT, officers NUMBER, area DECIMAL 3, density REAL,"
                + " busy FLAG",
            "zips by zip gives quarter TEXT");
    assertThat(lookups.get(0).keyColumn()).isEqualTo("Beat");
    assertThat(lookups.get(0).source().description())
        .isEqualTo(directory.resolve("tables/beats.csv").toString());
    assertThat(lookups.get(1).keyColumn()).isEqualTo("zip");
    assertThat(topics).containsExactly("zips");
    assertThat(file.statistics(NewOrleansCalls.json(), Duration.ZERO)).hasSize(1);
  }

  static Stream<Arguments> mistakes() {
    String file = "lookup.b.file = b.csv\n";
    String key = "lookup.b.key = beat\n";
    String text = "lookup.b.text.p = P\n";
    return Stream.of(
        arguments("lookup.b.url = x", "key 'lookup.b.url': there is no such key. After the name"),
        arguments("lookup.b.time.t = x", "key 'lookup.b.time.t': there is no such key."),
        arguments("lookup.b.text.p.scale = 1", "there is no such key."),
        arguments("lookup.b = x", "there is no such key."),
        arguments(file + text, "key 'lookup.b.key': it is missing. Add a line"),
        arguments(key + text, "key 'lookup.b.file': it is missing. Add a line"),
        arguments(file + key, "The lookup 'b' has no field; call text(FIELD, COLUMN)"),
        arguments(
            file + key + text + "lookup.b.topic = t",
            "key 'lookup.b.topic': the lookup has a file and a topic. Delete one of the lines."),
        arguments(
            "lookup.b.topic = t\n" + key + text + "lookup.b.key-column = Beat",
            "key 'lookup.b.key-column': the key of a row is that of its record in the topic."),
        arguments(
            file + key + "lookup.b.text.hour_of_day = p",
            "key 'lookup.b.text.hour_of_day': 'hour_of_day' is a dimension of every format."),
        arguments(
            file + text + "lookup.b.key = beet",
            "key 'lookup.b.key': the format 'new-orleans' has no field 'beet'. Did you mean 'beat'?"),
        arguments(
            file + text + "lookup.b.key = position",
            "key 'lookup.b.key': the field 'position' is a position, and the key of a lookup is a"
                + " text. Use a text field."),
        arguments(
            file + key + "lookup.b.decimal.d = D\nlookup.b.decimal.d.scale = x",
            "key 'lookup.b.decimal.d.scale': 'x' is not a number of digits."),
        arguments(
            "lookup.B.file = b.csv\nlookup.B.key = beat\nlookup.B.text.p = P",
            "'B' is not a valid name of a lookup"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeNamesTheFileTheKeyAndTheFix(String text, String message) throws IOException {
    DefinitionFile file = read(text + "\n");
    assertThatThrownBy(() -> file.lookups(NewOrleansCalls.json(), name -> NOTHING))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(directory.resolve("a.properties").toString())
        .hasMessageContaining(message);
  }
}
