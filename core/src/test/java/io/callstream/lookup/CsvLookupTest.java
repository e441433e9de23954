package io.callstream.lookup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CsvLookupTest {
  @TempDir private Path directory;

  private LookupTable beats() {
    return LookupTable.named("beats")
        .by(Fields.BEAT)
        .text(Field.text("precinct"), "precinct")
        .number(Field.number("officers"), "officers")
        .from(LookupSources.csv(directory.resolve("beats.csv")))
        .build();
  }

  private void write(String text) throws IOException {
    Path draft = Files.writeString(directory.resolve("draft"), text);
    Files.move(draft, directory.resolve("beats.csv"), StandardCopyOption.ATOMIC_MOVE);
  }

  private LookupSource.Reader open() {
    LookupTable table = beats();
    return table.source().open(table);
  }

  @Test
  void readsTheColumnsOfTheLookupInItsOrder() throws IOException {
    write(
        "\ufeffofficers,other,beat,precinct\r\n7,x,K1,\"West, \"\"old\"\"\nand new\"\r\n,y,K2, E \n\n");
    assertThat(open().poll())
        .contains(Map.of("K1", List.of("West, \"old\"\nand new", "7"), "K2", List.of(" E ", "")));
  }

  @Test
  void returnsRowsAgainOnlyIfTheFileWasReplaced() throws IOException {
    write("beat,precinct,officers\nK1,West,7\n");
    LookupSource.Reader reader = open();
    assertThat(reader.poll()).isPresent();
    assertThat(reader.poll()).isEmpty();
    write("beat,precinct,officers\nK1,East,8\n");
    assertThat(reader.poll()).contains(Map.of("K1", List.of("East", "8")));
    assertThat(reader.poll()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|it is empty, and the first row must have the names of the columns",
        "'beat,officers'|it has no column 'precinct'; its columns are beat, officers",
        "'beat,beat,precinct,officers'|it has more than one column 'beat'; its columns are",
        "'beat,precinct,officers/K1,West'|line 2 has 2 columns, and the first line has 3",
        "'beat,precinct,officers/K1,a,1/K1,b,2'|line 3 has the key 'K1', which an earlier line has",
        "'beat,precinct,officers/\"K1,a,1'|it ends inside quotes that start in line 2",
        "'beat,precinct,officers/\"K1\"x,a,1'|line 2 has text after closing quotes",
      })
  void rejectsAFileThatIsNotATable(String text, String reason) throws IOException {
    write(text.replace('/', '\n'));
    assertThatThrownBy(open()::poll)
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOOKUP_FAILED))
        .hasMessageContaining("The table of the lookup 'beats' in " + directory)
        .hasMessageContaining(reason)
        .hasMessageContaining("Correct the file, and replace it by a rename.");
  }

  @Test
  void rejectsAMissingFileAndBytesThatAreNotUtf8() throws IOException {
    assertThatThrownBy(open()::poll).hasMessageContaining("there is no such file");
    Files.write(directory.resolve("beats.csv"), new byte[] {'b', (byte) 0xff});
    assertThatThrownBy(open()::poll).hasMessageContaining("it is not text in UTF-8");
  }

  @Test
  void rejectsARowThatIsTooLong() throws IOException {
    write("beat,precinct,officers\n\"" + "x".repeat(1 << 21) + "\",a,1\n");
    assertThatThrownBy(open()::poll)
        .hasMessageContaining("line 2 has more than 1048576 characters, the limit of a row");
  }
}
