package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunOptions;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.WindowAssigner;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.ResultSink;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Results of which the driver has only the groups with the highest counts. All groups of open
 * windows are in the state of the query, from which jobs read them. Thread-safe.
 */
final class ExecutorResults implements Results {
  private final BlockResults top;
  private final NavigableMap<Long, Long> sizes;
  private final StateScan scan;

  /**
   * Creates results.
   *
   * @param top at least the first {@value SparkSettings#TOP_IN_DRIVER} groups of each window
   * @param sizes the number of groups of each open window
   * @param scan reads the groups of these windows
   */
  ExecutorResults(BlockResults top, NavigableMap<Long, Long> sizes, StateScan scan) {
    this.top = top;
    this.sizes = sizes;
    this.scan = scan;
  }

  /**
   * Requires that results can stay in the executors.
   *
   * @throws CallstreamException with {@link ErrorCode#UNSUPPORTED} if the driver needs all results
   */
  static void requireSupport(Pipeline pipeline, RunOptions options) {
    List<String> unsupported = new ArrayList<>();
    for (ResultSink sink : pipeline.resultSinks()) {
      if (!(sink instanceof TaskSink)) {
        unsupported.add("the sink '" + sink + "', which tasks cannot write");
      }
    }
    for (Statistic statistic : pipeline.statistics()) {
      String name = "'" + statistic.name() + "'";
      if (statistic.viewRetention().isPresent()) {
        unsupported.add("the view " + name);
      }
      if (statistic.window().orElse(null) instanceof Window.Session) {
        unsupported.add("the sessions of " + name);
      }
      if (statistic.baseline().isPresent()) {
        unsupported.add("the baseline of " + name + ", which needs all groups of closed windows");
      }
      if (statistic.measures().stream().anyMatch(Measure.Share.class::isInstance)) {
        unsupported.add("the share in " + name + ", which needs the total of a window");
      }
    }
    if (pipeline.correctionHorizon().isPresent()) {
      unsupported.add("corrections()");
    }
    if (options.evolves()) {
      unsupported.add("evolving()");
    }
    if (options.flushesAtEnd()) {
      unsupported.add("flushingAtEnd()");
    }
    if (!unsupported.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.UNSUPPORTED,
          ("With results in the executors, the engine 'spark' does not support %s. Change the"
                  + " pipeline, or keep the results in the driver (remove resultsInExecutors(), or"
                  + " --results executors).")
              .formatted(String.join(", and not ", unsupported)));
    }
  }

  @Override
  public Statistic statistic() {
    return top.statistic();
  }

  @Override
  public Optional<CountedSince> countedSince() {
    return top.countedSince();
  }

  @Override
  public long size() {
    return sizes.values().stream().mapToLong(Long::longValue).sum();
  }

  @Override
  public Stream<ResultRow> stream() {
    return scan.all().flatMap(part -> part.results(statistic()).stream());
  }

  @Override
  public List<ResultRow> window(Instant start) {
    return millis(start)
        .map(window -> scan.window(window).results(statistic()).window(start))
        .orElse(List.of());
  }

  @Override
  public Optional<ResultRow> group(List<String> dimensions) {
    return statistic().window().isPresent() || isEmpty()
        ? Optional.empty()
        : scan.group(sizes.firstKey(), dimensions).results(statistic()).group(dimensions);
  }

  @Override
  public Optional<ResultRow> group(Instant start, List<String> dimensions) {
    return millis(start)
        .flatMap(
            window -> scan.group(window, dimensions).results(statistic()).group(start, dimensions));
  }

  /** Returns the key of a window if it is among these results. */
  private Optional<Long> millis(Instant start) {
    try {
      return Optional.of(start.toEpochMilli())
          .filter(window -> statistic().window().isPresent() && sizes.containsKey(window));
    } catch (ArithmeticException e) {
      return Optional.empty(); // The time is outside the years that a call can have.
    }
  }

  @Override
  public List<WindowBounds> windows() {
    return statistic()
        .window()
        .map(WindowAssigner::new)
        .map(
            windows ->
                sizes.keySet().stream()
                    .map(
                        start ->
                            new WindowBounds(
                                Instant.ofEpochMilli(start),
                                Instant.ofEpochMilli(windows.end(start))))
                    .toList())
        .orElse(List.of());
  }

  @Override
  public List<ResultRow> top(int n) {
    return top(top, n);
  }

  static List<ResultRow> top(BlockResults first, int n) {
    if (n > SparkSettings.TOP_IN_DRIVER) {
      throw new IllegalArgumentException(
          "top("
              + n
              + ") must be at most "
              + SparkSettings.TOP_IN_DRIVER
              + " with results in the executors; read more rows with stream(), or from a sink");
    }
    return first.top(n);
  }

  @Override
  public String toString() {
    return size() + " groups of '" + statistic().name() + "' in the executors";
  }
}
