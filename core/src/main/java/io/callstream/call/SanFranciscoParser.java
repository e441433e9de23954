package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import io.callstream.call.SanFranciscoCalls.NamedField;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * Two ways to the same verdict. Nearly every record is one flat object of plain ASCII strings and
 * perhaps a number: the plain path finds the fourteen values in one walk over the bytes and makes a
 * String only of those that were asked for, from a dictionary, so that most records cost no
 * allocation beyond the Call. Records of one source look alike: what stands between two values, such
 * as ,"address": with its punctuation, is compared as a whole with what stood there before, and
 * looked at only where it differs. What it does not know at a glance (an escape, a byte above 0x7f,
 * an exponent, nesting, a syntax error) it leaves to Jackson, which reads the record from its start
 * and so decides alone what is JSON. The tests hold the two against each other.
 */
final class SanFranciscoParser implements CallParser {
  private static final NamedField[] FIELDS = SanFranciscoCalls.FIELDS.toArray(new NamedField[0]);
  private static final byte[][] NAMES =
      SanFranciscoCalls.FIELDS.stream().map(f -> f.name().getBytes(UTF_8)).toArray(byte[][]::new);
  private static final int REQUIRED =
      (int) SanFranciscoCalls.FIELDS.stream().filter(NamedField::required).count();
  private static final int CALL_FIELDS = CallField.values().length;

  /** In the place of a field: one that no call has, and the start of the record. */
  private static final int UNKNOWN = FIELDS.length;

  private static final int NONE = FIELDS.length + 1;

  /** In the place of the start of a value: that there is none, or that the record is not plain. */
  private static final int END = -1;

  private static final int NOT_PLAIN = -2;

