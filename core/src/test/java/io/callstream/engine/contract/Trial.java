package io.callstream.engine.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.CallFormat;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.PartitionOffsets;
import io.callstream.statistic.Statistic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Assumptions;

/**
 * A pipeline and its records in specified batches: each step is one batch.
 *
 * <p>With a checkpoint, each step is a separate bounded run. Without one, a continuous run receives
 * the next step when the previous one is accounted for. If an engine splits a step into several
 * batches, the trial is repeated. If it always does so, the rule is undecided, and its test is
 * aborted.
 */
final class Trial {
  private static final int ATTEMPTS = 5;

  private final String name;
  private final CallFormat format;
  private final UnaryOperator<Pipeline.Builder> parts;
  private int partitions = 1;
  private final List<List<SourceRecord>> steps = new ArrayList<>();

  /** What happens before the records of each step are sent. */
  private final List<Runnable> preparations = new ArrayList<>();

  /**
   * Creates a trial without records.
   *
   * @param parts adds statistics and other parts to the pipeline
   */
  Trial(String name, CallFormat format, UnaryOperator<Pipeline.Builder> parts) {
    this.name = name;
    this.format = format;
    this.parts = parts;
  }

  Trial partitions(int number) {
    partitions = number;
    return this;
  }

  Trial step(SourceRecord... records) {
    return step(List.of(records));
  }

  /** Adds a step whose records are sent after something else has happened. */
  Trial step(Runnable before, SourceRecord... records) {
    steps.add(List.of(records));
    preparations.add(before);
    return this;
  }

  Trial step(List<SourceRecord> records) {
    return step(() -> {}, records.toArray(SourceRecord[]::new));
  }

  /** Adds steps of at most {@code size} records each. */
  Trial steps(List<SourceRecord> records, int size) {
    for (int from = 0; from < records.size(); from += size) {
      step(records.subList(from, Math.min(from + size, records.size())));
    }
    return this;
  }

  /**
   * Runs the trial.
   *
   * @param directory the directory for checkpoints
   */
  Outcome run(Testbed testbed, Path directory) throws InterruptedException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Attempt run = new Attempt(testbed, directory.resolve(name + "-" + attempt));
      Outcome outcome =
          testbed.engine().capabilities().contains(Capability.CHECKPOINT)
              ? run.inRuns()
              : run.inOneRun();
      if (run.requireContiguous(outcome)) {
        return outcome;
      }
    }
    return Assumptions.abort(
        "The engine cut a step of '" + name + "' into several batches, " + ATTEMPTS + " times");
  }

  private final class Attempt {
    private final Testbed testbed;
    private final Path directory;
    private final ContractSource source;
    private final Recorder recorder = new Recorder();
    private final Pipeline pipeline;
    private long sent;

    Attempt(Testbed testbed, Path directory) {
      this.testbed = testbed;
      this.directory = directory;
      source = testbed.source(partitions);
      // Trials have only a few calls. Rules about times that are not accepted override this.
      pipeline =
          recorder
              .on(parts.apply(Pipeline.builder(source.source(), format).withoutMaxEventTimeJump()))
              .build();
    }

    Outcome inRuns() throws InterruptedException {
      RunOptions options = RunOptions.bounded().checkpointingTo(testbed.checkpoint(directory));
      Map<String, Results> results = Map.of();
      Accounting accounting = Accounting.none(List.of(), List.of());
      for (int i = 0; i < steps.size(); i++) {
        preparations.get(i).run();
        source.send(steps.get(i));
        try (RunningPipeline run = testbed.engine().start(pipeline, options)) {
          assertThat(run.awaitTermination(testbed.patience())).as("a bounded run ends").isTrue();
          results = results(run);
          accounting = run.accounting();
        }
      }
      return outcome(results, accounting);
    }

    Outcome inOneRun() throws InterruptedException {
      RunOptions options = RunOptions.continuous().triggeringEvery(Duration.ZERO);
      preparations.get(0).run();
      try (RunningPipeline run = testbed.engine().start(pipeline, options)) {
        for (int i = 0; i < steps.size(); i++) {
          preparations.get(i).run();
          source.send(steps.get(i));
          sent += steps.get(i).size();
          awaitCovered(run, recorder, sent, testbed.patience());
        }
        run.stop();
        return outcome(results(run), run.accounting());
      }
    }

    private Map<String, Results> results(RunningPipeline run) {
      Map<String, Results> results = new LinkedHashMap<>();
      for (Statistic statistic : pipeline.statistics()) {
        results.put(statistic.name(), run.results(statistic.name()));
      }
      return results;
    }

    private Outcome outcome(Map<String, Results> results, Accounting accounting) {
      return new Outcome(
          name, pipeline, source.topic(), List.copyOf(steps), recorder, results, accounting);
    }

    /** Returns whether each step is one batch. */
    private boolean requireContiguous(Outcome outcome) {
      List<Progress> reports = recorder.reports();
      requireEachRecordOnce(reports);
      assertThat(recorder.batches()).as("batches, as many as reports").hasSize(reports.size());
      if (reports.size() != steps.size()) {
        assertThat(reports).as("batches of %s", name).hasSizeGreaterThan(steps.size());
        return false;
      }
      for (int i = 0; i < reports.size(); i++) {
        long records = outcome.report(i).offsets().stream().mapToLong(Recorder::records).sum();
        if (records != steps.get(i).size()) {
          return false;
        }
      }
      return true;
    }
  }

  /** Asserts that each batch starts at the offsets at which the previous one ended. */
  static void requireEachRecordOnce(List<Progress> reports) {
    Map<Integer, Long> ends = new LinkedHashMap<>();
    for (Progress report : reports) {
      for (PartitionOffsets range : report.offsets()) {
        assertThat(range.start())
            .as("start of batch %s in partition %s", report.batch(), range.partition())
            .isEqualTo(ends.getOrDefault(range.partition(), 0L));
        ends.put(range.partition(), range.end());
      }
    }
  }

  /** Waits until finished batches contain a number of records. */
  static void awaitCovered(RunningPipeline run, Recorder recorder, long records, Duration patience)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (recorder.covered() < records) {
      if (run.state() != RunningPipeline.State.RUNNING) {
        run.awaitTermination();
        throw new AssertionError(
            "The run ended with " + recorder.covered() + " of " + records + " records");
      }
      assertThat(System.nanoTime())
          .as("waiting for %s records, %s came", records, recorder.covered())
          .isLessThan(deadline);
      recorder.awaitReport();
    }
  }
}
