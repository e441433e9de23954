package io.callstream.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Verifies that the BOM manages optional libraries in the versions with which they are tested. */
class BomTest {
  private static final Pattern LIBRARY =
      Pattern.compile("<artifactId>([\\w-]+)</artifactId>\\s*<version>([\\d.]+)</version>");

  @Test
  void managesTheVersionsOfTheBuild() throws IOException {
    String bom = Files.readString(Document.ROOT.resolve("bom/pom.xml"));
    String parent = Files.readString(Document.ROOT.resolve("pom.xml"));

    List<MatchResult> libraries = LIBRARY.matcher(bom).results().toList();

    assertThat(libraries).hasSize(7);
    for (MatchResult library : libraries) {
      String property =
          library.group(1).replaceFirst("-java$", "").toLowerCase(Locale.ROOT) + ".version";
      assertThat(parent).contains("<" + property + ">" + library.group(2) + "</" + property + ">");
    }
  }
}
