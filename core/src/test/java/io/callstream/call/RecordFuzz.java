package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Generates records that are almost valid, and some that are completely invalid. The same seed
 * gives the same record.
 */
final class RecordFuzz {
  private static final List<String> VALUES =
      List.of(
          "\"\"",
          "\" \"",
          "\"\\t\"",
          "null",
          "true",
          "false",
          "{}",
          "[]",
          "{\"a\":[{}]}",
          "[[[]]]",
          "[null,1,\"a\",{\"crime_id\":\"x\"}]",
          "{\"call_date_time\":\"2018-12-31T23:57:00.000\"}",
          "\"\\u0041\"",
          "\"\\ud83d\\ude00\"",
          "\"\\ud800\"",
          "\"\\ude00\\ud83d\"",
          "\"\\ud83d\\u0041\"",
          "\"\\uD83D\ud83d\ude00\"",
          "\"\ud83d\ude00\"",
          "\"\u00e9\"",
          "\"\uffe5\"",
          "\"\uffff\"",
          "\"\ufeff\"",
          "\"a\\nb\"",
          "\"\\u0000\"",
          "\"\u2003\"",
          "\"\u00a0\"",
          "\"\u0085\"",
          "\"\u2028\"",
          "\"\\u2003 \\t\"",
          "\"\\u001c\"",
          "\"\u007f\"",
          "\"\u0080\"",
          "\"\\/\\b\\f\\r\\\"\\\\\"",
          "\"HAN\"",
          "\"y\"",
          "\"POINT (-122.4 37.8)\"",
          "\" point(-1.2e2\\n 37.8 ) \"",
          "\"POINT (37.8 -122.4)\"",
          "\"POINT (-122.4)\"",
          "{\"type\":\"Point\",\"coordinates\":[-122.4,91]}",
          "{\"coordinates\":[\"-122.4\",\"37.8\",5]}",
          "{\"coordinates\":[-122.4]}",
          "{\"coordinates\":[null,37.8]}",
          "{\"coordinates\":[[-122.4,37.8]]}",
          "{\"coordinates\":{\"0\":1}}",
          "{\"coordinates\":[-122.4,37.8],\"coordinates\":[0,-0.0]}");

