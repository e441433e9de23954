package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.Results;
import io.callstream.sink.JdbcSession.ColumnType;
import io.callstream.statistic.Column;
import io.callstream.statistic.Statistic;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The table of a statistic. All values in its statements are parameters. */
final class JdbcTable {
  /** The primary key of a row without its window. Dimensions do not start with an underscore. */
  private static final String KEY = "_key";

  private static final String BATCH = "_batch";
  private static final int BATCH_ROWS = 500;
  private static final int BATCH_BYTES = 1 << 20;

  private final JdbcSession session;
  private final Statistic statistic;
  private final JdbcDialect dialect;
  private final JdbcName name;
  private final List<Cell> cells;

  /** A column of the results, or one of the two that the sink adds. */
  private record Cell(String name, Column.Type type, int scale, boolean isKey) {
    String quoted() {
      return JdbcName.quoted(name);
    }
  }

  JdbcTable(
      JdbcSession session,
      Statistic statistic,
      JdbcDialect dialect,
      @Nullable String schema,
      String prefix) {
    this.session = session;
    this.statistic = statistic;
    this.dialect = dialect;
    this.name =
        new JdbcName(schema, JdbcName.shortened(prefix + statistic.name().replace('-', '_')));
    List<Cell> all = new ArrayList<>();
    for (Column column : statistic.typedColumns()) {
      boolean isKey = column.role() == Column.Role.WINDOW && all.isEmpty();
      all.add(new Cell(JdbcName.shortened(column.name()), column.type(), column.scale(), isKey));
    }
    all.add(new Cell(KEY, Column.Type.TEXT, 0, true));
    all.add(new Cell(BATCH, Column.Type.LONG, 0, false));
    this.cells = List.copyOf(all);
  }

  String statistic() {
    return statistic.name();
  }

  @Override
  public String toString() {
    return name.toString();
  }

  /** Creates the table if it does not exist, and returns whether it created it. */
  boolean ensure() throws SQLException {
    Map<String, ColumnType> found = session.columnTypes(name);
    if (found.isEmpty()) {
      session.execute(create());
      return true;
    }
    requireShape(found, session.primaryKey(name));
    return false;
  }

  private String create() {
    return "CREATE TABLE %s (%s, PRIMARY KEY (%s))"
        .formatted(
            name.quoted(),
            cells.stream()
                .map(
                    cell ->
                        cell.quoted() + " " + type(cell) + (isNullable(cell) ? "" : " NOT NULL"))
                .collect(Collectors.joining(", ")),
            String.join(", ", keys()));
  }

  private String type(Cell cell) {
    return cell.name().equals(KEY) ? "varchar(64)" : dialect.type(cell.type(), cell.scale());
  }

  private static boolean isNullable(Cell cell) {
    return !cell.isKey() && !cell.name().equals(BATCH);
  }

  private List<String> keys() {
    return cells.stream().filter(Cell::isKey).map(Cell::quoted).toList();
  }

