package io.callstream.lookup;

import io.callstream.call.Field;
import io.callstream.call.Fields;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A lookup: a table whose rows a pipeline joins to its calls by a key. A call gets the fields of
 * the row whose key it has, and statistics read them as other fields. The table may change while
 * the pipeline runs. Immutable and thread-safe.
 *
 * <pre>{@code
 * LookupTable.named("beats")
 *     .by(Fields.BEAT)
 *     .text(PRECINCT, "precinct")
 *     .from(LookupSources.csv(Path.of("beats.csv")))
 *     .build();
 * }</pre>
 *
 * <p>All calls of a batch use the same version of the table, also if the batch is repeated after a
 * crash. A call without a row keeps its own fields, gets none, and counts in {@link
 * io.callstream.progress.Accounting#unknown()}.
 */
public final class LookupTable {
  /** The maximum number of rows of a table: one million. */
  public static final int MAX_ROWS = 1_000_000;

  /** The maximum size in bytes of the keys and values of a table, in UTF-8: 64 MiB. */
  public static final int MAX_BYTES = 64 << 20;

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,59}");

  private final String name;
  private final Field<String> key;
  private final String keyColumn;
  private final Map<Field<?>, String> columns;
  private final LookupSource source;

  private LookupTable(Builder builder, Field<String> key, LookupSource source) {
    this.name = builder.name;
    this.key = key;
    this.keyColumn = builder.keyColumn;
    this.columns = new LinkedHashMap<>(builder.columns);
    this.source = source;
  }

  /**
   * Returns a builder of a lookup.
   *
   * @param name lower-case letters, digits and underscores, at most 60 characters, starting with a
   *     letter; the name of the lookup in the accounting
   * @throws IllegalArgumentException if the name is not valid
   */
  public static Builder named(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "'%s' is not a valid name of a lookup; use lower-case letters, digits and underscores, at most 60 characters, starting with a letter"
              .formatted(name));
    }
    return new Builder(name);
  }

  /** Returns the name. */
  public String name() {
    return name;
  }

  /** Returns the field of a call that has the key of its row. */
  public Field<String> key() {
    return key;
  }

  /** Returns the name of the column of the table that has the keys. */
  public String keyColumn() {
    return keyColumn;
  }

  /** Returns the fields that calls get, in order. Each row has a value of the first one. */
  public List<Field<?>> fields() {
    return List.copyOf(columns.keySet());
  }

  /** Returns the names of the columns that have the values of {@link #fields()}. */
  public List<String> columns() {
    return List.copyOf(columns.values());
  }

  /** Returns the source of the table. */
  public LookupSource source() {
    return source;
  }

  /**
   * Returns the name, the key and the fields, for the fingerprint of a pipeline. The content and
   * the place of the table are not part of it.
   */
  @Override
  public String toString() {
    return "%s by %s gives %s"
        .formatted(
            name,
            key,
            columns.keySet().stream()
                .map(f -> f + " " + f.type() + (f.scale() > 0 ? " " + f.scale() : ""))
                .collect(Collectors.joining(", ")));
  }

  /** Builds a {@link LookupTable}. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private @Nullable Field<String> key;
    private String keyColumn = "";
    private final Map<Field<?>, String> columns = new LinkedHashMap<>();
    private @Nullable LookupSource source;

    private Builder(String name) {
      this.name = name;
    }

    /** Sets the field of a call that has the key of its row, which is also the column's name. */
    public Builder by(Field<String> key) {
      return by(key, key.name());
    }

    /**
     * Sets the field of a call that has the key of its row.
     *
     * @param column the name of the column of the table that has the keys
     */
    public Builder by(Field<String> key, String column) {
      this.key = key;
      this.keyColumn = column;
      return this;
    }

    /** Adds a text that calls get. */
    public Builder text(Field<String> field, String column) {
      return add(field, column);
    }

    /** Adds a number that calls get: a whole number, a decimal number or a real number. */
    public Builder number(Field<? extends Number> field, String column) {
      return add(field, column);
    }

    /** Adds a flag that calls get: {@code true} or {@code false} in the table, or 1 or 0. */
    public Builder flag(Field<Boolean> field, String column) {
      return add(field, column);
    }

    private Builder add(Field<?> field, String column) {
      if (field == Fields.ID || columns.put(field, column) != null) {
        throw new IllegalArgumentException(
            "The lookup '%s' gives the field %s %s; use another field"
                .formatted(name, field, field == Fields.ID ? "that identifies calls" : "twice"));
      }
      return this;
    }

    /** Sets the source of the table. */
    public Builder from(LookupSource source) {
      this.source = source;
      return this;
    }

    /**
     * Returns the lookup.
     *
     * @throws IllegalArgumentException if the key, the source or the first field is not set
     */
    public LookupTable build() {
      Field<String> by = key;
      LookupSource from = source;
      if (by == null) {
        throw missing("key; call by(FIELD)");
      }
      if (columns.isEmpty()) {
        throw missing("field; call text(FIELD, COLUMN)");
      }
      if (from == null) {
        throw missing("source; call from(LookupSources.csv(FILE))");
      }
      return new LookupTable(this, by, from);
    }

    private IllegalArgumentException missing(String part) {
      return new IllegalArgumentException("The lookup '%s' has no %s".formatted(name, part));
    }
  }
}
