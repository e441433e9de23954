package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Statistic;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/*
 * Delivery is effectively exactly-once. The rows and the number of a batch are one transaction, and
 * rows are absolute values under their keys, so a repeated batch changes nothing. The table of
 * batches has the last batch of each statistic. If it is behind the restored state of the pipeline,
 * the sink updates the table of the statistic from that state. If it is ahead by one, that batch is
 * repeated. If it is ahead by more, or has another lineage, the table belongs to another run. The
 * table of batches also identifies the run that owns a table: a process that was wrongly considered
 * dead detects that it no longer owns the table.
 */
/**
 * Keeps a database table for each statistic. Each batch is one transaction with its results and its
 * number: readers see all of it or nothing. Not thread-safe.
 *
 * <p>A table has the columns of {@link Columns}, {@code _key} and {@code _batch}. {@code _key}
 * represents the dimensions with a fixed length, and is the primary key together with {@code
 * window_start}. {@code _batch} is the batch that last changed the row. The sink creates missing
 * tables in an existing schema. It writes the character U+0000, which PostgreSQL cannot store, as
 * U+FFFD; rows that differ only in such characters remain separate. Rows of windows that the
 * pipeline has removed remain in the table.
 *
 * <p>After a transient failure, such as a lost connection, a lock or a deadlock, the sink tries
 * again with a new connection. If all attempts fail, the pipeline fails with {@link
 * ErrorCode#SINK_FAILED}. Messages name the table and the SQLState, and contain no row, no URL and
 * no password. The sink checks for interrupts between statements, each of which ends within the
 * timeout.
 */
