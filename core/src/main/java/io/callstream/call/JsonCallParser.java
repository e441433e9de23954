package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.JsonFields.Named;
import java.io.ByteArrayOutputStream;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/*
 * Uses one of two paths, which always give the same result. Nearly every record is one flat object
 * of plain ASCII strings and possibly a number. The plain path finds the values of the format's
 * fields in one pass over the bytes. It creates strings only for the requested fields, and takes
 * them from a dictionary, so most records allocate nothing except the Call. Records of one source
 * look alike. The parser therefore remembers the bytes between two values, such as ,"address":
 * with its punctuation, and compares them as a whole. It scans these bytes only if they differ.
 *
 * The plain path gives up on an escape, a byte above 0x7f, an exponent, nesting or a syntax error.
 * JsonObjectReader then reads the record from its start and alone decides whether it is valid
 * JSON. Tests
 * compare both paths.
 */
final class JsonCallParser implements CallParser {
  /** Returned instead of the start of a value: the record has ended. */
  private static final int END = -1;

  /** Returned instead of the start of a value: the record is not plain. */
  private static final int NOT_PLAIN = -2;

  private static final byte[] NO_BRIDGE = {};
  private static final int MAX_BRIDGE = 256;

  private final EventTimeReader times;
  private final JsonObjectReader reader;
  private final TextDictionary dictionary = new TextDictionary();

  /** The fields of the format by index, followed by values derived from them. */
  private final Named[] fields;

  private final byte[][] names;
  private final int[] required;
  private final int[] alternatives;
  private final int idPlace;
  private final int typePlace;
  private final int timePlace;

  /** The indices of the times other than the event time, all of which must be readable. */
  private final int[] otherTimes;

  /** The indices of the requested texts, and their slots. */
  private final int[] wanted;

  private final int[] wantedSlots;

  private final FieldSlots slots;
  private final String[] noTexts;
  private final long @Nullable [] noValues;

  private final Field<?>[] sameAsTime;

  /** The index of a field that is not part of the format. */
  private final int unknown;

  /** The index for the start of the record, in {@link #successors} and {@link #bridges}. */
  private final int none;

  /**
   * The start and end of each value of the current record, as {@code [start, end)}. The start is -1
   * if the record does not have the field.
   */
  private final int[] starts;

  private final int[] ends;

  /** Which fields of a record that is not plain hold an object or an array. */
  private final boolean[] nested;

  /** The bytes of the values: the current record, or a copy of its values. */
  private byte[] values = NO_BRIDGE;

  private boolean isPlain;
  private long epochMillis;
  private boolean ambiguous;

  /** The field that followed each field in the last record with that field. */
  private final int[] successors;

  /** The bytes from the end of each field's value to the start of its successor's. */
  private final byte[][] bridges;

  JsonCallParser(JsonFields format, ZoneId zone, Set<Field<?>> asked) {
    times = format.times(zone);
    fields = format.all().toArray(new Named[0]);
    reader = new JsonObjectReader(fields);
    names = format.names();
    required = format.required();
    alternatives = format.alternatives();
    idPlace = format.placeOf(Fields.ID);
    typePlace = format.placeOf(Fields.TYPE);
    timePlace = format.placeOf(Fields.TIME);
    otherTimes = format.times();
    slots = new FieldSlots(asked, false);
    wanted = format.texts(asked);
    wantedSlots = IntStream.of(wanted).map(f -> slots.slot(fields[f].field())).toArray();
    noTexts = slots.noTexts();
    noValues = slots.noValues();
    sameAsTime = format.sameAsTime().stream().filter(asked::contains).toArray(Field<?>[]::new);
    unknown = fields.length;
    none = fields.length + 1;
    starts = new int[fields.length + 1];
    ends = new int[fields.length + 1];
    nested = new boolean[fields.length];
    successors = new int[fields.length + 2];
    bridges = new byte[fields.length + 2][];
    Arrays.fill(bridges, NO_BRIDGE);
  }

  @Override
  public ParseResult parse(byte[] value) {
    RejectionReason reason = find(value);
    return reason == null ? call(value) : new ParseResult.Rejected(reason, null, value);
  }

  @Override
  public byte @Nullable [] id(byte[] value) {
    return find(value) == null ? text(placeOfText(idPlace)) : null;
  }

  @Override
  public byte @Nullable [] idOfCall(byte[] value) {
    return find(value) == null && check(value, null) == null ? text(placeOfText(idPlace)) : null;
  }

  private byte @Nullable [] text(int place) {
    return place < 0 ? null : Arrays.copyOfRange(values, starts[place], ends[place]);
  }

