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
   * this as JSON. If the user did not specify the number of rows, a table without meaning is
   * replaced by a text.
   *
   * @param top the number of rows of each statistic, if the user specified it
   * @param output the directory of the files; null without files
   * @throws CallstreamException if standard output cannot be written
   */
  void print(Terminal terminal, boolean asJson, OptionalInt top, @Nullable Path output) {
    if (asJson) {
      ResultsJson.write(terminal.out(), this, top, output);
    } else {
      printTables(terminal, top, output);
    }
    terminal.out().requireWritten();
  }

  private void printTables(Terminal terminal, OptionalInt top, @Nullable Path output) {
    ResultStream out = terminal.out();
    TextTables tables =
        new TextTables(pipeline.format().zone(), terminal.tableWidth(), terminal.outStyle());
    for (Statistic statistic : pipeline.statistics()) {
      Results rows = results.apply(statistic.name());
      out.println(
          top.isPresent()
              ? tables.top(rows, top.getAsInt())
              : tables.topOrAdvice(rows, ROWS, advice(statistic, output)));
    }
    out.print(tables.accounting(accounting));
    part()
        .ifPresent(
            part ->
                out.println("part: " + part + " of the topic; 'callstream merge' adds the others"));
    if (output != null) {
      out.println("files: " + output.toAbsolutePath().normalize());
    }
  }

  private static String advice(Statistic statistic, @Nullable Path output) {
    return DisplayText.format("--top %d prints a table; ", ROWS)
        + (output == null
            ? "--output DIR writes all rows to a file"
            : statistic.name() + ".csv has all rows");
  }
}
