package io.callstream.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.examples.docs.DocumentationPage.Block;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Verifies that tests contain the code in the pages, and that the targets of links exist. */
class DocumentationTest {
  /** The class of `Class`, `Class.member` or `Class.method()`. */
  private static final Pattern CLASS = Pattern.compile("`([A-Z]\\w*[a-z]\\w*)[.\\w()]*`");

  /** Values in the pages, and the expressions that tests use instead. */
  private static final Map<String, String> STAND_INS =
      Map.of(
          "\"localhost:9092\"", "brokers",
          "4041", "port",
          "Path.of(\"out\")", "out",
          "\"state\"", "state",
          "\"lake/counts\"", "lake");

  @Test
  void javaOnThePagesIsCodeOfTheTestsInThisPackageOrOfAProjectThatTheBuildRuns()
      throws IOException {
    List<String> code = new ArrayList<>();
    Path here = Path.of("src/test/java/io/callstream/examples/docs");
    try (Stream<Path> tests = Files.list(here);
        Stream<Path> projects = Files.walk(Path.of("src/it"))) {
      for (Path file :
          Stream.concat(
                  tests.filter(f -> f.toString().endsWith("Test.java")),
                  projects.filter(f -> f.toString().endsWith(".java")))
              .toList()) {
        code.add(withoutSpace(Files.readString(file)));
      }
    }
    List<Block> blocks = javaBlocks();
    assertThat(blocks).hasSizeGreaterThan(30);
    assertThat(blocks)
        .filteredOn(
            block ->
                code.stream().noneMatch(test -> forms(block).stream().anyMatch(test::contains)))
        .as("blocks that are in no test")
        .isEmpty();
  }

  private static List<Block> javaBlocks() throws IOException {
    return DocumentationPage.all().stream()
        .flatMap(page -> page.blocks().stream())
        .filter(block -> block.language().equals("java"))
        .toList();
  }

  /** Returns a block in the form for projects, and in the form for tests. */
  private static List<String> forms(Block block) {
    return List.of(withoutSpace(block.text()), asInTests(block));
  }

  private static String asInTests(Block block) {
    String text = block.text();
    for (Map.Entry<String, String> standIn : STAND_INS.entrySet()) {
      text = text.replace(standIn.getKey(), standIn.getValue());
    }
    return withoutSpace(text);
  }

  private static String withoutSpace(String text) {
    return text.replaceAll("\\s", "");
  }

  @Test
  void theClassesInTheTableOfChangesExist() throws IOException {
    Set<String> classes = new HashSet<>();
    try (Stream<Path> modules = Files.list(DocumentationPage.ROOT)) {
      for (Path sources : modules.map(module -> module.resolve("src")).toList()) {
        if (Files.isDirectory(sources)) {
          try (Stream<Path> files = Files.walk(sources)) {
            files.forEach(file -> classes.add(file.getFileName().toString()));
          }
        }
      }
    }
    List<String> named =
        DocumentationPage.of("CONTRIBUTING.md").lines().stream()
            .filter(line -> line.startsWith("| "))
            .flatMap(line -> CLASS.matcher(line).results())
            .map(match -> match.group(1) + ".java")
            .toList();
    assertThat(named).hasSizeGreaterThan(150).isSubsetOf(classes);
  }

  @Test
  void linksLeadSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    for (DocumentationPage page : DocumentationPage.all()) {
      for (String link : page.links()) {
        if (!link.matches("[a-z]+:.*") && !leadsSomewhere(page, link)) {
          broken.add(DocumentationPage.ROOT.relativize(page.file()) + ": " + link);
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  private static boolean leadsSomewhere(DocumentationPage from, String link) throws IOException {
    String[] parts = link.split("#", 2);
    Path file =
        parts[0].isEmpty() ? from.file() : from.file().getParent().resolve(parts[0]).normalize();
    if (!Files.exists(file) || !file.startsWith(DocumentationPage.ROOT)) {
      return false;
    }
    return parts.length == 1
        || DocumentationPage.of(DocumentationPage.ROOT.relativize(file).toString())
            .anchors()
            .contains(parts[1]);
  }
}
