package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.Closing;
import io.callstream.internal.sink.Spool;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskWriter;
import io.callstream.statistic.Statistic;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/*
 * An attempt writes nothing to the database before the engine lets it commit. Then it writes all its
 * rows in one transaction, which first locks the marks of their statistics. A lock shows that the
 * run still owns the table and has not finished the batch, and it delays the end of the batch, and
 * a takeover, until the transaction has ended. So a task that was stopped and resumes later either
 * commits before the next batch starts, or finds that its batch is finished and writes nothing. This
 * covers rows that a later batch has deleted, too, which the condition on _batch cannot see.
 *
 * A task that is stopped within its transaction holds its locks until PostgreSQL ends the session,
 * after one timeout. In that time, the statements of others fail by their timeout and are repeated.
 */
/** Writes the rows of a task when it commits, in one transaction. */
final class JdbcTaskWriter implements TaskWriter {
  private final Tasks tasks;
  private final Attempt attempt;

  /** The rows of each statistic. All transactions lock the marks in the order of the names. */
  private final SortedMap<String, Part> parts = new TreeMap<>();

  private record Part(Statistic statistic, Spool rows, long[] count) {}

  /** What tasks of a run need. It is serialized, so its content includes the password. */
  record Tasks(
      DataSource source,
      Duration timeout,
      int attempts,
      JdbcDialect dialect,
      @Nullable String schema,
      String prefix,
      String run)
      implements TaskWriter.Factory {
    private static final long serialVersionUID = 1L;

    @Override
    public TaskWriter open(Attempt attempt) {
      return new JdbcTaskWriter(this, attempt);
    }

    void requireSerializable() {
      try (ObjectOutputStream out = new ObjectOutputStream(OutputStream.nullOutputStream())) {
        out.writeObject(this);
      } catch (IOException | RuntimeException e) {
        String type = source.getClass().getName();
        throw new CallstreamException(
            ErrorCode.SINK_FAILED,
            ("Tasks can't connect to the database, because the DataSource %s can't be serialized."
                    + " Give the sink the DataSource of the driver, such as PGSimpleDataSource,"
                    + " instead of a pool, or keep the results in the driver.")
                .formatted(type),
            e);
      }
    }

    @Override
    public String toString() {
      return "tasks that write a database";
    }
  }

  private JdbcTaskWriter(Tasks tasks, Attempt attempt) {
    this.tasks = tasks;
    this.attempt = attempt;
  }

  @Override
  public void write(Results changed) throws IOException {
    Part part =
        parts.computeIfAbsent(
            changed.statistic().name(),
            name -> new Part(changed.statistic(), new Spool(), new long[1]));
    for (Iterator<ResultRow> rows = changed.iterator(); rows.hasNext(); ) {
      JdbcRow.of(rows.next()).writeTo(part.rows().out());
      part.count()[0]++;
    }
  }

  @Override
  public byte[] commit() {
    try (JdbcSession session = new JdbcSession(tasks.source(), tasks.timeout(), tasks.attempts())) {
      session.run("write a part of batch " + attempt.batch(), () -> writeAll(session));
    }
    return new byte[0];
  }

  private void writeAll(JdbcSession session) throws SQLException {
    tasks.dialect().limitIdleTransaction(session, tasks.timeout());
    JdbcBatchTable batches = new JdbcBatchTable(session, tasks.schema(), tasks.prefix());
    for (Part part : parts.values()) {
      Statistic statistic = part.statistic();
      JdbcTable table =
          new JdbcTable(session, statistic, tasks.dialect(), tasks.schema(), tasks.prefix());
      session.startOn(table);
      Long last = batches.lock(table.statistic(), tasks.run(), tasks.dialect());
      if (last == null) {
        throw table.takenOver();
      }
      if (last < attempt.batch()) {
        try (DataInputStream in = part.rows().read()) {
          table.write(rows(in, part.count()[0], statistic.typedColumns().size()), attempt.batch());
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private static Iterator<JdbcRow> rows(DataInputStream in, long count, int columns) {
    return new Iterator<>() {
      private long left = count;

      @Override
      public boolean hasNext() {
        return left > 0;
      }

      @Override
      public JdbcRow next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        left--;
        try {
          return JdbcRow.read(in, columns);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  @Override
  public void close() {
    try {
      Closing.all(parts.values().stream().map(Part::rows).toList(), Spool::close);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
