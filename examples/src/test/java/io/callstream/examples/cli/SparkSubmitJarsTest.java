package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Tests the list of jars for spark-submit that the build writes. */
class SparkSubmitJarsTest {
  /**
   * Jars that the list does not need: Spark's distribution contains them or its own logging, or
   * only the broker uses them.
   */
  private static final Set<String> NOT_NEEDED =
      Set.of(
          "spark-sql_2.12",
          "avro",
          "jackson-core",
          "slf4j-api",
          "logback-classic",
          "kafka_2.12",
          "commons-compress");

  /** Annotations that do not exist at run time. */
  private static final String ANNOTATIONS = "jspecify";

  @Test
  void theListHasEachDependencyOfTheCommandLineThatADistributionOfSparkLacks() throws Exception {
    List<String> jars =
        List.of(Files.readString(Path.of("target", "spark-submit.jars")).strip().split(","));
    assertThat(jars).doesNotHaveDuplicates().allMatch(jar -> Path.of(jar).isAbsolute());
    List<String> wanted = new ArrayList<>(runtimeDependencies());
    assertThat(wanted).containsAll(NOT_NEEDED).contains(ANNOTATIONS);
    wanted.removeAll(NOT_NEEDED);
    wanted.remove(ANNOTATIONS);
    assertThat(wanted)
        .hasSizeGreaterThan(8)
        .allSatisfy(
            artifact ->
                assertThat(jars)
                    .anyMatch(
                        jar ->
                            Path.of(jar).getFileName().toString().matches(artifact + "-\\d.*jar")));
    assertThat(jars)
        .extracting(jar -> Path.of(jar).getFileName().toString())
        .noneMatch(jar -> jar.contains("logback") || jar.contains("slf4j"));
  }

  private static List<String> runtimeDependencies() throws Exception {
    Element project =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(Path.of("pom.xml").toFile())
            .getDocumentElement();
    NodeList dependencies = project.getElementsByTagName("dependency");
    List<String> artifacts = new ArrayList<>();
    for (int i = 0; i < dependencies.getLength(); i++) {
      Element dependency = (Element) dependencies.item(i);
      if (!text(dependency, "scope").equals("test")) {
        artifacts.add(text(dependency, "artifactId").replace("${scala.binary.version}", "2.12"));
      }
    }
    return artifacts;
  }

  /**
   * Returns the text of the first child with a name. The exclusions after it have such names too.
   */
  private static String text(Element dependency, String name) {
    NodeList found = dependency.getElementsByTagName(name);
    return found.getLength() == 0 ? "" : found.item(0).getTextContent();
  }
}
