package io.callstream.sink;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads the columns and keys of existing tables from a database. */
final class JdbcMetadata {
  private JdbcMetadata() {}

  /** Returns the JDBC types of the columns of a table. Empty if the table does not exist. */
  static Map<String, Integer> columnTypes(Connection connection, JdbcName table)
      throws SQLException {
    DatabaseMetaData meta = connection.getMetaData();
    String escape = meta.getSearchStringEscape();
    Map<String, Integer> types = new HashMap<>();
    try (ResultSet columns =
        meta.getColumns(
            connection.getCatalog(),
            pattern(schema(connection, table), escape),
            pattern(table.table(), escape),
            null)) {
      while (columns.next()) {
        types.put(columns.getString("COLUMN_NAME"), type(columns));
      }
    }
    return types;
  }

  private static @Nullable String schema(Connection connection, JdbcName table)
      throws SQLException {
    return table.schema() == null ? connection.getSchema() : table.schema();
  }

  private static @Nullable String pattern(@Nullable String name, @Nullable String escape) {
    return name == null || escape == null || escape.isEmpty()
        ? name
        : name.replace("_", escape + "_").replace("%", escape + "%");
  }

  /**
   * Returns the type of a column. The PostgreSQL driver reports a time with a zone as one without,
   * and only the name of the type shows the difference.
   */
  private static int type(ResultSet column) throws SQLException {
    int type = column.getInt("DATA_TYPE");
    String name = String.valueOf(column.getString("TYPE_NAME")).toLowerCase(Locale.ROOT);
    return type == Types.TIMESTAMP
            && (name.equals("timestamptz") || name.contains("with time zone"))
        ? Types.TIMESTAMP_WITH_TIMEZONE
        : type;
  }

  /** Returns the columns of the primary key of a table. Empty if it has none. */
  static Set<String> primaryKey(Connection connection, JdbcName table) throws SQLException {
    Set<String> key = new TreeSet<>();
    try (ResultSet columns =
        connection
            .getMetaData()
            .getPrimaryKeys(connection.getCatalog(), schema(connection, table), table.table())) {
      while (columns.next()) {
        key.add(columns.getString("COLUMN_NAME"));
      }
    }
    return key;
  }
}
