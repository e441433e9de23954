package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.CallRecord;
import io.callstream.call.SanFranciscoCalls;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CallLinesTest {
  private static final String CALL =
      "{\"crime_id\":\"182754321\",\"original_crime_type_name\":\"%s\","
          + "\"call_date_time\":\"2018-10-02T09:11:30.000\",\"disposition\":\"Not recorded\","
          + "\"address\":\"%s\"}";

  private static String line(int width, String value) {
    return line(width, value.getBytes(UTF_8));
  }

  private static String line(int width, byte @Nullable [] value) {
    long timestamp = Instant.parse("2018-10-02T16:12:00Z").toEpochMilli();
    CallRecord record = new CallRecord("calls", 1, 4_711, timestamp, null, List::of, value);
    List<String> lines = new CallLines(SanFranciscoCalls.json(), width).of(record);
    assertThat(lines).hasSize(1);
    return lines.get(0);
  }

  private static String call(String type, String address) {
    return String.format(CALL, type, address);
  }

  @Test
  void aCallStandsInColumns() {
    String call = call("Traf Violation Cite", "1300 Block Of Eddy St/van Ness Av");
    assertThat(line(80, call))
        .isEqualTo("2018-10-02 09:11  Traf Violation Cite   Not re…  1300 Block Of Eddy…  1@4711");
    assertThat(line(120, call))
        .isEqualTo(
            "2018-10-02 09:11  Traf Violation Cite   Not recorded  "
                + "1300 Block Of Eddy St/van Ness Av            182754321  1@4711");
    assertThat(line(20, call)).isEqualTo("2018-10-02 09:11  T…");
  }

  @Test
  void elsewhereNothingIsCutAndTabsAreInBetween() {
    assertThat(line(Terminal.NO_COLUMNS, call("a\\tb", "x".repeat(100))))
        .isEqualTo(
            "2018-10-02T09:11:30-07:00\ta\\tb\tNot recorded\t"
                + "x".repeat(100)
                + "\t182754321\t1@4711");
  }

  @Test
  void aRecordThatIsNoCallSaysWhy() {
    assertThat(line(80, "{\"crime_id\":\"1\"}"))
        .isEqualTo("                  no call: missing-field original_crime_type_name  …  1@4711");
    assertThat(line(80, "<html>\u001b[2J"))
        .isEqualTo("                  no call: not-json  <html>\\u001b[2J                  1@4711");
    assertThat(line(Terminal.NO_COLUMNS, "<html>\n"))
        .isEqualTo("\t\t\t\t\t1@4711\tnot-json\t<html>\\n");
    assertThat(line(Terminal.NO_COLUMNS, call("a", "b").replace("2018-10-02", "2018-10-04")))
        .startsWith("\t\t\t\t\t1@4711\tfuture-time call_date_time\t{");
    assertThat(line(60, (byte[]) null))
        .isEqualTo("                  no call: empty  (no value)      1@4711");
  }

  @Test
  void aHostileCallControlsNoTerminal() {
    for (int width : new int[] {40, 80, 160, Terminal.NO_COLUMNS}) {
      String line = line(width, call("\\u001b[31m\\r\\n\\u202e", "警察\\u009b2J\\u0007"));
      assertThat(line.chars().filter(c -> c != '\t')).noneMatch(Character::isISOControl);
      assertThat(line).doesNotContain("\u202e");
    }
  }
}
