package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.ResultRow;
import io.callstream.sink.Columns.Column;
import io.callstream.sink.Columns.Role;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The table of a statistic and its SQL statements. Names in statements are quoted and consist only
 * of lower-case letters, digits and underscores, independent of the name of the statistic. All
 * other values are parameters. Immutable.
 */
final class JdbcTable {
  /**
   * The part of the primary key that represents the dimensions. Names of dimensions do not start
   * with an underscore.
   */
  private static final String KEY = "_key";

  private static final String BATCH = "_batch";

  /** The length at which PostgreSQL truncates names without a warning. */
  private static final int MAX_NAME = 63;

  private static final int NAME_HASH = 8;

  private final Columns columns;
  private final JdbcDialect dialect;
  private final @Nullable String schema;
  private final String name;
  private final List<Cell> cells;

  /** A column of the table: a column of the results, or one of the two that the sink adds. */
  private record Cell(String name, Columns.Type type, boolean isKey) {}

  JdbcTable(Columns columns, JdbcDialect dialect, @Nullable String schema, String prefix) {
    this.columns = columns;
    this.dialect = dialect;
    this.schema = schema;
    this.name = shortened(prefix + columns.statistic().name().replace('-', '_'));
    List<Cell> all = new ArrayList<>();
    for (Column column : columns.list()) {
      boolean isKey = column.role() == Role.WINDOW && all.isEmpty();
      all.add(new Cell(shortened(column.name()), column.type(), isKey));
    }
    all.add(new Cell(KEY, Columns.Type.TEXT, true));
    all.add(new Cell(BATCH, Columns.Type.LONG, false));
    this.cells = List.copyOf(all);
  }

  String statistic() {
    return columns.statistic().name();
  }

  /** Returns the name for messages. */
  @Override
  public String toString() {
    return schema == null ? name : schema + "." + name;
  }

