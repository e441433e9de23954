package io.callstream.kafka.source;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/*
 * Reads the elements of a JSON array in UTF-8, or a sequence of JSON objects. This class reads the
 * bytes between the elements. PlainObject copies plain objects. A separate Jackson parser reads every
 * other element token by token, so that no element becomes a tree. That parser sees the stream from
 * the element on, after a bracket, as if the array started there. The bytes that it has read after the
 * end of the element are read again.
 */
final class JsonRecords extends ReadRecords {
  /**
   * The number of bytes that Jackson gets at once: about as many as it needs, because the rest is
   * read again.
   */
  private static final int PORTION = 1 << 10;

  /** Four bytes, from which Jackson detects UTF-8 instead of UTF-16. */
  private static final byte[] ARRAY_START = {'[', ' ', ' ', ' '};

  private static final String NOT_JSON = "this is not JSON";
  private static final String BREAKS_OFF = "the text is truncated: it ends before its JSON does";

  static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              // These limits bound memory. The reader of a record decides whether it can be a call.
              StreamReadConstraints.builder()
                  .maxNestingDepth(CompactJson.MAX_DEPTH)
                  .maxNumberLength(CompactJson.MAX_BYTES)
                  .maxStringLength(CompactJson.MAX_BYTES)
                  .build())
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  private final PeekableInput in;
  private final PlainObject plain = new PlainObject();
  private final CompactJson compact = new CompactJson();
  private final boolean mustBeArray;
  private boolean started;
  private boolean isArray;

  /**
   * Whether Jackson reached the end of the stream. Jackson also throws {@link JsonEOFException} for
   * a name that is not UTF-8.
   */
  private boolean metEnd;

  private long failedAt = -1;

  JsonRecords(String source, PeekableInput in) {
    this(source, in, false);
  }

  private JsonRecords(String source, PeekableInput in, boolean mustBeArray) {
    super(source, in);
    this.in = in;
    this.mustBeArray = mustBeArray;
  }

  /** Returns the elements of a JSON array. Reading fails if the text is not an array. */
  static JsonRecords ofArray(String source, PeekableInput in) {
    return new JsonRecords(source, in, true);
  }

  @Override
  byte @Nullable [] read() throws IOException {
    int next = started ? nextByte() : start();
    if (!isArray) {
      return next < 0 ? null : readOneOfSequence(next);
    }
    if (next == ']') {
      return end();
    }
    if (started) {
      if (next != ',') {
        throw new IOException(next < 0 ? BREAKS_OFF : NOT_JSON);
      }
      in.start++;
      next = nextByte();
    }
    started = true;
    return next == '{' ? readObject() : readFully();
  }

  private byte[] readOneOfSequence(int next) throws IOException {
    started = true;
    if (next != '{') {
      throw new IOException(NOT_JSON);
    }
    return readObject();
  }

  /** Advances to the first byte inside the array, or to the first object. */
  private int start() throws IOException {
    int next = nextByte();
    if (next == '{' && !mustBeArray) {
      return next;
    }
    if (next != '[') {
      throw new IOException(
          next < 0
              ? "it is empty, and a JSON array or object is expected"
              : "a JSON array or object is expected, which starts with '[' or '{'");
    }
    isArray = true;
    in.start++;
    return nextByte();
  }

  private byte @Nullable [] end() throws IOException {
    in.start++;
    if (nextByte() >= 0) {
      throw new IOException("there is more after the end of the array");
    }
    return null;
  }

  /** Returns the next byte that is not white space, without reading it; -1 at the end. */
  private int nextByte() throws IOException {
    do {
      in.start = PlainObject.skipSpace(in.bytes, in.start, in.end);
    } while (in.start == in.end && in.fill());
    return in.start < in.end ? in.bytes[in.start] & 0xff : -1;
  }

  private byte[] readObject() throws IOException {
    int end = plain.copy(in.bytes, in.start, in.end);
    while (end == PlainObject.INCOMPLETE
        && in.end - in.start < PeekableInput.LOOK_AHEAD
        && in.fill()) {
      end = plain.copy(in.bytes, in.start, in.end);
    }
    if (end < 0) {
      return readFully();
    }
    in.start = end;
    return plain.bytes();
  }

  private byte[] readFully() throws IOException {
    long from = in.position();
    try (JsonParser json = JSON.createParser(new FromHere())) {
      try {
        json.nextToken();
        if (json.nextToken() == JsonToken.END_ARRAY) {
          throw new IOException(NOT_JSON);
        }
        byte[] record = compact.copyOf(json);
        // The bytes that Jackson has not used are the last ones that it read. They are still before
        // the start of the bytes ahead.
        in.start -= json.releaseBuffered(OutputStream.nullOutputStream());
        return record;
      } catch (IOException e) {
        failedAt = from + Math.max(0, json.currentLocation().getByteOffset() - ARRAY_START.length);
        throw e;
      }
    }
  }

  /**
   * The stream from the current position as an array. Fails if one element has too many bytes.
   * Jackson itself does not limit the length of a name.
   */
  private final class FromHere extends InputStream {
    private long read;

    @Override
    public int read() {
      throw new UnsupportedOperationException("Jackson reads many bytes at once");
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      if (read == 0) {
        System.arraycopy(ARRAY_START, 0, b, off, ARRAY_START.length);
        read = ARRAY_START.length;
        return ARRAY_START.length;
      }
      if (read > CompactJson.MAX_BYTES) {
        throw new RecordLimitException();
      }
      if (in.start == in.end && !in.fill()) {
        metEnd = true;
        return -1;
      }
      int count = upToNoUtf8(Math.min(Math.min(len, PORTION), in.end - in.start));
      System.arraycopy(in.bytes, in.start, b, off, count);
      in.start += count;
      read += count;
      return count;
    }

    /**
     * Returns the number of bytes before the first byte 0xff, which UTF-8 does not contain. Jackson
     * may overlook this byte in a name and confuse the name with another, because Jackson pads the
     * last four bytes of names with it.
     */
    private int upToNoUtf8(int count) throws IOException {
      int i = 0;
      while (i < count && in.bytes[in.start + i] != (byte) 0xff) {
        i++;
      }
      if (i == 0) {
        throw new IOException("the text is not UTF-8");
      }
      return i;
    }
  }

  @Override
  String place() {
    return in.place(failedAt >= 0 ? failedAt : in.position());
  }

  @Override
  String reason(IOException e) {
    if (e instanceof JsonEOFException && metEnd) {
      return BREAKS_OFF;
    }
    if (e instanceof StreamConstraintsException) {
      return RecordLimitException.MESSAGE;
    }
    // Jackson's message would quote the content.
    return e instanceof JsonProcessingException ? NOT_JSON : super.reason(e);
  }
}