  /** Texts that are not JSON. */
  private static final List<String> NO_VALUES =
      List.of(
          "\"\u0000\"",
          "\"\u0001\"",
          "\"\n\"",
          "\"\t\"",
          "\"\u001c\"",
          "\"\\x\"",
          "\"\\u12\"",
          "\"\\u12g4\"",
          "\"\\u004\u0131\"",
          "\"\\u\u0130\u4e30\uff61\u0161\"",
          "\"\\U0041\"",
          "\"\\u\uff11\uff12\uff13\uff14\"",
          "\"\\",
          "\"open",
          "'single'",
          "bare",
          "tru",
          "True",
          "nulll",
          "truefalse",
          "undefined",
          "NaN",
          "-NaN",
          "Infinity",
          "-Infinity",
          "/**/1",
          "1//",
          "#1",
          "1,",
          ",",
          "",
          "[1,]",
          "[,1]",
          "{\"a\":1,}",
          "{,}",
          "{\"a\"}",
          "{a:1}",
          "{1:1}",
          "{\"a\":}",
          "[1 2]",
          "[1}",
          "{\"a\":1]",
          "(1)",
          "\"a\" \"b\"");

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-0",
          "-0.0",
          "00",
          "01",
          "-01",
          "+1",
          "1.",
          ".5",
          "-.5",
          "-",
          "--1",
          "1e5",
          "1E+05",
          "1e-0",
          "1e",
          "1e+",
          "1e5.5",
          "1.5e",
          "1.50",
          "1.e1",
          "0e0",
          "0x10",
          "1_000",
          "1f",
          "1L",
          "183653765",
          "2147483648",
          "-9223372036854775809",
          "18446744073709551616",
          "1e400",
          "-1e-400",
          "1e2147483648",
          "123456789012345678901234567890.123456789012345678901234567890e-30",
          "\u0661",
          "1\u00a0");

  private static final List<String> TIMES =
      List.of(
          "2018-12-31T23:57:00.000",
          "2018-11-04T01:30:00.000",
          "2018-11-04T00:59:59",
          "2018-11-04T01:59:59.999",
          "2018-11-04T02:00",
          "2018-03-11T02:30:00",
          "2018-03-11 01:59:59.999",
          "2018-03-11T03:00",
          "2018-12-31T23:57:00.000Z",
          "2018-12-31T23:57:00-08:00",
          "2018-12-31T23:57+0530",
          "2018-12-31T23:57-12",
          "2018-12-31T23:57-00:00",
          "2018-02-29T00:00",
          "2020-02-29T00:00",
          "1900-02-29T00:00",
          "2000-02-29T00:00",
          "2018-04-31T00:00",
          "2018-13-01T00:00",
          "2018-00-01T00:00",
          "2018-01-00T00:00",
          "2018-01-01T24:00",
          "2018-01-01T00:60",
          "2018-01-01T00:00:60",
          "2018-01-01",
          "2018-01-01T00:00:00.",
          "2018-01-01T00:00:00.1",
          "2018-01-01T00:00:00.12",
          "2018-01-01T00:00:00.123456789",
          "2018-01-01T00:00:00.1234567890",
          "2018-01-01T00:00.5",
          "2018-01-01T00:00:00,5",
          " 2018-01-01T00:00",
          "2018-01-01T00:00 ",
          "2018-01-01t00:00",
          "2018-01-01T00:00z",
          "2018-01-01T00:00ZZ",
          "2018-1-1T0:0",
          "18-01-01T00:00:00",
          "20180101T000000",
          "01/22/2017 05:36:31 PM",
          "2017/1/22 12:36 AM",
          "01/22/2017 13:36:31 PM",
          "11/04/2018 1:30:00 AM",
          "1546329420000",
          "-2018-01-01T00:00",
          "+12018-01-01T00:00",
          "0001-01-01T00:00",
          "0000-01-01T00:00",
          "0000-02-29T00:00",
          "1883-11-18T12:00:00",
          "1883-11-18T12:07:02",
          "1883-11-18T12:07:02.5",
          "1918-03-31T02:00",
          "1942-02-09T02:30",
          "1945-08-14T16:00",
          "1969-12-31T16:00",
          "2099-11-01T01:30",
          "9999-12-31T23:59:59.999999999",
          "2018-01-01T00:00:00+18:00",
          "2018-01-01T00:00:00+18:01",
          "2018-01-01T00:00:00-18:00",
          "2018-01-01T00:00:00+17:60",
          "2018-01-01T00:00:00+5",
          "2018-01-01T00:00:00+05:3",
          "2018-01-01T00:00:00+05:30:00",
          "2018-01-01T00:00:00+053",
          "2018-01-01T00:00:00[America/Los_Angeles]",
          "\u0662018-01-01T00:00",
          "2018-01-01T00:00\u0000");

  private static final List<String> SPACES = List.of(" ", "\n", "\t", "\r", "  ", "\r\n");

  private static final List<String> NO_SPACES =
      List.of("\f", "\u000b", "\u0085", "\u00a0", "\u2028", "\ufeff", "\u0000");

  /** Bytes that are invalid in UTF-8: overlong, surrogates, too high, truncated, unused. */
  private static final List<byte[]> NOT_UTF8 =
      List.of(
          bytes(0xc0, 0xaf),
          bytes(0xc0, 0x80),
          bytes(0xc1, 0xa2),
          bytes(0xe0, 0x80, 0xaf),
          bytes(0xe0, 0x9f, 0xbf),
          bytes(0xf0, 0x80, 0x80, 0xaf),
          bytes(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80),
          bytes(0xed, 0xa0, 0x80),
          bytes(0xf4, 0x90, 0x80, 0x80),
          bytes(0xf8, 0x88, 0x80, 0x80, 0x80),
          bytes(0xe2, 0x82),
          bytes(0xf0, 0x9f, 0x98),
          bytes(0x80),
          bytes(0xbf),
          bytes(0xfe),
          bytes(0xff));

  private static final List<byte[]> MARKS =
      List.of(
          bytes(0xef, 0xbb, 0xbf),
          bytes(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf),
          bytes(0xef, 0xbb),
          bytes(0xfe, 0xff),
          bytes(0xff, 0xfe),
          bytes(0, 0, 0xfe, 0xff));

  private static final String JSON_LIKE =
      "{{{}[]\"\"\"\\:,,0123456789.eE+- \n\ttruefalsnl/*\u00e9\ud83d\ude00";

  private final SplittableRandom random;

  private final Map<String, String> valid;
  private final String timeName;

  private RecordFuzz(long seed, Map<String, String> valid, String timeName) {
    random = new SplittableRandom(seed);
    this.valid = valid;
    this.timeName = timeName;
  }

  /** Returns the record of a seed, similar to those of 2018. */
  static byte[] record(long seed) {
    return record(seed, Records.fields(), "call_date_time");
  }

  /** Returns the record of a seed, similar to a record with certain fields. */
  static byte[] record(long seed, Map<String, String> valid, String timeName) {
    return new RecordFuzz(seed, valid, timeName).make();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private byte[] make() {
    return switch (random.nextInt(20)) {
      case 0 -> anyBytes(random.nextInt(60));
      case 1 -> jsonLike().getBytes(UTF_8);
      case 2 -> spliced(shaped(), shaped());
      default -> shaped();
    };
  }

  /** Generates a record of the real structure, with some damage. */
  private byte[] shaped() {
    Map<String, String> fields = new LinkedHashMap<>(valid);
    List<String> names = new ArrayList<>(fields.keySet());
    if (random.nextInt(3) == 0) {
      String time = pick(TIMES);
      fields.put(timeName, "\"" + (random.nextInt(3) == 0 ? mutated(time) : time) + "\"");
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      fields.put(random.nextInt(6) == 0 ? "extra" + i : pick(names), value());
    }
    List<String> members = new ArrayList<>();
    fields.forEach((name, value) -> members.add(member(name, value)));
    if (random.nextInt(4) == 0) {
      members.remove(random.nextInt(members.size()));
    }
    if (random.nextInt(4) == 0) {
      members.add(random.nextInt(members.size() + 1), member(pick(names), value()));
    }
    if (random.nextInt(8) == 0) {
      members.add(random.nextInt(members.size() + 1), member(renamed(pick(names)), value()));
    }
    if (random.nextInt(3) == 0) {
      Collections.shuffle(members, new java.util.Random(random.nextLong()));
    }
    String object = space() + "{" + space() + String.join(space() + ",", members) + "}" + space();
    byte[] record = wrapped(object).getBytes(UTF_8);
    return random.nextInt(4) == 0 ? damaged(record) : record;
  }

  private String wrapped(String object) {
    return switch (random.nextInt(60)) {
      case 0 -> "[" + object + "]";
      case 1 -> object + object;
      case 2 -> object + "\n" + object;
      case 3 -> object + pick(List.of("x", "}", ",", "\u0000", "null", "//", "1", "\ufeff"));
      case 4 -> "{\"record\":" + object + "}";
      case 5 -> nested(95 + random.nextInt(10), object);
      default -> object;
    };
  }

  private String value() {
    return switch (random.nextInt(24)) {
      case 0 -> pick(NUMBERS);
      case 1 -> number();
      case 2 -> pick(NO_VALUES);
      case 3 -> nested(90 + random.nextInt(20), "1");
      case 4, 5, 6, 7, 8, 9 -> text();
      default -> pick(VALUES);
    };
  }

  private String nested(int depth, String inner) {
    StringBuilder open = new StringBuilder();
    StringBuilder close = new StringBuilder();
    for (int i = 0; i < depth; i++) {
      boolean array = random.nextBoolean();
      open.append(array ? "[" : "{\"a\":");
      close.insert(0, array ? "]" : "}");
    }
    return open + inner + (random.nextInt(8) == 0 ? "" : close);
  }

  private String number() {
    StringBuilder number = new StringBuilder();
    for (int i = 1 + random.nextInt(12); i > 0; i--) {
      number.append("00123456789.eE+-".charAt(random.nextInt(16)));
    }
    return number.toString();
  }

  private String text() {
    StringBuilder text = new StringBuilder("\"");
    for (int i = random.nextInt(12); i > 0; i--) {
      int c =
          switch (random.nextInt(8)) {
            case 0 -> random.nextInt(0x20);
            case 1 -> random.nextInt(0x80, 0x100);
            case 2 -> random.nextInt(0x2000, 0x2070);
            case 3 -> random.nextInt(0xd7f0, 0xe010);
            case 4 -> random.nextInt(0x10000, 0x10ffff + 1);
            default -> random.nextInt(0x20, 0x7f);
          };
      switch (random.nextInt(4)) {
        case 0 -> text.append("\\u").append(hex(Math.min(c, 0xffff)));
        case 1 ->
            text.append('\\')
                .append("\"\\/bfnrtu'x0".charAt(random.nextInt(random.nextInt(40) == 0 ? 12 : 8)));
        default -> {
          if (c != '"' && c != '\\' && (c >= 0x20 || random.nextInt(40) == 0)) {
            text.appendCodePoint(c);
          }
        }
      }
    }
    return text.append('"').toString();
  }

  private String hex(int c) {
    String hex = String.format("%04x", c);
    return random.nextBoolean() ? hex : hex.toUpperCase(java.util.Locale.ROOT);
  }

  private String member(String name, String value) {
    String key = name;
    if (!name.isEmpty() && random.nextInt(40) == 0) {
      int at = random.nextInt(name.length());
      key = name.substring(0, at) + "\\u" + hex(name.charAt(at)) + name.substring(at + 1);
    }
    return space() + "\"" + key + "\"" + space() + ":" + space() + value;
  }

  private String renamed(String name) {
    return switch (random.nextInt(6)) {
      case 0 -> name.toUpperCase(java.util.Locale.ROOT);
      case 1 -> name + " ";
      case 2 -> name.substring(1);
      case 3 -> name + "\\u0000";
      case 4 -> "";
      default -> mutated(name).replace("\"", "");
    };
  }

  private String space() {
    return random.nextInt(25) == 0 ? pick(random.nextInt(60) == 0 ? NO_SPACES : SPACES) : "";
  }

  private String mutated(String text) {
    StringBuilder changed = new StringBuilder(text);
    for (int i = 1 + random.nextInt(2); i > 0 && !changed.isEmpty(); i--) {
      int at = random.nextInt(changed.length());
      switch (random.nextInt(3)) {
        case 0 -> changed.deleteCharAt(at);
        case 1 -> changed.insert(at, "0123456789-:T Z+.x".charAt(random.nextInt(18)));
        default -> changed.setCharAt(at, "0123456789-:T Z+.x".charAt(random.nextInt(18)));
      }
    }
    return changed.toString();
  }

  private String jsonLike() {
    StringBuilder text = new StringBuilder(random.nextBoolean() ? "{" : "");
    for (int i = random.nextInt(30); i > 0; i--) {
      text.append(JSON_LIKE.charAt(random.nextInt(JSON_LIKE.length())));
    }
    return text.toString();
  }

  private byte[] anyBytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  private byte[] spliced(byte[] a, byte[] b) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(Arrays.copyOf(a, random.nextInt(a.length + 1)));
    out.writeBytes(Arrays.copyOfRange(b, random.nextInt(b.length + 1), b.length));
    return out.toByteArray();
  }

  private byte[] damaged(byte[] record) {
    int at = random.nextInt(record.length);
    int to = Math.min(record.length, at + random.nextInt(12));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    switch (random.nextInt(8)) {
      case 0 -> out.writeBytes(Arrays.copyOf(record, at));
      case 1 -> {
        out.writeBytes(Arrays.copyOf(record, at));
        out.writeBytes(Arrays.copyOfRange(record, to, record.length));
      }
      case 2 -> {
        out.writeBytes(Arrays.copyOf(record, to));
        out.writeBytes(Arrays.copyOfRange(record, at, record.length));
      }
      case 3 -> inserted(out, record, at, anyBytes(1 + random.nextInt(3)));
      case 4 -> inserted(out, record, at, pick(NOT_UTF8));
      case 5 -> inserted(out, record, 0, pick(MARKS));
      case 6 -> {
        byte[] copy = record.clone();
        copy[at] = (byte) random.nextInt(256);
        out.writeBytes(copy);
      }
      default -> {
        byte[] copy = record.clone();
        copy[at] ^= (byte) (1 << random.nextInt(8));
        out.writeBytes(copy);
      }
    }
    return out.toByteArray();
  }

  private static void inserted(ByteArrayOutputStream out, byte[] record, int at, byte[] more) {
    out.writeBytes(Arrays.copyOf(record, at));
    out.writeBytes(more);
    out.writeBytes(Arrays.copyOfRange(record, at, record.length));
  }

  private <T> T pick(List<T> values) {
    return values.get(random.nextInt(values.size()));
  }
}
