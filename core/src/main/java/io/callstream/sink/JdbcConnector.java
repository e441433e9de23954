package io.callstream.sink;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;

/**
 * Connects to a database within a time limit, because drivers and pools may wait indefinitely for a
 * server that does not respond. Thread-safe.
 */
final class JdbcConnector {
  /** The time by which the network timeout exceeds the timeout of a statement. */
  private static final Duration NETWORK_GRACE = Duration.ofSeconds(5);

  private final DataSource source;
  private final Duration timeout;

  JdbcConnector(DataSource source, Duration timeout) {
    this.source = source;
    this.timeout = timeout;
  }

  /** Returns a new connection without automatic commits. */
  Connection connect() throws SQLException {
    if (Thread.currentThread().isInterrupted()) {
      throw JdbcFailures.interrupted();
    }
    CompletableFuture<Connection> coming = new CompletableFuture<>();
    Thread thread = new Thread(() -> connect(coming), "callstream-jdbc-connect");
    thread.setDaemon(true);
    thread.start();
    try {
      return configured(coming.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SQLException failure) {
        throw failure;
      }
      // The message of a pool may contain the URL, and the URL may contain the password.
      throw new SQLException(
          e.getCause() == null ? "no connection" : e.getCause().getClass().getName(), "08001");
    } catch (TimeoutException e) {
      giveUp(coming, thread);
      throw new SQLTransientConnectionException(
          "no connection within " + timeout.toSeconds() + " s", "08001");
    } catch (InterruptedException e) {
      giveUp(coming, thread);
      Thread.currentThread().interrupt();
      throw JdbcFailures.interrupted();
    }
  }

  private void connect(CompletableFuture<Connection> coming) {
    try {
      Connection fresh = source.getConnection();
      if (!coming.complete(fresh)) {
        fresh.close();
      }
    } catch (SQLException | RuntimeException | Error e) {
      coming.completeExceptionally(e);
    }
  }

  private static void giveUp(CompletableFuture<Connection> coming, Thread thread)
      throws SQLException {
    if (coming.cancel(false)) {
      thread.interrupt();
    } else if (!coming.isCompletedExceptionally()) {
      coming.join().close(); // The connection arrived just before it was canceled.
    }
  }

  private Connection configured(Connection fresh) throws SQLException {
    try {
      setNetworkTimeout(fresh);
      fresh.setAutoCommit(false);
      return fresh;
    } catch (SQLException | RuntimeException | Error e) {
      close(fresh);
      throw e;
    }
  }

  private void setNetworkTimeout(Connection fresh) throws SQLException {
    try {
      fresh.setNetworkTimeout(Runnable::run, (int) timeout.plus(NETWORK_GRACE).toMillis());
    } catch (SQLFeatureNotSupportedException | AbstractMethodError e) {
      // The driver then has no network, or uses the timeout in its URL.
    }
  }

  static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // The connection is already closed.
    }
  }
}
