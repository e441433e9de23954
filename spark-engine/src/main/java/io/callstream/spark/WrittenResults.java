package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Results that tasks wrote, as sinks in the driver get them. They have only the rows with the
 * highest counts. Immutable.
 *
 * @param top the first groups of each window
 * @param emitted the number of rows that a batch emits; empty for all results
 */
record WrittenResults(BlockResults top, OptionalLong emitted) implements Results {
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
    return emitted.orElseThrow(this::notHere);
  }

  @Override
  public Stream<ResultRow> stream() {
    throw notHere();
  }

  @Override
  public List<ResultRow> window(Instant start) {
    throw notHere();
  }

  @Override
  public List<WindowBounds> windows() {
    throw notHere();
  }

  @Override
  public List<ResultRow> top(int n) {
    return ExecutorResults.top(top, n);
  }

  private CallstreamException notHere() {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        ("The results of '%s' are in the executors, so a sink that is new or that misses batches"
                + " cannot be filled with them. Start such a sink together with a new checkpoint.")
            .formatted(statistic().name()));
  }

  @Override
  public String toString() {
    return "results of '" + statistic().name() + "' in the executors";
  }
}
