package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.ResultSink;
import java.time.Duration;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Builds a sink that keeps a database table for each statistic; see {@link Sinks#jdbc}. Schemas and
 * prefixes consist of at most 30 lower-case letters, digits and underscores, and start with a
 * letter. Another value causes an {@link IllegalArgumentException}. Not thread-safe.
 */
public final class JdbcSinkBuilder {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,29}");

  final DataSource source;
  @Nullable JdbcDialect dialect;
  @Nullable String schema;
  String prefix = "";
  Duration timeout = Duration.ofSeconds(20);
  int attempts = 4;
  boolean startsOver;

  JdbcSinkBuilder(DataSource source) {
    this.source = source;
  }

  /** Sets the dialect, for tests. Defaults to the dialect of the database. */
  JdbcSinkBuilder dialect(JdbcDialect dialect) {
    this.dialect = dialect;
    return this;
  }

  /**
   * Uses {@code INSERT … ON CONFLICT DO UPDATE}, for a database that is compatible with PostgreSQL
   * but does not have this name. Defaults to this syntax if the name of the database contains
   * "PostgreSQL", and otherwise to {@code MERGE} of the SQL standard.
   */
  public JdbcSinkBuilder postgresql() {
    return dialect(JdbcDialect.POSTGRESQL);
  }

  /** Sets the schema of the tables, which must exist. Defaults to the schema of the connection. */
  public JdbcSinkBuilder schema(String schema) {
    this.schema = require("schema", schema);
    return this;
  }

  /**
   * Sets a prefix for the names of all tables, so that several pipelines can share a schema.
   * Defaults to no prefix.
   */
  public JdbcSinkBuilder prefix(String prefix) {
    this.prefix = require("prefix", prefix);
    return this;
  }

  private static String require(String what, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          ("'%s' can't be a %s of tables; use lower-case letters, digits and underscores, a letter"
                  + " first, at most 30")
              .formatted(name, what));
    }
    return name;
  }

  /**
   * Sets the time limit for a connection or a statement, from a second to an hour. Defaults to 20
   * seconds.
   */
  public JdbcSinkBuilder timeout(Duration timeout) {
    if (timeout.toSeconds() < 1 || timeout.toSeconds() > 3_600) {
      throw new IllegalArgumentException(
          "The timeout of the database is " + timeout + "; it must be from 1 s to 1 h");
    }
    this.timeout = timeout;
    return this;
  }

  /**
   * Sets the maximum number of attempts for a batch after transient failures, including the first.
   * Must be from 1 to 100. Defaults to 4.
   */
  public JdbcSinkBuilder attempts(int attempts) {
    if (attempts < 1 || attempts > 100) {
      throw new IllegalArgumentException(
          attempts + " attempts of a batch; there must be from 1 to 100");
    }
    this.attempts = attempts;
    return this;
  }

  /**
   * Allows a run to take over tables with results of another run, for example if the checkpoint was
   * lost. The sink deletes their rows when it opens. By default, the sink fails in this case with a
   * {@link CallstreamException} with {@link ErrorCode#SINK_FAILED}.
   */
  public JdbcSinkBuilder startingOver() {
    this.startsOver = true;
    return this;
  }

  /** Returns the sink. */
  public ResultSink build() {
    return new JdbcSink(this);
  }
}
