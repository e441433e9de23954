package io.callstream.internal.sink;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalStyleTest {
  /** A console of Java 22 or later. */
  public record Console(boolean isTerminal) {}

  @ParameterizedTest
  @CsvSource({"'out,err', true, true", "out, true, false", "err, false, true", "'', false, false"})
  void theLauncherNamesTheTerminals(String terminals, boolean out, boolean err) {
    for (Console console : new Console[] {null, new Console(true)}) {
      assertThat(TerminalStyle.isTerminal("out", terminals, console)).isEqualTo(out);
      assertThat(TerminalStyle.isTerminal("err", terminals, console)).isEqualTo(err);
    }
  }

  @Test
  void withoutTheLauncherTheConsoleShowsWhetherThereIsATerminal() {
    assertThat(TerminalStyle.isTerminal("out", null, null)).isFalse();
    assertThat(TerminalStyle.isTerminal("out", null, new Object())).as("Java 17").isTrue();
    assertThat(TerminalStyle.isTerminal("out", null, new Console(true))).isTrue();
    assertThat(TerminalStyle.isTerminal("err", null, new Console(false))).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "true, TERM=xterm-256color, ANSI",
    "true, TERM=xterm NO_COLOR=, ANSI",
    "true, WT_SESSION=1, ANSI",
    "true, ANSICON=80x24, ANSI",
    "true, ConEmuANSI=ON, ANSI",
    "false, TERM=xterm, PLAIN",
    "true, TERM=xterm NO_COLOR=1, PLAIN",
    "true, TERM=xterm NO_COLOR=0, PLAIN",
    "true, WT_SESSION=1 NO_COLOR=1, PLAIN",
    "true, TERM=dumb, PLAIN",
    "true, ConEmuANSI=OFF, PLAIN",
    "true, OTHER=1, PLAIN"
  })
  void stylesRequireATerminalThatSupportsThemAndAUserWhoDoesNotObject(
      boolean terminal, String environment, TerminalStyle style) {
    Map<String, String> variables = new HashMap<>();
    for (String variable : environment.split(" ")) {
      String[] parts = variable.split("=", 2);
      variables.put(parts[0], parts[1]);
    }

    assertThat(TerminalStyle.of(terminal, variables)).isEqualTo(style);
  }
}