  private static final byte[] NO_BRIDGE = {};
  private static final int MAX_BRIDGE = 256;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(SanFranciscoCalls.MAX_DEPTH)
                  .maxNumberLength(SanFranciscoCalls.MAX_BYTES)
                  .maxStringLength(SanFranciscoCalls.MAX_BYTES)
                  .build())
          // Records may be made so that their names collide in Jackson's table, and fill it up.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private final EventTimeReader times;
  private final TextDictionary dictionary = new TextDictionary();

  /** The fields to build, by their places in {@link #FIELDS}, the event time left out. */
  private final int[] wanted;

  /** Where the values of the record at hand start and end; the start is -1 where there is none. */
  private final int[] starts = new int[FIELDS.length + 1];

  private final int[] ends = new int[FIELDS.length + 1];

  /** The field that followed each field in the last record that had it. */
  private final int[] successors = new int[FIELDS.length + 2];

  /** The bytes from the end of each field's value to the start of its successor's. */
  private final byte[][] bridges = new byte[FIELDS.length + 2][];

  SanFranciscoParser(ZoneId zone, Set<CallField> fields) {
    times = new EventTimeReader(zone);
    Arrays.fill(bridges, NO_BRIDGE);
    List<NamedField> all = SanFranciscoCalls.FIELDS;
    wanted =
        all.stream()
            .filter(f -> f.field() != CallField.TIME && fields.contains(f.field()))
            .mapToInt(all::indexOf)
            .toArray();
  }

  @Override
  public ParseResult parse(byte[] value) {
    if (value.length > SanFranciscoCalls.MAX_BYTES) {
      return new ParseResult.Rejected(RejectionReason.TOO_LARGE, null, value);
    }
    return findPlainValues(value) ? callOfPlainValues(value) : parseFully(value);
  }

  @Override
  public byte @Nullable [] id(byte[] value) {
    if (value.length > SanFranciscoCalls.MAX_BYTES) {
      return null;
    }
    int id = SanFranciscoCalls.ID_INDEX;
    if (findPlainValues(value)) {
      return starts[id] < 0 || isBlank(value, starts[id], ends[id])
          ? null
          : Arrays.copyOfRange(value, starts[id], ends[id]);
    }
    @Nullable String[] values = new @Nullable String[FIELDS.length];
    boolean isObject = readFully(value, values, new boolean[FIELDS.length]) == null;
    String text = values[id];
    return !isObject || text == null || text.isBlank() ? null : text.getBytes(UTF_8);
  }

  // ---- the plain path

  /** Finds all values, or returns false for a record that is not plain. */
  private boolean findPlainValues(byte[] b) {
    Arrays.fill(starts, -1);
    int from = 0;
    int last = NONE;
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
        ends[last] = PlainText.end(b, start + 1);
        from = ends[last] + 1;
      } else {
        starts[last] = b[start] == 'n' ? -1 : start;
        ends[last] = PlainText.scalarEnd(b, start);
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
   * Walks from behind a value, or the start of the record, to the start of the next value, and
   * takes down what it met.
   *
   * @param from the index behind the value and its quote, or 0
   * @param last the field of the value, or {@link #NONE}
   * @return where the next value starts, with its quote if it has one, {@link #END}, or {@link
   *     #NOT_PLAIN}
   */
  private int crossSlowly(byte[] b, int from, int last) {
    int i = skipSpace(b, from);
    if (last != NONE && i < b.length && b[i] == '}') {
      return skipSpace(b, i + 1) == b.length ? END : NOT_PLAIN;
    }
    if (i == b.length || b[i] != (last == NONE ? '{' : ',')) {
      return NOT_PLAIN;
    }
    i = skipSpace(b, i + 1);
    if (i == b.length || b[i] != '"') {
      return NOT_PLAIN;
    }
    int nameStart = i + 1;
    int nameEnd = PlainText.end(b, nameStart);
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

  private static int fieldNamed(byte[] b, int start, int end) {
    for (int f = 0; f < NAMES.length; f++) {
      if (Arrays.equals(b, start, end, NAMES[f], 0, NAMES[f].length)) {
        return f;
      }
    }
    return UNKNOWN;
  }

  private ParseResult callOfPlainValues(byte[] b) {
    for (int f = 0; f < REQUIRED; f++) {
      if (starts[f] < 0) {
        return new ParseResult.Rejected(RejectionReason.MISSING_FIELD, FIELDS[f].name(), b);
      }
      if (isBlank(b, starts[f], ends[f])) {
        return new ParseResult.Rejected(RejectionReason.BLANK_FIELD, FIELDS[f].name(), b);
      }
    }
    int time = SanFranciscoCalls.TIME_INDEX;
    if (!times.read(b, starts[time], ends[time])) {
      return new ParseResult.Rejected(RejectionReason.UNREADABLE_TIME, FIELDS[time].name(), b);
    }
    @Nullable String[] texts = new @Nullable String[CALL_FIELDS];
    for (int f : wanted) {
      if (starts[f] >= 0 && !isBlank(b, starts[f], ends[f])) {
        texts[FIELDS[f].field().ordinal()] =
            FIELDS[f].field() == CallField.ID
                ? new String(b, starts[f], ends[f] - starts[f], ISO_8859_1)
                : dictionary.text(b, starts[f], ends[f]);
      }
    }
    return new ParseResult.Parsed(new Call(times.epochMillis(), times.ambiguous(), texts, null));
  }

  /** Knows blank ASCII as {@link String#isBlank()} does. A plain value has no control character. */
  private static boolean isBlank(byte[] b, int start, int end) {
    for (int i = start; i < end; i++) {
      if (b[i] != ' ') {
        return false;
      }
    }
    return true;
  }

  // ---- the full path

  private ParseResult parseFully(byte[] b) {
    @Nullable String[] values = new @Nullable String[FIELDS.length];
    boolean[] nested = new boolean[FIELDS.length];
    RejectionReason reason = readFully(b, values, nested);
    return reason == null ? callOf(values, nested, b) : new ParseResult.Rejected(reason, null, b);
  }

  /** Reads the values of an object, or returns why the record is none. */
  private static @Nullable RejectionReason readFully(
      byte[] b, @Nullable String[] values, boolean[] nested) {
    if (skipSpace(b, 0) == b.length) {
      return RejectionReason.EMPTY;
    }
    boolean object;
    try (JsonParser json = JSON.createParser(decoded(b))) {
      JsonToken first = json.nextToken();
      object = first == JsonToken.START_OBJECT;
      if (object) {
        readObject(json, values, nested);
      } else {
        json.skipChildren();
      }
      if (first == null || json.nextToken() != null) {
        return RejectionReason.NOT_JSON;
      }
    } catch (StreamConstraintsException e) {
      return RejectionReason.TOO_DEEP;
    } catch (IOException e) {
      return RejectionReason.NOT_JSON;
    }
    return object ? null : RejectionReason.NOT_AN_OBJECT;
  }

  /** Returns UTF-8 as text, without the byte order mark that it may have. */
  private static String decoded(byte[] b) throws CharacterCodingException {
    String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(b)).toString();
    return upToFalseEscape(text.startsWith("\ufeff") ? text.substring(1) : text);
  }

  /**
   * Cuts a text off within the first escape whose digits are not all ASCII, so that it is no JSON
   * from there on: Jackson takes any character for a digit whose lower byte is one.
   */
  private static String upToFalseEscape(String text) {
    for (int i = text.indexOf('\\'); i >= 0; i = text.indexOf('\\', i + 2)) {
      int end = Math.min(text.length(), i + 6);
      for (int j = i + 1; j < end && (j > i + 1 || text.charAt(j) == 'u'); j++) {
        if (text.charAt(j) > 0x7f) {
          return text.substring(0, i + 1);
        }
      }
    }
    return text;
  }

  /** Half of a surrogate pair, which an escape can spell, has no UTF-8: it becomes a '?'. */
  private static String wellFormed(String text) {
    return new String(text.getBytes(UTF_8), UTF_8);
  }

  private static void readObject(JsonParser json, @Nullable String[] values, boolean[] nested)
      throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      int field = fieldNamed(json.currentName());
      JsonToken token = json.nextToken();
      if (field >= 0) {
        nested[field] = token.isStructStart();
        values[field] =
            token.isStructStart() || token == JsonToken.VALUE_NULL
                ? null
                : wellFormed(json.getText());
      }
      json.skipChildren();
    }
  }

  private static int fieldNamed(String name) {
    for (int f = 0; f < FIELDS.length; f++) {
      if (FIELDS[f].name().equals(name)) {
        return f;
      }
    }
    return -1;
  }

  private ParseResult callOf(@Nullable String[] values, boolean[] nested, byte[] b) {
    for (int f = 0; f < FIELDS.length; f++) {
      if (nested[f]) {
        return new ParseResult.Rejected(RejectionReason.NOT_TEXT, FIELDS[f].name(), b);
      }
    }
    for (int f = 0; f < REQUIRED; f++) {
      String value = values[f];
      if (value == null) {
        return new ParseResult.Rejected(RejectionReason.MISSING_FIELD, FIELDS[f].name(), b);
      }
      if (value.isBlank()) {
        return new ParseResult.Rejected(RejectionReason.BLANK_FIELD, FIELDS[f].name(), b);
      }
    }
    String time = values[SanFranciscoCalls.TIME_INDEX];
    byte[] timeBytes = time == null ? new byte[0] : time.getBytes(UTF_8);
    if (!times.read(timeBytes, 0, timeBytes.length)) {
      return new ParseResult.Rejected(
          RejectionReason.UNREADABLE_TIME, FIELDS[SanFranciscoCalls.TIME_INDEX].name(), b);
    }
    @Nullable String[] texts = new @Nullable String[CALL_FIELDS];
    for (int f : wanted) {
      String value = values[f];
      if (value != null && !value.isBlank()) {
        texts[FIELDS[f].field().ordinal()] = value;
      }
    }
    return new ParseResult.Parsed(new Call(times.epochMillis(), times.ambiguous(), texts, null));
  }
}
