package io.callstream.sink;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Runs transactions on one connection, which it keeps between transactions. After a transient
 * failure, it repeats the transaction on a new connection. Not thread-safe.
 */
final class JdbcTransactions implements AutoCloseable {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final JdbcConnector connector;
  private final Duration timeout;
  private final int attempts;
  private @Nullable Connection connection;

  /** The statements of a transaction. */
  @FunctionalInterface
  interface Work {
    void run(JdbcTransaction transaction) throws SQLException;
  }

  /**
   * Creates transactions without a connection.
   *
   * @param timeout the time limit for a connection or a statement
   * @param attempts the maximum number of attempts of a transaction
   */
  JdbcTransactions(DataSource source, Duration timeout, int attempts) {
    this.connector = new JdbcConnector(source, timeout);
    this.timeout = timeout;
    this.attempts = attempts;
  }

  /**
   * Runs work in a transaction and commits it.
   *
   * @param what the work, for messages
   */
  void run(String what, Work work) {
    for (int attempt = 1; ; attempt++) {
      String table = "";
      try {
        JdbcTransaction transaction = new JdbcTransaction(connection(), timeout);
        try {
          work.run(transaction);
          transaction.connection().commit();
          return;
        } finally {
          table = transaction.table();
        }
      } catch (SQLException e) {
        discard();
        if (attempt == attempts || !JdbcFailures.isTransient(e)) {
          throw JdbcFailures.of(
              what + (table.isEmpty() ? "" : " (table " + table + ")"), attempt, e);
        }
        pause(attempt);
      } catch (RuntimeException | Error e) {
        discard();
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

  private Connection connection() throws SQLException {
    Connection open = connection;
    if (open == null) {
      open = connector.connect();
      connection = open;
    }
    return open;
  }

  private void discard() {
    Connection broken = connection;
    connection = null;
    if (broken != null) {
      try {
        broken.rollback();
      } catch (SQLException e) {
        // The uncommitted changes are lost with the connection.
      }
      JdbcConnector.close(broken);
    }
  }

  @Override
  public void close() {
    discard();
  }
}
