package io.callstream.sink;

import io.callstream.internal.sink.BatchMark;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.TaskWriter;
import io.callstream.statistic.Statistic;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
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
/** Keeps a database table for each statistic. Not thread-safe. */
final class JdbcSink implements TaskSink {
  private final DataSource source;
  private final Duration timeout;
  private final int attempts;
  private final @Nullable JdbcDialect given;
  private final @Nullable String schema;
  private final String prefix;
  private final boolean startsOver;
  private final JdbcSession session;
  private final JdbcBatchTable batches;

  private List<JdbcTable> tables = List.of();
  private @Nullable JdbcDialect used;
  private String run = "";

  JdbcSink(JdbcSinkBuilder settings) {
    source = settings.source;
    timeout = settings.timeout;
    attempts = settings.attempts;
    given = settings.dialect;
    schema = settings.schema;
    prefix = settings.prefix;
    startsOver = settings.startsOver;
    session = new JdbcSession(source, timeout, attempts);
    batches = new JdbcBatchTable(session, schema, prefix);
  }

  @Override
  public void open(BatchResults restored) {
    run = UUID.randomUUID().toString();
    // This is a separate transaction, because some databases commit when they create a table.
    session.run("create its tables", () -> ensureTables(restored));
    session.run("bring its tables up to batch " + restored.number(), () -> catchUp(restored));
  }

  private void ensureTables(BatchResults restored) throws SQLException {
    session.startOn(batches);
    batches.ensure();
    JdbcDialect dialect = given == null ? JdbcDialect.of(session.connection()) : given;
    used = dialect;
    tables =
        restored.pipeline().statistics().stream()
            .sorted(Comparator.comparing(Statistic::name)) // The order in which tasks lock marks.
            .map(statistic -> new JdbcTable(session, statistic, dialect, schema, prefix))
            .toList();
    for (JdbcTable table : tables) {
      session.startOn(table);
      if (table.ensure()) {
        // If a table was lost, the mark of its statistic is no longer valid.
        batches.delete(table.statistic());
      }
    }
  }

  private void catchUp(BatchResults restored) throws SQLException {
    for (JdbcTable table : tables) {
      session.startOn(table);
      BatchMark mark = batches.find(table.statistic());
      boolean foreign = mark != null && mark.isOfAnotherRunThan(restored);
      if (mark != null && foreign && !startsOver) {
        throw mark.refused("The table " + table, restored);
      }
      boolean fills = mark == null || foreign || mark.isBehind(restored);
      // The mark is written first, to stop another run that still writes the table.
      BatchMark next = mark == null || fills ? BatchMark.of(restored) : mark;
      batches.set(table.statistic(), next, run);
      if (mark == null && !startsOver && !table.isEmpty()) {
        throw BatchMark.missing("The table " + table);
      }
      if (foreign || (mark == null && startsOver)) {
        table.deleteAll();
      }
      if (fills && restored.number() >= 0) {
        table.write(restored.results(table.statistic()).withRemoved(), restored.number());
      }
    }
  }

  @Override
  public void write(BatchResults batch) {
    var ignored = requireOpen();
    session.run("write batch " + batch.number(), () -> writeAll(batch));
  }

  private JdbcDialect requireOpen() {
    JdbcDialect open = used;
    if (open == null) {
      throw new IllegalStateException("the JDBC sink is not open");
    }
    return open;
  }

  private void advance(BatchResults batch) throws SQLException {
    for (JdbcTable table : tables) {
      session.startOn(table);
      if (!batches.advance(table.statistic(), batch.number(), run)) {
        throw table.takenOver();
      }
    }
  }

  private void writeAll(BatchResults batch) throws SQLException {
    advance(batch);
    for (JdbcTable table : tables) {
      Results updates = batch.updates().get(table.statistic());
      if (updates != null) {
        table.write(updates, batch.number());
      }
    }
  }

  @Override
  public TaskWriter.Factory writers() {
    JdbcTaskWriter.Tasks tasks =
        new JdbcTaskWriter.Tasks(source, timeout, attempts, requireOpen(), schema, prefix, run);
    tasks.requireSerializable();
    return tasks;
  }

  @Override
  public void finish(BatchResults batch, List<byte[]> messages) {
    var ignored = requireOpen();
    session.run("end batch " + batch.number(), () -> advance(batch));
  }

  @Override
  public void close() {
    used = null;
    session.close();
    tables = List.of();
  }

  /** Returns a description without the URL. */
  @Override
  public String toString() {
    return "tables " + (schema == null ? "" : schema + ".") + prefix + "* in a database";
  }
}
