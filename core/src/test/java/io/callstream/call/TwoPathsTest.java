package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Compares the plain path of the parser with its full path: both must give the same result and the
 * same values for a record. A byte order mark before a record has no meaning, but selects the full
 * path.
 *
 * <p>{@code -Dcallstream.fuzz.inputs=2000000} sets the number of records, and {@code
 * -Dcallstream.fuzz.seed} the first seed. A failure shows its seed.
 */
@Tag("campaign")
class TwoPathsTest {
  private static final int INPUTS = Integer.getInteger("callstream.fuzz.inputs", 4_000);
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final byte[] MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
  private static final String PRINTABLE =
      " !#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[]^_`abcxyz{|}~\u007f";
  private static final List<String> ESCAPES = List.of("\\\"", "\\\\", "\\/", "\\n", "\\x", "\\");
  private static final List<String> SPACES = List.of("", "", "", " ", "\n", "\r\n", "\t", "   \n ");

  /** A format and the fields of a valid plain record. */
  private enum Shape {
    OF_2018(SanFranciscoCalls.json(ZONE), Records.fields()),
    OF_TODAY(DataSfCalls.json(ZONE), Records.dataSfFields()),
    OF_SEATTLE(SeattleCalls.json(ZONE), Records.seattleFields()),
    OF_NEW_ORLEANS(NewOrleansCalls.json(ZONE), Records.newOrleansFields()),
    ORDERS(orders(), fieldsOfOrders());

    private final CallFormat format;
    private final Map<String, String> fields;

    Shape(CallFormat format, Map<String, String> fields) {
      this.format = format;
      this.fields = fields;
    }

    /** Returns a format with values of all types, and texts that mean no value. */
    private static CallFormat orders() {
      return JsonFormat.builder("orders")
          .zone(ZONE)
          .absent("NULL", "-1", "N/A")
          .id("nr", "order.nr")
          .time("at", "iso", "epoch-millis")
          .time(Field.time("shipped"), "shipped", "epoch-seconds", "MM/dd/uuuu HH:mm")
          .text(Field.text("product"), "item.name", "item.codes[1]")
          .number(Field.number("quantity"), "quantity")
          .number(Field.decimal("price", 2), "price")
          .number(Field.real("weight"), "weight")
          .flag(Field.flag("gift"), "gift")
          .position(Field.position("shop"), "shop[1]", "shop[0]")
          .position(Field.position("home"), "home")
          .build();
    }

    private static Map<String, String> fieldsOfOrders() {
      Map<String, String> fields = new LinkedHashMap<>();
      fields.put("nr", "17");
      fields.put("at", "\"2024-05-01T10:00:00.000\"");
      fields.put("shipped", "\"05\\/02\\/2024 10:00\"");
      fields.put("item", "{\"name\":\"tea\",\"codes\":[\"a\",\"b\"]}");
      fields.put("quantity", "3");
      fields.put("price", "\"12.50\"");
      fields.put("weight", "1.5e-3");
      fields.put("gift", "true");
      fields.put("shop", "[13.4, 52.5]");
      fields.put("home", "\"POINT (13.4 52.5)\"");
      fields.put("note", "\"NULL\"");
      return fields;
    }
  }

  @ParameterizedTest
  @EnumSource
  void bothPathsGiveTheSameResult(Shape shape) {
    // Parsers are reused, so that leftovers of one record would affect the next.
    Paths all = new Paths(shape.format, shape.format.fields());
    Paths some = new Paths(shape.format, Set.of(Fields.ID, Fields.DISPOSITION));
    Paths none = new Paths(shape.format, Set.of());
    long first = Long.getLong("callstream.fuzz.seed", new SplittableRandom().nextLong());
    int calls = 0;
    int compared = 0;
    for (int i = 0; i < INPUTS; i++) {
      long seed = first + i;
      byte[] record =
          i % 4 == 0
              ? RecordFuzz.record(seed, shape.fields, shape.format.timeField())
              : plain(shape, new Random(seed));
      if (isMarkedOrBlank(record)) {
        continue;
      }
      String ofAll = all.difference(record);
      String difference = ofAll + some.difference(record) + none.difference(record);
      if (!difference.isEmpty()) {
        throw new AssertionError(
            difference
                + ", -Dcallstream.fuzz.seed="
                + seed
                + " -Dcallstream.fuzz.inputs=4, record "
                + HexFormat.of().formatHex(record));
      }
      compared++;
      calls += all.parsed ? 1 : 0;
    }
    System.out.printf("%d records from seed %d, %d of them calls%n", compared, first, calls);
    // The comparison is useful only if there are many calls and many rejections.
    assertThat(calls).isBetween(compared / 4, compared * 9 / 10);
  }

