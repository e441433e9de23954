package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.JsonValue.Part;
import java.io.ByteArrayOutputStream;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/*
 * Finds the values of a record on one of two paths, and makes a call of them. Nearly every record
 * is plain, so PlainJson finds its values where they are, and most records allocate nothing except
 * the Call. For any other record, JsonObjectReader alone decides whether it is valid JSON, and this
 * class gets copies of the values. Tests compare both paths.
 */
final class JsonCallParser implements CallParser {
  private static final byte[] NOTHING = {};
  private static final byte[] FALSE = {'f', 'a', 'l', 's', 'e'};
  private static final Pattern POINT =
      Pattern.compile(
          "\\s*point\\s*\\(\\s*(\\S+)\\s+([^\\s)]+)\\s*\\)\\s*", Pattern.CASE_INSENSITIVE);

  /** The paths of the values by place. */
  private final List<String> paths;

  /** The texts that mean "no value". */
  private final byte[][] absent;

  private final Set<String> absentTexts;

  private final PlainJson plain;
  private final JsonObjectReader reader;
  private final TextDictionary dictionary = new TextDictionary();
  private final NumberReader numbers = new NumberReader();

  private final Column time;
  private final @Nullable Column id;
  private final @Nullable Column type;
  private final Column[] required;

  /**
   * The fields of the format that are not texts, other than the event time. All must be readable.
   */
  private final Column[] typed;

  /** The requested texts. */
  private final Column[] texts;

  private final FieldSlots slots;
  private final String[] noTexts;
  private final long @Nullable [] noValues;

  /** The starts and ends of the current record's values, which {@link PlainJson} defines. */
  private final int[] starts;

  private final int[] ends;

  /** The values of a record that is not plain; null if the record does not have them. */
  private final @Nullable String[] decoded;

  /** Which values are read as bytes also if the record is not plain. */
  private final boolean[] isReadAsBytes;

  /** Which values of a record that is not plain are an object or an array. */
  private final boolean[] nested;

  /**
   * The bytes of the values: those of a plain record, or a copy of those that are read as bytes.
   */
  private byte[] values = NOTHING;

  private boolean isPlain;
  private long epochMillis;
  private boolean ambiguous;

  /** The last value that was read, and the longitude if it is a position. */
  private long first;

  private long second;

  /**
   * The values of a field.
   *
   * @param places the places of the values; the first one with a value is used
   * @param point the place of a position as one text, otherwise -1
   * @param others the places of the longitudes of a position of two numbers, otherwise none
   * @param times the reader if the value is a time
   * @param slot the slot of a requested text, otherwise -1
   */
  private record Column(
      Field<?> field,
      int[] places,
      int point,
      int[] others,
      EventTimeReader times,
      int slot,
      boolean isRequested) {}

  JsonCallParser(List<JsonValue> format, ZoneId zone, Set<String> absent, Set<Field<?>> asked) {
    absentTexts = absent;
    this.absent = absent.stream().map(text -> text.getBytes(UTF_8)).toArray(byte[][]::new);
    paths = format.stream().map(JsonValue::path).distinct().toList();
    JsonPaths tree = JsonPaths.of(paths);
    plain = new PlainJson(tree, paths.size());
    reader = new JsonObjectReader(tree);
    starts = plain.starts;
    ends = plain.ends;
    nested = new boolean[paths.size()];
    decoded = new @Nullable String[paths.size()];
    isReadAsBytes = new boolean[paths.size()];
    format.stream()
        .filter(value -> value.field().type() != Field.Type.TEXT || value.field() == Fields.ID)
        .forEach(value -> isReadAsBytes[place(value)] = true);
    slots = new FieldSlots(asked, false);
    noTexts = slots.noTexts();
    noValues = slots.noValues();
    Map<List<String>, EventTimeReader> readers = new HashMap<>();
    Map<Field<?>, Column> columns = new LinkedHashMap<>();
    for (JsonValue value : format) {
      columns.computeIfAbsent(value.field(), field -> column(field, format, zone, readers));
    }
    time = Objects.requireNonNull(columns.get(Fields.TIME), "the event time");
    id = columns.get(Fields.ID);
    type = columns.get(Fields.TYPE);
    Set<Field<?>> needed = new HashSet<>();
    format.stream().filter(JsonValue::required).forEach(value -> needed.add(value.field()));
    List<Column> all = new ArrayList<>(columns.values());
    required = all.stream().filter(c -> needed.contains(c.field())).toArray(Column[]::new);
    typed = all.stream().filter(c -> c.field() != Fields.TIME && !isText(c)).toArray(Column[]::new);
    texts = all.stream().filter(c -> isText(c) && c.isRequested()).toArray(Column[]::new);
  }

  private static boolean isText(Column column) {
    return column.field().type() == Field.Type.TEXT;
  }

