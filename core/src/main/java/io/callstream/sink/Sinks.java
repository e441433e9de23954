package io.callstream.sink;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.ResultSink;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The built-in sinks. A sink belongs to one run of one pipeline at a time. */
public final class Sinks {
  private static final Logger LOG = LoggerFactory.getLogger(Sinks.class);

  private Sinks() {}

  /**
   * Returns a sink that writes a file {@code <statistic>.csv} for each statistic and {@code
   * accounting.json} to a directory. It creates the directory if it does not exist. Each file is
   * replaced atomically. It is at most one second behind the pipeline during a run, and complete at
   * the end of the run.
   */
  public static ResultSink csv(Path directory) {
    return new CsvSink(directory);
  }

  /**
   * Returns a sink that writes {@code rejected.ndjson} and {@code late.ndjson} to a directory. It
   * creates the directory if it does not exist. Each file is replaced atomically. It is at most one
   * second behind the pipeline during a run, and complete at the end of the run. Lines are in the
   * order of partitions and offsets.
   *
   * <p>Both files are copies of journals in the hidden directory {@code .dead-letters}, which the
   * next run with the same checkpoint continues. At the start and the end of a run, the sink
   * compares the number of dead letters with the accounting, and their bytes with checksums. It
   * fails with {@link io.callstream.ErrorCode#SINK_FAILED} if a dead letter is missing or changed.
   *
   * <p>If the directory is new but the checkpoint is not, the files start with the first batch of
   * this run, and the sink logs this. A pipeline that starts from the beginning replaces existing
   * files.
   */
  public static DeadLetterSink deadLetterFiles(Path directory) {
    return new DeadLetterFiles(directory);
  }

  /**
   * Returns a builder of a sink that keeps a database table for each statistic. Each batch is one
   * transaction with its results and its number: readers see all of it or nothing.
   *
   * <p>A table has the columns {@link io.callstream.statistic.Statistic#columns()}, {@code _key}
   * and {@code _batch}. {@code _key} represents the dimensions with a fixed length, and is the
   * primary key together with {@code window_start}. {@code _batch} is the batch that last changed
   * the row. The sink creates missing tables in an existing schema. It writes the character U+0000,
   * which PostgreSQL cannot store, as U+FFFD; rows that differ only in such characters remain
   * separate. Rows of windows that the pipeline has removed remain in the table.
   *
   * <p>The sink uses {@code INSERT … ON CONFLICT} if the database calls itself PostgreSQL, and
   * {@code MERGE} of the SQL standard otherwise. If the database requires other types than {@code
   * character varying(1048576)} for texts or {@code timestamp with time zone} for times, create the
   * tables in advance. The sink uses existing tables.
   *
   * <p>After a transient failure, such as a lost connection, a lock or a deadlock, the sink tries
   * again with a new connection. If all attempts fail, or if a table has other columns or results
   * of another run, the pipeline fails with {@link io.callstream.ErrorCode#SINK_FAILED}. Messages
   * name the table and the SQLState, and contain no row, no URL and no password. The sink checks
   * for interrupts between statements, each of which ends within the timeout.
   *
   * <p>If Spark keeps the results in its executors, tasks write the tables: each task of a batch
   * opens a connection when it commits, and writes its rows in one transaction.
   *
   * @param source provides connections; the sink uses one at a time and keeps it between batches.
   *     Tasks receive the source, so it must then be serializable, with its password
   */
  public static JdbcSinkBuilder jdbc(DataSource source) {
    return new JdbcSinkBuilder(source);
  }

  /**
   * Returns a sink that prints the top rows of each statistic as tables of 80 columns, and the
   * accounting, after each batch that changed something. The sink fails if it cannot write to the
   * stream, for example if the reader of a pipe has closed it.
   *
   * @param rows the maximum number of rows of each statistic
   */
  public static ResultSink console(PrintStream out, int rows) {
    return new ConsoleSink(out, rows);
  }

  /**
   * Returns a sink that posts each spike to a web server: each row that a statistic with a {@link
   * io.callstream.statistic.Baseline} emits. Other statistics are ignored. The body is a JSON
   * object with the fields {@code key}, {@code text} (a sentence), {@code statistic} and {@code
   * row}. The header {@code Idempotency-Key} has the key as well.
   *
   * <p>A separate thread sends one spike after the other. It repeats a spike until the server
   * responds with a status from 200 to 299, with pauses of 1 s to 1 min. The statuses 400, 413 and
   * 422 refuse a spike, which is then logged and not repeated. A batch waits while 1,000 spikes are
   * not sent, and the pipeline fails at the time limit of sinks. The end of a run waits up to 10 s.
   *
   * <p>Each run starts with the latest 1,000 spikes of windows that closed in the last day before
   * the watermark, unless the retention of the pipeline removed them. So the server gets each spike
   * at least once if it is out of order for less than a day of event time. It must ignore keys that
   * it knows.
   *
   * @param target an address with {@code http} or {@code https}; logs show only its host and port
   * @param headers further headers, such as {@code Authorization}
   * @throws IllegalArgumentException if the address or a header is not valid
   */
  public static ResultSink webhook(URI target, Map<String, String> headers) {
    return new WebhookSink(target, headers);
  }

  /**
   * Returns a sink that logs each spike as a warning: each row that a statistic with a {@link
   * io.callstream.statistic.Baseline} emits.
   */
  public static ResultSink spikeLog() {
    return new ResultSink() {
      @Override
      public void write(BatchResults batch) {
        Spike.in(batch.pipeline(), batch.updates())
            .forEach(
                spike ->
                    LOG.warn(
                        "Unusually many calls: {}", spike.text(batch.pipeline().format().zone())));
      }

      @Override
      public String toString() {
        return "log of spikes";
      }
    };
  }

  /**
   * Returns a sink that passes each batch to a function. An exception of the function fails the
   * pipeline.
   */
  public static ResultSink callback(Consumer<BatchResults> function) {
    return new ResultSink() {
      @Override
      public void write(BatchResults batch) {
        function.accept(batch);
      }

      @Override
      public String toString() {
        return "callback";
      }
    };
  }

  /**
   * Returns a sink that passes each dead letter to a function. An exception of the function fails
   * the pipeline.
   */
  public static DeadLetterSink deadLetterCallback(Consumer<DeadLetter> function) {
    return new DeadLetterSink() {
      @Override
      public void write(BatchResults batch, Iterable<DeadLetter> letters) {
        letters.forEach(function);
      }

      @Override
      public String toString() {
        return "dead-letter callback";
      }
    };
  }
}