  /** A second mark is content, and a record of only white space is not empty if it has a mark. */
  private static boolean isMarkedOrBlank(byte[] record) {
    return new String(record, ISO_8859_1).isBlank() || record[0] == MARK[0];
  }

  /** A parser for each path. */
  private static final class Paths {
    private final Set<Field<?>> fields;
    private final CallParser plain;
    private final CallParser full;
    private boolean parsed;

    Paths(CallFormat format, Set<Field<?>> fields) {
      this.fields = fields;
      plain = format.parser(fields);
      full = format.parser(fields);
    }

    /** Describes how the paths differ, or returns the empty string. */
    String difference(byte[] record) {
      byte[] marked = new byte[MARK.length + record.length];
      System.arraycopy(MARK, 0, marked, 0, MARK.length);
      System.arraycopy(record, 0, marked, MARK.length, record.length);
      ParseResult actual = plain.parse(record);
      ParseResult expected = full.parse(marked);
      parsed = actual instanceof Parsed;
      String ids = differenceOfIds(plain.id(record), full.id(marked), actual);
      if (!ids.isEmpty()) {
        return ids;
      }
      byte[] idOfCall = parsed ? plain.id(record) : null;
      if (!Arrays.equals(plain.idOfCall(record), idOfCall)
          || !Arrays.equals(full.idOfCall(marked), idOfCall)) {
        return "ids of a call: " + Arrays.toString(plain.idOfCall(record));
      }
      if (parsed && !plain.unreadable(record).isEmpty()) {
        return "unreadable fields of a call: " + plain.unreadable(record);
      }
      if (actual instanceof Rejected a && expected instanceof Rejected e) {
        return a.reason().equals(e.reason()) && Objects.equals(a.field(), e.field())
            ? ""
            : a.reason() + " " + a.field() + " is not " + e.reason() + " " + e.field();
      }
      if (!(actual instanceof Parsed a) || !(expected instanceof Parsed e)) {
        return "one is a call: " + actual + ", " + expected;
      }
      return difference(a.call(), e.call());
    }

    private String differenceOfIds(
        byte @Nullable [] actual, byte @Nullable [] expected, ParseResult result) {
      boolean isOfCall =
          !(result instanceof Parsed a)
              || !fields.contains(Fields.ID)
              || Arrays.equals(actual, a.call().id().getBytes(UTF_8));
      return Arrays.equals(actual, expected) && isOfCall
          ? ""
          : "ids " + Arrays.toString(actual) + " and " + Arrays.toString(expected);
    }

    private String difference(Call actual, Call expected) {
      if (actual.epochMillis() != expected.epochMillis()
          || actual.ambiguousTime() != expected.ambiguousTime()) {
        return "times " + actual.time() + " and " + expected.time();
      }
      for (Field<?> field : fields) {
        if (!Objects.equals(actual.get(field), expected.get(field))) {
          return field + " '" + actual.get(field) + "' and '" + expected.get(field) + "'";
        }
      }
      return "";
    }
  }

  /**
   * Generates a record that is plain or almost plain: ASCII texts with few escapes, and scalars.
   */
  private static byte[] plain(Shape shape, Random random) {
    List<String> members = new ArrayList<>();
    for (Map.Entry<String, String> field : shape.fields.entrySet()) {
      if (random.nextInt(60) != 0) {
        // About one value of a record is changed.
        boolean isChanged = random.nextInt(shape.fields.size()) == 0;
        String value = isChanged ? scalarOrText(random) : field.getValue();
        members.add(member(field.getKey(), value, random));
      }
      if (random.nextInt(60) == 0) {
        members.add(member(field.getKey(), "\"" + text(random) + "\"", random));
      }
    }
    if (random.nextInt(4) == 0) {
      members.add(
          member(
              text(random),
              random.nextBoolean() ? scalar(random) : "\"" + text(random) + "\"",
              random));
    }
    if (random.nextInt(4) == 0) {
      Collections.shuffle(members, random);
    }
    StringBuilder record =
        new StringBuilder(space(random) + "{" + String.join(",", members) + "}" + space(random));
    while (random.nextInt(8) == 0) {
      char c = PRINTABLE.charAt(random.nextInt(PRINTABLE.length()));
      record.setCharAt(random.nextInt(record.length()), random.nextInt(8) == 0 ? '"' : c);
    }
    if (random.nextInt(50) == 0) {
      record.setLength(random.nextInt(record.length()));
    }
    return Records.bytes(record.toString());
  }

