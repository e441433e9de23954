package io.callstream.dashboard;

import io.callstream.engine.RunningPipeline.State;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import io.callstream.progress.Progress.Latency;
import io.callstream.progress.StabilityVerdict;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;

/**
 * All that the dashboard and the report show, as of one moment. What the pipeline has no statistic
 * for is empty.
 *
 * @param run tells snapshots of one run from those of another: when the first was about to be made
 * @param time when this was computed
 * @param state where the run is in its life
 * @param failure why it failed, for people
 * @param source where records come from, for people
 * @param zone the zone of hours and days
 * @param types the most frequent types of calls
 * @param calls calls over time
 * @param week calls by local day of the week and hour
 * @param dispositions how calls ended
 * @param locations the addresses with the most calls
 * @param spikes types that stand out
 * @param others statistics that no picture is known for
 * @param progress the report of the last batch
 * @param accounting where all records so far went
 * @param verdict whether the pipeline keeps up; empty if it is too early to tell
 * @param history the batches that were seen lately, the oldest first
 */
record Snapshot(
    Instant run,
    Instant time,
    State state,
    Optional<String> failure,
    String source,
    ZoneId zone,
    Optional<Ranking> types,
    Optional<TimeLine> calls,
    Optional<Week> week,
    Optional<Ranking> dispositions,
    Optional<Ranking> locations,
    Optional<Spikes> spikes,
    List<Table> others,
    Optional<Progress> progress,
    Accounting accounting,
    Optional<StabilityVerdict> verdict,
    List<Sample> history) {

  /**
   * The groups with the most calls.
   *
   * @param entries the highest first
   * @param groups how many groups there are in all
   * @param total the calls of all groups
   */
  record Ranking(List<Entry> entries, int groups, long total) {
    /**
     * A group.
     *
     * @param description what its name means; the empty text if nobody says
     */
    record Entry(String name, String description, long count) {}

    /** Returns the part that an entry has of all calls, from 0 to 1. */
    double share(Entry entry) {
      return total == 0 ? 0 : (double) entry.count() / total;
    }

    /** Returns the calls of the groups that are no entries. */
    long rest() {
      return total - entries.stream().mapToLong(Entry::count).sum();
    }
  }

  /**
   * Calls over time, without gaps: an hour or day without a call counts 0.
   *
   * @param hours the last hours, the oldest first
   * @param days the last days of the zone, the oldest first
   */
  record TimeLine(List<Hour> hours, List<Day> days) {
    /** The calls of an hour. */
    record Hour(Instant start, long count) {}

    /** The calls of a local day. */
    record Day(LocalDate date, long count) {}
  }

  /**
   * Calls by day of the week, Monday first, and hour of the day.
   *
   * @param counts 7 rows of 24
   */
  record Week(List<List<Long>> counts) {
    /** Returns the highest count. */
    long max() {
      return counts.stream().flatMap(List::stream).mapToLong(Long::longValue).max().orElse(0);
    }
  }

  /**
   * Types whose last complete hour stands out from the same hour of the days before.
   *
   * @param window that hour; empty if none is complete yet
   * @param days how many days before it was compared with; too few to tell if below {@link
   *     SpikeSearch#MIN_DAYS}
   * @param spikes the most striking first
   */
  record Spikes(Optional<WindowBounds> window, int days, List<Spike> spikes) {
    /**
     * A type that stands out.
     *
     * @param count its calls in the hour
     * @param usual its calls in that hour of the days before, on average
     * @param score by how many standard deviations it is above them
     */
    record Spike(String type, long count, double usual, double score) {}
  }

  /**
   * A statistic as a plain table.
   *
   * @param cells the first rows, as text
   * @param numbersFrom the first column that holds measures
   * @param rows how many rows there are in all
   */
  record Table(
      String name, List<String> columns, List<List<String>> cells, int numbersFrom, long rows) {}

  /**
   * How a batch went.
   *
   * @param arrived records that arrived per second; NaN if unknown
   * @param processed records processed per second of its duration
   * @param emitted result rows told the sinks per second; NaN if unknown
   * @param lag offsets left to read
   * @param latency how old records were when the sinks had them; empty if none has a timestamp
   */
  record Sample(
      Instant time,
      double arrived,
      double processed,
      double emitted,
      long lag,
      Optional<Latency> latency) {}
}