  @Override
  public byte @Nullable [] idOfCall(Function<String, byte @Nullable []> texts) {
    byte[] id = textOf(texts, idPlace);
    byte[] time = textOf(texts, timePlace);
    if (id == null || time == null || !times.read(time, 0, time.length)) {
      return null;
    }
    for (int f : required) {
      if (f != idPlace && f != timePlace && textOf(texts, f) == null) {
        return null;
      }
    }
    for (int f : otherTimes) {
      byte[] other = texts.apply(fields[f].name());
      if (other != null
          && !isBlank(other, 0, other.length)
          && !times.read(other, 0, other.length)) {
        return null;
      }
    }
    return id;
  }

  private byte @Nullable [] textOf(Function<String, byte @Nullable []> texts, int first) {
    for (int f = first; f >= 0; f = alternatives[f]) {
      byte[] text = texts.apply(fields[f].name());
      if (text != null && !isBlank(text, 0, text.length)) {
        return text;
      }
    }
    return null;
  }

  @Override
  public Set<Field<?>> unreadable(byte[] value) {
    Set<Field<?>> unreadable = new HashSet<>(List.of(Fields.ID, Fields.TYPE, Fields.TIME));
    if (find(value) != null) {
      return unreadable;
    }
    if (placeOfText(idPlace) >= 0) {
      unreadable.remove(Fields.ID);
    }
    if (placeOfText(typePlace) >= 0) {
      unreadable.remove(Fields.TYPE);
    }
    if (isTime(timePlace)) {
      unreadable.remove(Fields.TIME);
    }
    return unreadable;
  }

  /**
   * Finds the values of all fields, in {@link #values} from {@link #starts} to {@link #ends}.
   *
   * @return the reason if the record is not a JSON object, otherwise null
   */
  private @Nullable RejectionReason find(byte[] record) {
    if (record.length > JsonObjectReader.MAX_BYTES) {
      return RejectionReason.TOO_LARGE;
    }
    isPlain = findPlainValues(record);
    if (isPlain) {
      values = record;
      return null;
    }
    return findFully(record);
  }

  // ---- the plain path: ASCII only, no Jackson

  /** Finds the values of all fields. Returns false if the record is not plain. */
  private boolean findPlainValues(byte[] b) {
    Arrays.fill(starts, -1);
    int from = 0;
    int last = none;
    while (true) {
      byte[] bridge = bridges[last];
      int start = from + bridge.length;
      if (bridge.length == 0 || start >= b.length || !isAt(bridge, b, from)) {
        start = crossSlowly(b, from, last);
        if (start < 0) {
          return start == END;
        }
      }
      last = successors[last];
      if (b[start] == '"') {
        starts[last] = start + 1;
        ends[last] = PlainStringScanner.end(b, start + 1);
        from = ends[last] + 1;
      } else {
        starts[last] = b[start] == 'n' ? -1 : start;
        ends[last] = PlainStringScanner.scalarEnd(b, start);
        from = ends[last];
      }
      if (ends[last] < 0) {
        return false;
      }
    }
  }

  private static boolean isAt(byte[] expected, byte[] b, int from) {
    return Arrays.equals(b, from, from + expected.length, expected, 0, expected.length);
  }

  /**
   * Scans from the end of a value, or from the start of the record, to the start of the next value.
   * Remembers the bytes and the field that it finds.
   *
   * @param from the index after the value and its closing quote, or 0
   * @param last the field of the previous value, or {@link #none}
   * @return the index at which the next value starts, including its quote, or {@link #END}, or
   *     {@link #NOT_PLAIN}
   */
  private int crossSlowly(byte[] b, int from, int last) {
    int i = skipSpace(b, from);
    if (last != none && i < b.length && b[i] == '}') {
      return skipSpace(b, i + 1) == b.length ? END : NOT_PLAIN;
    }
    if (i == b.length || b[i] != (last == none ? '{' : ',')) {
      return NOT_PLAIN;
    }
    i = skipSpace(b, i + 1);
    if (i == b.length || b[i] != '"') {
      return NOT_PLAIN;
    }
    int nameStart = i + 1;
    int nameEnd = PlainStringScanner.end(b, nameStart);
    if (nameEnd < 0) {
      return NOT_PLAIN;
    }
    i = skipSpace(b, nameEnd + 1);
    if (i == b.length || b[i] != ':') {
      return NOT_PLAIN;
    }
    i = skipSpace(b, i + 1);
    if (i == b.length) {
      return NOT_PLAIN;
    }
    successors[last] = fieldNamed(b, nameStart, nameEnd);
    bridges[last] = i - from > MAX_BRIDGE ? NO_BRIDGE : Arrays.copyOfRange(b, from, i);
    return i;
  }

