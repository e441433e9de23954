package io.callstream.pipeline;

import io.callstream.progress.Accounting;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one batch changed, and where everything stands after it.
 *
 * @param lineage tells a run, and those that go on from its checkpoint, from all others: up to 36
 *     letters, digits and hyphens
 * @param number the number of the batch, from 0 without gaps; one that comes again after a crash
 *     has the same number and the same content
 * @param pipeline the pipeline
 * @param watermark the watermark that was in force: late calls were told by it, and windows closed;
 *     empty until a finished batch has seen a call in each partition it read
 * @param updates the results to emit in this batch, by the name of the statistic: absolute values
 * @param current all results emitted so far, by the name of the statistic
 * @param accounting where the records of this batch went
 * @param total where all records so far went
 */
public record BatchResults(
    String lineage,
    long number,
    Pipeline pipeline,
    Optional<Instant> watermark,
    Map<String, Results> updates,
    Map<String, Results> current,
    Accounting accounting,
    Accounting total) {
  /** Copies the maps. */
  public BatchResults {
    updates = Map.copyOf(updates);
    current = Map.copyOf(current);
  }

  /** Returns the rows that a statistic emits in this batch; none if it emits nothing. */
  public List<ResultRow> updates(String statistic) {
    return require(updates, statistic).rows();
  }

  /** Returns all that a statistic has emitted so far. */
  public Results results(String statistic) {
    return require(current, statistic);
  }

  private static Results require(Map<String, Results> results, String statistic) {
    Results found = results.get(statistic);
    if (found == null) {
      throw Pipeline.unknownStatistic(statistic, results.keySet());
    }
    return found;
  }

  /** Returns the number and the accounting. */
  @Override
  public String toString() {
    return "batch " + number + " " + accounting;
  }

  /** Returns how many rows all statistics emit in this batch, without making them. */
  public long emittedRows() {
    return updates.values().stream().mapToLong(Results::size).sum();
  }

  /** Returns whether no statistic emits anything in this batch. */
  public boolean emitsNothing() {
    return updates.values().stream().allMatch(Results::isEmpty);
  }
}
