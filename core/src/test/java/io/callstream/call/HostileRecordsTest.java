package io.callstream.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.callstream.call.OracleParser.Names;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares the parser, on both its paths and for any fields, with the oracle: for manipulated
 * records, and for the largest and most hostile records.
 *
 * <p>{@code -Dcallstream.fuzz.inputs=2000000} sets the number of inputs. {@code
 * -Dcallstream.fuzz.seed} sets the first seed, which a failure shows.
 */
class HostileRecordsTest {
  private static final int INPUTS = Integer.getInteger("callstream.fuzz.inputs", 100_000);
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final Set<CallField> ALL = EnumSet.allOf(CallField.class);
  private static final Set<CallField> SOME = EnumSet.of(CallField.CRIME_TYPE, CallField.ADDRESS);

  /** The years that a local time with a four-digit year can represent in any zone. */
  private static final Instant FIRST = Instant.parse("0001-01-02T00:00:00Z");

  private static final Instant LAST = Instant.parse("9999-12-30T00:00:00Z");

  @ParameterizedTest
  @EnumSource
  void whateverARecordIsTheVerdictIsTheOracles(Names names) {
    Verdicts verdicts = new Verdicts(names);
    Map<String, String> sound = names == Names.OF_2018 ? Records.fields() : Records.dataSfFields();
    long first = Long.getLong("callstream.fuzz.seed", new SplittableRandom().nextLong());
    Map<String, Integer> seen = new HashMap<>();
    for (int i = 0; i < INPUTS; i++) {
      long seed = first + i;
      byte[] record = RecordFuzz.record(seed, sound, verdicts.format.timeField());
      try {
        seen.merge(verdicts.of(record), 1, Integer::sum);
      } catch (RuntimeException | Error e) {
        throw new AssertionError(
            "seed "
                + seed
                + " (-Dcallstream.fuzz.seed="
                + seed
                + " -Dcallstream.fuzz.inputs=1"
                + (i == 0 ? "" : ", or only after those from " + first)
                + "), record "
                + HexFormat.of().formatHex(record),
            e);
      }
    }
    System.out.println(INPUTS + " records from seed " + first + ": " + seen);
    // The mutations are useful only if they lead to every verdict.
    assertThat(seen.keySet())
        .contains("parsed", "NOT_JSON", "NOT_AN_OBJECT", "TOO_DEEP", "NOT_TEXT", "MISSING_FIELD")
        .contains("BLANK_FIELD", "UNREADABLE_TIME", "EMPTY");
  }

  static Stream<Arguments> atTheLimit() {
    int max = SanFranciscoCalls.MAX_BYTES;
    String tail = Records.json(Records.fields()).substring(1);
    return Stream.of(
        nasty("nothing but [", () -> "[".repeat(max)),
        nasty("nothing but {\"a\":", () -> "{\"a\":".repeat(max / 5)),
        nasty("nothing but space", () -> " ".repeat(max)),
        nasty("nothing but quotes", () -> "\"".repeat(max)),
        nasty("nothing but backslashes in an open text", () -> "{\"" + "\\".repeat(max - 2)),
        nasty("nothing but zero bytes", () -> "\0".repeat(max)),
        nasty("nothing but digits", () -> "1".repeat(max)),
        nasty("nothing but colons", () -> "{" + ":".repeat(max - 1)),
        nasty("arrays side by side", () -> "[" + "[],".repeat(max / 3 - 1) + "1]"),
        nasty("a hundred deep, again and again", () -> deep(max, tail)),
        nasty("a number of a million digits", () -> id(max, "9", "")),
        nasty("a number with a million decimals", () -> id(max, "9", "0.")),
        nasty("a huge exponent", () -> id(max, "9", "1e")),
        nasty("a million zeros behind an exponent", () -> id(max, "0", "1e-")),
        nasty("a number of zeros", () -> id(max, "0", "")),
        nasty("one text", () -> text(max, "x")),
        nasty("one text of escapes", () -> text(max, "\\u0041")),
        nasty("one text of halves of pairs", () -> text(max, "\\ud800")),
        nasty("one text of escaped quotes", () -> text(max, "\\\"")),
        nasty("one text of long characters", () -> text(max, "\ud83d\ude00")),
        nasty("one text of wide spaces", () -> text(max, "\u2003")),
        nasty("one name", () -> "{\"" + "n".repeat(max - tail.length() - 6) + "\":1," + tail),
        nasty("the same name", () -> "{" + fill("\"a\":1,", max - tail.length() - 1) + tail),
        nasty("the id again and again", () -> "{" + fill(member(), max - 500) + tail),
        nasty("names of one hash", () -> "{" + collisions(max - tail.length() - 1) + tail),
        nasty("names without end", () -> "{" + names(max - tail.length() - 1) + tail),
        nasty("space between all", () -> tail.replace(",", "," + " ".repeat(70_000)) + "{"),
        nasty("space before", () -> " ".repeat(max - tail.length() - 1) + "{" + tail),
        nasty("space behind", () -> "{" + tail + "\n".repeat(max - tail.length() - 1)),
        nasty("a time of digits", () -> time(max, "2018-12-31T23:57:00.", "1")),
        nasty("a time of dashes", () -> time(max, "2018", "-")),
        nasty("a time of zones", () -> time(max, "2018-12-31T23:57", "+08:00")),
        nasty("a time of spaces", () -> time(max, "", " ")),
        nasty("a time with space behind", () -> time(max, "2018-12-31T23:57", " ")),
        nasty("a record and much more", () -> fill("{" + tail, max)),
        nasty("a byte too much", () -> " ".repeat(max + 1)));
  }

