package io.callstream.internal.sink;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalTextTest {
  @ParameterizedTest
  @CsvSource({
    "'', 0",
    "Passing Call, 12",
    "Straße, 6",
    "e\u0301te\u0301, 3",
    "警察, 4",
    "ｶﾅ, 2",
    "Ａ, 2",
    "한글, 4",
    "🚓, 2",
    "🇺🇸, 2",
    "a\u20dd, 1"
  })
  void columnsAreCountedAsTerminalsCountThem(String text, int columns) {
    assertThat(TerminalText.cut(text, 100)).isEqualTo(text);
    assertThat(TerminalText.columns(text)).isEqualTo(columns);
  }

  @ParameterizedTest
  @CsvSource({
    "abcdef, 6, abcdef",
    "abcdefg, 6, abcde…",
    "警察通報, 8, 警察通報",
    "警察通報, 7, 警察通…",
    "警察通報, 6, 警察…",
    "警察, 1, …",
    "🚓🚓🚓, 5, 🚓🚓…",
    "e\u0301e\u0301e\u0301, 2, e\u0301…"
  })
  void isCutBetweenCharacters(String text, int columns, String cut) {
    assertThat(TerminalText.cut(text, columns)).isEqualTo(cut);
  }

  @Test
  void nothingOfWhatATerminalObeysIsLeft() {
    assertThat(TerminalText.cut("a\u001b[31mb\u009b2Jc\u0007\u0000\u007f\r\n\t", 100))
        .isEqualTo("a\ufffd[31mb\ufffd2Jc\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd");
    // A right-to-left override, a zero-width character, a line separator, a private-use character,
    // and an unpaired surrogate.
    assertThat(TerminalText.cut("\u202ea\u200bb\u2028c\ue000d\ud83d", 100))
        .isEqualTo("\ufffda\ufffdb\ufffdc\ufffdd\ufffd");
  }

  @Test
  void marksStayOnTheirLetterAndInTheirLine() {
    assertThat(TerminalText.cut("\u0301a", 10)).isEqualTo("a");
    assertThat(TerminalText.cut("a" + "\u0301".repeat(1_000) + "b", 10))
        .isEqualTo("a\u0301\u0301b");
    // A sun with a variation selector for a wide variant.
    assertThat(TerminalText.cut("\u2600\ufe0f", 10)).isEqualTo("\u2600");
  }
}
