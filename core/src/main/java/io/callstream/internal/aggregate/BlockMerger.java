package io.callstream.internal.aggregate;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Merges blocks of one statistic. The merge walks over sorted groups and creates no object per
 * group. The result is the same bytes for any order of the partial results.
 *
 * <p>Thread-safe.
 */
public final class BlockMerger {
  private final String statistic;
  private final List<Measure.Aggregate> aggregates;
  private final boolean unbounded;
  private final int maxGroups;
  private final long maxBytes;
  private final byte[] otherKey;
  private final boolean corrects;
  private final @Nullable SessionMerger sessions;

  /** Creates a merger of blocks in which no call is retracted. */
  public BlockMerger(Statistic statistic) {
    this(statistic, false, false);
  }

  /** Returns the same without the limit of groups, which the caller checks. */
  public static BlockMerger unbounded(Statistic statistic) {
    return new BlockMerger(statistic, false, true);
  }

  /** Returns a merger of blocks in which calls may be retracted. */
  public static BlockMerger correcting(Statistic statistic) {
    return new BlockMerger(statistic, true, false);
  }

  private BlockMerger(Statistic statistic, boolean corrects, boolean unbounded) {
    this.corrects = corrects;
    this.statistic = statistic.name();
    aggregates = aggregates(statistic);
    this.unbounded = unbounded || statistic.window().isPresent();
    maxGroups = this.unbounded ? Integer.MAX_VALUE : statistic.maxGroups();
    maxBytes = statistic.maxGroupBytes();
    otherKey = GroupKey.of(Collections.nCopies(statistic.dimensions().size(), Statistic.OTHER));
    sessions =
        statistic.window().orElse(null) instanceof Window.Session window
            ? new SessionMerger(statistic, window)
            : null;
  }

  static List<Measure.Aggregate> aggregates(Statistic statistic) {
    return GroupStates.of(statistic.measures());
  }

  /** Merges at least one block of new calls into the groups so far. */
  public PageChanges merge(Groups state, List<byte[]> partials) {
    if (sessions != null) {
      return sessions.merge(state, partials);
    }
    return add(state, admit(state, combine(partials)), true);
  }

  /** Does the same as {@link #merge} without sessions, but leaves all groups in one page. */
  PageChanges mergeInOnePage(Groups state, List<byte[]> partials) {
    return add(state, admit(state, combine(partials)), false);
  }

  private byte[] admit(Groups state, byte[] delta) {
    return admit(delta, state.groups(), state::keyBytes, () -> new KeySearch(state)::finds);
  }

  byte[] combine(List<byte[]> blocks) {
    return pairwise(blocks, this::sum);
  }

  /** Adds new calls of admitted groups to the groups so far. */
  PageChanges add(Groups state, byte[] admitted, boolean splits) {
    PageChanges changes = new PageMerge(state, !corrects, splits, this::addTo).apply(admitted);
    if (corrects) {
      requireCounts(changes.updates());
    }
    return changes;
  }

  private byte[] emptyBlock() {
    return new BlockWriter(aggregates.size(), 4).toBlock();
  }

  private void requireCounts(byte[] updates) {
    BlockReader groups = new BlockReader(updates);
    while (groups.next()) {
      if (groups.count() < 0) {
        throw new CallstreamException(
            ErrorCode.STATISTIC_FAILED,
            ("The statistic '%s' retracts a call from a group that did not count it: its filter or a"
                    + " dimension does not give the same for an equal call as before. Restore its"
                    + " earlier code, and start again: no call is lost.")
                .formatted(statistic));
      }
    }
  }

  /** Merges blocks pairwise and in order, so that each group is visited only a few times. */
  public static byte[] pairwise(List<byte[]> blocks, BinaryOperator<byte[]> merge) {
    List<byte[]> level = blocks;
    while (level.size() > 1) {
      List<byte[]> next = new ArrayList<>((level.size() + 1) / 2);
      for (int i = 0; i < level.size(); i += 2) {
        next.add(i + 1 < level.size() ? merge.apply(level.get(i), level.get(i + 1)) : level.get(i));
      }
      level = next;
    }
    return level.get(0);
  }

