package io.callstream.call;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/** Holds the parser, on both its paths, against an oracle over records that were tampered with. */
class SanFranciscoParserPropertyTest {
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final Set<CallField> ALL = EnumSet.allOf(CallField.class);

  /** Shared, so that what one record leaves behind in the parser meets the next. */
  private final CallParser parser = SanFranciscoCalls.json(ZONE).parser(ALL);

  private final CallParser lean = SanFranciscoCalls.json(ZONE).parser(Set.of());

  @Property(tries = 25_000, shrinking = ShrinkingMode.OFF)
  @Label("a record that was tampered with is what the oracle says")
  void tamperedRecords(@ForAll long seed) {
    assertAsTheOracleSays(new Maker(new Random(seed)).record());
  }

  @Property(tries = 10_000, shrinking = ShrinkingMode.OFF)
  @Label("any bytes are what the oracle says")
  void anyBytes(@ForAll byte[] bytes) {
    assertAsTheOracleSays(bytes);
  }

  @Property(tries = 10_000, shrinking = ShrinkingMode.OFF)
  @Label("any JSON-like bytes are what the oracle says")
  void anyJsonLikeBytes(@ForAll long seed) {
    Random random = new Random(seed);
    String alphabet = "{{{}[]\"\"\"\\:,,0123456789.eE+- \n\ttruefalsnl/*\u00e9\ud83d\ude00";
    StringBuilder text = new StringBuilder(random.nextBoolean() ? "{" : "");
    int length = random.nextInt(30);
    for (int i = 0; i < length; i++) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    assertAsTheOracleSays(Records.bytes(text.toString()));
  }

  private void assertAsTheOracleSays(byte[] record) {
    byte[] before = record.clone();
    OracleParser.Verdict expected = OracleParser.parse(record, ZONE);
    ParseResult actual = parser.parse(record);
    String where = new String(record, java.nio.charset.StandardCharsets.UTF_8);
    String as = where + " = " + HexFormat.of().formatHex(record);
    assertThat(record).isEqualTo(before);
    if (actual instanceof Rejected rejected) {
      assertThat(rejected.reason()).as(as).isEqualTo(expected.reason());
      assertThat(rejected.field()).as(as).isEqualTo(expected.field());
    } else {
      assertThat(expected.reason()).as(as).isNull();
      Call call = ((Parsed) actual).call();
      assertThat(call.time()).as(as).isEqualTo(expected.time());
      assertThat(call.ambiguousTime()).as(as).isEqualTo(expected.ambiguous());
      for (Map.Entry<CallField, String> text : expected.texts().entrySet()) {
        if (text.getKey() != CallField.TIME) {
          assertText(as, call.text(text.getKey()), text.getValue());
        }
      }
    }
    assertThat(lean.parse(record).getClass()).as(as).isEqualTo(actual.getClass());
    if (actual instanceof Rejected rejected) {
      assertThat(((Rejected) lean.parse(record)).reason()).as(as).isEqualTo(rejected.reason());
      assertThat(((Rejected) lean.parse(record)).field()).as(as).isEqualTo(rejected.field());
    }
  }

  private static void assertText(String as, String actual, String expected) {
    if (expected.startsWith(OracleParser.NUMBER)) {
      BigDecimal number = new BigDecimal(expected.substring(OracleParser.NUMBER.length()));
      assertThat(new BigDecimal(actual)).as(as).isEqualByComparingTo(number);
    } else {
      assertThat(actual).as(as).isEqualTo(expected);
    }
  }

  /** Makes records that are nearly right. */
  private static final class Maker {
    private static final List<String> VALUES =
        List.of(
            "\"\"",
            "\" \"",
            "\"\\t\"",
            "null",
            "true",
            "false",
            "0",
            "-0",
            "1e5",
            "1.50",
            "-12",
            "{}",
            "[]",
            "{\"a\":[{}]}",
            "[[[]]]",
            "\"\\u0041\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud800\"",
            "\"\ud83d\ude00\"",
            "\"\u00e9\"",
            "\"\uffe5\"",
            "\"a\\nb\"",
            "\"\\u0000\"",
            "\"\u2003\"",
            "\"\u007f\"",
            "\"HAN\"",
            "01",
            "+1",
            "NaN",
            "\"\\x\"",
            "\"open",
            "tru");

