package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import org.jspecify.annotations.Nullable;

/** Reads the fields of any JSON object with Jackson. Thread-safe. */
final class JsonObjectReader {
  /** The maximum size of a record in bytes. */
  static final int MAX_BYTES = 1 << 20;

  /** The maximum number of nested objects and arrays, including the record. */
  static final int MAX_DEPTH = 100;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(MAX_BYTES)
                  .maxStringLength(MAX_BYTES)
                  .build())
          // An attacker could fill Jackson's table with field names that collide.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private final JsonPaths paths;

  JsonObjectReader(JsonPaths paths) {
    this.paths = paths;
  }

  /**
   * Reads the values of an object.
   *
   * @param values receives the text of each field; null if the record does not have it
   * @param nested receives whether a field holds an object or an array
   * @return the reason if the record is not an object, otherwise null
   */
  @Nullable RejectionReason read(byte[] b, @Nullable String[] values, boolean[] nested) {
    if (isSpace(b)) {
      return RejectionReason.EMPTY;
    }
    boolean object;
    try (JsonParser json = JSON.createParser(decoded(b))) {
      JsonToken first = json.nextToken();
      object = first == JsonToken.START_OBJECT;
      if (object) {
        readObject(json, paths, values, nested);
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

  private static boolean isSpace(byte[] b) {
    for (byte each : b) {
      if (each != ' ' && each != '\n' && each != '\r' && each != '\t') {
        return false;
      }
    }
    return true;
  }

  /** Decodes UTF-8 and removes a byte order mark at the start. */
  private static String decoded(byte[] b) throws CharacterCodingException {
    String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(b)).toString();
    return upToFalseEscape(text.startsWith("\ufeff") ? text.substring(1) : text);
  }

  /**
   * Cuts the text inside the first escape that has a digit outside ASCII, so that Jackson rejects
   * it. Jackson accepts any character as a digit if the lower byte of the character is a digit.
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

  private static void readObject(
      JsonParser json, JsonPaths paths, @Nullable String[] values, boolean[] nested)
      throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      JsonPaths child = paths.child(json.currentName());
      json.nextToken();
      readValue(json, child, values, nested);
    }
  }

  private static void readArray(
      JsonParser json, JsonPaths paths, @Nullable String[] values, boolean[] nested)
      throws IOException {
    for (int i = 0; json.nextToken() != JsonToken.END_ARRAY; i++) {
      readValue(json, paths.child(i), values, nested);
    }
  }

  private static void readValue(
      JsonParser json, @Nullable JsonPaths paths, @Nullable String[] values, boolean[] nested)
      throws IOException {
    JsonToken token = json.currentToken();
    boolean leadsFurther = paths != null && !paths.isLeaf() && token == JsonToken.START_OBJECT;
    if (paths != null && paths.place() >= 0 && leadsFurther) {
      nested[paths.place()] = false;
    } else if (paths != null && paths.place() >= 0) {
      nested[paths.place()] = token.isStructStart();
      values[paths.place()] =
          token.isStructStart() || token == JsonToken.VALUE_NULL
              ? null
              : wellFormed(json.getText());
    }
    if (paths == null || paths.isLeaf()) {
      json.skipChildren();
    } else if (token == JsonToken.START_OBJECT) {
      readObject(json, paths, values, nested);
    } else if (token == JsonToken.START_ARRAY) {
      readArray(json, paths, values, nested);
    }
  }

  /** Replaces unpaired surrogates, which escapes can produce but UTF-8 cannot encode, with '?'. */
  private static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return new String(text.getBytes(UTF_8), UTF_8);
      }
    }
    return text;
  }
}
