package io.callstream.internal.aggregate;

import io.callstream.call.Call;
import io.callstream.statistic.Measure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/*
 * The groups of one statistic in one task, by window. Windows and texts get small numbers in the order of
 * their first use, so a group is a row of ints. Each window has a table that finds its groups by open
 * addressing: calls mostly arrive in the order of time, so they use one small table, which stays in the
 * processor's cache. At the end, each text is encoded once, and windows and texts are ranked. Counting sorts
 * by rank, from the last dimension to the window, then put the groups into the order of their keys, without
 * comparing the keys of groups.
 *
 * Input that is crafted to cause collisions has no effect: java.util.HashMap falls back to trees,
 * and the slots of groups depend on a random number.
 */
final class GroupTable extends TaskGroups {
  private static final int START = 1 << 9;
  private static final int WINDOW_START = 1 << 4;

  private final int dimensions;
  private final String statistic;
  private final List<Measure.Aggregate> aggregates;
  private final Map<Long, WindowGroups> windows = new HashMap<>();
  private final List<Long> windowStarts = new ArrayList<>();
  private final List<Numbers> texts = new ArrayList<>();
  private final long factor = ThreadLocalRandom.current().nextLong() | 1;

  private int groups;

  private int[] members;

  private long[] counts = new long[START];
  private Measure.Accumulator[] states;

  private long lastStart;
  private @Nullable WindowGroups last;

  GroupTable(String statistic, int dimensions, List<Measure.Aggregate> aggregates) {
    this.statistic = statistic;
    this.dimensions = dimensions;
    this.aggregates = aggregates;
    for (int i = 0; i < dimensions; i++) {
      texts.add(new Numbers());
    }
    members = new int[START * (1 + dimensions)];
    states = new Measure.Accumulator[START * aggregates.size()];
  }

  /** Numbers for texts, in the order of their first use. */
  private static final class Numbers {
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> all = new ArrayList<>();

    int of(String text) {
      Integer known = numbers.get(text);
      if (known != null) {
        return known;
      }
      // The statistic must not return null as a dimension. This fails where the code of the
      // statistic ran.
      numbers.put(Objects.requireNonNull(text), all.size());
      all.add(text);
      return all.size() - 1;
    }

    List<String> all() {
      return all;
    }
  }

  @Override
  void add(long window, String[] values, Call call) {
    int group = group(window, values);
    counts[group]++;
    for (int i = 0; i < aggregates.size(); i++) {
      states[group * aggregates.size() + i].add(call);
    }
  }

  @Override
  void retract(long window, String[] values, Call call) {
    int group = group(window, values);
    counts[group]--;
    for (int i = 0; i < aggregates.size(); i++) {
      states[group * aggregates.size() + i].retract(call);
    }
  }

  private int group(long window, String[] values) {
    WindowGroups ofWindow = last;
    if (ofWindow == null || window != lastStart) {
      ofWindow = groupsOf(window);
    }
    // The row of the call is written after the last group, and then looked up.
    int row = groups * (1 + dimensions);
    members[row] = ofWindow.number;
    for (int i = 0; i < dimensions; i++) {
      members[row + 1 + i] = texts.get(i).of(values[i]);
    }
    int found = ofWindow.findOrAdd(row);
    if (found == groups) {
      for (int i = 0; i < aggregates.size(); i++) {
        states[groups * aggregates.size() + i] = aggregates.get(i).empty();
      }
      groups++;
      if (groups == counts.length) {
        grow();
      }
    }
    return found;
  }

  private WindowGroups groupsOf(long window) {
    WindowGroups found = windows.get(window);
    if (found == null) {
      found = new WindowGroups(windowStarts.size());
      windows.put(window, found);
      windowStarts.add(window);
    }
    lastStart = window;
    last = found;
    return found;
  }

  private void grow() {
    counts = Arrays.copyOf(counts, 2 * groups);
    members = Arrays.copyOf(members, 2 * groups * (1 + dimensions));
    states = Arrays.copyOf(states, 2 * groups * aggregates.size());
  }

  /** The groups of one window. */
  private final class WindowGroups {
    private final int number;

    /** The number of the group in each slot plus one, or 0. At most half are occupied. */
    private int[] slots = new int[WINDOW_START];

    private int size;

    WindowGroups(int number) {
      this.number = number;
    }

    /**
     * Returns the group with the members at {@code row}, which becomes the last group if it is new.
     */
    int findOrAdd(int row) {
      int mask = slots.length - 1;
      int slot = hash(row) & mask;
      while (slots[slot] != 0) {
        int group = slots[slot] - 1;
        if (sameTexts(group * (1 + dimensions), row)) {
          return group;
        }
        slot = slot + 1 & mask;
      }
      slots[slot] = groups + 1;
      size++;
      if (2 * size > slots.length) {
        grow();
      }
      return groups;
    }