  /** The timeout detects an endless loop. It is far above the time of the slowest record. */
  @ParameterizedTest(name = "{0}")
  @MethodSource
  void atTheLimit(String name, Supplier<String> record) {
    byte[] bytes = Records.bytes(record.get());
    assertThat(bytes.length).isBetween(900_000, SanFranciscoCalls.MAX_BYTES + 1);
    assertTimeoutPreemptively(Duration.ofSeconds(20), () -> new Verdicts(Names.OF_2018).of(bytes));
  }

  // ---- the comparison

  /** The parser of a format and the oracle. */
  private static final class Verdicts {
    private final Names names;
    private final CallFormat format;

    /**
     * The parsers are reused, so that the remains of one record in a parser could affect the next.
     */
    private final CallParser full;

    private final CallParser some;
    private final CallParser lean;

    Verdicts(Names names) {
      this.names = names;
      format = names == Names.OF_2018 ? SanFranciscoCalls.json(ZONE) : DataSfCalls.json(ZONE);
      full = format.parser(ALL);
      some = format.parser(SOME);
      lean = format.parser(Set.of());
    }

    String of(byte[] record) {
      byte[] before = record.clone();
      OracleParser.Verdict expected = OracleParser.parse(record, ZONE, names);
      ParseResult actual = full.parse(record);
      assertSame(actual, expected, ALL);
      assertSame(some.parse(record), expected, SOME);
      assertSame(lean.parse(record), expected, Set.of());
      same("the record is as it was", Arrays.equals(record, before), true);
      if (actual instanceof Rejected rejected) {
        same("the bytes are the record's", rejected.value() == record, true);
        return rejected.reason().name();
      }
      Call call = ((Parsed) actual).call();
      byte[] written = format.write(call);
      if (written.length <= SanFranciscoCalls.MAX_BYTES
          && expected.times().values().stream()
              .allMatch(t -> t.isAfter(FIRST) && t.isBefore(LAST))) {
        assertSame(full.parse(written), expected, ALL);
      }
      return "parsed";
    }
  }

  private static void assertSame(
      ParseResult actual, OracleParser.Verdict expected, Set<CallField> fields) {
    if (actual instanceof Rejected rejected) {
      same("reason", rejected.reason(), expected.reason());
      same("field", rejected.field(), expected.field());
      return;
    }
    Call call = ((Parsed) actual).call();
    same("reason", null, expected.reason());
    same("time", call.time(), expected.time());
    same("ambiguity", call.ambiguousTime(), expected.ambiguous());
    for (Map.Entry<CallField, String> text : expected.texts().entrySet()) {
      if (text.getKey() != CallField.TIME && fields.contains(text.getKey())) {
        same(text.getKey(), call.text(text.getKey()), text.getValue());
      }
    }
    for (CallField field : fields) {
      if (field.holdsTime()) {
        same(field, call.time(field).orElse(null), expected.times().get(field));
      }
    }
  }

  /**
   * Asserts equality. Uses AssertJ only on a difference, because it would take longer than the
   * parser.
   */
  private static void same(Object what, Object actual, Object expected) {
    if (!Objects.equals(actual, expected)) {
      assertThat(actual).as("%s", what).isEqualTo(expected);
    }
  }

  // ---- the most hostile records

  private static Arguments nasty(String name, Supplier<String> record) {
    return Arguments.of(name, record);
  }

  private static String fill(String part, int length) {
    return part.repeat(length / part.length());
  }

  private static String member() {
    return "\"crime_id\":\"" + "7".repeat(100) + "\",";
  }

  private static String id(int max, String digit, String start) {
    return Records.with(
        "crime_id", start + digit.repeat(max - 10 - Records.with("crime_id", start).length()));
  }

  private static String text(int max, String part) {
    int room = max - 10 - Records.with("address", "\"\"").length();
    return Records.with("address", "\"" + part.repeat(room / Records.bytes(part).length) + "\"");
  }

  private static String time(int max, String start, String part) {
    int room = max - 50 - Records.with("call_date_time", "\"\"").length();
    return Records.with("call_date_time", "\"" + start + part.repeat(room / part.length()) + "\"");
  }

  private static String deep(int max, String tail) {
    String column = "[".repeat(98) + "1" + "]".repeat(98) + ",";
    return "{\"a\":[" + fill(column, max - tail.length() - 20) + "1]," + tail;
  }

  /** Returns names with the same Java hash code: "Aa" and "BB" in any order. */
  private static String collisions(int length) {
    StringBuilder members = new StringBuilder();
    for (int i = 0; members.length() + 42 < length; i++) {
      members.append('"');
      for (int bit = 0; bit < 16; bit++) {
        members.append((i >> bit & 1) == 0 ? "Aa" : "BB");
      }
      members.append("\":1,");
    }
    return members.toString();
  }

  private static String names(int length) {
    StringBuilder members = new StringBuilder();
    for (int i = 0; members.length() + 20 < length; i++) {
      members.append('"').append(i).append("\":\"\",");
    }
    return members.toString();
  }
}