public final class JdbcSink implements ResultSink {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,29}");
  private static final int BATCH_ROWS = 500;
  private static final int BATCH_BYTES = 1 << 20;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** The time by which the network timeout exceeds the timeout of a statement. */
  private static final Duration NETWORK_GRACE = Duration.ofSeconds(5);

  private static final int RUN_LENGTH = 36;
  private static final int STATISTIC_LENGTH = 100;

  private final DataSource source;
  private final JdbcDialect dialect;
  private final @Nullable String schema;
  private final String prefix;
  private final Duration timeout;
  private final int attempts;
  private final boolean startsOver;

  private List<JdbcTable> tables = List.of();
  private String run = "";
  private String working = "";
  private @Nullable Connection connection;

  private JdbcSink(Builder builder) {
    source = builder.source;
    dialect = builder.dialect;
    schema = builder.schema;
    prefix = builder.prefix;
    timeout = builder.timeout;
    attempts = builder.attempts;
    startsOver = builder.startsOver;
  }

  /**
   * Returns a builder of a sink.
   *
   * @param source provides connections; the sink uses one at a time and keeps it between batches
   */
  public static Builder to(DataSource source, JdbcDialect dialect) {
    return new Builder(source, dialect);
  }

  /** Builds a {@link JdbcSink}. Not thread-safe. */
  public static final class Builder {
    private final DataSource source;
    private final JdbcDialect dialect;
    private @Nullable String schema;
    private String prefix = "";
    private Duration timeout = Duration.ofSeconds(20);
    private int attempts = 4;
    private boolean startsOver;

    private Builder(DataSource source, JdbcDialect dialect) {
      this.source = source;
      this.dialect = dialect;
    }

    /**
     * Sets the schema of the tables, which must exist. Defaults to the schema of the connection.
     *
     * @throws IllegalArgumentException if the name contains anything except lower-case letters,
     *     digits and underscores, does not start with a letter, or has more than 30 characters
     */
    public Builder schema(String schema) {
      this.schema = require("schema", schema);
      return this;
    }

    /**
     * Sets a prefix for the names of all tables, so that several pipelines can share a schema.
     * Defaults to no prefix.
     *
     * @throws IllegalArgumentException if the prefix contains anything except lower-case letters,
     *     digits and underscores, does not start with a letter, or has more than 30 characters
     */
    public Builder prefix(String prefix) {
      this.prefix = require("prefix", prefix);
      return this;
    }

    private static String require(String what, String name) {
      if (!NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "'"
                + name
                + "' can't be a "
                + what
                + " of tables; use lower-case letters, digits and underscores, a letter first, at"
                + " most 30");
      }
      return name;
    }

    /**
     * Sets the time limit for a connection or a statement. Defaults to 20 seconds.
     *
     * @throws IllegalArgumentException if the timeout is less than a second or more than an hour
     */
    public Builder timeout(Duration timeout) {
      if (timeout.toSeconds() < 1 || timeout.toSeconds() > 3_600) {
        throw new IllegalArgumentException(
            "The timeout of the database is " + timeout + "; it must be from 1 s to 1 h");
      }
      this.timeout = timeout;
      return this;
    }

    /**
     * Sets the maximum number of attempts for a batch after transient failures, including the
     * first. Defaults to 4.
     *
     * @throws IllegalArgumentException if the number is less than 1 or more than 100
     */
    public Builder attempts(int attempts) {
      if (attempts < 1 || attempts > 100) {
        throw new IllegalArgumentException(
            attempts + " attempts of a batch; there must be from 1 to 100");
      }
      this.attempts = attempts;
      return this;
    }

    /**
     * Allows a run to take over tables with results of another run, for example if the checkpoint
     * was lost. The sink deletes their rows when it opens. By default, the sink fails in this case.
     */
    public Builder startingOver() {
      this.startsOver = true;
      return this;
    }

    /** Returns the sink. */
    public JdbcSink build() {
      return new JdbcSink(this);
    }
  }

  // ---- opening

  /**
   * {@inheritDoc}
   *
   * @throws CallstreamException with {@link ErrorCode#SINK_FAILED} if the database cannot be used,
   *     or if a table has other columns or results of another run
   */
  @Override
  public void open(BatchResults restored) {
    run = UUID.randomUUID().toString();
    tables =
        restored.pipeline().statistics().stream()
            .map(statistic -> new JdbcTable(Columns.of(statistic), dialect, schema, prefix))
            .toList();
    // This is a separate transaction, because some databases commit when they create a table.
    transact("create its tables", this::ensureTables);
    transact("bring its tables up to batch " + restored.number(), c -> catchUp(c, restored));
  }

  private String batches() {
    return "_" + prefix + "batches";
  }

  private void ensureTables(Connection c) throws SQLException {
    working = batches();
    if (JdbcTable.columnTypes(c, schema, batches()).isEmpty()) {
      JdbcTable.execute(
          c,
          "CREATE TABLE "
              + JdbcTable.quoted(schema, batches())
              + " (\"statistic\" varchar("
              + STATISTIC_LENGTH
              + ") NOT NULL, \"batch\" bigint NOT NULL, \"lineage\" varchar("
              + RUN_LENGTH
              + ") NOT NULL, \"run\" varchar("
              + RUN_LENGTH
              + ") NOT NULL, PRIMARY KEY (\"statistic\"))");
    }
    for (JdbcTable table : tables) {
      working = table.toString();
      if (table.ensure(c)) {
        // If a table was lost, the mark of its statistic is no longer valid.
        update(c, "DELETE FROM " + batchesQuoted() + " WHERE \"statistic\" = ?", table.statistic());
      }
    }
  }

  private String batchesQuoted() {
    return JdbcTable.quoted(schema, batches());
  }

  private void catchUp(Connection c, BatchResults restored) throws SQLException {
    for (JdbcTable table : tables) {
      working = table.toString();
      BatchMark mark = mark(c, table);
      boolean foreign = mark != null && mark.isOfAnotherRunThan(restored);
      if (mark != null && foreign && !startsOver) {
        throw mark.refused("The table " + table, restored);
      }
      boolean fills = mark == null || foreign || mark.isBehind(restored);
      // The mark is written first, to stop another run that still writes the table.
      setMark(c, table, mark == null || fills ? BatchMark.of(restored) : mark);
      if (mark == null && !startsOver && !isEmpty(c, table)) {
        throw BatchMark.missing("The table " + table);
      }
      if (foreign || (mark == null && startsOver)) {
        update(c, table.delete());
      }
      if (fills) {
        upsert(c, table, restored.results(table.statistic()), restored.number());
      }
    }
  }

  private @Nullable BatchMark mark(Connection c, JdbcTable table) throws SQLException {
    try (PreparedStatement select =
        c.prepareStatement(
            "SELECT \"batch\", \"lineage\" FROM " + batchesQuoted() + " WHERE \"statistic\" = ?")) {
      select.setQueryTimeout(seconds());
      select.setString(1, table.statistic());
      try (ResultSet rows = select.executeQuery()) {
        return rows.next() ? new BatchMark(rows.getLong(1), rows.getString(2)) : null;
      }
    }
  }

  private boolean isEmpty(Connection c, JdbcTable table) throws SQLException {
    try (PreparedStatement select = c.prepareStatement(table.selectAny())) {
      select.setQueryTimeout(seconds());
      select.setMaxRows(1); // Without this limit, a driver may read the whole table.
      return !select.executeQuery().next();
    }
  }

  private void setMark(Connection c, JdbcTable table, BatchMark mark) throws SQLException {
    update(c, "DELETE FROM " + batchesQuoted() + " WHERE \"statistic\" = ?", table.statistic());
    update(
        c,
        "INSERT INTO "
            + batchesQuoted()
            + " (\"statistic\", \"batch\", \"lineage\", \"run\") VALUES (?, ?, ?, ?)",
        table.statistic(),
        mark.batch(),
        mark.lineage(),
        run);
  }

  // ---- batches

  @Override
  public void write(BatchResults batch) {
    if (tables.isEmpty()) {
      throw new IllegalStateException("the JDBC sink is not open");
    }
    transact("write batch " + batch.number(), c -> write(c, batch));
  }

  private void write(Connection c, BatchResults batch) throws SQLException {
    for (JdbcTable table : tables) {
      working = table.toString();
      int owned =
          update(
              c,
              "UPDATE "
                  + batchesQuoted()
                  + " SET \"batch\" = ? WHERE \"statistic\" = ? AND \"run\" = ?",
              batch.number(),
              table.statistic(),
              run);
      if (owned != 1) {
        throw new CallstreamException(
            ErrorCode.SINK_FAILED,
            "The table "
                + table
                + " was taken over by another run while this one was writing. Let one run write"
                + " it, and give others another schema or prefix.");
      }
    }
    for (JdbcTable table : tables) {
      Statistic statistic = batch.pipeline().statistic(table.statistic());
      Results updates = batch.updates().get(statistic.name());
      if (updates != null) {
        upsert(c, table, updates, batch.number());
      }
    }
  }

  private void upsert(Connection c, JdbcTable table, Results results, long batch)
      throws SQLException {
    if (results.isEmpty()) {
      return;
    }
    working = table.toString();
    try (PreparedStatement upsert = c.prepareStatement(table.upsert())) {
      upsert.setQueryTimeout(seconds());
      int rows = 0;
      int bytes = 0;
      for (Iterator<ResultRow> all = results.stream().iterator(); all.hasNext(); ) {
        bytes += table.bind(upsert, all.next(), batch);
        upsert.addBatch();
        rows++;
        if (rows == BATCH_ROWS || bytes >= BATCH_BYTES) {
          execute(upsert);
          rows = 0;
          bytes = 0;
        }
      }
      if (rows > 0) {
        execute(upsert);
      }
    }
  }

  private static void execute(PreparedStatement batch) throws SQLException {
    if (Thread.currentThread().isInterrupted()) {
      throw interrupted();
    }
    batch.executeBatch();
  }

  private int update(Connection c, String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      statement.setQueryTimeout(seconds());
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      return statement.executeUpdate();
    }
  }

  private int seconds() {
    return (int) timeout.toSeconds();
  }

  // ---- transactions

  private interface Work {
    void in(Connection connection) throws SQLException;
  }

  private void transact(String what, Work work) {
    for (int attempt = 1; ; attempt++) {
      working = "";
      try {
        Connection c = connection();
        work.in(c);
        c.commit();
        return;
      } catch (SQLException e) {
        discard();
        if (attempt == attempts || !JdbcFailures.isTransient(e)) {
          throw JdbcFailures.of(
              what + (working.isEmpty() ? "" : " (table " + working + ")"), attempt, e);
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
      throw interrupted();
    }
  }

  private static CallstreamException interrupted() {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        "The database sink was interrupted before it had written all of a batch. Nothing is lost:"
            + " the batch comes again when the pipeline is started again.");
  }

  private Connection connection() throws SQLException {
    Connection open = connection;
    if (open != null) {
      return open;
    }
    Connection fresh = connect();
    connection = fresh;
    try {
      fresh.setNetworkTimeout(Runnable::run, (int) timeout.plus(NETWORK_GRACE).toMillis());
    } catch (SQLFeatureNotSupportedException | AbstractMethodError e) {
      // The driver then has no network, or uses the timeout in its URL.
    }
    fresh.setAutoCommit(false);
    return fresh;
  }

  /**
   * Connects with a time limit, because drivers and pools may wait indefinitely for a server that
   * does not respond.
   */
  private Connection connect() throws SQLException {
    if (Thread.currentThread().isInterrupted()) {
      throw interrupted();
    }
    CompletableFuture<Connection> coming = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                Connection fresh = source.getConnection();
                if (!coming.complete(fresh)) {
                  fresh.close();
                }
              } catch (SQLException | RuntimeException | Error e) {
                coming.completeExceptionally(e);
              }
            },
            "callstream-jdbc-connect");
    thread.setDaemon(true);
    thread.start();
    try {
      return coming.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
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
      throw interrupted();
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

  private void discard() {
    Connection broken = connection;
    connection = null;
    if (broken != null) {
      try {
        broken.rollback();
      } catch (SQLException e) {
        // The uncommitted changes are lost with the connection.
      }
      try {
        broken.close();
      } catch (SQLException e) {
        // The connection is already closed.
      }
    }
  }

  @Override
  public void close() {
    discard();
    tables = List.of();
  }

  /** Returns a description without the URL. */
  @Override
  public String toString() {
    return "tables "
        + (schema == null ? "" : schema + ".")
        + prefix
        + "* in a database ("
        + dialect
        + ")";
  }
}