    private boolean sameTexts(int row, int other) {
      for (int i = 1; i <= dimensions; i++) {
        if (members[row + i] != members[other + i]) {
          return false;
        }
      }
      return true;
    }

    private int hash(int row) {
      long hash = 0;
      for (int i = 1; i <= dimensions; i++) {
        hash = (hash ^ members[row + i]) * factor;
        hash ^= hash >>> 32;
      }
      return (int) hash;
    }

    private void grow() {
      int[] old = slots;
      slots = new int[2 * old.length];
      int mask = slots.length - 1;
      for (int entry : old) {
        if (entry != 0) {
          int slot = hash((entry - 1) * (1 + dimensions)) & mask;
          while (slots[slot] != 0) {
            slot = slot + 1 & mask;
          }
          slots[slot] = entry;
        }
      }
    }
  }

  // ---- blocks

  /** Passes on a block for each window, in ascending order of windows. */
  @Override
  void forEachBlock(StatisticCombiner.Partials blocks) {
    List<int[]> ranks = new ArrayList<>();
    ranks.add(ranks(windowStarts, Comparator.naturalOrder()));
    List<List<byte[]>> keys = new ArrayList<>();
    for (Numbers text : texts) {
      List<byte[]> encoded = text.all().stream().map(t -> GroupKey.of(List.of(t))).toList();
      keys.add(encoded);
      ranks.add(ranks(encoded, Arrays::compareUnsigned));
    }
    int[] order = sorted(ranks);
    int from = 0;
    while (from < groups) {
      int window = members[order[from] * (1 + dimensions)];
      int to = from + 1;
      while (to < groups && members[order[to] * (1 + dimensions)] == window) {
        to++;
      }
      blocks.partial(windowStarts.get(window), block(order, from, to, keys, ranks));
      from = to;
    }
  }

  /** Returns the number of lesser values for each value. Equal values have the same rank. */
  private static <T> int[] ranks(List<T> things, Comparator<? super T> comparator) {
    Integer[] order = new Integer[things.size()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> comparator.compare(things.get(a), things.get(b)));
    int[] ranks = new int[order.length];
    for (int i = 1; i < order.length; i++) {
      boolean same = comparator.compare(things.get(order[i - 1]), things.get(order[i])) == 0;
      ranks[order[i]] = same ? ranks[order[i - 1]] : i;
    }
    return ranks;
  }

  private int[] sorted(List<int[]> ranks) {
    int[] order = new int[groups];
    Arrays.setAll(order, group -> group);
    for (int column = dimensions; column >= 0; column--) {
      int[] rank = ranks.get(column);
      int[] places = new int[rank.length + 1];
      for (int group = 0; group < groups; group++) {
        places[rank[members[group * (1 + dimensions) + column]] + 1]++;
      }
      for (int i = 1; i < places.length; i++) {
        places[i] += places[i - 1];
      }
      int[] next = new int[groups];
      for (int group : order) {
        next[places[rank[members[group * (1 + dimensions) + column]]]++] = group;
      }
      order = next;
    }
    return order;
  }

  private byte[] block(int[] order, int from, int to, List<List<byte[]>> keys, List<int[]> ranks) {
    BlockWriter out = new BlockWriter(aggregates.size(), (to - from) * 24);
    Bytes key = new Bytes(64);
    int i = from;
    while (i < to) {
      // Different texts can be equal in UTF-8, which cannot represent unpaired surrogates.
      int next = i + 1;
      while (next < to && sameKey(order[i], order[next], ranks)) {
        next++;
      }
      key.clear();
      for (int d = 0; d < dimensions; d++) {
        byte[] text = keys.get(d).get(members[order[i] * (1 + dimensions) + 1 + d]);
        key.put(text, 0, text.length);
      }
      write(out, key, order, i, next);
      i = next;
    }
    return out.toBlock();
  }

  private boolean sameKey(int a, int b, List<int[]> ranks) {
    for (int d = dimensions; d > 0; d--) {
      int[] rank = ranks.get(d);
      if (rank[members[a * (1 + dimensions) + d]] != rank[members[b * (1 + dimensions) + d]]) {
        return false;
      }
    }
    return true;
  }

  private void write(BlockWriter out, Bytes key, int[] order, int from, int to) {
    long count = 0;
    for (int i = from; i < to; i++) {
      count += counts[order[i]];
    }
    out.group(key.array(), key.size(), count);
    for (int a = 0; a < aggregates.size(); a++) {
      byte[] bytes;
      try {
        Measure.Accumulator state = states[order[from] * aggregates.size() + a];
        for (int i = from + 1; i < to; i++) {
          state.merge(states[order[i] * aggregates.size() + a]);
        }
        bytes = state.toBytes();
      } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
        throw BlockMerger.failed(statistic, aggregates.get(a), e);
      }
      out.state(bytes, 0, bytes.length);
    }
  }
}
