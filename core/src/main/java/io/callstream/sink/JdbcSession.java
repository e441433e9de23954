package io.callstream.sink;

import io.callstream.internal.threads.DaemonThreads;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Runs transactions on one connection, which it keeps between transactions. After a transient
 * failure, it repeats the transaction on a new connection. Connecting and each statement have a
 * time limit. Not thread-safe.
 */
final class JdbcSession implements AutoCloseable {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** The time by which the network timeout exceeds the timeout of a statement. */
  private static final Duration NETWORK_GRACE = Duration.ofSeconds(5);

  private final DataSource source;
  private final Duration timeout;
  private final int attempts;
  private @Nullable Connection connection;

  /** The table of the current statements, for messages. */
  private String table = "";

  /** The statements of a transaction. */
  @FunctionalInterface
  interface Work {
    void run() throws SQLException;
  }

  JdbcSession(DataSource source, Duration timeout, int attempts) {
    this.source = source;
    this.timeout = timeout;
    this.attempts = attempts;
  }

  void run(String what, Work work) {
    for (int attempt = 1; ; attempt++) {
      table = "";
      try {
        if (connection == null) {
          connection = connect();
        }
        work.run();
        connection().commit();
        return;
      } catch (SQLException e) {
        close();
        if (attempt == attempts || !JdbcFailures.isTransient(e)) {
          throw JdbcFailures.of(
              what + (table.isEmpty() ? "" : " (table " + table + ")"), attempt, e);
        }
        pause(attempt);
      } catch (RuntimeException | Error e) {
        close();
        throw e;
      }
    }
  }

  private static void pause(int attempt) {
    long millis = FIRST_PAUSE.toMillis() << Math.min(attempt - 1, 10);
    try {
      TimeUnit.MILLISECONDS.sleep(Math.min(millis, LONGEST_PAUSE.toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw JdbcFailures.interrupted();
    }
  }

  /** Connects within the time limit, because drivers and pools may wait indefinitely. */
  private Connection connect() throws SQLException {
    requireNotInterrupted();
    CompletableFuture<Connection> coming = new CompletableFuture<>();
    Thread thread =
        DaemonThreads.start(
            "callstream-jdbc-connect",
            () -> {
              try {
                coming.complete(source.getConnection());
              } catch (SQLException | RuntimeException | Error e) {
                coming.completeExceptionally(e);
              }
            });
    try {
      return configured(coming.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SQLException failure) {
        throw failure;
      }
      // The message of a pool may contain the URL, and the URL may contain the password.
      throw new SQLException(
          e.getCause() == null ? "no connection" : e.getCause().getClass().getName(), "08001");
    } catch (TimeoutException | InterruptedException e) {
      thread.interrupt();
      // The connection may still arrive.
      var ignored = coming.thenAccept(JdbcSession::close);
      if (e instanceof TimeoutException) {
        throw new SQLTransientConnectionException(
            "no connection within " + timeout.toSeconds() + " s", "08001");
      }
      Thread.currentThread().interrupt();
      throw JdbcFailures.interrupted();
    }
  }

  private Connection configured(Connection fresh) throws SQLException {
    try {
      try {
        fresh.setNetworkTimeout(Runnable::run, (int) timeout.plus(NETWORK_GRACE).toMillis());
      } catch (SQLFeatureNotSupportedException | AbstractMethodError e) {
        // The driver then has no network, or uses the timeout in its URL.
      }
      fresh.setAutoCommit(false);
      return fresh;
    } catch (SQLException | RuntimeException | Error e) {
      close(fresh);
      throw e;
    }
  }

  private static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // The connection is already closed.
    }
  }

  private static void requireNotInterrupted() {
    if (Thread.currentThread().isInterrupted()) {
      throw JdbcFailures.interrupted();
    }
  }

  // ---- the statements of a transaction

  Connection connection() {
    return Objects.requireNonNull(connection, "no transaction");
  }

  /** Sets the table of the following statements, for messages. */
  void startOn(Object table) {
    this.table = table.toString();
  }

  void execute(String sql) throws SQLException {
    try (Statement statement = connection().createStatement()) {
      statement.execute(sql);
    }
  }

  PreparedStatement prepare(String sql) throws SQLException {
    PreparedStatement statement = connection().prepareStatement(sql);
    try {
      statement.setQueryTimeout((int) timeout.toSeconds());
      return statement;
    } catch (SQLException | RuntimeException e) {
      statement.close();
      throw e;
    }
  }

  /** Executes a statement with parameters. Returns the number of rows that it changed. */
  int update(String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = prepare(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      return statement.executeUpdate();
    }
  }

  /** Executes a batch, unless the thread is interrupted. */
  static void executeBatch(PreparedStatement batch) throws SQLException {
    requireNotInterrupted();
    batch.executeBatch();
  }

  /**
   * The type of a column of a table.
   *
   * @param jdbcType one of {@link java.sql.Types}
   * @param scale the digits after the point of a decimal number
   */
  record ColumnType(int jdbcType, int scale) {}

  /** Returns the JDBC types of the columns of a table. Empty if the table does not exist. */
  Map<String, ColumnType> columnTypes(JdbcName name) throws SQLException {
    DatabaseMetaData meta = connection().getMetaData();
    String escape = meta.getSearchStringEscape();
    Map<String, ColumnType> types = new HashMap<>();
    try (ResultSet columns =
        meta.getColumns(
            connection().getCatalog(),
            pattern(schema(name), escape),
            pattern(name.table(), escape),
            null)) {
      while (columns.next()) {
        ColumnType type = new ColumnType(type(columns), columns.getInt("DECIMAL_DIGITS"));
        types.put(columns.getString("COLUMN_NAME"), type);
      }
    }
    return types;
  }

  /** Returns the columns of the primary key of a table. Empty if it has none. */
  Set<String> primaryKey(JdbcName name) throws SQLException {
    Set<String> key = new TreeSet<>();
    try (ResultSet columns =
        connection()
            .getMetaData()
            .getPrimaryKeys(connection().getCatalog(), schema(name), name.table())) {
      while (columns.next()) {
        key.add(columns.getString("COLUMN_NAME"));
      }
    }
    return key;
  }

  private @Nullable String schema(JdbcName name) throws SQLException {
    return name.schema() == null ? connection().getSchema() : name.schema();
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

  @Override
  public void close() {
    Connection open = connection;
    connection = null;
    if (open != null) {
      try {
        open.rollback();
      } catch (SQLException e) {
        // The uncommitted changes are lost with the connection.
      }
      close(open);
    }
  }
}
