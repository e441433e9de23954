package io.callstream.kafka.source;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The elements of a JSON array in UTF-8, or of a sequence of JSON objects. Jackson reads each
 * element that is not a {@link PlainObject}, token by token.
 */
final class JsonRecords extends ReadRecords {
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

  private long failedAt;

  /** The position up to which no byte is 0xff or zero. */
  private long utf8To;

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
    int next = nextByte();
    if (!started) {
      started = true;
      isArray = next == '[';
      if (!isArray && (next != '{' || mustBeArray)) {
        throw new IOException(
            next < 0
                ? "it is empty, and a JSON array or object is expected"
                : "a JSON array or object is expected, which starts with '[' or '{'");
      }
      if (isArray) {
        in.start++;
        next = nextByte();
        if (next == ']') {
          return end();
        }
      }
    } else if (isArray) {
      if (next == ']') {
        return end();
      }
      if (next != ',') {
        throw new IOException(next < 0 ? BREAKS_OFF : NOT_JSON);
      }
      in.start++;
      next = nextByte();
    } else if (next < 0) {
      return null;
    }
    if (!isArray && next != '{') {
      throw new IOException(NOT_JSON);
    }
    return next == '{' && isPlain() ? plain.bytes() : readFully();
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
      in.start = PlainObject.skipSpace(in.bytes, in.start);
    } while (in.start == in.end && in.fill());
    return in.start < in.end ? in.bytes[in.start] & 0xff : -1;
  }

  /** Reads the object if it is plain. */
  private boolean isPlain() throws IOException {
    boolean copied = plain.copy(in.bytes, in.start);
    while (!copied
        && plain.end() == in.end
        && in.end - in.start < PeekableInput.LOOK_AHEAD
        && in.fill()) {
      copied = plain.copy(in.bytes, in.start);
    }
    in.start = copied ? plain.end() : in.start;
    return copied;
  }

  private byte[] readFully() throws IOException {
    boolean hasMore = in.start < in.end && "{[\"".indexOf(in.bytes[in.start]) >= 0;
    while (hasMore && in.end - in.start < PeekableInput.LOOK_AHEAD) {
      int ahead = utf8Ahead();
      try {
        return parsed(ahead);
      } catch (JsonProcessingException e) {
        hasMore = in.start + ahead == in.end && in.fill();
      }
    }
    // Jackson does not find the end of a number before a comma.
    int length = length();
    try {
      return parsed(length);
    } catch (JsonEOFException e) {
      // Jackson also throws this exception for a name that is not UTF-8.
      throw in.start + length == in.end && failedAt >= length ? new IOException(BREAKS_OFF, e) : e;
    }
  }

  /** Reads an element that ends within this number of bytes. */
  private byte[] parsed(int length) throws IOException {
    try (JsonParser json = JSON.createParser(in.bytes, in.start, length)) {
      try {
        if (json.nextToken() == null) {
          throw new IOException(in.start == in.end ? BREAKS_OFF : NOT_JSON);
        }
        byte[] record = compact.copyOf(json);
        in.start += (int) json.currentLocation().getByteOffset();
        return record;
      } catch (IOException e) {
        failedAt = Math.max(0, json.currentLocation().getByteOffset());
        throw e;
      }
    }
  }

  /**
   * Returns the number of bytes ahead before a byte that Jackson must not see: 0xff, because
   * Jackson confuses a name that contains it with another, and zero, because Jackson would read
   * UTF-16.
   */
  private int utf8Ahead() {
    byte[] b = in.bytes;
    int i = in.start + (int) Math.max(0, utf8To - in.position());
    while (i < in.end && b[i] != 0 && b[i] != (byte) 0xff) {
      i++;
    }
    utf8To = in.position() + i - in.start;
    return i - in.start;
  }

  /**
   * Returns the number of bytes up to the end of the current element, as its brackets and quotes
   * show it.
   */
  private int length() throws IOException {
    int depth = 0;
    boolean quoted = false;
    for (int i = 0; in.start + i < in.end || in.fill(); i++) {
      byte b = in.bytes[in.start + i];
      // Jackson would skip a byte order mark. For the others see utf8Ahead().
      if (b == 0 || b == (byte) 0xff || (i == 0 && b < 0)) {
        failedAt = i;
        throw new IOException(b == 0 ? NOT_JSON : "the text is not UTF-8");
      }
      if (quoted) {
        quoted = b != '"';
        i += b == '\\' && (in.start + i + 1 < in.end || in.fill()) ? 1 : 0;
      } else {
        switch (b) {
          case '"' -> quoted = true;
          case '{', '[' -> depth++;
          case '}', ']' -> depth--;
          case ',', ' ', '\n', '\r', '\t' -> {
            if (depth == 0) {
              return i;
            }
          }
          default -> {
            // The bytes between brackets and quotes.
          }
        }
        if (depth < 0) {
          return i;
        }
      }
      if (depth == 0 && !quoted && (b == '"' || b == '}' || b == ']')) {
        return i + 1;
      }
    }
    return in.end - in.start;
  }

  @Override
  String place() {
    return in.place(in.position() + failedAt);
  }

  @Override
  String reason(IOException e) {
    if (e instanceof StreamConstraintsException) {
      return RecordLimitException.MESSAGE;
    }
    // Jackson's message would quote the content.
    return e instanceof JsonProcessingException ? NOT_JSON : super.reason(e);
  }
}
