package io.callstream.call;

import static io.callstream.call.Records.bytes;
import static io.callstream.call.Records.fields;
import static io.callstream.call.Records.json;
import static io.callstream.call.Records.with;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SanFranciscoParserTest {
  private static final Set<Field<?>> ALL = Fields.ALL;
  private final CallParser parser = SanFranciscoCalls.json().parser(ALL);

  private Call call(String record) {
    ParseResult result = parser.parse(bytes(record));
    assertThat(result).isInstanceOf(Parsed.class);
    return ((Parsed) result).call();
  }

  private void assertRejected(byte[] record, RejectionReason reason, String field) {
    assertThat(parser.parse(record))
        .isInstanceOfSatisfying(
            Rejected.class,
            r -> {
              assertThat(r.reason()).isEqualTo(reason);
              assertThat(r.field()).isEqualTo(field);
              assertThat(r.value()).isSameAs(record);
            });
  }

  private void assertRejected(String record, RejectionReason reason, String field) {
    assertRejected(bytes(record), reason, field);
  }

  @Test
  void readsEveryFieldOfARecord() {
    Call call = call(json(fields()));

    assertThat(call.id()).isEqualTo("183653765");
    assertThat(call.type()).isEqualTo("Passing Call");
    assertThat(call.time()).isEqualTo(Instant.parse("2019-01-01T07:57:00Z"));
    assertThat(call.ambiguousTime()).isFalse();
    assertThat(call.disposition()).isEqualTo("HAN");
    assertThat(call.address()).isEqualTo("100 Block Of O'farrell St");
    assertThat(call.text(Fields.REPORT_DATE)).isEqualTo("2018-12-31T00:00:00.000");
    assertThat(call.text(Fields.CALL_DATE)).isEqualTo("2018-12-31T00:00:00.000");
    assertThat(call.text(Fields.OFFENSE_DATE)).isEqualTo("2018-12-31T00:00:00.000");
    assertThat(call.text(Fields.CALL_TIME)).isEqualTo("23:57");
    assertThat(call.text(Fields.CITY)).isEqualTo("San Francisco");
    assertThat(call.text(Fields.STATE)).isEqualTo("CA");
    assertThat(call.text(Fields.AGENCY)).isEqualTo("1");
    assertThat(call.text(Fields.ADDRESS_TYPE)).isEqualTo("Premise Address");
    assertThat(call.text(Fields.COMMON_LOCATION)).isEmpty();
  }

  @Test
  void buildsOnlyRequestedFields() {
    Set<Field<?>> asked = Set.of(Fields.ADDRESS, Fields.CITY, Fields.PRIORITY, Fields.CLOSED);
    String plain = with("city", "null");
    String nested = plain.replaceFirst("\\{", "{\"other\": {}, ");
    for (String record : List.of(plain, nested)) {
      ParseResult result = SanFranciscoCalls.json().parser(asked).parse(bytes(record));

      Call call = ((Parsed) result).call();
      assertThat(call.address()).isEqualTo("100 Block Of O'farrell St");
      assertThat(call.time()).isEqualTo(Instant.parse("2019-01-01T07:57:00Z"));
      assertThat(call.text(Fields.CITY)).isEmpty();
      assertThat(call.text(Fields.PRIORITY)).isEmpty();
      assertThat(call.time(Fields.CLOSED)).isEmpty();
      assertThat(call).hasToString("Call[ at 2019-01-01T07:57:00Z]");
      assertNotRequested(Fields.ID, call::id);
      assertNotRequested(Fields.TYPE, call::type);
      assertNotRequested(Fields.DISPOSITION, call::disposition);
      assertNotRequested(Fields.ON_SCENE, () -> call.time(Fields.ON_SCENE));
    }
  }

  private static void assertNotRequested(Field<?> field, ThrowingCallable read) {
    assertThatThrownBy(read)
        .isInstanceOfSatisfying(
            UndeclaredFieldException.class, e -> assertThat(e.field()).isEqualTo(field))
        .hasMessageStartingWith("The field " + field.name());
  }

  @Nested
  class RejectsRecordsThatAreNotObjects {
    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\n", "\t \r\n"})
    void emptyRecords(String record) {
      assertRejected(record, RejectionReason.EMPTY, null);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "{",
          "}",
          "nul",
          "tru",
          "{\"a\"}",
          "{\"a\":}",
          "{\"a\":1,}",
          "{a:1}",
          "{'a':1}",
          "{\"a\":1}}",
          "{}{}",
          "{} {}",
          "{}x",
          "{},",
          "[1",
          "\"abc",
          "<html></html>",
          "hello",
          "{\"a\":01}",
          "{\"a\":+1}",
          "{\"a\":NaN}",
          "{\"a\":1 /* c */}",
          "{} // c",
          "\"a\\x\"",
          "{\"a\":\"\n\"}",
          "{\"a\":\"\\u12\"}",
          "{\"a\":\"\\u004\u0131\"}",
          "{\"\\u00\u4e34\u4e31\":1}",
          "\u0000",
          "{\"a\":1\u0000}",
          "\u00a0{}",
          "1 2"
        })
    void anythingButOneJsonText(String record) {
      assertRejected(record, RejectionReason.NOT_JSON, null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "[{}]", "42", "-1.5e3", "true", "null", "\"text\"", " [1,2] "})
    void otherJson(String record) {
      assertRejected(record, RejectionReason.NOT_AN_OBJECT, null);
    }

    @Test
    void truncatedRecords() {
      byte[] whole = bytes(json(fields()));
      for (int length = 1; length < whole.length; length++) {
        assertRejected(Arrays.copyOf(whole, length), RejectionReason.NOT_JSON, null);
      }
    }

    @Test
    void trailingGarbageAndASecondObject() {
      assertRejected(json(fields()) + "x", RejectionReason.NOT_JSON, null);
      assertRejected(json(fields()) + json(fields()), RejectionReason.NOT_JSON, null);
      assertRejected(json(fields()) + "\n" + json(fields()), RejectionReason.NOT_JSON, null);
      assertRejected(json(fields()) + "\u0000", RejectionReason.NOT_JSON, null);
    }

    @Test
    void invalidUtf8() {
      for (int b : new int[] {0x80, 0xbf, 0xc3, 0xf8, 0xff, 0xfe}) {
        byte[] record = bytes(with("address", "\"#\""));
        for (int i = 0; i < record.length; i++) {
          record[i] = record[i] == '#' ? (byte) b : record[i];
        }
        assertRejected(record, RejectionReason.NOT_JSON, null);
      }
    }

    @Test
    void aByteOrderMarkAlone() {
      assertRejected(
          new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf}, RejectionReason.NOT_JSON, null);
      assertRejected("\ufeff  ", RejectionReason.NOT_JSON, null);
      assertRejected("\ufeff\ufeff{}", RejectionReason.NOT_JSON, null);
      assertRejected(" \ufeff{}", RejectionReason.NOT_JSON, null);
    }

    @Test
    void otherEncodings() {
      for (String encoding : List.of("UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32", "UTF-32LE")) {
        assertRejected(
            json(fields()).getBytes(Charset.forName(encoding)), RejectionReason.NOT_JSON, null);
      }
    }

    @Test
    void overlongAndSurrogateUtf8() {
      for (int[] bytes : new int[][] {{0xc0, 0x80}, {0xc1, 0xbf}, {0xed, 0xa0, 0x80}}) {
        ByteArrayOutputStream record = new ByteArrayOutputStream();
        String[] parts = with("address", "\"#\"").split("#");
        record.writeBytes(bytes(parts[0]));
        for (int b : bytes) {
          record.write(b);
        }
        record.writeBytes(bytes(parts[1]));
        assertRejected(record.toByteArray(), RejectionReason.NOT_JSON, null);
      }
    }
  }

  @Nested
  class RequiredFields {
    @ParameterizedTest
    @ValueSource(strings = {"crime_id", "original_crime_type_name", "call_date_time"})
    void areRejectedIfMissingNullOrBlank(String field) {
      assertRejected(with(field, null), RejectionReason.MISSING_FIELD, field);
      assertRejected(with(field, "null"), RejectionReason.MISSING_FIELD, field);
      assertRejected(with(field, "\"\""), RejectionReason.BLANK_FIELD, field);
      assertRejected(with(field, "\"   \""), RejectionReason.BLANK_FIELD, field);
      assertRejected(with(field, "\"\\t\\n\""), RejectionReason.BLANK_FIELD, field);
      assertRejected(with(field, "\"\\u2003\""), RejectionReason.BLANK_FIELD, field);
      assertRejected(with(field, "\"\u2003\""), RejectionReason.BLANK_FIELD, field);
    }

    @Test
    void areMissingInAnEmptyObject() {
      assertRejected("{}", RejectionReason.MISSING_FIELD, "crime_id");
      assertRejected("{ }", RejectionReason.MISSING_FIELD, "crime_id");
    }

    @Test
    void mayBeNumbersAndBooleans() {
      assertThat(call(with("crime_id", "183653765")).id()).isEqualTo("183653765");
      assertThat(call(with("original_crime_type_name", "415")).type()).isEqualTo("415");
      assertThat(call(with("original_crime_type_name", "true")).type()).isEqualTo("true");
      assertRejected(
          with("call_date_time", "20181231"), RejectionReason.UNREADABLE_TIME, "call_date_time");
    }

    @Test
    void areReportedInTheOrderOfTheFormat() {
      Map<String, String> fields = fields();
      fields.remove("original_crime_type_name");
      fields.put("crime_id", "\"\"");
      assertRejected(json(fields), RejectionReason.BLANK_FIELD, "crime_id");
      fields.put("address", "[]");
      assertRejected(json(fields), RejectionReason.NOT_TEXT, "address");
    }
  }

  @Nested
  class OptionalFields {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "report_date",
          "call_date",
          "offense_date",
          "call_time",
          "disposition",
          "address",
          "city",
          "state",
          "agency_id",
          "address_type",
          "common_location"
        })
    void areEmptyIfMissingNullOrBlank(String field) {
      Field<?> name = OracleParser.Names.OF_2018.fields().get(field);
      for (String value : Arrays.asList(null, "null", "\"\"", "\"  \"", "\"\\n\"", "\"\u2028\"")) {
        assertThat(call(with(field, value)).get(name)).as("%s", value).isEqualTo("");
      }
    }

    @ParameterizedTest
    @CsvSource({
      "1",
      "-0",
      "1.50",
      "1e5",
      "1E+400",
      "0.10",
      "true",
      "false",
      "12345678901234567890123"
    })
    void convertNumbersAndBooleansToTheirJsonText(String json) {
      assertThat(call(with("address", json)).address()).isEqualTo(json);
    }

    @Test
    void keepTextUntrimmed() {
      assertThat(call(with("address", "\" a  b \"")).address()).isEqualTo(" a  b ");
      assertThat(call(with("address", "\"\\ta\\n\"")).address()).isEqualTo("\ta\n");
    }

    @Test
    void areRejectedIfTheyAreObjectsOrArrays() {
      for (String field : OracleParser.Names.OF_2018.fields().keySet()) {
        assertRejected(with(field, "{}"), RejectionReason.NOT_TEXT, field);
        assertRejected(with(field, "[\"a\"]"), RejectionReason.NOT_TEXT, field);
        assertRejected(with(field, "{\"a\":{\"b\":[]}}"), RejectionReason.NOT_TEXT, field);
      }
    }

    @Test
    void beyondTheFourteenMayHoldAnyJson() {
      for (String value : List.of("{\"crime_id\":null}", "[[[]]]", "null", "1e-7", "\"\\u0000\"")) {
        assertThat(call(with("more", value))).isEqualTo(call(json(fields())));
      }
    }
  }

  @Nested
  class DuplicateKeys {
    private String twice(String name, String first, String second) {
      String rest = with(name, null);
      String start = "{\"" + name + "\":" + first + ",";
      String end = ",\"" + name + "\":" + second + "}";
      return start + rest.substring(1, rest.length() - 1) + end;
    }

    @Test
    void useTheLastValueOnThePlainPath() {
      assertThat(call(twice("address", "\"first\"", "\"second\"")).address()).isEqualTo("second");
    }

    @Test
    void useTheLastValueOnTheFullPath() {
      assertThat(call(twice("address", "\"\\u0041\"", "\"second\"")).address()).isEqualTo("second");
      assertThat(call(twice("address", "1", "2")).address()).isEqualTo("2");
      assertThat(call(twice("address", "\"first\"", "null")).address()).isEmpty();
      assertThat(call(twice("address", "null", "\"second\"")).address()).isEqualTo("second");
    }

    @Test
    void rejectByTheLastValue() {
      assertThat(call(twice("address", "[1]", "\"second\"")).address()).isEqualTo("second");
      assertRejected(twice("address", "\"first\"", "{}"), RejectionReason.NOT_TEXT, "address");
      assertThat(call(twice("crime_id", "null", "\"x\"")).id()).isEqualTo("x");
      assertThat(call(twice("crime_id", "\"\"", "\"x\"")).id()).isEqualTo("x");
      assertRejected(twice("crime_id", "\"x\"", "null"), RejectionReason.MISSING_FIELD, "crime_id");
      assertRejected(twice("crime_id", "\"x\"", "\"\""), RejectionReason.BLANK_FIELD, "crime_id");
      assertRejected(twice("crime_id", "[]", "null"), RejectionReason.MISSING_FIELD, "crime_id");
    }

    @Test
    void includeKeysWithEscapes() {
      assertThat(call(json(fields()).replace("{", "{\"addre\\u0073s\":\"first\",")).address())
          .isEqualTo("100 Block Of O'farrell St");
      assertThat(call(json(fields()).replace("}", ",\"addre\\u0073s\":\"second\"}")).address())
          .isEqualTo("second");
    }
  }

  @Nested
  class Text {
    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "\\\" \\\\ \\/ | \" \\ /",
          "\\u00e9\\u4e2d | \u00e9\u4e2d",
          "\\ud83d\\ude00 | \ud83d\ude00",
          "\ud83d\ude00\u00e9\uffe5 | \ud83d\ude00\u00e9\uffe5",
          "\\uFF5e | \uff5e",
          "a,b;c | a,b;c",
          "\u007f | \u007f"
        })
    void isDecoded(String json, String text) {
      assertThat(call(with("address", "\"" + json + "\"")).address()).isEqualTo(text);
      assertThat(call(with("crime_id", "\"" + json + "\"")).id()).isEqualTo(text);
    }

    @Test
    void mayHoldEscapedControlCharacters() {
      assertThat(call(with("address", "\"a\\u0000\\b\\f\\n\\r\\tz\"")).address())
          .isEqualTo("a\0\b\f\n\r\tz");
    }

    @Test
    void hasNoUnpairedSurrogates() {
      for (String json : List.of("\"a\\ud800z\"", "\"a\\udfffz\"", "\"\\ud800\\ud800\"")) {
        String text = call(with("address", json)).address();
        assertThat(new String(text.getBytes(UTF_8), UTF_8)).isEqualTo(text);
      }
      assertThat(call(with("address", "\"a\\ud800z\"")).address()).isEqualTo("a?z");
    }

    @Test
    void mayHaveAnyLength() {
      for (int length = 1; length < 40; length++) {
        String text = "x".repeat(length - 1) + "y";
        assertThat(call(with("address", "\"" + text + "\"")).address()).isEqualTo(text);
        assertThat(call(with("address", "\"" + text + "\\n\"")).address()).isEqualTo(text + "\n");
        assertThat(call(with("address", "\"" + text + "\u00fc\"")).address())
            .isEqualTo(text + "\u00fc");
        assertRejected(with("address", "\"" + text + "\u001f\""), RejectionReason.NOT_JSON, null);
      }
    }
  }

  @Nested
  class ReadsEquivalentRecords {
    private final Call expected = call(json(fields()));

    @Test
    void withAnyOrderOfFields() {
      Random random = new Random(1);
      for (int i = 0; i < 200; i++) {
        List<String> names = new ArrayList<>(fields().keySet());
        Collections.shuffle(names, random);
        Map<String, String> shuffled = new LinkedHashMap<>();
        names.forEach(name -> shuffled.put(name, fields().get(name)));
        assertThat(call(json(shuffled))).isEqualTo(expected);
      }
    }

    @Test
    void withSpaceBetweenTokens() {
      String spaced =
          " \n"
              + json(fields())
                  .replace("{", "{\t")
                  .replace("\":\"", "\" \r\n: \t\"")
                  .replace("\",\"", "\" ,\n \"")
                  .replace("}", " }\r\n");
      assertThat(call(spaced)).isEqualTo(expected);
    }

    @Test
    void withEscapedCharacters() {
      String record = json(fields());
      for (int i = 0; i < record.length(); i++) {
        char c = record.charAt(i);
        if ("{}\":,".indexOf(c) >= 0 && (c != ':' || !Character.isDigit(record.charAt(i - 1)))) {
          continue;
        }
        String escaped =
            record.substring(0, i) + String.format("\\u%04x", (int) c) + record.substring(i + 1);
        assertThat(call(escaped)).as(escaped).isEqualTo(expected);
      }
    }

    @Test
    void withAByteOrderMark() {
      assertThat(call("\ufeff" + json(fields()))).isEqualTo(expected);
    }

    @Test
    void writtenByTheFormat() {
      assertThat(call(new String(SanFranciscoCalls.json().write(expected), UTF_8)))
          .isEqualTo(expected);
      Call hostile =
          Call.builder("i\"\\\n", "\ud83d\ude00,\u0001", Instant.parse("2018-06-01T00:00:00.123Z"))
              .address("<\u2028>")
              .disposition("\u00e9")
              .build();
      assertThat(call(new String(SanFranciscoCalls.json().write(hostile), UTF_8)))
          .isEqualTo(hostile);
    }
  }

  @Nested
  class Limits {
    private byte[] ofSize(int size, String filler) {
      String start = with("address", "\"");
      int missing = size - bytes(start).length - 1;
      String text =
          filler.repeat(missing / filler.length()) + "x".repeat(missing % filler.length());
      byte[] record = bytes(with("address", "\"" + text + "\""));
      assertThat(record).hasSize(size);
      return record;
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "\\n", "\\u0041"})
    void rejectsRecordsOverTheSizeLimit(String filler) {
      assertThat(parser.parse(ofSize(1 << 20, filler))).isInstanceOf(Parsed.class);
      assertRejected(ofSize((1 << 20) + 1, filler), RejectionReason.TOO_LARGE, null);
    }

    @Test
    void aNumberMayFillTheRecord() {
      String digits = "9".repeat(900_000);
      assertThat(call(with("address", digits)).address()).isEqualTo(digits);
      assertThat(call(with("more", digits))).isEqualTo(call(json(fields())));
    }

    private String nested(int depth) {
      // The record is the first level.
      return with("more", "[".repeat(depth - 1) + "]".repeat(depth - 1));
    }

    @Test
    void rejectsRecordsOverTheDepthLimit() {
      assertThat(call(nested(100))).isEqualTo(call(json(fields())));
      assertRejected(nested(101), RejectionReason.TOO_DEEP, null);
      assertRejected("[".repeat(100) + "]".repeat(100), RejectionReason.NOT_AN_OBJECT, null);
      assertRejected("[".repeat(101) + "]".repeat(101), RejectionReason.TOO_DEEP, null);
    }

    @Test
    void rejectsTenThousandLevels() {
      assertRejected(nested(10_000), RejectionReason.TOO_DEEP, null);
      assertRejected("[".repeat(10_000), RejectionReason.TOO_DEEP, null);
      assertRejected("{\"a\":".repeat(10_000), RejectionReason.TOO_DEEP, null);
      assertRejected("[".repeat(1 << 20), RejectionReason.TOO_DEEP, null);
    }

    /**
     * Returns names of eight bytes that have the same hash in Jackson's name table for any seed.
     */
    private static List<byte[]> collidingNames(int count) {
      int multiplier = 33;
      int inverse = 1;
      for (int i = 0; i < 5; i++) {
        inverse *= 2 - multiplier * inverse;
      }
      List<byte[]> names = new ArrayList<>();
      Random random = new Random(7);
      byte[] name = new byte[8];
      while (names.size() < count) {
        for (int i = 0; i < 4; i++) {
          name[i] = (byte) ('0' + random.nextInt(75));
        }
        int q1 = (name[0] & 0xff) << 24 | (name[1] & 0xff) << 16 | (name[2] & 0xff) << 8 | name[3];
        int hash = q1;
        hash += hash >>> 15;
        hash ^= hash >>> 9;
        int q2 = (0x41414141 - hash) * inverse;
        boolean plain = true;
        for (int i = 0; i < 4; i++) {
          name[4 + i] = (byte) (q2 >>> 24 - 8 * i);
          plain &= name[4 + i] > ' ' && name[4 + i] < 0x7f;
        }
        for (byte b : name) {
          plain &= b != '"' && b != '\\';
        }
        if (plain) {
          names.add(name.clone());
        }
      }
      return names;
    }

    @Test
    @Timeout(20)
    void readsCollidingNamesInLinearTime() {
      ByteArrayOutputStream record = new ByteArrayOutputStream();
      record.writeBytes(bytes(json(fields()).replace("}", "")));
      for (byte[] name : collidingNames(80_000)) {
        record.writeBytes(bytes(",\""));
        record.writeBytes(name);
        record.writeBytes(bytes("\":1"));
      }
      record.write('}');
      assertThat(record.size()).isLessThan(1 << 20);
      long start = System.nanoTime();
      ParseResult result = parser.parse(record.toByteArray());
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      assertThat(result).isInstanceOf(Parsed.class);
      assertThat(took).isLessThan(Duration.ofSeconds(2));
    }
  }

  @Test
  void aRecordDoesNotAffectTheNext() {
    for (String strange :
        List.of("{\"crime_id\":\"x\"}", "[", with("address", "{}"), with("more", "1"), "{}")) {
      parser.parse(bytes(strange));
      assertThat(call(json(fields()))).isEqualTo(call(json(fields())));
      assertThat(call(with("address", null)).address()).isEmpty();
    }
  }

  @Test
  void theTextOfARejectionHasTheReasonAndTheFieldButNotTheContent() {
    ParseResult result = parser.parse(bytes("{\"crime_id\":\"secret\"}"));
    assertThat(result).hasToString("Rejected[missing-field original_crime_type_name]");
    assertThat(call(json(fields()))).hasToString("Call[183653765 at 2019-01-01T07:57:00Z]");
  }
}