  /** Returns all groups of two blocks. Groups of both blocks are added. */
  private byte[] sum(byte[] left, byte[] right) {
    BlockWriter out = new BlockWriter(aggregates.size(), left.length + right.length);
    BlockReader a = new BlockReader(left).advanced();
    BlockReader b = new BlockReader(right).advanced();
    while (a != null || b != null) {
      int order = BlockReader.compare(a, b);
      if (a != null && order < 0) {
        a.copyTo(out);
        a = a.advanced();
      } else if (b != null && order > 0) {
        b.copyTo(out);
        b = b.advanced();
      } else if (a != null && b != null) {
        out.group(a.key(), a.keyLength(), a.count() + b.count());
        for (int i = 0; i < aggregates.size(); i++) {
          byte[] merged = merge(statistic, aggregates.get(i), a.state(i), b.state(i));
          out.state(merged, 0, merged.length);
        }
        a = a.advanced();
        b = b.advanced();
      }
    }
    return out.toBlock();
  }

  private void addTo(
      BlockReader known, BlockReader change, BlockWriter all, @Nullable BlockWriter updates) {
    long count = known.count() + change.count();
    all.group(known.key(), known.keyLength(), count);
    if (updates != null) {
      updates.group(known.key(), known.keyLength(), count);
    }
    for (int i = 0; i < aggregates.size(); i++) {
      byte[] merged = merge(statistic, aggregates.get(i), known.state(i), change.state(i));
      all.state(merged, 0, merged.length);
      if (updates != null) {
        updates.state(merged, 0, merged.length);
      }
    }
  }

