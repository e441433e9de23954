package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.internal.sink.TerminalStyle;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Tests the help of all commands, and where colors appear. */
class HelpTest {
  private static final String ESCAPE = "\u001b[";

  private record Shown(String out, String err) {}

  /** Runs a command on a terminal of a width. */
  private static Shown run(int width, TerminalStyle out, TerminalStyle err, String... args) {
    ByteArrayOutputStream results = new ByteArrayOutputStream();
    ByteArrayOutputStream messages = new ByteArrayOutputStream();
    int ignored =
        Callstream.run(terminal(width, results, messages, out, err), StopRequest.none(), args);
    return new Shown(results.toString(UTF_8), messages.toString(UTF_8));
  }

  private static Terminal terminal(
      int width,
      ByteArrayOutputStream results,
      ByteArrayOutputStream messages,
      TerminalStyle out,
      TerminalStyle err) {
    return new Terminal(
        InputStream.nullInputStream(),
        new ResultStream(results),
        new PrintStream(messages, true, UTF_8),
        false,
        () -> width,
        out,
        err);
  }

  private static String help(int width, TerminalStyle style, CommandSpec command) {
    String[] args =
        command.parent() == null
            ? new String[] {"--help"}
            : new String[] {command.name(), "--help"};
    Shown shown = run(width, style, TerminalStyle.PLAIN, args);
    assertThat(shown.err()).isEmpty();
    return shown.out();
  }

  static Stream<CommandSpec> commands() {
    CommandLine all =
        Callstream.commandLine(
            terminal(
                80,
                new ByteArrayOutputStream(),
                new ByteArrayOutputStream(),
                TerminalStyle.PLAIN,
                TerminalStyle.PLAIN),
            StopRequest.none());
    return Stream.concat(Stream.of(all), all.getSubcommands().values().stream())
        .map(CommandLine::getCommandSpec);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void helpFitsTheTerminalAndAtMost80ColumnsAndBreaksNoWord(CommandSpec command) {
    for (int width : new int[] {40, 54, 55, 63, 79, 80}) {
      String help = help(width, TerminalStyle.PLAIN, command);
      assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(width));
      assertThat(List.of(help.split("\\s+"))).containsAll(words(command));
    }
    String help = help(80, TerminalStyle.PLAIN, command);
    assertThat(help(200, TerminalStyle.PLAIN, command)).isEqualTo(help);
    assertThat(help(Terminal.NO_COLUMNS, TerminalStyle.PLAIN, command)).isEqualTo(help);
    assertThat(help(10, TerminalStyle.PLAIN, command))
        .isEqualTo(help(40, TerminalStyle.PLAIN, command));
  }

  @Test
  void descriptionsFollowBelowOptionsInNarrowTerminals() {
    CommandSpec demo =
        commands().filter(command -> command.name().equals("demo")).findFirst().orElseThrow();
    assertThat(help(40, TerminalStyle.PLAIN, demo))
        .startsWith("Usage: callstream demo [OPTIONS]\nShows everything at once, on this\n")
        .contains("\n  --calls=N\n      How many synthetic calls. Default:\n      200000.\n")
        .contains("\n  -h, --help\n      Show this help, and exit.\n");
  }

  /** Returns the words of all texts that the help contains. */
  private static List<String> words(CommandSpec command) {
    List<String> texts = new ArrayList<>(List.of(command.usageMessage().description()));
    texts.addAll(List.of(command.usageMessage().footer()));
    command.args().forEach(arg -> texts.addAll(List.of(arg.description())));
    return texts.stream()
        .map(text -> text.replaceAll("@\\|\\w+ |\\|@|\\S*\\$\\{[^}]*}\\S*", ""))
        .flatMap(text -> Arrays.stream(text.split("\\s+")))
        .filter(word -> !word.isEmpty())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void optionsWithADefaultStateIt(CommandSpec command) {
    assertThat(command.options())
        .filteredOn(HelpTest::hasDefault)
        .allSatisfy(
            option ->
                assertThat(String.join(" ", option.description()))
                    .as(option.longestName())
                    .contains("Default: "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"produce", "consume", "statistics"})
  void theDefaultTopicIsThatOfTheDocumentation(String command) {
    assertThat(run(80, TerminalStyle.PLAIN, TerminalStyle.PLAIN, command, "--help").out())
        .contains("police.service.calls");
  }

  private static boolean hasDefault(OptionSpec option) {
    Object value = option.initialValue();
    boolean isFlag = option.arity().max() == 0;
    return !isFlag && value != null && !(value instanceof Collection<?> all && all.isEmpty());
  }

  @Test
  void optionsAreInGroups() {
    CommandSpec statistics =
        commands().filter(command -> command.name().equals("statistics")).findFirst().orElseThrow();
    assertThat(help(80, TerminalStyle.PLAIN, statistics).lines().filter(l -> l.matches("\\w.*:")))
        .containsExactly(
            "Format:",
            "What is counted:",
            "Results:",
            "Other destinations of results:",
            "Engine and batches:",
            "Checkpoint and restarts:",
            "Dashboard and report:",
            "Kafka:",
            "All commands:",
            "Examples:");
    assertThat(statistics.args())
        .extracting(ArgSpec::isOption)
        .hasSizeGreaterThan(40)
        .containsOnly(true);
    assertThat(
            help(80, TerminalStyle.PLAIN, statistics)
                .lines()
                .takeWhile(l -> !l.equals("Examples:")))
        .filteredOn(line -> line.matches(" {2}(-., |    )--.*"))
        .hasSameSizeAs(statistics.args());
  }

  @ParameterizedTest
  @MethodSource("commands")
  void colorsOfHelpChangeNothingElse(CommandSpec command) {
    for (int width : new int[] {50, 80}) {
      String colored = help(width, TerminalStyle.ANSI, command);
      assertThat(colored).contains(ESCAPE);
      assertThat(colored.replaceAll("\u001b\\[[0-9;]*m", ""))
          .isEqualTo(help(width, TerminalStyle.PLAIN, command));
    }
    assertThat(help(80, TerminalStyle.PLAIN, command)).doesNotContain(ESCAPE);
  }

  @Test
  void errorsAreRedOnATerminalOnly() {
    String message = "callstream demo: --port is 70000; it must be from 0 (any free one) to 65535.";
    String[] wrong = {"demo", "--port", "70000"};

    assertThat(run(80, TerminalStyle.PLAIN, TerminalStyle.ANSI, wrong).err())
        .startsWith("\u001b[31m" + message + "\u001b[0m");
    assertThat(run(80, TerminalStyle.ANSI, TerminalStyle.PLAIN, wrong).err())
        .startsWith(message)
        .doesNotContain(ESCAPE);
  }
}
