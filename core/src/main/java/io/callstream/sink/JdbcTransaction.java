package io.callstream.sink;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** An attempt of a transaction, whose statements have a time limit. Not thread-safe. */
final class JdbcTransaction {
  private final Connection connection;
  private final int timeoutSeconds;
  private String table = "";

  JdbcTransaction(Connection connection, Duration timeout) {
    this.connection = connection;
    this.timeoutSeconds = (int) timeout.toSeconds();
  }

  Connection connection() {
    return connection;
  }

  /** Sets the table of the following statements, for messages. */
  void startOn(Object table) {
    this.table = table.toString();
  }

  String table() {
    return table;
  }

  void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  PreparedStatement prepare(String sql) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    try {
      statement.setQueryTimeout(timeoutSeconds);
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
    if (Thread.currentThread().isInterrupted()) {
      throw JdbcFailures.interrupted();
    }
    batch.executeBatch();
  }
}