    private static final List<String> TIMES =
        List.of(
            "2018-11-04T01:30:00.000",
            "2018-11-04T00:59:59",
            "2018-11-04T02:00",
            "2018-03-11T02:30:00",
            "2018-03-11 01:59:59.999",
            "2018-12-31T23:57:00.000Z",
            "2018-12-31T23:57:00-08:00",
            "2018-12-31T23:57+0530",
            "2018-12-31T23:57-12",
            "2018-02-29T00:00",
            "2020-02-29T00:00",
            "2018-13-01T00:00",
            "2018-01-01T24:00",
            "2018-01-01T00:60",
            "2018-01-01T00:00:60",
            "2018-01-01",
            "2018-01-01T00:00:00.",
            "2018-01-01T00:00:00.1234567890",
            " 2018-01-01T00:00",
            "2018-01-01T00:00 ",
            "2018-01-01t00:00",
            "2018-01-01T00:00z",
            "0001-01-01T00:00",
            "0000-01-01T00:00",
            "9999-12-31T23:59:59.999999999",
            "2018-01-01T00:00:00+18:00",
            "2018-01-01T00:00:00+18:01",
            "2018-01-01T00:00:00+5",
            "\u0662018-01-01T00:00");

    private final Random random;

    Maker(Random random) {
      this.random = random;
    }

    private <T> T pick(List<T> values) {
      return values.get(random.nextInt(values.size()));
    }

    byte[] record() {
      Map<String, String> fields = Records.fields();
      List<String> parts = new ArrayList<>();
      if (random.nextInt(3) == 0) {
        String time = pick(TIMES);
        fields.put("call_date_time", "\"" + (random.nextBoolean() ? time : mutated(time)) + "\"");
      }
      int changes = random.nextInt(4);
      List<String> names = new ArrayList<>(fields.keySet());
      for (int i = 0; i < changes; i++) {
        fields.put(random.nextInt(6) == 0 ? "extra" + i : pick(names), pick(VALUES));
      }
      fields.forEach((name, value) -> parts.add(member(name, value)));
      if (random.nextInt(4) == 0) {
        parts.remove(random.nextInt(parts.size()));
      }
      if (random.nextInt(4) == 0) {
        parts.add(random.nextInt(parts.size()), member(pick(names), pick(VALUES)));
      }
      if (random.nextInt(3) == 0) {
        Collections.shuffle(parts, random);
      }
      String text = space() + "{" + space() + String.join(space() + ",", parts) + "}" + space();
      byte[] bytes = Records.bytes(text);
      return random.nextInt(3) == 0 ? tamperedWith(bytes) : bytes;
    }

    private String member(String name, String value) {
      String key = name;
      if (random.nextInt(40) == 0) {
        int at = random.nextInt(name.length());
        key =
            name.substring(0, at)
                + String.format("\\u%04X", (int) name.charAt(at))
                + name.substring(at + 1);
      }
      return space() + "\"" + key + "\"" + space() + ":" + space() + value;
    }

    private String space() {
      return random.nextInt(20) == 0
          ? pick(List.of(" ", "\n", "\t", "\r", "  ", "\f", "\u00a0"))
          : "";
    }

    private String mutated(String time) {
      StringBuilder text = new StringBuilder(time);
      int at = random.nextInt(text.length());
      switch (random.nextInt(3)) {
        case 0 -> text.deleteCharAt(at);
        case 1 -> text.insert(at, pick(List.of("0", "9", "-", "T", ":", "x", "+")));
        default -> text.setCharAt(at, "0123456789-:T Z+.x".charAt(random.nextInt(18)));
      }
      return text.toString();
    }

    private byte[] tamperedWith(byte[] bytes) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      int at = random.nextInt(bytes.length);
      int to = Math.min(bytes.length, at + random.nextInt(12));
      switch (random.nextInt(5)) {
        case 0 -> out.writeBytes(Arrays.copyOf(bytes, at));
        case 1 -> {
          out.writeBytes(Arrays.copyOf(bytes, at));
          out.writeBytes(Arrays.copyOfRange(bytes, to, bytes.length));
        }
        case 2 -> {
          out.writeBytes(Arrays.copyOf(bytes, to));
          out.writeBytes(Arrays.copyOfRange(bytes, at, bytes.length));
        }
        case 3 -> {
          byte[] noise = new byte[1 + random.nextInt(3)];
          random.nextBytes(noise);
          out.writeBytes(Arrays.copyOf(bytes, at));
          out.writeBytes(noise);
          out.writeBytes(Arrays.copyOfRange(bytes, at, bytes.length));
        }
        default -> {
          byte[] copy = bytes.clone();
          copy[at] ^= (byte) (1 << random.nextInt(8));
          out.writeBytes(copy);
        }
      }
      return out.toByteArray();
    }
  }
}
