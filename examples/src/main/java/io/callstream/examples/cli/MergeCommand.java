package io.callstream.examples.cli;

import io.callstream.engine.local.MergedResults;
import io.callstream.pipeline.Pipeline;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Implements {@code callstream merge}. */
@Command(
    name = "merge",
    abbreviateSynopsis = true,
    description = {
      "Adds the results of processes that count parts of a topic with 'callstream statistics --part'.",
      "",
      "It reads their checkpoints, also while they count, prints tables and the accounting, and"
          + " changes nothing. Repeat the options of 'statistics' that specify what is"
          + " counted."
    },
    footer = {
      "",
      "@|bold Examples:|@",
      "  callstream merge state-1 state-2 --output out",
      "  callstream merge state-* --json --top 3"
    })
final class MergeCommand implements Callable<Integer> {
  @ParentCommand
  @SuppressWarnings("NullAway.Init")
  private Callstream callstream;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "DIR",
      description = "The --checkpoint of each part, in any order.")
  private List<Path> checkpoints = new ArrayList<>();

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "Write <statistic>.csv and accounting.json there. Default: no files.")
  private @Nullable Path output;

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "Rows of each table. Default: 10; all rows with --json.")
  private @Nullable Integer top;

  @Option(
      names = "--json",
      description = "Print results as JSON, in one line; nothing else is on standard output.")
  private boolean json;

  @Mixin private CountingOptions counting = new CountingOptions();

  @Mixin private FormatOption format = new FormatOption();

  @Mixin private KafkaOptions kafka = new KafkaOptions();

  @Override
  public Integer call() {
    if (top != null) {
      Usage.atLeast(spec, "--top", top, 0);
    }
    Pipeline pipeline =
        Usage.of(
            spec,
            () ->
                counting
                    .pipeline(
                        spec, kafka.source(), format.format(), format.definition(), null, false)
                    .build());
    if (output != null) {
      Usage.writable(spec, "--output", output);
    }
    MergedResults merged = MergedResults.read(pipeline, checkpoints);
    if (output != null) {
      merged.writeTo(output);
    }
    FinalResults.of(merged)
        .print(
            callstream.terminal(),
            json,
            top == null ? OptionalInt.empty() : OptionalInt.of(top),
            output);
    return 0;
  }
}