  /** Returns a shorter name that remains unique where a database would truncate the name. */
  static String shortened(String name) {
    if (name.length() <= MAX_NAME) {
      return name;
    }
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(name.getBytes(UTF_8));
      String digits = String.format("%064x", new BigInteger(1, hash)).substring(0, NAME_HASH);
      return name.substring(0, MAX_NAME - NAME_HASH - 1) + "_" + digits;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  static String quoted(@Nullable String schema, String name) {
    return schema == null ? quoted(name) : quoted(schema) + "." + quoted(name);
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  // ---- the table

  /**
   * Creates the table if it does not exist.
   *
   * @return whether it was created
   * @throws CallstreamException if a table exists that cannot store the results
   */
  boolean ensure(Connection connection) throws SQLException {
    Map<String, Integer> found = columnTypes(connection, schema, name);
    if (found.isEmpty()) {
      execute(connection, create());
      return true;
    }
    requireShape(found, primaryKey(connection));
    return false;
  }

  /** Returns the JDBC types of the columns of a table. Empty if the table does not exist. */
  static Map<String, Integer> columnTypes(
      Connection connection, @Nullable String schema, String table) throws SQLException {
    DatabaseMetaData meta = connection.getMetaData();
    String escape = meta.getSearchStringEscape();
    Map<String, Integer> types = new HashMap<>();
    try (ResultSet columns =
        meta.getColumns(
            connection.getCatalog(),
            pattern(schema == null ? connection.getSchema() : schema, escape),
            pattern(table, escape),
            null)) {
      while (columns.next()) {
        types.put(columns.getString("COLUMN_NAME"), type(columns));
      }
    }
    return types;
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

  private static @Nullable String pattern(@Nullable String name, @Nullable String escape) {
    return name == null || escape == null || escape.isEmpty()
        ? name
        : name.replace("_", escape + "_").replace("%", escape + "%");
  }

  private Set<String> primaryKey(Connection connection) throws SQLException {
    Set<String> key = new TreeSet<>();
    try (ResultSet columns =
        connection
            .getMetaData()
            .getPrimaryKeys(
                connection.getCatalog(), schema == null ? connection.getSchema() : schema, name)) {
      while (columns.next()) {
        key.add(columns.getString("COLUMN_NAME"));
      }
    }
    return key;
  }

  private void requireShape(Map<String, Integer> found, Set<String> primaryKey) {
    List<String> wrong = new ArrayList<>();
    for (Cell cell : cells) {
      Integer type = found.get(cell.name());
      if (type == null) {
        wrong.add(cell.name() + " is missing");
      } else if (!holds(type, cell.type())) {
        wrong.add(cell.name() + " is no " + dialect.type(cell.type()));
      }
    }
    Set<String> key = new TreeSet<>(keys());
    if (!primaryKey.equals(key)) {
      wrong.add("the primary key is " + primaryKey + " and not " + key);
    }
    if (!wrong.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          "There is a table "
              + this
              + " that can't hold the results of '"
              + statistic()
              + "': "
              + String.join(", ", wrong)
              + ". Drop or rename it, or choose another schema or prefix. What is wanted: "
              + create());
    }
  }

  private static boolean holds(int jdbcType, Columns.Type type) {
    return switch (type) {
      case TIME ->
          // Without a zone, both occurrences of the hour that repeats when clocks go back would be
          // equal.
          jdbcType == Types.TIMESTAMP_WITH_TIMEZONE || jdbcType == Types.OTHER;
      case TEXT ->
          Set.of(
                  Types.CHAR,
                  Types.VARCHAR,
                  Types.LONGVARCHAR,
                  Types.NCHAR,
                  Types.NVARCHAR,
                  Types.LONGNVARCHAR,
                  Types.CLOB,
                  Types.NCLOB)
              .contains(jdbcType);
      case LONG -> Set.of(Types.BIGINT, Types.NUMERIC, Types.DECIMAL).contains(jdbcType);
      case DOUBLE ->
          Set.of(Types.DOUBLE, Types.FLOAT, Types.NUMERIC, Types.DECIMAL).contains(jdbcType);
    };
  }

  private List<String> keys() {
    return cells.stream().filter(Cell::isKey).map(Cell::name).toList();
  }

  private String create() {
    return "CREATE TABLE "
        + quoted(schema, name)
        + " ("
        + cells.stream()
            .map(
                cell ->
                    quoted(cell.name())
                        + " "
                        + (cell.name().equals(KEY) ? "varchar(64)" : dialect.type(cell.type()))
                        + (cell.isKey() || cell.name().equals(BATCH) ? " NOT NULL" : ""))
            .collect(Collectors.joining(", "))
        + ", PRIMARY KEY ("
        + keys().stream().map(JdbcTable::quoted).collect(Collectors.joining(", "))
        + "))";
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  // ---- the rows

  String delete() {
    return "DELETE FROM " + quoted(schema, name);
  }

  /** Returns a query whose result has rows if and only if the table has rows. */
  String selectAny() {
    return "SELECT 1 FROM " + quoted(schema, name);
  }

  /** Returns the statement that inserts or updates a row. */
  String upsert() {
    return switch (dialect) {
      case POSTGRESQL ->
          "INSERT INTO "
              + quoted(schema, name)
              + " ("
              + names("")
              + ") VALUES ("
              + cells.stream().map(cell -> "?").collect(Collectors.joining(", "))
              + ") ON CONFLICT ("
              + keys().stream().map(JdbcTable::quoted).collect(Collectors.joining(", "))
              + ") DO UPDATE SET "
              + assignments("EXCLUDED.");
      case STANDARD ->
          "MERGE INTO "
              + quoted(schema, name)
              + " AS t USING (VALUES ("
              + cells.stream()
                  .map(cell -> "CAST(? AS " + dialect.type(cell.type()) + ")")
                  .collect(Collectors.joining(", "))
              + ")) AS s ("
              + names("")
              + ") ON "
              + keys().stream()
                  .map(key -> "t." + quoted(key) + " = s." + quoted(key))
                  .collect(Collectors.joining(" AND "))
              + " WHEN MATCHED THEN UPDATE SET "
              + assignments("s.")
              + " WHEN NOT MATCHED THEN INSERT ("
              + names("")
              + ") VALUES ("
              + names("s.")
              + ")";
    };
  }

  private String names(String from) {
    return cells.stream().map(c -> from + quoted(c.name())).collect(Collectors.joining(", "));
  }

  private String assignments(String from) {
    return cells.stream()
        .filter(cell -> !cell.isKey())
        .map(cell -> quoted(cell.name()) + " = " + from + quoted(cell.name()))
        .collect(Collectors.joining(", "));
  }

  /**
   * Sets the parameters of {@link #upsert()}.
   *
   * @return the approximate number of bytes of the parameters
   */
  int bind(PreparedStatement statement, ResultRow row, long batch) throws SQLException {
    int bytes = 0;
    int parameter = 1;
    for (Object value : columns.values(row)) {
      Columns.Type type = cells.get(parameter - 1).type();
      if (value instanceof String text) {
        // PostgreSQL cannot store U+0000 in texts. The key still distinguishes such texts.
        statement.setString(parameter, text.replace('\0', '\ufffd'));
        bytes += text.length();
      } else {
        set(statement, parameter, type, value);
      }
      bytes += Long.BYTES;
      parameter++;
    }
    statement.setString(parameter++, columns.key(row));
    statement.setLong(parameter, batch);
    return bytes;
  }

  private static void set(
      PreparedStatement statement, int parameter, Columns.Type type, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      statement.setNull(
          parameter,
          switch (type) {
            case TIME -> Types.TIMESTAMP_WITH_TIMEZONE;
            case TEXT -> Types.VARCHAR;
            case LONG -> Types.BIGINT;
            case DOUBLE -> Types.DOUBLE;
          });
    } else if (value instanceof Instant moment) {
      statement.setObject(parameter, moment.atOffset(ZoneOffset.UTC));
    } else if (value instanceof Long number) {
      statement.setLong(parameter, number);
    } else {
      statement.setDouble(parameter, (Double) value);
    }
  }
}
