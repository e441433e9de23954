package io.callstream.kafka.source;

import io.callstream.call.CallFormat;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The names of fields that the columns of a CSV file may have: the paths of the format of the
 * records, if it is known, and the fields of the formats of this library. Thread-safe.
 */
final class ColumnNames {
  /** The number of known names that make an arbitrary line a header. */
  private static final int ENOUGH_NAMES = 2;

  private final Set<String> exact = new HashSet<>();

  /** The fields by their names in the notation that also matches names in words. */
  private final Map<String, String> normalized = new HashMap<>();

  /** The fields that distinguish the formats: the id and the time. */
  private final Set<String> keys = new HashSet<>();

  /** How many known names make a line a header: all that a format has, if it has fewer. */
  private int enough = ENOUGH_NAMES;

  /** The names of the shipped formats, which are computed once. */
  private static final class Shipped {
    static final ColumnNames NAMES = new ColumnNames(CallFormat.all());
  }

  private ColumnNames(List<CallFormat> formats) {
    formats.forEach(this::add);
  }

  ColumnNames(Optional<CallFormat> format) {
    format.ifPresent(this::add);
    exact.addAll(Shipped.NAMES.exact);
    Shipped.NAMES.normalized.forEach(normalized::putIfAbsent);
    keys.addAll(Shipped.NAMES.keys);
    format.ifPresent(own -> enough = Math.max(1, Math.min(enough, own.fieldNames().size())));
  }

  private void add(CallFormat format) {
    exact.addAll(format.fieldNames());
    format.fieldNames().forEach(field -> normalized.putIfAbsent(normal(field), field));
    Stream.concat(Stream.of(format.timeField()), format.idField().stream()).forEach(keys::add);
  }

  /** Returns whether this is exactly the name of a field. */
  boolean has(String name) {
    return exact.contains(name);
  }

  /** Returns the number of different known names among the columns. */
  int known(List<String> columns) {
    return (int) columns.stream().map(this::field).flatMap(Optional::stream).distinct().count();
  }

  boolean isHeader(List<String> columns) {
    return known(columns) >= enough;
  }

  /**
   * Removes white space around column names. If the columns are those of a known format, names in
   * words, such as {@code Crime Id}, become field names.
   */
  void nameFields(String[] columns) {
    boolean isKnown =
        Stream.of(columns).map(this::field).flatMap(Optional::stream).anyMatch(keys::contains);
    for (int i = 0; i < columns.length; i++) {
      String name = columns[i].strip();
      columns[i] = isKnown ? field(name).orElse(name) : name;
    }
  }

  private Optional<String> field(String column) {
    String name = column.strip();
    return exact.contains(name)
        ? Optional.of(name)
        : Optional.ofNullable(normalized.get(normal(name)));
  }

  /**
   * Returns a name in lower case, with one underscore for all characters between its words. Quotes
   * stay, because they belong to a name only by mistake.
   */
  private static String normal(String name) {
    return name.toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N}\"]+", "_")
        .replaceAll("^_|_$", "");
  }
}
