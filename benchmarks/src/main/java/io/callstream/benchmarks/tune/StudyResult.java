package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.tune.StudyRun.Trace;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The measurements of a study.
 *
 * @param profile the extent of the study
 * @param runs the successful runs, in their order
 * @param failures the failed runs
 * @param abortReason why the study ended early; empty if it is complete
 * @param seed the seed of the order of runs and of their start delays
 * @param start when the study started
 * @param duration how long it took
 */
record StudyResult(
    StudyProfile profile,
    List<StudyRun> runs,
    List<StudyRun.Failure> failures,
    String abortReason,
    long seed,
    Instant start,
    Duration duration) {

  private Stream<StudyRun> runs(Configuration configuration, Measure measure) {
    return runs.stream()
        .filter(run -> run.configuration().equals(configuration))
        .filter(run -> run.values().containsKey(measure));
  }

  /** Returns how Spark executed a configuration, whose throughput was measured. */
  Trace trace(Configuration configuration) {
    return runs(configuration, Measure.THROUGHPUT).findFirst().orElseThrow().trace();
  }

  /** Returns whether Spark executed a configuration like the baseline. */
  boolean isExecutedAsUsual(Configuration configuration) {
    Trace usual = trace(Configuration.baseline());
    Trace trace = trace(configuration);
    return trace.plan().equals(usual.plan())
        && trace.largestBatch() == usual.largestBatch()
        && Math.abs(trace.tasks() - usual.tasks()) < 0.5;
  }

  /** Returns the verdicts on the steady runs of a configuration, in words. */
  Optional<String> verdicts(Configuration configuration) {
    Map<String, Long> counts =
        runs(configuration, Measure.P95)
            .collect(
                Collectors.groupingBy(
                    StudyRun::verdict, LinkedHashMap::new, Collectors.counting()));
    if (counts.isEmpty()) {
      return Optional.empty();
    }
    long all = counts.values().stream().mapToLong(Long::longValue).sum();
    Long stable = counts.remove(StudyRun.STABLE);
    StringBuilder text = new StringBuilder("stable in " + (stable == null ? 0 : stable));
    text.append(" of ").append(all);
    counts.forEach((verdict, runs) -> text.append(". In " + runs + ": " + verdict));
    return Optional.of(text.toString());
  }
}
