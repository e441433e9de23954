package io.callstream.sink;

import io.callstream.internal.sink.Columns;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The types of columns, and the syntax with which a database inserts a row, or updates it if it
 * exists.
 */
enum JdbcDialect {
  /** PostgreSQL 9.5 or later, and compatible databases: {@code INSERT … ON CONFLICT DO UPDATE}. */
  POSTGRESQL("text") {
    @Override
    String upsert(JdbcName table, List<JdbcColumn> columns) {
      return "INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s"
          .formatted(
              table.quoted(),
              names("", columns),
              columns.stream().map(column -> "?").collect(Collectors.joining(", ")),
              columns.stream()
                  .filter(JdbcColumn::isKey)
                  .map(JdbcColumn::quoted)
                  .collect(Collectors.joining(", ")),
              assignments("EXCLUDED.", columns));
    }
  },

  /** {@code MERGE} of the SQL standard, which H2, HSQLDB and PostgreSQL 15 or later support. */
  STANDARD("character varying(1048576)") {
    @Override
    String upsert(JdbcName table, List<JdbcColumn> columns) {
      return ("MERGE INTO %s AS t USING (VALUES (%s)) AS s (%s) ON %s WHEN MATCHED THEN UPDATE SET %s"
              + " WHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)")
          .formatted(
              table.quoted(),
              columns.stream()
                  .map(column -> "CAST(? AS " + type(column.type()) + ")")
                  .collect(Collectors.joining(", ")),
              names("", columns),
              columns.stream()
                  .filter(JdbcColumn::isKey)
                  .map(key -> "t." + key.quoted() + " = s." + key.quoted())
                  .collect(Collectors.joining(" AND ")),
              assignments("s.", columns),
              names("", columns),
              names("s.", columns));
    }
  };

  private final String text;

  JdbcDialect(String text) {
    this.text = text;
  }

  /** Returns the dialect of a database: STANDARD unless its name contains "PostgreSQL". */
  static JdbcDialect of(Connection connection) throws SQLException {
    String product = connection.getMetaData().getDatabaseProductName();
    return product != null && product.contains("PostgreSQL") ? POSTGRESQL : STANDARD;
  }

  String type(Columns.Type type) {
    return switch (type) {
      case TIME -> "timestamp with time zone";
      case TEXT -> text;
      case LONG -> "bigint";
      case DOUBLE -> "double precision";
    };
  }

  /** Returns the statement that inserts or updates a row, with a parameter for each column. */
  abstract String upsert(JdbcName table, List<JdbcColumn> columns);

  private static String names(String source, List<JdbcColumn> columns) {
    return columns.stream()
        .map(column -> source + column.quoted())
        .collect(Collectors.joining(", "));
  }

  private static String assignments(String source, List<JdbcColumn> columns) {
    return columns.stream()
        .filter(column -> !column.isKey())
        .map(column -> column.quoted() + " = " + source + column.quoted())
        .collect(Collectors.joining(", "));
  }
}
