package io.callstream.examples.cli;

import io.callstream.CallstreamException;
import io.callstream.engine.RunningPipeline;
import io.callstream.sink.Tables;
import io.callstream.statistic.Statistic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Watches a pipeline that counts, and shows what came of it. */
final class Counting {
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final int ROWS = 10;

  private final Terminal terminal;
  private final RunningPipeline running;

  Counting(Terminal terminal, RunningPipeline running) {
    this.terminal = terminal;
    this.running = running;
  }

  /**
   * Waits until the pipeline has ended, and shows how far it is.
   *
   * @param total how many records there are to read, or {@link Meter#UNKNOWN}
   */
  void await(long total) throws InterruptedException {
    await(total, () -> false);
  }

  /**
   * Waits as {@link #await(long)} does, and ends the run when there is enough, or when the reader
   * of standard output has closed it.
   *
   * @throws CallstreamException if standard output can't be written
   */
  void await(long total, BooleanSupplier enough) throws InterruptedException {
    long before = running.accounting().received();
    try (Meter meter = Meter.of(terminal, "counted", total, before)) {
      boolean ended = false;
      while (!ended) {
        if (enough.getAsBoolean() || terminal.out().isClosedByReader()) {
          running.stop();
        }
        ended = running.awaitTermination(LOOK);
        meter.show(running.accounting().received());
      }
    }
  }

  /** Says what is missing in the results if the run was ended before all was counted. */
  void tellMissing(long total) {
    long counted = running.accounting().received();
    if (counted < total) {
      terminal.say(
          "ended early: %,d of %s were counted, and the tables lack the other %,d",
          counted, Words.records(total), total - counted);
    }
  }

  /**
   * Prints what was asked for: the top of each statistic, where every record went, and where the
   * files are, or all that as JSON.
   *
   * @throws CallstreamException if standard output can't be written
   */
  void print(StatisticsOptions options) {
    if (options.json()) {
      ResultsJson.write(terminal.out(), running, options.top(), options.output());
    } else {
      printTables(options);
    }
    terminal.out().requireWritten();
  }

  private void printTables(StatisticsOptions options) {
    int width = terminal.columns().getAsInt();
    int rows = options.top().orElse(ROWS);
    for (Statistic statistic : running.pipeline().statistics()) {
      terminal
          .out()
          .println(
              Tables.top(
                  running.results(statistic.name()),
                  rows,
                  running.pipeline().format().zone(),
                  width));
    }
    terminal.out().print(Tables.accounting(running.accounting()));
    Path output = options.output();
    if (output != null) {
      terminal.out().println("files: " + output.toAbsolutePath().normalize());
    }
  }
}
