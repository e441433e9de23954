package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.SessionKey;
import io.callstream.internal.aggregate.SessionMerger;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * The sessions of a statistic. Those that are open at the watermark in force are in the groups of
 * their buckets. A session that closes moves to the groups of the hour in which it starts, which is
 * the form of results. Immutable.
 *
 * @param retention how long sessions are kept after they closed; null to keep all
 * @param windows the sessions of each bucket and hour
 * @param firstCloses the watermark at which the first session of each bucket or hour closes
 * @param justClosed the sessions that closed in the last batch
 * @param bytes the size of all sessions
 */
record SessionBlocks(
    Statistic statistic,
    SessionMerger merger,
    @Nullable Duration retention,
    TreePMap<Long, Groups> windows,
    TreePMap<Long, Long> firstCloses,
    TreePMap<Long, Groups> justClosed,
    long bytes)
    implements StatisticBlocks {

  static SessionBlocks none(
      Statistic statistic, Window.Session window, Optional<Duration> retention) {
    return new SessionBlocks(
        statistic,
        new SessionMerger(statistic, window),
        retention.orElse(null),
        TreePMap.empty(),
        TreePMap.empty(),
        TreePMap.empty(),
        0);
  }

  /** The sessions of the next state, and the watermarks at which the first of them close. */
  private final class Change {
    TreePMap<Long, Groups> after = windows;
    TreePMap<Long, Long> closes = firstCloses;
    TreePMap<Long, Groups> closed = TreePMap.empty();
    long size = bytes;

    void put(long key, Groups sessions) {
      size += sessions.bytes() - after.getOrDefault(key, Groups.NONE).bytes();
      if (sessions.count() == 0) {
        after = after.minus(key);
        closes = closes.minus(key);
      } else {
        after = after.plus(key, sessions);
        closes = closes.plus(key, merger.firstClose(sessions));
      }
    }

    /** Moves the sessions of a bucket that are closed at a watermark. */
    void close(long bucket, long watermark) {
      Groups sessions = after.getOrDefault(bucket, Groups.NONE);
      if (closes.getOrDefault(bucket, Long.MAX_VALUE) <= watermark) {
        closed = plusClosed(closed, sessions, watermark);
        put(bucket, merger.open(sessions, watermark));
      }
    }

    SessionBlocks end() {
      closed.forEach(
          (hour, sessions) -> {
            Groups all = after.getOrDefault(hour, Groups.NONE);
            put(hour, all.overlaid(sessions.toBlock()));
          });
      return new SessionBlocks(statistic, merger, retention, after, closes, closed, size);
    }
  }

  private TreePMap<Long, Groups> plusClosed(
      TreePMap<Long, Groups> hours, Groups sessions, long watermark) {
    TreePMap<Long, Groups> sum = hours;
    for (Map.Entry<Long, byte[]> closed : merger.closed(sessions, watermark).entrySet()) {
      Groups known = sum.getOrDefault(closed.getKey(), Groups.NONE);
      sum = sum.plus(closed.getKey(), known.overlaid(closed.getValue()));
    }
    return sum;
  }

  @Override
  public Groups overlay(Groups groups, byte[] updates) {
    return merger.overlay(groups, updates);
  }

  @Override
  public byte[] overlay(byte[] older, byte[] newer) {
    return merger.overlay(older, newer);
  }

  @Override
  public StatisticBlocks restored(NavigableMap<Long, Groups> overlaid, long watermark) {
    Change change = new Change();
    overlaid.forEach(change::put);
    return closed(change, watermark);
  }

  @Override
  public StatisticBlocks updated(
      NavigableMap<Long, byte[]> updates, NavigableMap<Long, Groups> whole, long watermark) {
    Change change = new Change();
    updates.forEach(
        (bucket, block) -> {
          Groups known = whole.get(bucket);
          change.put(
              bucket,
              known != null ? known : overlay(windows.getOrDefault(bucket, Groups.NONE), block));
        });
    return closed(change, watermark);
  }

  private static SessionBlocks closed(Change change, long watermark) {
    for (long bucket : buckets(change.after).keySet()) {
      change.close(bucket, watermark);
    }
    return change.end();
  }

  private static NavigableMap<Long, Groups> buckets(TreePMap<Long, Groups> windows) {
    return windows.headMap(SessionKey.afterBuckets(), false);
  }

  private long firstClose(long key) {
    return firstCloses.getOrDefault(key, Long.MAX_VALUE);
  }

  @Override
  public NavigableMap<Long, Groups> results() {
    TreePMap<Long, Groups> all = closed();
    for (Groups sessions : buckets(windows).values()) {
      all = plusClosed(all, sessions, Long.MAX_VALUE);
    }
    return all;
  }

  @Override
  public NavigableMap<Long, Groups> closed(long watermark) {
    return closed();
  }

  private TreePMap<Long, Groups> closed() {
    return windows.tailMap(SessionKey.afterBuckets(), true);
  }

  @Override
  public NavigableMap<Long, Groups> closedBetween(long after, long upTo) {
    return justClosed;
  }

  /** {@inheritDoc} They have the form of results. */
  @Override
  public NavigableMap<Long, Groups> open(long watermark) {
    TreePMap<Long, Groups> open = TreePMap.empty();
    for (Groups sessions : buckets(windows).values()) {
      open = plusClosed(open, sessions, Long.MAX_VALUE);
    }
    return open;
  }

  @Override
  public int openCount() {
    return buckets(windows).size();
  }

  @Override
  public long openBytes() {
    return buckets(windows).values().stream().mapToLong(Groups::bytes).sum();
  }

  @Override
  public StatisticBlocks retained(long watermark) {
    Duration kept = retention;
    if (kept == null) {
      return this;
    }
    // The watermark may be the least number, from which nothing can be subtracted.
    long millis = kept.toMillis();
    Change change = new Change();
    for (Map.Entry<Long, Groups> entry : closed().entrySet()) {
      if (merger.closesAtEarliest(entry.getKey()) + millis > watermark) {
        break; // Sessions that start later close later.
      }
      if (firstClose(entry.getKey()) + millis <= watermark) {
        change.put(entry.getKey(), merger.open(entry.getValue(), watermark - millis));
      }
    }
    return change.end();
  }
}