  private Column column(
      Field<?> field,
      List<JsonValue> format,
      ZoneId zone,
      Map<List<String>, EventTimeReader> readers) {
    List<JsonValue> own = format.stream().filter(value -> value.field() == field).toList();
    boolean isRequested = slots.has(field);
    return new Column(
        field,
        own.stream().filter(v -> v.part() != Part.LONGITUDE).mapToInt(this::place).toArray(),
        field.type() == Field.Type.POSITION && own.get(0).part() == Part.WHOLE
            ? place(own.get(0))
            : -1,
        own.stream().filter(v -> v.part() == Part.LONGITUDE).mapToInt(this::place).toArray(),
        readers.computeIfAbsent(
            own.get(0).patterns(), p -> new EventTimeReader(zone, TimePattern.of(p))),
        isRequested && field.type() == Field.Type.TEXT ? slots.slot(field) : -1,
        isRequested);
  }

  private int place(JsonValue value) {
    return paths.indexOf(value.path());
  }

  @Override
  public ParseResult parse(CallRecord record) {
    return parse(record.value());
  }

  @Override
  public ParseResult parse(byte[] value) {
    RejectionReason reason = find(value);
    return reason == null ? call(value) : new ParseResult.Rejected(reason, null, value);
  }

  @Override
  public byte @Nullable [] id(byte[] value) {
    return find(value) == null ? bytes(id) : null;
  }

  @Override
  public byte @Nullable [] idOfCall(byte[] value) {
    return find(value) == null && check(value, null) == null ? bytes(id) : null;
  }

  private byte @Nullable [] bytes(@Nullable Column column) {
    int place = column == null ? -1 : placeOf(column.places());
    return place < 0 ? null : Arrays.copyOfRange(values, starts[place], ends[place]);
  }

  @Override
  public Set<Field<?>> unreadable(byte[] value) {
    Set<Field<?>> unreadable = new HashSet<>(List.of(Fields.ID, Fields.TYPE, Fields.TIME));
    if (find(value) != null) {
      return unreadable;
    }
    if (id == null || placeOf(id.places()) >= 0) {
      unreadable.remove(Fields.ID);
    }
    if (type == null || placeOf(type.places()) >= 0) {
      unreadable.remove(Fields.TYPE);
    }
    int place = placeOf(time.places());
    if (place >= 0 && isTime(time, place)) {
      unreadable.remove(Fields.TIME);
    }
    return unreadable;
  }

  /**
   * Finds all values of the format, in {@link #values} from {@link #starts} to {@link #ends}.
   *
   * @return the reason if the record is not a JSON object, otherwise null
   */
  private @Nullable RejectionReason find(byte[] record) {
    if (record.length > JsonObjectReader.MAX_BYTES) {
      return RejectionReason.TOO_LARGE;
    }
    isPlain = plain.find(record);
    if (isPlain) {
      values = plain.values();
      return null;
    }
    return findFully(record);
  }

