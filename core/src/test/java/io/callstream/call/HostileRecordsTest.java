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
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares the parser, on both of its paths and for any fields, with the oracle, for mutated
 * records and for extreme records of the maximum size.
 *
 * <p>{@code -Dcallstream.fuzz.inputs=2000000} sets the number of records, and {@code
 * -Dcallstream.fuzz.seed} the first seed. A failure shows its seed.
 */
class HostileRecordsTest {
  private static final int INPUTS = Integer.getInteger("callstream.fuzz.inputs", 5_000);
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final Set<Field<?>> SOME = Set.of(Fields.TYPE, Fields.ADDRESS);

  /** The years that a wall clock with four digits can show in any zone. */
  private static final Instant FIRST = Instant.parse("0001-01-02T00:00:00Z");

  private static final Instant LAST = Instant.parse("9999-12-30T00:00:00Z");

  @ParameterizedTest
  @Tag("campaign")
  @EnumSource
  void givesTheSameResultAsTheOracleForMutatedRecords(Names names) {
    Verdicts verdicts = new Verdicts(names);
    Map<String, String> sound = names.record();
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
    // The mutations are useful only if they produce every result.
    assertThat(seen.keySet())
        .contains("parsed", "not-json", "not-an-object", "too-deep", "not-text", "missing-field")
        .contains("blank-field", "unreadable-time", "empty");
  }

  static Stream<Arguments> atTheLimit() {
    int max = JsonFormat.MAX_BYTES;
    String tail = Records.json(Records.fields()).substring(1);
    return Stream.of(
        extreme("only [", () -> "[".repeat(max)),
        extreme("only {\"a\":", () -> "{\"a\":".repeat(max / 5)),
        extreme("only space", () -> " ".repeat(max)),
        extreme("only quotes", () -> "\"".repeat(max)),
        extreme("only backslashes in an open text", () -> "{\"" + "\\".repeat(max - 2)),
        extreme("only zero bytes", () -> "\0".repeat(max)),
        extreme("only digits", () -> "1".repeat(max)),
        extreme("only colons", () -> "{" + ":".repeat(max - 1)),
        extreme("many adjacent arrays", () -> "[" + "[],".repeat(max / 3 - 1) + "1]"),
        extreme("repeated nesting of a hundred levels", () -> deep(max, tail)),
        extreme("a number of a million digits", () -> id(max, "9", "")),
        extreme("a number with a million decimals", () -> id(max, "9", "0.")),
        extreme("a huge exponent", () -> id(max, "9", "1e")),
        extreme("a million zeros after an exponent", () -> id(max, "0", "1e-")),
        extreme("a number of zeros", () -> id(max, "0", "")),
        extreme("one string", () -> text(max, "x")),
        extreme("one string of escapes", () -> text(max, "\\u0041")),
        extreme("one string of unpaired surrogates", () -> text(max, "\\ud800")),
        extreme("one string of escaped quotes", () -> text(max, "\\\"")),
        extreme("one string of long characters", () -> text(max, "\ud83d\ude00")),
        extreme("one string of wide spaces", () -> text(max, "\u2003")),
        extreme("one name", () -> "{\"" + "n".repeat(max - tail.length() - 6) + "\":1," + tail),
        extreme("the same name", () -> "{" + fill("\"a\":1,", max - tail.length() - 1) + tail),
        extreme("repeated ids", () -> "{" + fill(member(), max - 500) + tail),
        extreme(
            "names with the same hash code",
            () -> "{" + collisions(max - tail.length() - 1) + tail),
        extreme("many names", () -> "{" + names(max - tail.length() - 1) + tail),
        extreme(
            "space between all tokens", () -> tail.replace(",", "," + " ".repeat(70_000)) + "{"),
        extreme("leading space", () -> " ".repeat(max - tail.length() - 1) + "{" + tail),
        extreme("trailing space", () -> "{" + tail + "\n".repeat(max - tail.length() - 1)),
        extreme("a time of digits", () -> time(max, "2018-12-31T23:57:00.", "1")),
        extreme("a time of dashes", () -> time(max, "2018", "-")),
        extreme("a time of zones", () -> time(max, "2018-12-31T23:57", "+08:00")),
        extreme("a time of spaces", () -> time(max, "", " ")),
        extreme("a time with trailing space", () -> time(max, "2018-12-31T23:57", " ")),
        extreme("a record followed by many more", () -> fill("{" + tail, max)),
        extreme("one byte over the limit", () -> " ".repeat(max + 1)));
  }

