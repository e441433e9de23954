package io.callstream.sink;

import io.callstream.internal.sink.BatchMark;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * The table with the last batch of each statistic, and with the run that owns the table of the
 * statistic.
 */
final class JdbcBatchTable {
  private static final int RUN_LENGTH = 36;
  private static final int STATISTIC_LENGTH = 100;

  private final JdbcSession session;
  private final JdbcName name;

  JdbcBatchTable(JdbcSession session, @Nullable String schema, String prefix) {
    this.session = session;
    this.name = new JdbcName(schema, "_" + prefix + "batches");
  }

  void ensure() throws SQLException {
    if (session.columnTypes(name).isEmpty()) {
      session.execute(
          ("CREATE TABLE %s (\"statistic\" varchar(%s) NOT NULL, \"batch\" bigint NOT NULL,"
                  + " \"lineage\" varchar(%s) NOT NULL, \"run\" varchar(%s) NOT NULL, PRIMARY KEY"
                  + " (\"statistic\"))")
              .formatted(name.quoted(), STATISTIC_LENGTH, RUN_LENGTH, RUN_LENGTH));
    }
  }

  @Nullable BatchMark find(String statistic) throws SQLException {
    try (PreparedStatement select =
        session.prepare(
            "SELECT \"batch\", \"lineage\" FROM " + name.quoted() + " WHERE \"statistic\" = ?")) {
      select.setString(1, statistic);
      try (ResultSet rows = select.executeQuery()) {
        return rows.next() ? new BatchMark(rows.getLong(1), rows.getString(2)) : null;
      }
    }
  }

  /**
   * Locks the mark of a statistic until the transaction ends: no run can change it, and in
   * PostgreSQL, several tasks can lock it. Returns the last batch; null if another run owns the
   * table.
   */
  @Nullable Long lock(String statistic, String run, JdbcDialect dialect) throws SQLException {
    String condition = " WHERE \"statistic\" = ? AND \"run\" = ?";
    if (dialect == JdbcDialect.STANDARD) {
      String unchanged = "UPDATE %s SET \"run\" = \"run\"".formatted(name.quoted());
      if (session.update(unchanged + condition, statistic, run) == 0) {
        return null;
      }
    }
    String share = dialect == JdbcDialect.POSTGRESQL ? " FOR SHARE" : "";
    try (PreparedStatement select =
        session.prepare("SELECT \"batch\" FROM " + name.quoted() + condition + share)) {
      select.setString(1, statistic);
      select.setString(2, run);
      try (ResultSet rows = select.executeQuery()) {
        return rows.next() ? rows.getLong(1) : null;
      }
    }
  }

  void delete(String statistic) throws SQLException {
    session.update("DELETE FROM " + name.quoted() + " WHERE \"statistic\" = ?", statistic);
  }

  /** Sets the mark of a statistic. From then on, the run owns the table of the statistic. */
  void set(String statistic, BatchMark mark, String run) throws SQLException {
    delete(statistic);
    session.update(
        "INSERT INTO %s (\"statistic\", \"batch\", \"lineage\", \"run\") VALUES (?, ?, ?, ?)"
            .formatted(name.quoted()),
        statistic,
        mark.batch(),
        mark.lineage(),
        run);
  }

  /** Sets the batch of a statistic. Returns false if another run owns its table. */
  boolean advance(String statistic, long batch, String run) throws SQLException {
    int owned =
        session.update(
            "UPDATE %s SET \"batch\" = ? WHERE \"statistic\" = ? AND \"run\" = ?"
                .formatted(name.quoted()),
            batch,
            statistic,
            run);
    return owned == 1;
  }

  @Override
  public String toString() {
    return name.table();
  }
}
