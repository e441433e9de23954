package io.callstream.engine;

import io.callstream.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What operators ask about a run in addition to its progress. Immutable.
 *
 * @param settings the settings in force, by name and in the order of display. They contain no
 *     secrets: an engine shows the value of a property only if the property is known to be harmless
 * @param watermark the watermark that applies to the next batch; empty before the first batch
 * @param clocks the event times of the partitions, in the order of partitions
 * @param restarts the latest restarts by a {@link Supervisor}, oldest first; at most {@value
 *     #MAX_RESTARTS}
 */
public record RunDetails(
    Map<String, String> settings,
    Optional<Instant> watermark,
    List<PartitionTime> clocks,
    List<Restart> restarts) {
  /** The maximum number of restarts. */
  public static final int MAX_RESTARTS = 20;

  /** No details. */
  public static final RunDetails NONE =
      new RunDetails(Map.of(), Optional.empty(), List.of(), List.of());

  /** Copies the collections. */
  public RunDetails {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    clocks = List.copyOf(clocks);
    restarts = List.copyOf(restarts);
  }

  /**
   * The event time that a partition contributes to the watermark.
   *
   * @param partition the partition, from 0
   * @param time the latest confirmed event time; empty if no call confirms another one yet
   * @param inLastBatch whether the last batch had a record of the partition. Only such partitions
   *     determine the watermark
   * @param unconfirmed the number of calls whose event times the next calls did not confirm
   */
  public record PartitionTime(
      int partition, Optional<Instant> time, boolean inLastBatch, long unconfirmed) {}

  /**
   * A restart after a failure.
   *
   * @param time when the run failed
   * @param code the code of the failure
   * @param message the message of the failure
   * @param delay the time between the failure and the restart
   * @param attempt the number of the restart in a row of restarts, from 1
   */
  public record Restart(
      Instant time, ErrorCode code, String message, Duration delay, int attempt) {}

  /** Returns a copy with other restarts. */
  RunDetails withRestarts(List<Restart> latest) {
    return new RunDetails(settings, watermark, clocks, latest);
  }
}