  private void requireShape(Map<String, ColumnType> found, Set<String> primaryKey) {
    List<String> wrong = new ArrayList<>();
    Set<String> key = new TreeSet<>();
    for (Cell cell : cells) {
      ColumnType type = found.get(cell.name());
      if (type == null) {
        wrong.add(cell.name() + " is missing");
      } else if (!holds(type, cell)) {
        wrong.add(cell.name() + " is not " + dialect.type(cell.type(), cell.scale()));
      }
      if (cell.isKey()) {
        key.add(cell.name());
      }
    }
    if (!primaryKey.equals(key)) {
      wrong.add("the primary key is " + primaryKey + " and not " + key);
    }
    if (!wrong.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          ("There is a table %s that can't hold the results of '%s': %s. Drop or rename it, or"
                  + " choose another schema or prefix. The sink requires: %s")
              .formatted(this, statistic(), String.join(", ", wrong), create()));
    }
  }

  private static boolean holds(ColumnType found, Cell cell) {
    int jdbcType = found.jdbcType();
    return switch (cell.type()) {
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
      case DECIMAL ->
          // With fewer digits after the point, the database would round without an error.
          Set.of(Types.NUMERIC, Types.DECIMAL).contains(jdbcType) && found.scale() >= cell.scale();
      case LONG -> Set.of(Types.BIGINT, Types.NUMERIC, Types.DECIMAL).contains(jdbcType);
      case DOUBLE ->
          Set.of(Types.DOUBLE, Types.FLOAT, Types.NUMERIC, Types.DECIMAL).contains(jdbcType);
    };
  }

  boolean isEmpty() throws SQLException {
    try (PreparedStatement select = session.prepare("SELECT 1 FROM " + name.quoted())) {
      select.setMaxRows(1); // Without this limit, a driver may read the whole table.
      try (ResultSet rows = select.executeQuery()) {
        return !rows.next();
      }
    }
  }

  void deleteAll() throws SQLException {
    session.update("DELETE FROM " + name.quoted());
  }

  /** Returns the failure of a run that does not own the table anymore. */
  CallstreamException takenOver() {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        ("The table %s was taken over by another run while this one was writing. Let one run"
                + " write it, and give others another schema or prefix.")
            .formatted(this));
  }

  void write(Results results, long batch) throws SQLException {
    write(results.stream().map(JdbcRow::of).iterator(), batch);
  }

  /**
   * Inserts rows, or updates those that exist, unless a later batch has written them. Deletes the
   * rows of groups that were removed.
   */
  void write(Iterator<JdbcRow> all, long batch) throws SQLException {
    if (!all.hasNext()) {
      return;
    }
    session.startOn(this);
    Map<String, String> types = new LinkedHashMap<>();
    cells.forEach(cell -> types.put(cell.quoted(), type(cell)));
    List<JdbcRow> removed = new ArrayList<>();
    try (PreparedStatement upsert =
        session.prepare(dialect.upsert(name, types, keys(), JdbcName.quoted(BATCH)))) {
      int rows = 0;
      int bytes = 0;
      while (all.hasNext()) {
        JdbcRow row = all.next();
        if (row.isRemoved()) {
          removed.add(row);
          continue;
        }
        bytes += bind(upsert, row, batch);
        upsert.addBatch();
        rows++;
        if (rows == BATCH_ROWS || bytes >= BATCH_BYTES) {
          JdbcSession.executeBatch(upsert);
          rows = 0;
          bytes = 0;
        }
      }
      if (rows > 0) {
        JdbcSession.executeBatch(upsert);
      }
    }
    delete(removed, batch);
  }

  private void delete(List<JdbcRow> removed, long batch) throws SQLException {
    if (removed.isEmpty()) {
      return;
    }
    try (PreparedStatement delete =
        session.prepare(JdbcDialect.delete(name, keys(), JdbcName.quoted(BATCH)))) {
      for (JdbcRow row : removed) {
        int parameter = 1;
        if (cells.get(0).isKey() && cells.get(0).type() == Column.Type.TIME) {
          bind(delete, parameter++, Column.Type.TIME, row.values().get(0));
        }
        delete.setString(parameter++, row.key());
        delete.setLong(parameter, batch);
        delete.addBatch();
      }
      JdbcSession.executeBatch(delete);
    }
  }

  /** Sets the parameters of a row. Returns their approximate number of bytes. */
  private int bind(PreparedStatement statement, JdbcRow row, long batch) throws SQLException {
    int bytes = 0;
    int parameter = 1;
    for (Object value : row.values()) {
      Column.Type type = cells.get(parameter - 1).type();
      if (value instanceof String text) {
        // PostgreSQL cannot store U+0000 in texts. The key still distinguishes such texts.
        statement.setString(parameter, text.replace('\0', '\ufffd'));
        bytes += text.length();
      } else {
        bind(statement, parameter, type, value);
      }
      bytes += Long.BYTES;
      parameter++;
    }
    statement.setString(parameter++, row.key());
    statement.setLong(parameter, batch);
    return bytes;
  }

  private static void bind(
      PreparedStatement statement, int parameter, Column.Type type, @Nullable Object value)
      throws SQLException {
    if (value == null) {
      statement.setNull(
          parameter,
          switch (type) {
            case TIME -> Types.TIMESTAMP_WITH_TIMEZONE;
            case TEXT -> Types.VARCHAR;
            case LONG -> Types.BIGINT;
            case DOUBLE -> Types.DOUBLE;
            case DECIMAL -> Types.NUMERIC;
          });
    } else if (value instanceof Instant moment) {
      statement.setObject(parameter, moment.atOffset(ZoneOffset.UTC));
    } else if (value instanceof Long number) {
      statement.setLong(parameter, number);
    } else if (value instanceof BigDecimal number) {
      statement.setBigDecimal(parameter, number);
    } else {
      statement.setDouble(parameter, (Double) value);
    }
  }
}
