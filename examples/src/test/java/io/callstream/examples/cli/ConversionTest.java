package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.internal.notation.CheckpointLocation;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

/**
 * Tests how durations and checkpoint locations are read, and how numbers and untrusted bytes are
 * shown.
 */
class ConversionTest {
  @ParameterizedTest
  @CsvSource({
    "1h, PT1H",
    "30m, PT30M",
    "1s, PT1S",
    "500ms, PT0.5S",
    "1h30m, PT1H30M",
    "2d, PT48H",
    "1H, PT1H",
    "0, PT0S",
    "PT1H, PT1H",
    "p1d, PT24H"
  })
  void durationsAreReadAsPeopleWriteThem(String text, Duration expected) {
    assertThat(Durations.parse(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "5x", "h", "1h-30m", "-1s", "P", "PT", "1.5h", "999999999999d1"})
  void whatIsNoDurationIsRefused(String text) {
    assertThatThrownBy(() -> Durations.parse(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("write it like 500ms");
  }

  @Test
  void aJumpOfEventTimeIsADurationOrUnlimited() {
    assertThat(EventTimeJump.parse("90m").limit()).isEqualTo(Duration.ofMinutes(90));
    assertThat(EventTimeJump.parse("0").limit()).isEqualTo(Duration.ZERO);
    assertThat(EventTimeJump.parse("Unlimited").limit()).isNull();
    assertThatThrownBy(() -> EventTimeJump.parse("much"))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("write it like 500ms")
        .hasMessageContaining("or as unlimited");
  }

  @ParameterizedTest
  @CsvSource({
    "hdfs:///state",
    "hdfs://host:8020/a/b c",
    "s3a://bucket/state",
    "s3a://bucket",
    "abfss://box@account.dfs.core.windows.net/%20"
  })
  void aCheckpointElsewhereIsLeftAsItIsAndToTheEngine(String uri) {
    assertThat(CheckpointLocation.of(uri)).isEqualTo(new CheckpointLocation(uri, null));
  }

  @ParameterizedTest
  @CsvSource({
    "file:/a/state, /a/state",
    "file:///a/b c, /a/b c",
    "file:///a/%20, /a/%20",
    "file://localhost/a, /a"
  })
  void aCheckpointInAFileUriIsOfThisMachine(String uri, Path directory) {
    assertThat(CheckpointLocation.of(uri)).isEqualTo(new CheckpointLocation(uri, directory));
  }

  @ParameterizedTest
  @ValueSource(strings = {"state", "../state", "a:b", "x/hdfs:/y", "/a/state", "12:/x", "."})
  void aCheckpointWithoutASchemeIsADirectoryOfThisMachine(String path) {
    assertThat(CheckpointLocation.of(path))
        .isEqualTo(
            new CheckpointLocation(Path.of(path).toAbsolutePath().toString(), Path.of(path)));
  }

  @Test
  void visibleTextIsShownAsItIs() {
    assertThat(DisplayText.harmless("{\"a\":\"Größe 🚓 \\n\"}".getBytes(UTF_8)))
        .isEqualTo("{\"a\":\"Größe 🚓 \\n\"}");
  }

  @Test
  void whatCouldHarmATerminalIsEscaped() {
    assertThat(
            DisplayText.harmless("a\u001b[31m\n\r\t\u0000\u007f\u009b\u202e\u2028".getBytes(UTF_8)))
        .isEqualTo("a\\u001b[31m\\n\\r\\t\\u0000\\u007f\\u009b\\u202e\\u2028");
  }

  @Test
  void bytesThatAreNoUtf8AreShownOneByOne() {
    assertThat(DisplayText.harmless(new byte[] {'a', (byte) 0xff, (byte) 0xc3, 'b', (byte) 0xe2}))
        .isEqualTo("a\\xff\\xc3b\\xe2");
    // An overlong encoding, a surrogate, and a code point beyond the last character.
    assertThat(
            DisplayText.harmless(
                new byte[] {
                  (byte) 0xe0,
                  (byte) 0x80,
                  (byte) 0xaf,
                  (byte) 0xed,
                  (byte) 0xa0,
                  (byte) 0x80,
                  (byte) 0xf4,
                  (byte) 0x90,
                  (byte) 0x80,
                  (byte) 0x80
                }))
        .doesNotContain("/")
        .isEqualTo("\\xe0\\x80\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
  }

  @Test
  void noValueIsNotAnEmptyOne() {
    assertThat(DisplayText.harmless(null)).isEqualTo("(no value)");
    assertThat(DisplayText.harmless(new byte[0])).isEmpty();
  }
}
