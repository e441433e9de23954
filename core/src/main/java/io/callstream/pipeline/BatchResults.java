package io.callstream.pipeline;

import io.callstream.progress.Accounting;
import io.callstream.progress.Progress.LookupVersion;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The changes of one batch, and the state of the pipeline after it.
 *
 * @param lineage identifies this run together with all runs that resume from its checkpoint; up to
 *     36 letters, digits and hyphens
 * @param number the number of the batch, from 0 without gaps; a batch that is repeated after a
 *     crash has the same number and the same content
 * @param pipeline the pipeline without {@linkplain
 *     io.callstream.statistic.Statistic.Builder#forViews views}
 * @param watermark the watermark of this batch, which decides which calls are late and which
 *     windows close; empty until a finished batch has seen a call in each partition that it read
 * @param updates the results to emit in this batch, by the name of the statistic, as absolute
 *     values
 * @param current all results that have been emitted so far, by the name of the statistic
 * @param accounting the accounting of the records of this batch
 * @param total the accounting of all records so far
 * @param lookups the version of the table of each lookup that the batch used, by name
 */
public record BatchResults(
    String lineage,
    long number,
    Pipeline pipeline,
    Optional<Instant> watermark,
    Map<String, Results> updates,
    Map<String, Results> current,
    Accounting accounting,
    Accounting total,
    Map<String, LookupVersion> lookups) {
  /** Copies the maps. */
  public BatchResults {
    updates = Map.copyOf(updates);
    current = Map.copyOf(current);
    lookups = Map.copyOf(lookups);
  }

  /**
   * Returns the rows that a statistic emits in this batch. The list may be empty.
   *
   * @throws IllegalArgumentException if the pipeline has no such statistic
   */
  public List<ResultRow> updates(String statistic) {
    return require(updates, statistic).rows();
  }

  /**
   * Returns all results that a statistic has emitted so far.
   *
   * @throws IllegalArgumentException if the pipeline has no such statistic
   */
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

  /**
   * Returns the number of rows that all statistics emit in this batch, without creating the rows.
   */
  public long emittedRows() {
    return updates.values().stream().mapToLong(Results::size).sum();
  }

  /** Returns whether no statistic emits anything in this batch. */
  public boolean emitsNothing() {
    return updates.values().stream().allMatch(Results::isEmpty);
  }
}