  private static int skipSpace(byte[] b, int from) {
    int i = from;
    while (i < b.length && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t')) {
      i++;
    }
    return i;
  }

  private int fieldNamed(byte[] b, int start, int end) {
    for (int f = 0; f < names.length; f++) {
      if (Arrays.equals(b, start, end, names[f], 0, names[f].length)) {
        return f;
      }
    }
    return unknown;
  }

  // ---- the full path: Jackson

  private @Nullable RejectionReason findFully(byte[] record) {
    @Nullable String[] found = new @Nullable String[fields.length];
    Arrays.fill(nested, false);
    RejectionReason reason = reader.read(record, found, nested);
    if (reason != null) {
      return reason;
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream(record.length);
    for (int f = 0; f < fields.length; f++) {
      String text = found[f];
      starts[f] = text == null ? -1 : all.size();
      all.writeBytes(text == null ? NO_BRIDGE : text.getBytes(UTF_8));
      ends[f] = all.size();
    }
    values = all.toByteArray();
    return null;
  }

  // ---- both paths: from values to a call

  private ParseResult call(byte[] record) {
    long[] otherValues = noValues == null ? null : noValues.clone();
    ParseResult.Rejected rejected = check(record, otherValues);
    if (rejected != null) {
      return rejected;
    }
    String[] texts = noTexts.clone();
    for (int i = 0; i < wanted.length; i++) {
      int place = placeOfText(wanted[i]);
      if (place >= 0) {
        texts[wantedSlots[i]] = string(place, wanted[i] == idPlace);
      }
    }
    return new ParseResult.Parsed(new Call(epochMillis, ambiguous, slots, texts, otherValues));
  }

  /**
   * Returns the rejection of the record if a required value is missing or a value cannot be read,
   * otherwise null.
   *
   * @param otherValues receives the requested values that are not texts
   */
  private ParseResult.@Nullable Rejected check(byte[] record, long @Nullable [] otherValues) {
    for (int f = 0; !isPlain && f < fields.length; f++) {
      if (nested[f]) {
        return rejected(RejectionReason.NOT_TEXT, f, record);
      }
    }
    for (int f : required) {
      if (placeOfText(f) < 0) {
        return rejected(
            starts[f] < 0 ? RejectionReason.MISSING_FIELD : RejectionReason.BLANK_FIELD, f, record);
      }
    }
    if (!isTime(timePlace)) {
      return rejected(RejectionReason.UNREADABLE_TIME, timePlace, record);
    }
    epochMillis = times.epochMillis();
    ambiguous = times.ambiguous();
    for (int f : otherTimes) {
      if (starts[f] >= 0 && !isBlank(f)) {
        if (!isTime(f)) {
          return rejected(RejectionReason.UNREADABLE_TIME, f, record);
        }
        set(otherValues, fields[f].field(), times.epochMillis());
      }
    }
    for (Field<?> field : sameAsTime) {
      set(otherValues, field, epochMillis);
    }
    return null;
  }

  private void set(long @Nullable [] otherValues, Field<?> field, long value) {
    if (otherValues != null && slots.has(field)) {
      slots.setValue(otherValues, field, value);
    }
  }

  private boolean isTime(int place) {
    return starts[place] >= 0 && times.read(values, starts[place], ends[place]);
  }

  private ParseResult.Rejected rejected(RejectionReason reason, int place, byte[] record) {
    return new ParseResult.Rejected(reason, fields[place].name(), record);
  }

  /** Returns the index of the first name with text, starting at {@code first}, or -1. */
  private int placeOfText(int first) {
    int f = first;
    while (f >= 0 && (starts[f] < 0 || isBlank(f))) {
      f = alternatives[f];
    }
    return f;
  }

  private boolean isBlank(int place) {
    return isPlain ? isBlank(values, starts[place], ends[place]) : string(place, true).isBlank();
  }

  /**
   * Returns the same as {@link String#isBlank()}, because plain values have no control characters.
   */
  private static boolean isBlank(byte[] b, int start, int end) {
    for (int i = start; i < end; i++) {
      if (b[i] != ' ') {
        return false;
      }
    }
    return true;
  }

  private String string(int place, boolean unique) {
    int start = starts[place];
    return isPlain && !unique
        ? dictionary.text(values, start, ends[place])
        : new String(values, start, ends[place] - start, isPlain ? ISO_8859_1 : UTF_8);
  }
}
