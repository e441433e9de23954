package io.callstream.internal.sink;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalStyleTest {
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
