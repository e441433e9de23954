package io.callstream.aggregate;

import io.callstream.call.Call;
import io.callstream.statistic.Measure;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/*
 * The groups of one statistic in one task: open addressing over (window, dimensions), the columns of
 * a group side by side in arrays. The texts of dimensions come from the parser's dictionary, so that
 * most comparisons are of references and hash codes are ready. Keys become bytes once per group, at
 * the end, when groups are sorted into blocks.
 *
 * Hash codes of Strings can be made to collide on purpose. When a walk over the slots becomes too long
 * for chance, groups are found through a sorted map from then on.
 */
final class GroupTable {
  private final int dimensions;
  private final List<Measure.Aggregate> aggregates;

  /** Over half-full slots, chance makes walks of a dozen. */
  private static final int MAX_WALK = 128;

  private int[] slots = new int[1 << 10];
  private @Nullable NavigableMap<Identity, Integer> sorted;
  private int groups;
  private long[] windows = new long[1 << 9];
  private String[] texts;
  private long[] counts = new long[1 << 9];
  private Measure.Accumulator[] states;

  GroupTable(int dimensions, List<Measure.Aggregate> aggregates) {
    this.dimensions = dimensions;
    this.aggregates = aggregates;
    this.texts = new String[dimensions << 9];
    this.states = new Measure.Accumulator[aggregates.size() << 9];
  }

  void add(long window, String[] values, Call call) {
    int group = group(window, values);
    counts[group]++;
    for (int i = 0; i < aggregates.size(); i++) {
      states[group * aggregates.size() + i].add(call);
    }
  }

  private int group(long window, String[] values) {
    return sorted == null ? groupBySlot(window, values) : groupBySorting(sorted, window, values);
  }

  private int groupBySlot(long window, String[] values) {
    int mask = slots.length - 1;
    int slot = hash(window, values, 0) & mask;
    int walk = 0;
    while (slots[slot] != 0) {
      int group = slots[slot] - 1;
      if (windows[group] == window && sameTexts(group, values)) {
        return group;
      }
      slot = slot + 1 & mask;
      if (++walk > MAX_WALK) {
        return groupBySorting(sortAll(), window, values);
      }
    }
    int group = append(window, values);
    slots[slot] = groups;
    if (2 * groups > slots.length) {
      growSlots();
    }
    return group;
  }

  private NavigableMap<Identity, Integer> sortAll() {
    NavigableMap<Identity, Integer> all = new TreeMap<>();
    for (int group = 0; group < groups; group++) {
      String[] values = Arrays.copyOfRange(texts, group * dimensions, (group + 1) * dimensions);
      all.put(new Identity(windows[group], values), group);
    }
    sorted = all;
    return all;
  }

  private int groupBySorting(NavigableMap<Identity, Integer> all, long window, String[] values) {
    Integer known = all.get(new Identity(window, values));
    if (known != null) {
      return known;
    }
    int group = append(window, values);
    all.put(new Identity(window, values.clone()), group);
    return group;
  }

  private int append(long window, String[] values) {
    int group = groups++;
    if (group == windows.length) {
      growColumns();
    }
    windows[group] = window;
    System.arraycopy(values, 0, texts, group * dimensions, dimensions);
    for (int i = 0; i < aggregates.size(); i++) {
      states[group * aggregates.size() + i] = aggregates.get(i).empty();
    }
    return group;
  }

  private boolean sameTexts(int group, String[] values) {
    for (int i = 0; i < dimensions; i++) {
      if (!texts[group * dimensions + i].equals(values[i])) {
        return false;
      }
    }
    return true;
  }

  private int hash(long window, String[] values, int from) {
    long hash = window * 0x9E3779B97F4A7C15L;
    for (int i = from; i < from + dimensions; i++) {
      hash = (hash ^ values[i].hashCode()) * 0x9E3779B97F4A7C15L;
    }
    return (int) (hash >>> 32);
  }

  private void growColumns() {
    int capacity = windows.length * 2;
    windows = Arrays.copyOf(windows, capacity);
    texts = Arrays.copyOf(texts, capacity * dimensions);
    counts = Arrays.copyOf(counts, capacity);
    states = Arrays.copyOf(states, capacity * aggregates.size());
  }

  private void growSlots() {
    slots = new int[slots.length * 2];
    int mask = slots.length - 1;
    for (int group = 0; group < groups; group++) {
      int slot = hash(windows[group], texts, group * dimensions) & mask;
      while (slots[slot] != 0) {
        slot = slot + 1 & mask;
      }
      slots[slot] = group + 1;
    }
  }

  /** Hands out a block for each window, in ascending order of windows. */
  void forEachWindow(StatisticCombiner.Partials blocks) {
    Entry[] entries = new Entry[groups];
    Bytes key = new Bytes(256);
    for (int group = 0; group < groups; group++) {
      key.clear();
      for (int i = 0; i < dimensions; i++) {
        GroupKey.append(key, texts[group * dimensions + i]);
      }
      entries[group] = new Entry(windows[group], key.toArray(), group);
    }
    Arrays.sort(entries);
    int from = 0;
    while (from < groups) {
      int to = from;
      while (to < groups && entries[to].window == entries[from].window) {
        to++;
      }
      blocks.partial(entries[from].window, block(entries, from, to));
      from = to;
    }
  }

  private byte[] block(Entry[] entries, int from, int to) {
    BlockWriter out = new BlockWriter(aggregates.size(), (to - from) * 24);
    int i = from;
    while (i < to) {
      // Texts that differ may be equal as UTF-8: that has no unpaired surrogates.
      int next = i + 1;
      while (next < to && Arrays.equals(entries[next].key, entries[i].key)) {
        next++;
      }
      writeGroup(out, entries, i, next);
      i = next;
    }
    return out.toBlock();
  }

  private void writeGroup(BlockWriter out, Entry[] entries, int from, int to) {
    long count = 0;
    for (int i = from; i < to; i++) {
      count += counts[entries[i].group];
    }
    out.group(entries[from].key, entries[from].key.length, count);
    for (int a = 0; a < aggregates.size(); a++) {
      Measure.Accumulator state = states[entries[from].group * aggregates.size() + a];
      for (int i = from + 1; i < to; i++) {
        state.merge(states[entries[i].group * aggregates.size() + a]);
      }
      byte[] bytes = state.toBytes();
      out.state(bytes, 0, bytes.length);
    }
  }

  /** What makes a group, in some order. */
  private record Identity(long window, String[] values) implements Comparable<Identity> {
    @Override
    public int compareTo(Identity that) {
      int order = Long.compare(window, that.window);
      return order != 0 ? order : Arrays.compare(values, that.values);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Identity that && compareTo(that) == 0;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(window) * 31 + Arrays.hashCode(values);
    }
  }

  private static final class Entry implements Comparable<Entry> {
    final long window;
    final byte[] key;
    final int group;

    Entry(long window, byte[] key, int group) {
      this.window = window;
      this.key = key;
      this.group = group;
    }

    @Override
    public int compareTo(Entry that) {
      int order = Long.compare(window, that.window);
      return order != 0 ? order : Arrays.compareUnsigned(key, that.key);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Entry that && compareTo(that) == 0;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(window) * 31 + Arrays.hashCode(key);
    }
  }
}
