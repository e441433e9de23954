package io.callstream.sink;

import io.callstream.internal.sink.TerminalStyle;
import io.callstream.internal.sink.TextTables;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultSink;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;

/** Prints tables of the current results after each batch that changed them. */
final class ConsoleSink implements ResultSink {
  private final PrintStream out;
  private final int rows;

  ConsoleSink(PrintStream out, int rows) {
    if (rows < 1) {
      throw new IllegalArgumentException(rows + " rows; a table has at least 1");
    }
    this.out = out;
    this.rows = rows;
  }

  @Override
  public void write(BatchResults batch) {
    if (batch.emitsNothing()) {
      return;
    }
    out.println("batch " + batch.number());
    TextTables tables =
        new TextTables(
            batch.pipeline().format().zone(), TextTables.DEFAULT_WIDTH, TerminalStyle.PLAIN);
    for (Statistic statistic : batch.pipeline().statistics()) {
      if (!batch.updates(statistic.name()).isEmpty()) {
        out.println(tables.top(batch.results(statistic.name()), rows));
      }
    }
    out.println(tables.accounting(batch.total()));
    if (out.checkError()) {
      throw new UncheckedIOException(
          new IOException("the stream can't be written, or its reader has closed it"));
    }
  }

  @Override
  public String toString() {
    return "console";
  }
}
