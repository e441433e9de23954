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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/*
 * Finds the values of a record on one of two paths, and makes a call of them. Nearly every record is plain, so PlainJson
 * finds its values where they are, and most records allocate nothing except the Call. For any other record,
 * JsonObjectReader alone decides whether it is valid JSON, and this class gets copies of the values. Tests compare both
 * paths.
 */
final class JsonCallParser implements CallParser {
  private static final byte[] NOTHING = {};

  private final EventTimeReader times;
  private final PlainJson plain;
  private final JsonObjectReader reader;
  private final TextDictionary dictionary = new TextDictionary();

  /** The fields of the format by index, followed by values derived from them. */
  private final Named[] fields;

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

  /** The starts and ends of the current record's values, which {@link PlainJson} defines. */
  private final int[] starts;

  private final int[] ends;

  /** Which fields of a record that is not plain hold an object or an array. */
  private final boolean[] nested;

  /** The bytes of the values: the current record, or a copy of its values. */
  private byte[] values = NOTHING;

  private boolean isPlain;
  private long epochMillis;
  private boolean ambiguous;

  JsonCallParser(JsonFields format, ZoneId zone, Set<Field<?>> asked) {
    times = format.times(zone);
    fields = format.all().toArray(new Named[0]);
    JsonPaths paths = JsonPaths.of(format.all().stream().map(Named::name).toList());
    plain = new PlainJson(paths, fields.length);
    reader = new JsonObjectReader(paths);
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
    starts = plain.starts;
    ends = plain.ends;
    nested = new boolean[fields.length];
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
    isPlain = plain.find(record);
    if (isPlain) {
      values = record;
      return null;
    }
    return findFully(record);
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
      all.writeBytes(text == null ? NOTHING : text.getBytes(UTF_8));
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
