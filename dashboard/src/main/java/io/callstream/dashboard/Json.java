package io.callstream.dashboard;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** Returns an array of these elements. */
  static List<@Nullable Object> array(@Nullable Object... elements) {
    return Arrays.asList(elements);
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

  /**
   * Returns an object as a tree of maps, lists, texts, numbers and booleans, which can be compared.
   * Fields without a value are left out.
   */
  static Map<String, @Nullable Object> tree(Map<?, ?> fields) {
    Map<String, @Nullable Object> tree = new LinkedHashMap<>();
    fields.forEach(
        (name, value) -> {
          Object of = treeOf(value);
          if (of != null) {
            tree.put(String.valueOf(name), of);
          }
        });
    return tree;
  }

  private static @Nullable Object treeOf(@Nullable Object value) {
    if (value instanceof Map<?, ?> fields) {
      return tree(fields);
    }
    if (value instanceof List<?> elements) {
      List<@Nullable Object> list = new ArrayList<>();
      elements.forEach(element -> list.add(treeOf(element)));
      return list;
    }
    if (value instanceof Optional<?> optional) {
      return treeOf(optional.orElse(null));
    }
    return value == null || value instanceof Number || value instanceof Boolean
        ? value
        : value.toString();
  }

  /** Returns JSON as a tree. */
  static @Nullable Object parse(String text) {
    try (JsonParser json = FACTORY.createParser(text)) {
      json.nextToken();
      return parse(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static @Nullable Object parse(JsonParser json) throws IOException {
    switch (json.currentToken()) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
          String name = json.currentName();
          json.nextToken();
          fields.put(name, parse(json));
        }
        return fields;
      }
      case START_ARRAY -> {
        List<@Nullable Object> elements = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          elements.add(parse(json));
        }
        return elements;
      }
      case VALUE_NULL -> {
        return null;
      }
      case VALUE_TRUE, VALUE_FALSE -> {
        return json.getBooleanValue();
      }
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        return json.getNumberValue();
      }
      default -> {
        return json.getText();
      }
    }
  }

  /** Returns the JSON merge patch (RFC 7396) that changes one tree into another. */
  static Map<String, @Nullable Object> patch(Map<?, ?> before, Map<?, ?> after) {
    Map<String, @Nullable Object> changes = new LinkedHashMap<>();
    before.keySet().stream()
        .filter(name -> !after.containsKey(name))
        .forEach(name -> changes.put(String.valueOf(name), null));
    after.forEach(
        (name, value) -> {
          Object old = before.get(name);
          if (value instanceof Map<?, ?> fields && old instanceof Map<?, ?> known) {
            Map<String, @Nullable Object> inner = patch(known, fields);
            if (!inner.isEmpty()) {
              changes.put(String.valueOf(name), inner);
            }
          } else if (!Objects.equals(value, old)) {
            changes.put(String.valueOf(name), value);
          }
        });
    return changes;
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
