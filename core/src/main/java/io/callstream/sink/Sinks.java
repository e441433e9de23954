package io.callstream.sink;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetterSink;
import io.callstream.pipeline.ResultSink;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.function.Consumer;

/** The sinks that come with callstream. Each belongs to one run of one pipeline at a time. */
public final class Sinks {
  private Sinks() {}

  /**
   * Keeps a file {@code <statistic>.csv} for each statistic and {@code accounting.json} in a
   * directory, which is created. Each is replaced atomically, at most a second behind the pipeline
   * while it runs, and complete when the run ends.
   */
  public static ResultSink csv(Path directory) {
    return new CsvSink(directory);
  }

  /**
   * Keeps {@code rejected.ndjson} and {@code late.ndjson} in a directory, which is created. Each is
   * replaced atomically, at most a second behind the pipeline while it runs, and complete when the
   * run ends. Lines are in the order of partitions and offsets.
   *
   * <p>Both are copies of journals in the hidden directory {@code .dead-letters}, which the next
   * run with the same checkpoint continues. When a run starts and ends, the sink compares the
   * number of letters with the accounting, and their bytes with checksums. It fails with {@link
   * io.callstream.ErrorCode#SINK_FAILED} if a letter is missing or changed.
   *
   * <p>If the directory is new and the checkpoint is not, the files begin with the first batch of
   * this run, and the log says so. A pipeline that starts from the beginning replaces what is
   * there.
   */
  public static DeadLetterSink deadLetterFiles(Path directory) {
    return new DeadLetterFiles(directory);
  }

  /**
   * Prints the top rows of each statistic as tables, and where all records went, after each batch
   * that changed something. The sink fails if the stream can't be written, which includes a pipe
   * that its reader has closed.
   *
   * @param rows how many rows of each statistic at most
   */
  public static ResultSink console(PrintStream out, int rows) {
    return new ConsoleSink(out, rows);
  }

  /** Hands each batch to a function, whose failure fails the pipeline. */
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

  /** Hands each dead letter to a function, whose failure fails the pipeline. */
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
