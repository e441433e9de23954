package io.callstream.examples.cli;

import io.callstream.engine.RunningPipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.sink.Tables;
import io.callstream.statistic.Statistic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

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

  /** Waits as {@link #await(long)} does, or until something else is so. */
  void await(long total, BooleanSupplier enough) throws InterruptedException {
    try (Meter meter = Meter.of(terminal, "counted", total)) {
      boolean ended = false;
      while (!ended && !enough.getAsBoolean()) {
        ended = running.awaitTermination(LOOK);
        meter.show(running.accounting().received());
      }
    }
  }

  /** Prints the top of each statistic, where every record went, and where the files are. */
  void print(@Nullable Path output) {
    for (Statistic statistic : running.pipeline().statistics()) {
      terminal
          .out()
          .println(
              Tables.top(
                  running.results(statistic.name()), ROWS, running.pipeline().format().zone()));
    }
    terminal.out().print(text(running.accounting()));
    if (output != null) {
      terminal.out().println("files: " + output.toAbsolutePath().normalize());
    }
    terminal.out().flush();
  }

  /** Returns where every record went, in lines. */
  static String text(Accounting accounting) {
    StringBuilder text = new StringBuilder();
    text.append(
        Words.format(
            "accounting: %,d received = %,d rejected + %,d duplicates + %,d calls%n"
                + "            %,d ambiguous times, %,d unknown dispositions%n",
            accounting.received(),
            accounting.rejected(),
            accounting.duplicates(),
            accounting.calls(),
            accounting.ambiguousTimes(),
            accounting.unknownDispositions()));
    for (Map.Entry<String, Contributions> entry : accounting.statistics().entrySet()) {
      long filtered = entry.getValue().filtered();
      text.append(
          Words.format(
              "            %s: %,d counted, %,d late%s%n",
              entry.getKey(),
              entry.getValue().counted(),
              entry.getValue().late(),
              filtered > 0 ? Words.format(", %,d filtered", filtered) : ""));
    }
    return text.toString();
  }
}
