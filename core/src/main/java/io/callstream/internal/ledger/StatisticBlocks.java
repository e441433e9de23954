package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.Groups;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The results of one statistic, as absolute values by window. Immutable. The next state shares all
 * windows that a batch does not change.
 */
sealed interface StatisticBlocks permits WindowBlocks, SessionBlocks, SpikeBlocks {
  /**
   * Returns no results.
   *
   * @param ofPipeline the retention of the pipeline; empty if it keeps all results
   */
  static StatisticBlocks none(Statistic statistic, Optional<Duration> ofPipeline) {
    Optional<Duration> retention =
        Stream.concat(ofPipeline.stream(), statistic.viewRetention().stream())
            .min(Comparator.naturalOrder());
    if (statistic.baseline().isPresent()) {
      return SpikeBlocks.none(statistic, retention);
    }
    return statistic.window().orElse(null) instanceof Window.Session session
        ? SessionBlocks.none(statistic, session, retention)
        : WindowBlocks.none(statistic, retention);
  }

  Statistic statistic();

  /** Returns the groups by their keys, as an engine merges them and a snapshot contains them. */
  NavigableMap<Long, Groups> windows();

  /** Returns the groups of a key of {@link #windows}. */
  default Groups groups(long key) {
    return windows().getOrDefault(key, Groups.NONE);
  }

  /** Returns the number of {@link #windows}. */
  default int count() {
    return windows().size();
  }

  /**
   * Returns results that follow from the calls of earlier batches when the watermark moves from one
   * time to another, as updates of the batch in which it moves.
   */
  default NavigableMap<Long, byte[]> derived(long after, long upTo) {
    return Collections.emptyNavigableMap();
  }

  /** Returns groups after a batch that changed some of them. */
  Groups overlay(Groups groups, byte[] updates);

  /** Returns the groups that two batches changed, with their last values. */
  byte[] overlay(byte[] older, byte[] newer);

  /** Returns the results with the groups that several batches left, the last at a watermark. */
  StatisticBlocks restored(NavigableMap<Long, Groups> overlaid, long watermark);

  /** Returns all results, for views and sinks. */
  NavigableMap<Long, Groups> results();

  /** Returns the results that are closed at the watermark in force. */
  NavigableMap<Long, Groups> closed(long watermark);

  /** Returns the results that closed when the watermark moved to the one in force. */
  NavigableMap<Long, Groups> closedBetween(long after, long upTo);

  /** Returns the results that are open at the watermark in force. */
  NavigableMap<Long, Groups> open(long watermark);

  /** Returns the number of open windows, or of buckets of open sessions. */
  int openCount();

  /** Returns the size of the groups of open windows, in bytes. */
  long openBytes();

  /** Returns the size of all groups, in bytes. */
  long bytes();

  /** Returns the number of groups of the largest of the latest windows, which may be open. */
  default int largestOfLatest() {
    return windows().descendingMap().values().stream()
        .limit(8L + statistic().contributionsPerCall())
        .mapToInt(Groups::groups)
        .max()
        .orElse(0);
  }

  /** Returns the results without those whose retention has ended at a watermark. */
  StatisticBlocks retained(long watermark);

  /**
   * Returns the results after a batch with a watermark. {@code whole} has all groups of merged
   * windows.
   */
  StatisticBlocks updated(
      NavigableMap<Long, byte[]> updates, NavigableMap<Long, Groups> whole, long watermark);
}
