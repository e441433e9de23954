package io.callstream.definition;

import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Builds the format of a definition file. */
final class FormatDefinition {
  private static final String NAME = "name";
  private static final String ZONE = "zone";
  private static final String ID = "id";
  private static final String TYPE = "type";
  private static final String TIME = "time";
  private static final String PATTERNS = ".patterns";

  /** What may follow the field in a key, by its kind. */
  private static final Map<String, String> SUFFIXES =
      Map.of("time", PATTERNS.substring(1), "decimal", Entries.SCALE.substring(1));

  private static final String ABSENT = "absent";
  private static final String REQUIRED = "required";

  private static final List<String> KEYS =
      List.of(NAME, ZONE, ID, TYPE, TIME, TIME + PATTERNS, ABSENT, REQUIRED);

  /** Declares a field that a key names. */
  @FunctionalInterface
  private interface Declaration {
    void add(FormatDefinition definition, String key, String field);
  }

  /** What a key means, by the text before its point. */
  private static final Map<String, Declaration> KINDS =
      new TreeMap<>(
          Map.of(
              "text",
              (d, key, field) -> d.builder.text(Field.text(field), d.paths(key)),
              "number",
              (d, key, field) -> d.builder.number(Field.number(field), d.paths(key)),
              "real",
              (d, key, field) -> d.builder.number(Field.real(field), d.paths(key)),
              "decimal",
              (d, key, field) -> d.builder.number(d.entries.decimal(key, field), d.paths(key)),
              "flag",
              (d, key, field) -> d.builder.flag(Field.flag(field), d.paths(key)),
              "time",
              (d, key, field) -> d.time(key, Field.time(field)),
              "position",
              (d, key, field) -> d.position(key, field)));

  private final Entries entries;
  private final JsonFormat.Builder builder;

  private FormatDefinition(Entries entries) {
    this.entries = entries;
    builder = entries.at(NAME, () -> JsonFormat.builder(entries.value(NAME)));
  }

  /** Returns the format of all keys that are not those of statistics. */
  static JsonFormat format(Entries entries) {
    List<String> keys = new ArrayList<>(entries.keys());
    keys.removeIf(StatisticDefinitions::isKey);
    keys.removeIf(LookupDefinitions::isKey);
    for (String key : keys) {
      requireKnown(entries, key);
    }
    FormatDefinition definition = new FormatDefinition(entries);
    definition.builder.zone(zone(entries));
    // Checked here, because the builder does not name a key.
    String ignored = entries.value(TIME);
    for (String key : keys) {
      entries.at(
          key,
          () -> {
            definition.add(key);
            return key;
          });
    }
    JsonFormat format = entries.at(NAME, definition.builder::build);
    if (!entries.has(REQUIRED)) {
      return format;
    }
    FieldNames names = new FieldNames(format);
    for (String field : entries.list(REQUIRED)) {
      definition.builder.required(entries.at(REQUIRED, () -> names.named(field)));
    }
    return definition.builder.build();
  }

  private static ZoneId zone(Entries entries) {
    String zone = entries.value(ZONE);
    try {
      return ZoneId.of(zone);
    } catch (DateTimeException e) {
      throw entries.wrong(
          ZONE,
          "'%s' is not a time zone.%s Name one such as America/Chicago, or UTC."
              .formatted(zone, Entries.hint(zone, ZoneId.getAvailableZoneIds())));
    }
  }

  private static void requireKnown(Entries entries, String key) {
    String[] parts = key.split("\\.", -1);
    boolean isKnown =
        switch (parts.length) {
          case 1 -> KEYS.contains(key);
          case 2 -> KEYS.contains(key) || KINDS.containsKey(parts[0]);
          case 3 ->
              parts[2].equals(SUFFIXES.get(parts[0])) && entries.has(parts[0] + "." + parts[1]);
          default -> false;
        };
    if (!isKnown) {
      throw entries.wrong(
          key,
          "there is no such key.%s The keys are %s, %s and %s."
              .formatted(
                  Entries.hint(key, similar(entries, key)),
                  String.join(", ", KEYS),
                  KINDS.keySet().stream()
                      .map(kind -> kind + ".FIELD")
                      .collect(Collectors.joining(", ")),
                  StatisticDefinitions.START + "NAME.…"));
    }
  }

  private static List<String> similar(Entries entries, String key) {
    List<String> similar = new ArrayList<>(KEYS);
    int point = key.indexOf('.');
    if (point >= 0) {
      String rest = key.substring(point + 1);
      KINDS.keySet().forEach(kind -> similar.add(kind + "." + rest));
      similar.add(StatisticDefinitions.START + rest);
    }
    for (String other : entries.keys()) {
      String kind = other.split("\\.", -1)[0];
      if (SUFFIXES.containsKey(kind)) {
        similar.add(other + "." + SUFFIXES.get(kind));
      }
    }
    similar.remove(key);
    return similar;
  }

  private void add(String key) {
    switch (key) {
      case NAME, ZONE, TIME + PATTERNS, REQUIRED -> {}
      case ID -> builder.id(paths(key));
      case TYPE -> builder.type(paths(key));
      case TIME -> time(key, Fields.TIME);
      case ABSENT -> builder.absent(paths(key));
      default -> {
        int point = key.indexOf('.');
        String field = key.substring(point + 1);
        Declaration declaration = KINDS.get(key.substring(0, point));
        if (declaration != null && field.indexOf('.') < 0) {
          declaration.add(this, key, field);
        }
      }
    }
  }

  private String[] paths(String key) {
    return entries.list(key).toArray(String[]::new);
  }

  /** Declares a time, whose patterns are those of the event time unless it has its own. */
  private void time(String key, Field<Instant> field) {
    String own = key + PATTERNS;
    String patterns = entries.has(own) ? own : TIME + PATTERNS;
    List<String> paths = entries.list(key);
    List<String> forms = entries.has(patterns) ? entries.patterns(patterns) : List.of();
    // A wrong pattern is a mistake at the key of the patterns, which this finds out.
    entries.at(
        entries.has(patterns) ? patterns : key,
        () -> JsonFormat.builder(NAME).time(field, List.of("path"), forms));
    builder.time(field, paths, forms);
  }

  private void position(String key, String name) {
    List<String> paths = entries.list(key);
    if (paths.size() > 2) {
      throw new IllegalArgumentException(
          "it has %s values. Give the latitude and the longitude, or one text such as POINT (-122.4 37.8)."
              .formatted(paths.size()));
    }
    if (paths.size() == 1) {
      builder.position(Field.position(name), paths.get(0));
    } else {
      builder.position(Field.position(name), paths.get(0), paths.get(1));
    }
  }
}