  static byte[] merge(String statistic, Measure.Aggregate measure, byte[] left, byte[] right) {
    try {
      Measure.Accumulator sum = measure.read(left);
      sum.merge(measure.read(right));
      return sum.toBytes();
    } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
      throw failed(statistic, measure, e);
    }
  }

  /** Returns the failure of a measure that throws when it merges or writes states. */
  static CallstreamException failed(String statistic, Measure measure, Throwable e) {
    return new CallstreamException(
        ErrorCode.STATISTIC_FAILED,
        ("The measure '%s' of the statistic '%s' threw %s when partial results were merged. Correct"
                + " it, and start again: no call is lost.")
            .formatted(measure.name(), statistic, e.getClass().getName()),
        e);
  }

  /** Finds groups by their keys, in ascending order of the keys. */
  @FunctionalInterface
  interface Known {
    boolean contains(byte[] key, int length);
  }

  /**
   * Returns {@code delta} with the new groups over the limit merged into one group.
   *
   * <p>With corrections, a group that was over the limit must never be added later, because its
   * calls in the common group could not be retracted. So groups without calls remain. Only the keys
   * count for the limit of bytes, because they never decrease, and do not depend on how an engine
   * stores groups.
   *
   * @param groups the number of groups in the state
   * @param keyBytes returns the size of their keys
   * @param search returns a new search in the state
   */
  byte[] admit(byte[] delta, int groups, LongSupplier keyBytes, Supplier<Known> search) {
    if (unbounded
        || (groups + (long) BlockReader.groups(delta) <= maxGroups
            && keyBytes.getAsLong() + keyBytes(delta) <= maxBytes)) {
      return delta;
    }
    int room = maxGroups - groups + (search.get().contains(otherKey, otherKey.length) ? 1 : 0);
    long bytes = keyBytes.getAsLong();
    BlockWriter admitted = new BlockWriter(aggregates.size(), delta.length);
    byte[] other = emptyBlock();
    Known known = search.get();
    BlockReader changes = new BlockReader(delta);
    while (changes.next()) {
      boolean isOther = changes.keyEquals(otherKey);
      if (!isOther && known.contains(changes.key(), changes.keyLength())) {
        changes.copyTo(admitted);
      } else if (!isOther && room > 0 && bytes + changes.keyLength() <= maxBytes) {
        if (changes.count() != 0 || !corrects) {
          changes.copyTo(admitted);
          room--;
          bytes += changes.keyLength();
        }
      } else {
        other = sum(other, alone(changes, otherKey));
      }
    }
    return sum(admitted.toBlock(), other);
  }

  /** Searches keys in pages, in ascending order of the keys. */
  private static final class KeySearch {
    private final Groups pages;
    private int page;
    private @Nullable BlockWalk walk;

    KeySearch(Groups pages) {
      this.pages = pages;
    }

    boolean finds(byte[] key, int length) {
      if (pages.count() == 0) {
        return false;
      }
      int found = pages.find(key, length, page);
      if (walk == null || found != page) {
        page = found;
        walk = new BlockWalk(new BlockReader(pages.page(page)));
      }
      return walk.find(key, length) != null;
    }
  }

  /** Returns the length of all keys of a block, whose length is less if they share prefixes. */
  private static long keyBytes(byte[] block) {
    long sum = 0;
    BlockReader groups = new BlockReader(block);
    while (groups.next()) {
      sum += groups.keyLength();
    }
    return sum;
  }

  private static byte[] alone(BlockReader group, byte[] key) {
    BlockWriter out = new BlockWriter(group.aggregates(), key.length + 16);
    out.group(key, key.length, group.count());
    for (int i = 0; i < group.aggregates(); i++) {
      byte[] state = group.state(i);
      out.state(state, 0, state.length);
    }
    return out.toBlock();
  }

  /** Splits a block by a hash of the groups. A part without groups is empty. */
  public static byte[][] split(byte[] block, int parts) {
    BlockReader groups = new BlockReader(block);
    @Nullable BlockWriter[] writers = new BlockWriter[parts];
    while (groups.next()) {
      int part = part(groups.keyHash(), parts);
      BlockWriter writer = writers[part];
      if (writer == null) {
        writer = new BlockWriter(groups.aggregates(), block.length / parts);
        writers[part] = writer;
      }
      groups.copyTo(writer);
    }
    byte[][] blocks = new byte[parts][];
    for (int i = 0; i < parts; i++) {
      BlockWriter writer = writers[i];
      blocks[i] = writer == null ? new byte[0] : writer.toBlock();
    }
    return blocks;
  }

  private static int part(long hash, int parts) {
    return (int) (((hash >>> Integer.SIZE) * parts) >>> Integer.SIZE);
  }

  /** Returns the index of the part into which {@link #split} puts a group. */
  public static int part(List<String> dimensions, int parts) {
    byte[] key = GroupKey.of(dimensions);
    return part(BlockReader.hash(key, key.length), parts);
  }

  /** Returns all groups of blocks of absolute values that have different groups; at least one. */
  public static byte[] union(List<byte[]> blocks) {
    return pairwise(blocks, BlockMerger::overlay);
  }

  /** Returns all groups of two blocks of absolute values. The newer ones win. */
  public static byte[] overlay(byte[] older, byte[] newer) {
    BlockReader a = new BlockReader(older).advanced();
    BlockReader b = new BlockReader(newer);
    BlockWriter out = new BlockWriter(b.aggregates(), older.length + newer.length);
    b = b.advanced();
    while (a != null || b != null) {
      int order = BlockReader.compare(a, b);
      if (a != null && order < 0) {
        a.copyTo(out);
        a = a.advanced();
      } else if (b != null) {
        b.copyTo(out);
        b = b.advanced();
        a = a != null && order == 0 ? a.advanced() : a;
      }
    }
    return out.toBlock();
  }

  /** Returns the groups that have calls or are in a block. */
  public static Groups withoutEmpty(Groups groups, byte[] kept) {
    BlockReader all = groups.reader();
    BlockWriter out = new BlockWriter(all.aggregates(), Math.toIntExact(groups.bytes()));
    BlockReader a = all.advanced();
    BlockReader b = new BlockReader(kept).advanced();
    while (a != null) {
      int order = BlockReader.compare(a, b);
      if (order > 0 && b != null) {
        b = b.advanced();
        continue;
      }
      if (a.count() != 0 || order == 0) {
        a.copyTo(out);
      }
      a = a.advanced();
    }
    return Groups.of(out.toBlock());
  }
}
