package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.JsonFields.Named;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
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

  /**
   * The indices of the requested texts, followed by the texts of an empty call and the requested
   * times.
   */
  private final int[] wanted;

  private final @Nullable String[] noTexts;

  private final Set<CallField> wantedTimes;
  private final Set<CallField> sameAsTime;

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

  /** The field that followed each field in the last record with that field. */
  private final int[] successors;

  /** The bytes from the end of each field's value to the start of its successor's. */
  private final byte[][] bridges;

  JsonCallParser(JsonFields format, ZoneId zone, Set<CallField> asked) {
    times = format.times(zone);
    fields = format.all().toArray(new Named[0]);
    reader = new JsonObjectReader(fields);
    names = format.names();
    required = format.required();
    alternatives = format.alternatives();
    idPlace = format.placeOf(CallField.ID);
    typePlace = format.placeOf(CallField.CRIME_TYPE);
    timePlace = format.placeOf(CallField.TIME);
    otherTimes = format.times();
    wanted = format.texts(asked);
    noTexts = Call.noTexts(asked);
    wantedTimes = Set.copyOf(asked);
    sameAsTime =
        format.sameAsTime().stream()
            .filter(asked::contains)
            .collect(Collectors.toUnmodifiableSet());
    unknown = fields.length;
    none = fields.length + 1;
    starts = new int[fields.length + 1];
    ends = new int[fields.length + 1];
    successors = new int[fields.length + 2];
    bridges = new byte[fields.length + 2][];
    Arrays.fill(bridges, NO_BRIDGE);
  }

  @Override
  public ParseResult parse(byte[] value) {
    if (value.length > JsonObjectReader.MAX_BYTES) {
      return new ParseResult.Rejected(RejectionReason.TOO_LARGE, null, value);
    }
    return findPlainValues(value) ? callOfPlainValues(value) : parseFully(value);
  }

  @Override
  public byte @Nullable [] id(byte[] value) {
    if (value.length > JsonObjectReader.MAX_BYTES) {
      return null;
    }
    int id = idPlace;
    if (findPlainValues(value)) {
      return starts[id] < 0 || isBlank(value, starts[id], ends[id])
          ? null
          : Arrays.copyOfRange(value, starts[id], ends[id]);
    }
    @Nullable String[] values = new @Nullable String[fields.length];
    boolean isObject = reader.read(value, values, new boolean[fields.length]) == null;
    String text = values[id];
    return !isObject || text == null || text.isBlank() ? null : text.getBytes(UTF_8);
  }

  @Override
  public byte @Nullable [] idOfCall(byte[] value) {
    if (value.length > JsonObjectReader.MAX_BYTES) {
      return null;
    }
    if (findPlainValues(value)) {
      return isCallOfPlainValues(value)
          ? Arrays.copyOfRange(value, starts[idPlace], ends[idPlace])
          : null;
    }
    @Nullable String[] values = new @Nullable String[fields.length];
    boolean[] nested = new boolean[fields.length];
    String id =
        reader.read(value, values, nested) == null
                && callOf(values, nested, value) instanceof ParseResult.Parsed
            ? values[idPlace]
            : null;
    return id == null ? null : id.getBytes(UTF_8);
  }

  @Override
  public Set<CallField> unreadable(byte[] value) {
    Set<CallField> unreadable = EnumSet.of(CallField.ID, CallField.CRIME_TYPE, CallField.TIME);
    @Nullable String[] values = new @Nullable String[fields.length];
    if (value.length > JsonObjectReader.MAX_BYTES
        || reader.read(value, values, new boolean[fields.length]) != null) {
      return unreadable;
    }
    if (textOf(values, idPlace) != null) {
      unreadable.remove(CallField.ID);
    }
    if (textOf(values, typePlace) != null) {
      unreadable.remove(CallField.CRIME_TYPE);
    }
    if (isTime(values[timePlace])) {
      unreadable.remove(CallField.TIME);
    }
    return unreadable;
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

  private ParseResult callOfPlainValues(byte[] b) {
    for (int f : required) {
      if (placeOfText(b, f) < 0) {
        return rejected(
            starts[f] < 0 ? RejectionReason.MISSING_FIELD : RejectionReason.BLANK_FIELD, f, b);
      }
    }
    if (!times.read(b, starts[timePlace], ends[timePlace])) {
      return rejected(RejectionReason.UNREADABLE_TIME, timePlace, b);
    }
    long epochMillis = times.epochMillis();
    boolean ambiguous = times.ambiguous();
    Map<CallField, Instant> moments = timesAs(epochMillis);
    for (int f : otherTimes) {
      if (starts[f] >= 0 && !isBlank(b, starts[f], ends[f])) {
        if (!times.read(b, starts[f], ends[f])) {
          return rejected(RejectionReason.UNREADABLE_TIME, f, b);
        }
        moments = withTime(moments, f);
      }
    }
    @Nullable String[] texts = noTexts.clone();
    for (int f : wanted) {
      int place = placeOfText(b, f);
      if (place >= 0) {
        texts[fields[f].field().ordinal()] =
            f == idPlace
                ? new String(b, starts[place], ends[place] - starts[place], ISO_8859_1)
                : dictionary.text(b, starts[place], ends[place]);
      }
    }
    return new ParseResult.Parsed(new Call(epochMillis, ambiguous, texts, moments));
  }

  /** Returns whether {@link #callOfPlainValues} accepts the record, without building the call. */
  private boolean isCallOfPlainValues(byte[] b) {
    for (int f : required) {
      if (placeOfText(b, f) < 0) {
        return false;
      }
    }
    if (!times.read(b, starts[timePlace], ends[timePlace])) {
      return false;
    }
    for (int f : otherTimes) {
      if (starts[f] >= 0 && !isBlank(b, starts[f], ends[f]) && !times.read(b, starts[f], ends[f])) {
        return false;
      }
    }
    return true;
  }

  /** Returns the index of the first name with text, starting at {@code first}, or -1. */
  private int placeOfText(byte[] b, int first) {
    int f = first;
    while (f >= 0 && (starts[f] < 0 || isBlank(b, starts[f], ends[f]))) {
      f = alternatives[f];
    }
    return f;
  }

  private ParseResult.Rejected rejected(RejectionReason reason, int place, byte[] b) {
    return new ParseResult.Rejected(reason, fields[place].name(), b);
  }

  /**
   * Returns the requested times that are always equal to the event time, or null if there are none.
   */
  private @Nullable Map<CallField, Instant> timesAs(long epochMillis) {
    if (sameAsTime.isEmpty()) {
      return null;
    }
    Map<CallField, Instant> moments = new EnumMap<>(CallField.class);
    sameAsTime.forEach(field -> moments.put(field, Instant.ofEpochMilli(epochMillis)));
    return moments;
  }

  /** Adds the last time that the reader read, if the field is requested. */
  private @Nullable Map<CallField, Instant> withTime(
      @Nullable Map<CallField, Instant> moments, int place) {
    CallField field = fields[place].field();
    if (!wantedTimes.contains(field)) {
      return moments;
    }
    Map<CallField, Instant> more = moments == null ? new EnumMap<>(CallField.class) : moments;
    more.put(field, Instant.ofEpochMilli(times.epochMillis()));
    return more;
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

  // ---- the full path: Jackson

  private ParseResult parseFully(byte[] b) {
    @Nullable String[] values = new @Nullable String[fields.length];
    boolean[] nested = new boolean[fields.length];
    RejectionReason reason = reader.read(b, values, nested);
    return reason == null ? callOf(values, nested, b) : new ParseResult.Rejected(reason, null, b);
  }

  private ParseResult callOf(@Nullable String[] values, boolean[] nested, byte[] b) {
    for (int f = 0; f < fields.length; f++) {
      if (nested[f]) {
        return rejected(RejectionReason.NOT_TEXT, f, b);
      }
    }
    for (int f : required) {
      if (textOf(values, f) == null) {
        return rejected(
            values[f] == null ? RejectionReason.MISSING_FIELD : RejectionReason.BLANK_FIELD, f, b);
      }
    }
    if (!isTime(values[timePlace])) {
      return rejected(RejectionReason.UNREADABLE_TIME, timePlace, b);
    }
    long epochMillis = times.epochMillis();
    boolean ambiguous = times.ambiguous();
    Map<CallField, Instant> moments = timesAs(epochMillis);
    for (int f : otherTimes) {
      String value = values[f];
      if (value != null && !value.isBlank()) {
        if (!isTime(value)) {
          return rejected(RejectionReason.UNREADABLE_TIME, f, b);
        }
        moments = withTime(moments, f);
      }
    }
    @Nullable String[] texts = noTexts.clone();
    for (int f : wanted) {
      String text = textOf(values, f);
      texts[fields[f].field().ordinal()] = text == null ? "" : text;
    }
    return new ParseResult.Parsed(new Call(epochMillis, ambiguous, texts, moments));
  }

  private @Nullable String textOf(@Nullable String[] values, int first) {
    for (int f = first; f >= 0; f = alternatives[f]) {
      String value = values[f];
      if (value != null && !value.isBlank()) {
        return value;
      }
    }
    return null;
  }

  private boolean isTime(@Nullable String text) {
    byte[] bytes = text == null ? new byte[0] : text.getBytes(UTF_8);
    return times.read(bytes, 0, bytes.length);
  }
}
