package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.examples.docs.DocumentationPage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Verifies that the commands in the documentation exist, with all their options. */
class QuotedCommandsTest {
  private static final String LAUNCHER = "./callstream ";
  private static final Pattern INLINE = Pattern.compile("`(\\./callstream [^`]+)`");

  @Test
  void commandsOnThePagesParse() throws IOException {
    List<String> commands = commands();
    assertThat(commands).hasSizeGreaterThan(8);
    assertThat(commands).allSatisfy(QuotedCommandsTest::assertParses);
  }

  /**
   * Parses a command without running it: a bare command gets --help, and others get an unknown
   * option.
   */
  private static void assertParses(String command) {
    boolean bare = !command.contains(" ");
    String wrong = bare ? "--help" : "--no-such-option";
    CommandRun run = CommandRun.of((command + " " + wrong).split("\\s+"));
    if (bare) {
      assertThat(run.status()).as(run.err()).isZero();
    } else {
      assertThat(run.err()).contains("Unknown option: '--no-such-option'");
    }
  }

  private static List<String> commands() throws IOException {
    List<String> commands = new ArrayList<>();
    for (DocumentationPage page : DocumentationPage.all()) {
      Stream<String> inBlocks =
          page.blocks().stream()
              .flatMap(block -> block.text().replace("\\\n", " ").lines())
              .filter(line -> line.startsWith(LAUNCHER));
      Stream<String> inline =
          INLINE.matcher(String.join(" ", page.prose())).results().map(found -> found.group(1));
      Stream.concat(inBlocks, inline)
          .map(line -> line.substring(LAUNCHER.length()).replaceFirst(" +(#.*|&)$", ""))
          .filter(command -> !command.startsWith("COMMAND") && !command.contains("--help"))
          .filter(command -> !command.startsWith("tune")) // TuneTest in benchmarks parses these.
          .forEach(commands::add);
    }
    return commands;
  }
}
