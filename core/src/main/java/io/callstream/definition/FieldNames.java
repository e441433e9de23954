package io.callstream.definition;

import io.callstream.call.CallFormat;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The fields of a format, and the event time, by their names. */
final class FieldNames {
  private final String format;
  private final Map<String, Field<?>> fields = new TreeMap<>();

  FieldNames(CallFormat format) {
    this(format, List.of());
  }

  /** Creates the names of the fields of a format and of lookups. */
  FieldNames(CallFormat format, Collection<Field<?>> joined) {
    this.format = format.name();
    joined.forEach(field -> fields.put(field.name(), field));
    fields.put(Fields.TIME.name(), Fields.TIME);
    format.fields().forEach(field -> fields.put(field.name(), field));
  }

  boolean has(String name) {
    return fields.containsKey(name);
  }

  /**
   * Returns the field with a name.
   *
   * @param others names that are valid as well, for the message
   * @throws IllegalArgumentException if the format does not have it
   */
  Field<?> named(String name, String... others) {
    Field<?> field = fields.get(name);
    if (field == null) {
      List<String> known = Stream.concat(fields.keySet().stream(), Arrays.stream(others)).toList();
      throw new IllegalArgumentException(
          "the format '%s' has no field '%s'.%s Its fields are %s."
              .formatted(format, name, Entries.hint(name, known), String.join(", ", known)));
    }
    return field;
  }

  /** Returns the type of a field in words. */
  static String words(Field.Type type) {
    return switch (type) {
      case NUMBER -> "whole number";
      case DECIMAL -> "decimal number";
      case REAL -> "real number";
      case TEXT, FLAG, TIME, POSITION -> type.name().toLowerCase(Locale.ROOT);
    };
  }
}
