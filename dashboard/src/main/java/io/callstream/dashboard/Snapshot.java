package io.callstream.dashboard;

import io.callstream.engine.RunningPipeline.State;
import io.callstream.pipeline.CountedSince;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.StabilityVerdict;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The content of the report at one moment. A panel is empty if the pipeline does not have its
 * statistic.
 *
 * @param failure the message of the failure; empty if the run has not failed
 * @param findsDuplicates whether a repeated call counts once
 * @param newest the time of the newest call that is not misdated
 * @param hours all calls by the hour
 * @param since from where statistics count that were added to the pipeline, by name
 * @param others the statistics that are shown as tables
 * @param monitored whether the pipeline has a stability monitor
 * @param verdict whether the pipeline keeps up; empty without a monitor or enough batches
 */
record Snapshot(
    Instant time,
    State state,
    Optional<String> failure,
    ZoneId zone,
    boolean findsDuplicates,
    Optional<Instant> newest,
    Optional<CallHours> hours,
    Findings findings,
    Optional<Ranking> types,
    Optional<Ranking> dispositions,
    Optional<Ranking> locations,
    Map<String, CountedSince> since,
    List<Table> others,
    Optional<Progress> progress,
    Accounting accounting,
    boolean monitored,
    Optional<StabilityVerdict> verdict) {

  /**
   * The groups with the most calls, highest count first, and the number and calls of all groups.
   */
  record Ranking(List<Entry> entries, int groups, long total) {
    /** A group; its description is empty if unknown. */
    record Entry(String name, String description, long count) {}

    /** Returns the fraction of all calls that an entry has, from 0 to 1. */
    double share(Entry entry) {
      return total == 0 ? 0 : (double) entry.count() / total;
    }

    /** Returns the calls of the groups without an entry. */
    long rest() {
      return total - entries.stream().mapToLong(Entry::count).sum();
    }
  }

  /**
   * Some rows of a statistic.
   *
   * @param columns the names of the columns in words
   * @param numbersFrom the index of the first measure column
   * @param note which rows these are
   */
  record Table(
      String name, List<String> columns, List<List<String>> cells, int numbersFrom, String note) {}
}
