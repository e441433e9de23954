package io.callstream.spark;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The numbers of shards of all windows in one batch.
 *
 * @param partitions the number of tasks that merge
 * @param bySlot the numbers for the statistics with shards, by their slots
 */
record ShardCounts(int partitions, Map<Integer, OfStatistic> bySlot) {
  /**
   * The numbers of shards of the windows of a statistic.
   *
   * @param ofNew the number of each window that opens in the batch
   * @param ofOpen the numbers of open windows that have another one
   */
  record OfStatistic(int ofNew, Map<Long, Integer> ofOpen) {
    private int of(long window) {
      return ofOpen.getOrDefault(window, ofNew);
    }
  }

  /** Returns the number of shards of a window, which is 1 for the bucket of sessions. */
  int of(int slot, long window) {
    OfStatistic statistic = bySlot.get(slot);
    return statistic == null ? 1 : statistic.of(window);
  }

  /** Returns the keys of the shards of a window. */
  List<RowKey> keys(int slot, long window) {
    int count = of(slot, window);
    if (count == 1) {
      return List.of(RowKey.ofWindow(slot, window));
    }
    List<RowKey> keys = new ArrayList<>(count);
    for (int shard = 0; shard < count; shard++) {
      keys.add(RowKey.ofShard(slot, window, shard, count, partitions));
    }
    return keys;
  }

  int length() {
    int windows = bySlot.values().stream().mapToInt(s -> s.ofOpen().size()).sum();
    return Integer.BYTES * (2 + 3 * bySlot.size()) + (Long.BYTES + Integer.BYTES) * windows;
  }

  void write(ByteBuffer out) {
    out.putInt(partitions).putInt(bySlot.size());
    bySlot.forEach(
        (slot, statistic) -> {
          out.putInt(slot).putInt(statistic.ofNew()).putInt(statistic.ofOpen().size());
          statistic.ofOpen().forEach((window, count) -> out.putLong(window).putInt(count));
        });
  }

  static ShardCounts read(ByteBuffer in) {
    int partitions = in.getInt();
    Map<Integer, OfStatistic> bySlot = new TreeMap<>();
    for (int statistics = in.getInt(); statistics > 0; statistics--) {
      int slot = in.getInt();
      int ofNew = in.getInt();
      Map<Long, Integer> ofOpen = new TreeMap<>();
      for (int windows = in.getInt(); windows > 0; windows--) {
        ofOpen.put(in.getLong(), in.getInt());
      }
      bySlot.put(slot, new OfStatistic(ofNew, ofOpen));
    }
    return new ShardCounts(partitions, bySlot);
  }
}