  private @Nullable RejectionReason findFully(byte[] record) {
    Arrays.fill(decoded, null);
    Arrays.fill(nested, false);
    RejectionReason reason = reader.read(record, decoded, nested);
    if (reason != null) {
      return reason;
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream(record.length);
    for (int place = 0; place < decoded.length; place++) {
      String text = decoded[place];
      starts[place] = text == null ? -1 : all.size();
      if (text != null && isReadAsBytes[place]) {
        all.writeBytes(text.getBytes(UTF_8));
      }
      ends[place] = all.size();
    }
    values = all.toByteArray();
    return null;
  }

  private ParseResult call(byte[] record) {
    long[] otherValues = noValues == null ? null : noValues.clone();
    ParseResult.Rejected rejected = check(record, otherValues);
    if (rejected != null) {
      return rejected;
    }
    String[] found = noTexts.clone();
    for (Column column : texts) {
      int place = placeOf(column.places());
      if (place >= 0) {
        found[column.slot()] = string(place, column.field() == Fields.ID);
      }
    }
    return new ParseResult.Parsed(new Call(epochMillis, ambiguous, slots, found, otherValues));
  }

  /**
   * Returns the rejection of the record if a required value is missing or a value cannot be read,
   * otherwise null.
   *
   * @param otherValues receives the requested values that are not texts
   */
  private ParseResult.@Nullable Rejected check(byte[] record, long @Nullable [] otherValues) {
    for (int place = 0; !isPlain && place < nested.length; place++) {
      if (nested[place]) {
        return rejected(RejectionReason.NOT_TEXT, place, record);
      }
    }
    for (Column column : required) {
      if (placeOf(column.places()) < 0) {
        int first = column.places()[0];
        boolean isMissing = starts[first] < 0;
        return rejected(
            isMissing ? RejectionReason.MISSING_FIELD : RejectionReason.BLANK_FIELD, first, record);
      }
    }
    int timePlace = placeOf(time.places());
    if (!isTime(time, timePlace)) {
      return rejected(RejectionReason.UNREADABLE_TIME, timePlace, record);
    }
    EventTimeReader times = time.times();
    epochMillis = times.epochMillis();
    ambiguous = times.ambiguous();
    for (Column column : typed) {
      int place = placeOf(column.places());
      boolean isPair = column.others().length > 0 && (place < 0 || place != column.point());
      int other = isPair ? placeOf(column.others()) : -1;
      if (isPair && (place < 0) != (other < 0)) {
        int[] latitudes = column.places();
        return rejected(
            RejectionReason.MISSING_FIELD,
            place < 0 ? latitudes[latitudes.length - 1] : column.others()[0],
            record);
      }
      if (place >= 0) {
        boolean isTime = column.field().type() == Field.Type.TIME;
        boolean isEventTime = isTime && place == timePlace && column.times() == times;
        if (isEventTime) {
          first = epochMillis;
        } else if (!read(column, place, other)) {
          return rejected(
              isTime ? RejectionReason.UNREADABLE_TIME : RejectionReason.UNREADABLE_VALUE,
              place,
              record);
        }
        if (otherValues != null && column.isRequested() && !isUnknownPosition(column)) {
          set(otherValues, column.field());
        }
      }
    }
    return null;
  }

  /** Returns whether the last value is the position that portals write for an unknown one. */
  private boolean isUnknownPosition(Column column) {
    return column.field().type() == Field.Type.POSITION
        && Double.longBitsToDouble(first) == 0
        && Double.longBitsToDouble(second) == 0;
  }

  private void set(long[] otherValues, Field<?> field) {
    if (field.type() == Field.Type.POSITION) {
      slots.setPosition(otherValues, field, first, second);
    } else {
      slots.setValue(otherValues, field, first);
    }
  }

  /** Reads the value at a place. Returns false if it is not of the type of the field. */
  private boolean read(Column column, int place, int other) {
    int start = starts[place];
    int end = ends[place];
    boolean isRead =
        switch (column.field().type()) {
          case TEXT -> throw new AssertionError(column);
          case TIME -> isTime(column, place);
          case NUMBER, DECIMAL -> numbers.read(values, start, end, column.field().scale());
          case REAL -> numbers.readReal(values, start, end);
          case FLAG -> readFlag(place);
          case POSITION -> other < 0 ? readPoint(place) : readDegrees(start, end, other);
        };
    switch (column.field().type()) {
      case TIME -> first = column.times().epochMillis();
      case NUMBER, DECIMAL, REAL -> first = numbers.value();
      default -> {}
    }
    return isRead;
  }

  private boolean isTime(Column column, int place) {
    return column.times().read(values, starts[place], ends[place]);
  }

  private boolean readFlag(int place) {
    int start = starts[place];
    int length = ends[place] - start;
    if (length == 1 && (values[start] == 'Y' || values[start] == 'N')) {
      first = values[start] == 'Y' ? 1 : 0;
      return true;
    }
    if (length == FALSE.length && Arrays.equals(values, start, start + length, FALSE, 0, length)) {
      first = 0;
      return true;
    }
    switch (string(place, false).strip().toLowerCase(Locale.ROOT)) {
      case "true", "yes", "y", "t", "1" -> first = 1;
      case "false", "no", "n", "f", "0" -> first = 0;
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean readDegrees(int start, int end, int other) {
    if (!numbers.readReal(values, start, end)) {
      return false;
    }
    first = numbers.value();
    return numbers.readReal(values, starts[other], ends[other]) && isPosition(numbers.value());
  }

  private boolean readPoint(int place) {
    Matcher point = POINT.matcher(string(place, true));
    if (!point.matches()) {
      return false;
    }
    byte[] longitude = point.group(1).getBytes(UTF_8);
    byte[] latitude = point.group(2).getBytes(UTF_8);
    if (!numbers.readReal(latitude, 0, latitude.length)) {
      return false;
    }
    first = numbers.value();
    return numbers.readReal(longitude, 0, longitude.length) && isPosition(numbers.value());
  }

  private boolean isPosition(long longitude) {
    second = longitude;
    return Position.isValid(Double.longBitsToDouble(first), Double.longBitsToDouble(second));
  }

  private ParseResult.Rejected rejected(RejectionReason reason, int place, byte[] record) {
    return new ParseResult.Rejected(reason, paths.get(place), record);
  }

  /** Returns the first of the places with a value that is not blank or absent, or -1. */
  private int placeOf(int[] places) {
    for (int place : places) {
      if (starts[place] >= 0 && !isBlank(place) && !isAbsent(place)) {
        return place;
      }
    }
    return -1;
  }

  private boolean isAbsent(int place) {
    String decodedText = isPlain ? null : decoded[place];
    if (decodedText != null) {
      return absentTexts.contains(decodedText);
    }
    for (byte[] text : absent) {
      if (Arrays.equals(values, starts[place], ends[place], text, 0, text.length)) {
        return true;
      }
    }
    return false;
  }

  private boolean isBlank(int place) {
    String text = isPlain ? null : decoded[place];
    if (text != null) {
      return text.isBlank();
    }
    // The same as String.isBlank(), because plain values have no control characters.
    for (int i = starts[place]; i < ends[place]; i++) {
      if (values[i] != ' ') {
        return false;
      }
    }
    return true;
  }

  private String string(int place, boolean unique) {
    String text = isPlain ? null : decoded[place];
    if (text != null) {
      return text;
    }
    int start = starts[place];
    return unique
        ? new String(values, start, ends[place] - start, ISO_8859_1)
        : dictionary.text(values, start, ends[place]);
  }
}
