package io.callstream.engine.contract;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The outcome of a {@link Trial}, with one batch for each of its steps.
 *
 * @param name the name of the trial
 * @param topic the name of the source in origins
 * @param steps the records that were sent for each batch
 * @param results the final results of all statistics, including open windows
 * @param accounting the final accounting
 */
record Outcome(
    String name,
    Pipeline pipeline,
    String topic,
    List<List<SourceRecord>> steps,
    Recorder recorder,
    Map<String, Results> results,
    Accounting accounting) {

  /** Returns the batch that the sinks received for a step. */
  BatchResults batch(int step) {
    return recorder.batches().get(step);
  }

  /** Returns the dead letters of a step. */
  List<DeadLetter> letters(int step) {
    return recorder.letters(batch(step).number());
  }

  /** Returns the report of a step. */
  Progress report(int step) {
    return recorder.reports().get(step);
  }

  /** Returns the rows that a statistic emitted for a step, as text. */
  List<String> updates(int step, String statistic) {
    return texts(batch(step).updates(statistic));
  }

  /** Returns all rows that a statistic had emitted after a step, as text. */
  List<String> current(int step, String statistic) {
    return texts(batch(step).results(statistic));
  }

  /** Returns the final rows of a statistic, as text. */
  List<String> rows(String statistic) {
    return texts(results(statistic));
  }

  /** Returns the final rows of a statistic that have a dimension, as text. */
  List<String> rows(String statistic, String dimension) {
    return texts(
        results(statistic).stream().filter(r -> r.dimensions().contains(dimension)).toList());
  }

  /** Returns the final results of a statistic. */
  Results results(String statistic) {
    return results.get(statistic);
  }

  /** Returns the contributions of all steps to a statistic. */
  Contributions contributions(String statistic) {
    return accounting.statistics().get(statistic);
  }

  /** Returns the contributions of a step to a statistic. */
  Contributions contributions(int step, String statistic) {
    return batch(step).accounting().statistics().get(statistic);
  }

  static List<String> texts(Iterable<ResultRow> rows) {
    List<String> texts = new ArrayList<>();
    rows.forEach(row -> texts.add(row.toString()));
    return texts;
  }
}