  private static String member(String name, String value, Random random) {
    String changed =
        isTime(name) && random.nextInt(4) == 0
            ? "\"" + time(random) + "\""
            : name.equals("intersection_point") && random.nextInt(4) > 0 ? point(random) : value;
    return space(random)
        + '"'
        + name
        + '"'
        + space(random)
        + ":"
        + space(random)
        + changed
        + space(random);
  }

  /** Returns whether a name is that of the event time or of another time of the current feeds. */
  private static boolean isTime(String name) {
    return name.equals("call_date_time")
        || name.equals("received_datetime")
        || name.equals("onscene_datetime")
        || name.equals("cad_event_original_time_queued")
        || name.equals("timecreate")
        || name.equals("at");
  }

  private static String scalarOrText(Random random) {
    return switch (random.nextInt(12)) {
      case 0, 1, 2, 3 -> scalar(random);
      case 4 -> "\"N\\/A\"";
      default -> "\"" + text(random) + "\"";
    };
  }

  private static String point(Random random) {
    String longitude = random.nextInt(20) == 0 ? scalar(random) : "-122.4" + random.nextInt(1000);
    String latitude = random.nextInt(20) == 0 ? scalar(random) : "37." + random.nextInt(100_000);
    return switch (random.nextInt(20)) {
      case 0 -> "[" + longitude + "," + latitude + "]";
      case 1 -> "{\"coordinates\":[" + longitude + "]}";
      case 2 -> "{\"coordinates\":[" + longitude + ",[" + latitude + "]]}";
      case 3 -> "{\"type\":\"Point\"}";
      case 4, 5, 6 -> "\"POINT (" + longitude + " " + latitude + ")\"";
      case 7 -> "\"POINT (" + longitude + " 1)\",\"intersection_point\":{\"coordinates\":[1,2]}";
      default -> "{\"type\":\"Point\",\"coordinates\":[" + longitude + "," + latitude + "]}";
    };
  }

  private static String time(Random random) {
    String[] parts = {"2018", "11", "04", "01", "30", "00", "000"};
    int at = random.nextInt(12);
    if (at < parts.length) {
      parts[at] = Integer.toString(random.nextInt(100)).repeat(1 + random.nextInt(2));
    }
    String time =
        parts[0]
            + "-"
            + parts[1]
            + "-"
            + parts[2]
            + (random.nextInt(3) == 0 ? " " : "T")
            + parts[3]
            + ":"
            + parts[4];
    return switch (random.nextInt(6)) {
      case 0 -> time;
      case 1 -> time + ":" + parts[5];
      case 2 -> time + ":" + parts[5] + "Z";
      case 3 -> time + ":" + parts[5] + "." + parts[6] + "-08:00";
      case 4 -> time + ":" + parts[5] + "." + "123456789".substring(random.nextInt(9));
      default -> time + ":" + parts[5] + "." + parts[6];
    };
  }

  /** Generates a number, a boolean or null; some are invalid. */
  private static String scalar(Random random) {
    String number =
        (random.nextInt(4) == 0 ? "-" : "")
            + random.nextInt(1 << random.nextInt(31))
            + (random.nextInt(3) == 0 ? "." + random.nextInt(1000) : "");
    return switch (random.nextInt(16)) {
      case 0 -> "0" + number;
      case 1 -> number + "e" + random.nextInt(9);
      case 2 -> number.substring(0, random.nextInt(number.length()));
      case 3 -> "true";
      case 4 -> "false";
      case 5, 6 -> "null";
      case 7 -> "null".substring(0, random.nextInt(5)) + number;
      default -> number;
    };
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(3) == 0 ? random.nextInt(40) : random.nextInt(4); i > 0; i--) {
      if (random.nextInt(50) == 0) {
        // Three of four escapes are plain.
        int kinds = random.nextInt(4) == 0 ? ESCAPES.size() : 3;
        text.append(ESCAPES.get(random.nextInt(kinds)));
      } else {
        text.append(PRINTABLE.charAt(random.nextInt(PRINTABLE.length())));
      }
    }
    return random.nextInt(6) == 0 ? " ".repeat(random.nextInt(20)) : text.toString();
  }

  private static String space(Random random) {
    return random.nextInt(12) == 0 ? SPACES.get(random.nextInt(SPACES.size())) : "";
  }
}
