package io.callstream.dashboard;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON on one line. A value is a map, an iterable, a {@link Part}, an optional, a number, a
 * boolean or null. Other values become texts. Numbers that are not finite become null.
 */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  /** A value that writes itself, such as an array whose elements are computed one by one. */
  @FunctionalInterface
  interface Part {
    void writeTo(JsonGenerator json) throws IOException;
  }

  private Json() {}

  /** Returns an object with fields in order: pairs of a name and a value. */
  static Map<String, @Nullable Object> object(@Nullable Object... namesAndValues) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
    }
    return fields;
  }

  /** Returns an array. */
  static <T> List<Object> array(List<T> elements, Function<T, Object> value) {
    return elements.stream().map(value).toList();
  }

  /** Returns a value that is JSON already. */
  static Part raw(String text) {
    return json -> json.writeRawValue(text);
  }

  static byte[] bytes(Object value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      write(bytes, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Writes a value directly to a stream. If a part of it fails, the JSON stays incomplete, so that
   * clients detect the error.
   */
  static void write(OutputStream out, Object value) throws IOException {
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT);
      write(json, value);
    }
  }

  private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    if (value instanceof Map<?, ?> fields) {
      json.writeStartObject();
      for (Map.Entry<?, ?> field : fields.entrySet()) {
        json.writeFieldName(String.valueOf(field.getKey()));
        write(json, field.getValue());
      }
      json.writeEndObject();
    } else if (value instanceof Iterable<?> elements) {
      json.writeStartArray();
      for (Object element : elements) {
        write(json, element);
      }
      json.writeEndArray();
    } else if (value instanceof Part part) {
      part.writeTo(json);
    } else if (value instanceof Optional<?> optional) {
      write(json, optional.orElse(null));
    } else if (value == null || (value instanceof Double number && !Double.isFinite(number))) {
      json.writeNull();
    } else if (value instanceof Number || value instanceof Boolean) {
      json.writeObject(value);
    } else {
      json.writeString(value.toString());
    }
  }
}
