package io.callstream.definition;

import io.callstream.call.CallFormat;
import io.callstream.call.Field;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupSources;
import io.callstream.lookup.LookupTable;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Builds the lookups of a definition file. */
final class LookupDefinitions {
  /** How the key of a lookup starts. */
  static final String START = "lookup.";

  private static final String KEY = "key";
  private static final String KEY_COLUMN = "key-column";
  private static final String FILE = "file";
  private static final String TOPIC = "topic";
  private static final List<String> PROPERTIES = List.of(FILE, TOPIC, KEY, KEY_COLUMN);
  private static final Set<String> TYPES = Set.of("text", "number", "decimal", "real", "flag");

  private final Entries entries;

  LookupDefinitions(Entries entries) {
    this.entries = entries;
  }

  /** Returns whether a key describes a lookup. */
  static boolean isKey(String key) {
    return key.startsWith(START);
  }

  /** Returns the names, after checking all keys of lookups. */
  private Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    entries.keys().stream().filter(LookupDefinitions::isKey).forEach(key -> names.add(name(key)));
    return names;
  }

  private String name(String key) {
    String[] parts = key.substring(START.length()).split("\\.", 3);
    boolean isProperty = parts.length == 2 && PROPERTIES.contains(parts[1]);
    boolean isField =
        parts.length == 3
            && TYPES.contains(parts[1])
            && (!parts[2].contains(".") || isScale(parts[1], parts[2]));
    if (!isProperty && !isField) {
      throw entries.wrong(
          key,
          "there is no such key. After the name of a lookup, write file, topic, key, key-column, text.FIELD, number.FIELD, decimal.FIELD, real.FIELD or flag.FIELD.");
    }
    return parts[0];
  }

  private static boolean isScale(String type, String rest) {
    return type.equals("decimal") && rest.endsWith(Entries.SCALE);
  }

  /** Returns the fields that all lookups give, by their keys. */
  Map<String, Field<?>> fields() {
    Map<String, Field<?>> fields = new LinkedHashMap<>();
    names().forEach(name -> fields.putAll(fields(name)));
    return fields;
  }

  private Map<String, Field<?>> fields(String name) {
    Map<String, Field<?>> fields = new LinkedHashMap<>();
    String start = START + name + ".";
    for (String key : entries.keys()) {
      if (key.startsWith(start)) {
        String[] parts = key.substring(start.length()).split("\\.", 2);
        if (parts.length == 2 && !isScale(parts[0], parts[1])) {
          fields.put(key, field(key, parts[0], parts[1]));
        }
      }
    }
    return fields;
  }

  private Field<?> field(String key, String type, String field) {
    if (StatisticDefinitions.BUILT_IN.contains(field)) {
      throw entries.wrong(
          key, "'%s' is a dimension of every format. Choose another name.".formatted(field));
    }
    return entries.at(
        key,
        () ->
            switch (type) {
              case "text" -> Field.text(field);
              case "number" -> Field.number(field);
              case "decimal" -> entries.decimal(key, field);
              case "real" -> Field.real(field);
              default -> Field.flag(field);
            });
  }

  List<LookupTable> all(CallFormat format, Function<String, LookupSource> topics) {
    return names().stream().map(name -> lookup(name, format, topics)).toList();
  }

  @SuppressWarnings("unchecked") // The type of a field states the class.
  private LookupTable lookup(
      String name, CallFormat format, Function<String, LookupSource> topics) {
    String start = START + name + ".";
    String first = entries.keys().stream().filter(k -> k.startsWith(start)).findFirst().orElse("");
    LookupTable.Builder lookup = entries.at(first, () -> LookupTable.named(name));
    String keyName = entries.value(start + KEY);
    Field<?> key = entries.at(start + KEY, () -> new FieldNames(format).named(keyName));
    if (key.type() != Field.Type.TEXT) {
      throw entries.wrong(
          start + KEY,
          "the field '%s' is a %s, and the key of a lookup is a text. Use a text field."
              .formatted(keyName, FieldNames.words(key.type())));
    }
    lookup.by((Field<String>) key, entries.value(start + KEY_COLUMN, keyName));
    fields(name)
        .forEach(
            (entry, field) -> entries.at(entry, () -> add(lookup, field, entries.value(entry))));
    lookup.from(source(start, topics));
    return entries.at(first, lookup::build);
  }

  @SuppressWarnings("unchecked") // The type of a field states the class.
  private static LookupTable.Builder add(LookupTable.Builder to, Field<?> field, String column) {
    return switch (field.type()) {
      case TEXT -> to.text((Field<String>) field, column);
      case FLAG -> to.flag((Field<Boolean>) field, column);
      case NUMBER, DECIMAL, REAL -> to.number((Field<? extends Number>) field, column);
      case TIME, POSITION -> throw new AssertionError(field);
    };
  }

  private LookupSource source(String start, Function<String, LookupSource> topics) {
    boolean hasTopic = entries.has(start + TOPIC);
    if (hasTopic && entries.has(start + FILE)) {
      throw entries.wrong(
          start + TOPIC, "the lookup has a file and a topic. Delete one of the lines.");
    }
    if (hasTopic && entries.has(start + KEY_COLUMN)) {
      throw entries.wrong(
          start + KEY_COLUMN,
          "the key of a row is that of its record in the topic. Delete the line.");
    }
    return hasTopic
        ? topics.apply(entries.value(start + TOPIC))
        : LookupSources.csv(besides(entries.value(start + FILE)));
  }

  /** Returns a path that is relative to the directory of the definition file. */
  private Path besides(String file) {
    return Path.of(entries.file()).resolveSibling(file);
  }
}
