package io.callstream.sink;

import io.callstream.statistic.Column;
import io.callstream.statistic.Measure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
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
  String type(Column.Type type, int scale) {
    return switch (type) {
      case TIME -> "timestamp with time zone";
      case TEXT -> text;
      case LONG -> "bigint";
      case DOUBLE -> "double precision";
      case DECIMAL -> "numeric(" + Measure.MAX_PRECISION + ", " + scale + ")";
    };
  }

  /**
   * Returns the statement that inserts a row, or updates it unless a later batch has written it,
   * with a parameter for each column.
   *
   * @param types the SQL types of the columns by their quoted names
   * @param keys the quoted names of the columns of the primary key
   * @param batch the quoted name of the column with the batch
   */
  String upsert(JdbcName table, Map<String, String> types, List<String> keys, String batch) {
    String names = String.join(", ", types.keySet());
    List<String> others = types.keySet().stream().filter(name -> !keys.contains(name)).toList();
    return switch (this) {
      case POSTGRESQL ->
          ("INSERT INTO %s AS t (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s"
                  + " WHERE t.%s <= EXCLUDED.%s")
              .formatted(
                  table.quoted(),
                  names,
                  each(types.keySet(), name -> "?", ", "),
                  String.join(", ", keys),
                  each(others, name -> name + " = EXCLUDED." + name, ", "),
                  batch,
                  batch);
      case STANDARD ->
          ("MERGE INTO %s AS t USING (VALUES (%s)) AS s (%s) ON %s WHEN MATCHED AND t.%s <= s.%s"
                  + " THEN UPDATE SET %s WHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)")
              .formatted(
                  table.quoted(),
                  each(types.values(), type -> "CAST(? AS " + type + ")", ", "),
                  names,
                  each(keys, key -> "t." + key + " = s." + key, " AND "),
                  batch,
                  batch,
                  each(others, name -> name + " = s." + name, ", "),
                  names,
                  each(types.keySet(), name -> "s." + name, ", "));
    };
  }

  /**
   * Returns the statement that deletes a row unless a later batch has written it, with a parameter
   * for each column of its key, and one for the batch.
   */
  static String delete(JdbcName table, List<String> keys, String batch) {
    return "DELETE FROM %s WHERE %s AND %s <= ?"
        .formatted(table.quoted(), each(keys, key -> key + " = ?", " AND "), batch);
  }

  /**
   * Lets the database end this transaction if the process stops within it, so that its locks do not
   * remain. Without effect in a database that has no such limit.
   */
  void limitIdleTransaction(JdbcSession session, Duration limit) throws SQLException {
    if (this == POSTGRESQL) {
      try (PreparedStatement set =
          session.prepare(
              "SELECT set_config(name, ?, true) FROM pg_settings"
                  + " WHERE name = 'idle_in_transaction_session_timeout'")) {
        set.setString(1, String.valueOf(limit.toMillis()));
        set.executeQuery().close();
      }
    }
  }

  private static String each(Collection<String> all, UnaryOperator<String> text, String between) {
    return all.stream().map(text).collect(Collectors.joining(between));
  }
}