  /** The timeout only detects an endless loop. It is far above the time of the slowest record. */
  @ParameterizedTest(name = "{0}")
  @MethodSource
  void atTheLimit(String name, Supplier<String> record) {
    byte[] bytes = Records.bytes(record.get());
    assertThat(bytes.length).isBetween(900_000, JsonFormat.MAX_BYTES + 1);
    assertTimeoutPreemptively(Duration.ofSeconds(20), () -> new Verdicts(Names.OF_2018).of(bytes));
  }

  // ---- the comparison

  /** The parser of a format together with the oracle. */
  private static final class Verdicts {
    private final Names names;
    private final CallFormat format;

    /** Parsers are reused, so that leftovers of one record would affect the next. */
    private final CallParser full;

    private final CallParser some;
    private final CallParser lean;

    Verdicts(Names names) {
      this.names = names;
      format = names.format(ZONE);
      full = format.parser(Fields.ALL);
      some = format.parser(SOME);
      lean = format.parser(Set.of());
    }

    String of(byte[] record) {
      byte[] before = record.clone();
      OracleParser.Verdict expected = OracleParser.parse(record, ZONE, names);
      ParseResult actual = full.parse(record);
      assertSame(actual, expected, format.fields());
      assertSame(some.parse(record), expected, SOME);
      assertSame(lean.parse(record), expected, Set.of());
      same("the record is unchanged", Arrays.equals(record, before), true);
      if (actual instanceof Rejected rejected) {
        same("the rejection has the bytes of the record", rejected.value() == record, true);
        return rejected.reason().code();
      }
      Call call = ((Parsed) actual).call();
      byte[] written = format.write(call);
      if (written.length <= JsonFormat.MAX_BYTES
          && expected.times().values().stream()
              .allMatch(t -> t.isAfter(FIRST) && t.isBefore(LAST))) {
        assertSame(full.parse(written), expected, format.fields());
      }
      return "parsed";
    }
  }

  private static void assertSame(
      ParseResult actual, OracleParser.Verdict expected, Set<Field<?>> fields) {
    if (actual instanceof Rejected rejected) {
      same("reason", rejected.reason(), expected.reason());
      same("field", rejected.field(), expected.field());
      return;
    }
    Call call = ((Parsed) actual).call();
    same("reason", null, expected.reason());
    same("time", call.time(), expected.time());
    same("ambiguity", call.ambiguousTime(), expected.ambiguous());
    for (Map.Entry<Field<?>, String> text : expected.texts().entrySet()) {
      if (text.getKey() != Fields.TIME && fields.contains(text.getKey())) {
        same(text.getKey(), call.get(text.getKey()), text.getValue());
      }
    }
    for (Field<?> field : fields) {
      if (field.type() == Field.Type.TIME) {
        same(field, call.get(field), expected.times().get(field));
      } else if (field.type() != Field.Type.TEXT) {
        same(field, call.get(field), expected.values().get(field));
      }
    }
  }

  /** Uses AssertJ only for failures, because it would take longer than the parser. */
  private static void same(Object what, Object actual, Object expected) {
    if (!Objects.equals(actual, expected)) {
      assertThat(actual).as("%s", what).isEqualTo(expected);
    }
  }

  // ---- extreme records

  private static Arguments extreme(String name, Supplier<String> record) {
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
