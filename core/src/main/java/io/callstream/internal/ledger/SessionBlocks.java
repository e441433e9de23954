package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.aggregate.SessionKey;
import io.callstream.internal.aggregate.SessionMerger;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of a statistic. Those that are open at the watermark in force are in the blocks of
 * their buckets. A session that closes moves to the block of the hour in which it starts, which is
 * the form of results. Immutable.
 *
 * @param retention how long sessions are kept after they closed; null to keep all
 * @param blocks not modified after construction
 * @param firstCloses the watermark at which the first session of each block closes; not modified
 *     after construction
 * @param justClosed the sessions that closed in the last batch
 */
record SessionBlocks(
    Statistic statistic,
    SessionMerger merger,
    @Nullable Duration retention,
    NavigableMap<Long, byte[]> blocks,
    Map<Long, Long> firstCloses,
    NavigableMap<Long, byte[]> justClosed)
    implements StatisticBlocks {

  static SessionBlocks none(
      Statistic statistic, Window.Session window, Optional<Duration> retention) {
    return new SessionBlocks(
        statistic,
        new SessionMerger(statistic, window),
        retention.orElse(null),
        new TreeMap<>(),
        Map.of(),
        new TreeMap<>());
  }

  /** The blocks of the next state, and the watermarks at which their first sessions close. */
  private final class Change {
    final NavigableMap<Long, byte[]> after = new TreeMap<>(blocks);
    final Map<Long, Long> closes = new HashMap<>(firstCloses);
    final NavigableMap<Long, byte[]> closed = new TreeMap<>();

    void put(long key, byte @Nullable [] block) {
      if (block == null) {
        after.remove(key);
        closes.remove(key);
      } else {
        after.put(key, block);
        closes.put(key, merger.firstClose(block));
      }
    }

    /** Moves the sessions of a bucket that are closed at a watermark. */
    void close(long bucket, long watermark) {
      byte[] block = after.get(bucket);
      if (block != null && closes.getOrDefault(bucket, Long.MAX_VALUE) <= watermark) {
        add(merger.closed(block, watermark), closed);
        put(bucket, merger.open(block, watermark));
      }
    }

    SessionBlocks end() {
      closed.forEach((hour, block) -> put(hour, BlockMerger.overlay(after.get(hour), block)));
      return new SessionBlocks(statistic, merger, retention, after, closes, closed);
    }
  }

  private static void add(NavigableMap<Long, byte[]> sessions, NavigableMap<Long, byte[]> sum) {
    sessions.forEach((hour, block) -> sum.merge(hour, block, BlockMerger::overlay));
  }

  @Override
  public byte[] overlay(List<byte[]> versions) {
    return merger.overlay(versions);
  }

  @Override
  public StatisticBlocks restored(NavigableMap<Long, byte[]> overlaid, long watermark) {
    return updated(new TreeMap<>(), overlaid, watermark);
  }

  @Override
  public StatisticBlocks updated(
      NavigableMap<Long, byte[]> updates, NavigableMap<Long, byte[]> whole, long watermark) {
    Change change = new Change();
    whole.forEach(change::put);
    updates.forEach(
        (bucket, block) -> {
          byte[] known = blocks.get(bucket);
          if (!whole.containsKey(bucket)) {
            change.put(bucket, known == null ? block : overlay(List.of(known, block)));
          }
        });
    for (long bucket : buckets(change.after)) {
      change.close(bucket, watermark);
    }
    return change.end();
  }

  private static List<Long> buckets(NavigableMap<Long, byte[]> blocks) {
    return new ArrayList<>(blocks.headMap(SessionKey.afterBuckets(), false).keySet());
  }

  @Override
  public List<Long> closing(long after, long upTo) {
    return buckets(blocks).stream().filter(bucket -> firstClose(bucket) <= upTo).toList();
  }

  private long firstClose(long key) {
    return firstCloses.getOrDefault(key, Long.MAX_VALUE);
  }

  @Override
  public NavigableMap<Long, byte[]> results() {
    NavigableMap<Long, byte[]> all = open();
    closed().forEach((hour, block) -> all.merge(hour, block, BlockMerger::overlay));
    return all;
  }

  @Override
  public NavigableMap<Long, byte[]> closed(long watermark) {
    return closed();
  }

  private NavigableMap<Long, byte[]> closed() {
    return blocks.tailMap(SessionKey.afterBuckets(), true);
  }

  @Override
  public NavigableMap<Long, byte[]> closedBetween(long after, long upTo) {
    return justClosed;
  }

  @Override
  public NavigableMap<Long, byte[]> open(long watermark) {
    return open();
  }

  /** Returns the open sessions in the form of results. */
  private NavigableMap<Long, byte[]> open() {
    NavigableMap<Long, byte[]> open = new TreeMap<>();
    for (byte[] block : blocks.headMap(SessionKey.afterBuckets(), false).values()) {
      add(merger.closed(block, Long.MAX_VALUE), open);
    }
    return open;
  }

  @Override
  public void forEachOpen(long watermark, Consumer<byte[]> open) {
    blocks.headMap(SessionKey.afterBuckets(), false).values().forEach(open);
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
    for (Map.Entry<Long, byte[]> entry : closed().entrySet()) {
      if (firstClose(entry.getKey()) + millis <= watermark) {
        change.put(entry.getKey(), merger.open(entry.getValue(), watermark - millis));
      }
    }
    return change.end();
  }
}
