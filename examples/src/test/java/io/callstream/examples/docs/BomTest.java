package io.callstream.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Verifies that the BOM manages optional libraries in the versions with which they are tested. */
class BomTest {
  private static final Pattern LIBRARY =
      Pattern.compile("<artifactId>([\\w-]+)</artifactId>\\s*<version>([\\d.]+)</version>");

  @Test
  void managesTheVersionsOfTheBuild() throws IOException {
    String build = pom(".") + pom("core") + pom("kafka-producer");

    List<MatchResult> libraries = LIBRARY.matcher(pom("bom")).results().toList();

    assertThat(libraries).hasSize(6);
    for (MatchResult library : libraries) {
      assertThat(version(build, library.group(1))).as(library.group(1)).isEqualTo(library.group(2));
    }
  }

  private static String pom(String module) throws IOException {
    return Files.readString(DocumentationPage.ROOT.resolve(module).resolve("pom.xml"));
  }

  /** Returns the version of an artifact in the POMs. */
  private static String version(String poms, String artifact) {
    String version =
        first(poms, "<artifactId>" + Pattern.quote(artifact) + "</artifactId>\\s*<version>(.*?)<");
    return version.startsWith("${")
        ? first(poms, "<" + Pattern.quote(version.substring(2, version.length() - 1)) + ">(.*?)<")
        : version;
  }

  private static String first(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).as(pattern).isTrue();
    return matcher.group(1);
  }
}
