package io.callstream.internal.ledger;

import io.callstream.internal.aggregate.BlockMerger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The blocks that the windows of one statistic had in several batches. Not thread-safe. */
final class BlockVersions {
  private final Map<Long, List<byte[]>> versions = new TreeMap<>();

  void add(Map<Long, byte[]> blocks) {
    blocks.forEach(
        (window, block) -> versions.computeIfAbsent(window, w -> new ArrayList<>(1)).add(block));
  }

  /** Returns a block for each window with the last values of all its groups. */
  NavigableMap<Long, byte[]> overlaid() {
    NavigableMap<Long, byte[]> all = new TreeMap<>();
    versions.forEach((window, blocks) -> all.put(window, overlay(blocks)));
    return all;
  }

  /**
   * Overlays blocks of one window, the oldest first. It works pairwise, so that each block is
   * visited only a few times.
   */
  private static byte[] overlay(List<byte[]> versions) {
    List<byte[]> level = versions;
    while (level.size() > 1) {
      List<byte[]> next = new ArrayList<>((level.size() + 1) / 2);
      for (int i = 0; i < level.size(); i += 2) {
        next.add(
            i + 1 < level.size()
                ? BlockMerger.overlay(level.get(i), level.get(i + 1))
                : level.get(i));
      }
      level = next;
    }
    return level.get(0);
  }
}
