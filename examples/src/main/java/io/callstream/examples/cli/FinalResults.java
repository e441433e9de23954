package io.callstream.examples.cli;

import io.callstream.engine.RunningPipeline;
import io.callstream.engine.local.MergedResults;
import io.callstream.internal.sink.TextTables;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.statistic.Statistic;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a command prints at its end.
 *
 * @param results returns the results of a statistic by its name
 */
record FinalResults(Pipeline pipeline, Function<String, Results> results, Accounting accounting) {
  private static final int ROWS = 10;

  static FinalResults of(RunningPipeline running) {
    return new FinalResults(
        running.pipeline().withoutViews(), running::results, running.accounting());
  }

  static FinalResults of(MergedResults merged) {
    return new FinalResults(merged.pipeline(), merged::results, merged.accounting());
  }

  /** Returns the part of the topic that was counted; empty if all of it. */
  Optional<KafkaTopic.Part> part() {
    return pipeline.source() instanceof KafkaTopic topic ? topic.part() : Optional.empty();
  }

  /**
   * Prints the top rows of each statistic, the accounting, and the location of the files, or all of
   * this as JSON.
   *
   * @param top the number of rows of each statistic, if the user specified it
   * @param output the directory of the files; null without files
   * @throws CallstreamException if standard output cannot be written
   */
  void print(Terminal terminal, boolean asJson, OptionalInt top, @Nullable Path output) {
    if (asJson) {
      ResultsJson.write(terminal.out(), this, top, output);
    } else {
      printTables(terminal, top.orElse(ROWS), output);
    }
    terminal.out().requireWritten();
  }

  private void printTables(Terminal terminal, int rows, @Nullable Path output) {
    int width = terminal.columns().getAsInt();
    for (Statistic statistic : pipeline.statistics()) {
      terminal
          .out()
          .println(
              TextTables.top(
                  results.apply(statistic.name()), rows, pipeline.format().zone(), width));
    }
    terminal.out().print(TextTables.accounting(accounting));
    part()
        .ifPresent(
            part ->
                terminal
                    .out()
                    .println(
                        "part: " + part + " of the topic; 'callstream merge' adds the others"));
    if (output != null) {
      terminal.out().println("files: " + output.toAbsolutePath().normalize());
    }
  }
}
