package io.callstream.sink;

import io.callstream.internal.sink.Columns;
import io.callstream.statistic.Measure;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The types of columns, and the syntax with which a database inserts a row, or updates it if it
 * exists.
 */
enum JdbcDialect {
  /** PostgreSQL 9.5 or later, and compatible databases: {@code INSERT … ON CONFLICT DO UPDATE}. */
  POSTGRESQL("text"),
  /** {@code MERGE} of the SQL standard, which H2, HSQLDB and PostgreSQL 15 or later support. */
  STANDARD("character varying(1048576)");

  private final String text;

  JdbcDialect(String text) {
    this.text = text;
  }

  /** Returns the dialect of a database: STANDARD unless its name contains "PostgreSQL". */
  static JdbcDialect of(Connection connection) throws SQLException {
    String product = connection.getMetaData().getDatabaseProductName();
    return product != null && product.contains("PostgreSQL") ? POSTGRESQL : STANDARD;
  }

  /**
   * Returns the SQL type of a column.
   *
   * @param scale the digits after the point of a decimal number
   */
  String type(Columns.Type type, int scale) {
    return switch (type) {
      case TIME -> "timestamp with time zone";
      case TEXT -> text;
      case LONG -> "bigint";
      case DOUBLE -> "double precision";
      case DECIMAL -> "numeric(" + Measure.MAX_PRECISION + ", " + scale + ")";
    };
  }

  /**
   * Returns the statement that inserts or updates a row, with a parameter for each column.
   *
   * @param types the SQL types of the columns by their quoted names
   * @param keys the quoted names of the columns of the primary key
   */
  String upsert(JdbcName table, Map<String, String> types, List<String> keys) {
    String names = String.join(", ", types.keySet());
    List<String> others = types.keySet().stream().filter(name -> !keys.contains(name)).toList();
    return switch (this) {
      case POSTGRESQL ->
          "INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s"
              .formatted(
                  table.quoted(),
                  names,
                  each(types.keySet(), name -> "?", ", "),
                  String.join(", ", keys),
                  each(others, name -> name + " = EXCLUDED." + name, ", "));
      case STANDARD ->
          ("MERGE INTO %s AS t USING (VALUES (%s)) AS s (%s) ON %s WHEN MATCHED THEN UPDATE SET %s"
                  + " WHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)")
              .formatted(
                  table.quoted(),
                  each(types.values(), type -> "CAST(? AS " + type + ")", ", "),
                  names,
                  each(keys, key -> "t." + key + " = s." + key, " AND "),
                  each(others, name -> name + " = s." + name, ", "),
                  names,
                  each(types.keySet(), name -> "s." + name, ", "));
    };
  }

  /** Returns the statement that deletes a row, with a parameter for each column of its key. */
  static String delete(JdbcName table, List<String> keys) {
    return "DELETE FROM %s WHERE %s"
        .formatted(table.quoted(), each(keys, key -> key + " = ?", " AND "));
  }

  private static String each(Collection<String> all, UnaryOperator<String> text, String between) {
    return all.stream().map(text).collect(Collectors.joining(between));
  }
}
