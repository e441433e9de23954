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
  private final byte[] otherKey;
  private final boolean corrects;
  private final @Nullable SessionMerger sessions;

  /** Creates a merger of blocks in which no call is retracted. */
  public BlockMerger(Statistic statistic) {
    this(statistic, false);
  }

  /** Returns a merger of blocks in which calls may be retracted. */
  public static BlockMerger correcting(Statistic statistic) {
    return new BlockMerger(statistic, true);
  }

  private BlockMerger(Statistic statistic, boolean corrects) {
    this.corrects = corrects;
    this.statistic = statistic.name();
    aggregates = aggregates(statistic);
    unbounded = statistic.window().isPresent();
    maxGroups = unbounded ? Integer.MAX_VALUE : statistic.maxGroups();
    otherKey = GroupKey.of(Collections.nCopies(statistic.dimensions().size(), Statistic.OTHER));
    sessions =
        statistic.window().orElse(null) instanceof Window.Session window
            ? new SessionMerger(statistic, window)
            : null;
  }

  static List<Measure.Aggregate> aggregates(Statistic statistic) {
    return statistic.measures().stream()
        .filter(Measure.Aggregate.class::isInstance)
        .map(Measure.Aggregate.class::cast)
        .toList();
  }

  /** All groups, and the groups that changed with their new values. */
  public record Merged(byte[] state, byte[] updates) {
    /** Returns whether no group changed, because all its new calls were retracted again. */
    public boolean isUnchanged() {
      return new BlockReader(updates).groups() == 0;
    }
  }

  /** Merges at least one block of new calls into the state so far, which is null if none exists. */
  public Merged merge(byte @Nullable [] state, List<byte[]> partials) {
    if (sessions != null) {
      return sessions.merge(state, partials);
    }
    byte[] delta = combine(partials);
    return bounded(state == null ? emptyBlock() : state, delta);
  }

  /**
   * Returns the part of a state that is open at a watermark, or null if none is. Of the state of a
   * window that closes, nothing is open.
   */
  public byte @Nullable [] open(byte[] state, long watermark) {
    return sessions == null ? null : sessions.open(state, watermark);
  }

  /** Returns whether the states are the sessions of buckets. */
  boolean hasSessions() {
    return sessions != null;
  }

  byte[] emptyBlock() {
    return new BlockWriter(aggregates.size(), 4).toBlock();
  }

  private Merged bounded(byte[] state, byte[] delta) {
    BlockWalk known = new BlockWalk(state);
    return add(state, admit(delta, () -> GroupTotals.of(state, otherKey), known::contains));
  }

  /** Adds new calls of admitted groups to a block. */
  Merged add(byte[] state, byte[] admitted) {
    boolean isFirst = new BlockReader(state).groups() == 0;
    byte[] updates = isFirst ? admitted : sum(state, admitted, Keep.RIGHT);
    if (corrects) {
      requireCounts(updates);
    }
    return new Merged(isFirst ? admitted : sum(state, admitted, Keep.ALL), updates);
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

  byte[] combine(List<byte[]> blocks) {
    return pairwise(blocks, (left, right) -> sum(left, right, Keep.ALL));
  }

  /** Merges blocks pairwise and in order, so that each group is visited only a few times. */
  static byte[] pairwise(List<byte[]> blocks, BinaryOperator<byte[]> merge) {
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

  private enum Keep {
    ALL,
    RIGHT
  }

  private byte[] sum(byte[] left, byte[] right, Keep keep) {
    BlockWriter out =
        new BlockWriter(
            aggregates.size(), keep == Keep.ALL ? left.length + right.length : right.length * 2);
    BlockReader a = new BlockReader(left).advanced();
    BlockReader b = new BlockReader(right).advanced();
    while (b != null || (a != null && keep == Keep.ALL)) {
      int order = BlockReader.compare(a, b);
      if (a != null && order < 0) {
        if (keep == Keep.ALL) {
          a.copyTo(out);
        }
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

  /** Returns the totals of a block. */
  GroupTotals totals(byte[] block) {
    return GroupTotals.of(block, otherKey);
  }

  /** Returns whether the state has a group. It is asked in ascending order of the keys. */
  @FunctionalInterface
  interface Known {
    boolean contains(BlockReader group);
  }

  /**
   * Returns {@code delta} with the new groups over the limit merged into one group. With
   * corrections, a new group without calls is not added.
   *
   * <p>With corrections, a group that was over the limit must never be added later, because its
   * calls in the common group could not be retracted. So groups without calls remain, and only the
   * keys count for the limit of bytes, which then never decrease.
   *
   * @param totals returns the totals of the state, if they are required
   */
  byte[] admit(byte[] delta, Supplier<GroupTotals> totals, Known known) {
    if (unbounded && !corrects) {
      return delta;
    }
    GroupTotals state = totals.get();
    GroupTotals more = GroupTotals.of(delta, otherKey);
    if (!corrects
        && state.groups() + more.groups() <= maxGroups
        && state.bytes() + more.bytes() <= Statistic.MAX_GROUP_BYTES) {
      return delta;
    }
    int room = maxGroups - state.groups();
    long bytes = corrects ? state.keyBytes() : state.bytes();
    long maxBytes = unbounded ? Long.MAX_VALUE : Statistic.MAX_GROUP_BYTES;
    BlockWriter admitted = new BlockWriter(aggregates.size(), delta.length);
    byte[] other = emptyBlock();
    BlockReader groups = new BlockReader(delta);
    while (groups.next()) {
      if (groups.keyEquals(otherKey)) {
        other = sum(other, alone(groups, otherKey), Keep.ALL);
      } else if (known.contains(groups)) {
        groups.copyTo(admitted);
      } else if (room > 0 && bytes + groups.keyLength() <= maxBytes) {
        if (groups.count() != 0 || !corrects) {
          groups.copyTo(admitted);
          room--;
          bytes += groups.keyLength();
        }
      } else {
        other = sum(other, alone(groups, otherKey), Keep.ALL);
      }
    }
    boolean keepsOther = !corrects || state.hasOther();
    return sum(
        admitted.toBlock(), keepsOther ? other : withoutEmpty(other, emptyBlock()), Keep.ALL);
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
      long high = groups.keyHash() >>> Integer.SIZE;
      int part = (int) ((high * parts) >>> Integer.SIZE);
      if (writers[part] == null) {
        writers[part] = new BlockWriter(groups.aggregates(), block.length / parts);
      }
      groups.copyTo(writers[part]);
    }
    byte[][] blocks = new byte[parts][];
    for (int i = 0; i < parts; i++) {
      blocks[i] = writers[i] == null ? new byte[0] : writers[i].toBlock();
    }
    return blocks;
  }

  /** Returns all groups of two blocks of absolute values. {@code updates} wins. */
  public static byte[] overlay(byte @Nullable [] results, byte[] updates) {
    if (results == null) {
      return updates;
    }
    BlockReader a = new BlockReader(results);
    BlockWriter out = new BlockWriter(a.aggregates(), results.length + updates.length);
    BlockReader left = a.advanced();
    BlockReader right = new BlockReader(updates).advanced();
    while (left != null || right != null) {
      int order = BlockReader.compare(left, right);
      if (left != null && order < 0) {
        left.copyTo(out);
        left = left.advanced();
      } else if (right != null) {
        right.copyTo(out);
        right = right.advanced();
        left = left != null && order == 0 ? left.advanced() : left;
      }
    }
    return out.toBlock();
  }

  /** Returns a block without its groups that have no calls and are not in another block. */
  public static byte[] withoutEmpty(byte[] block, byte[] kept) {
    BlockReader groups = new BlockReader(block);
    BlockWriter out = new BlockWriter(groups.aggregates(), block.length);
    BlockReader a = groups.advanced();
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
    return out.toBlock();
  }

  /** Overlays absolute values of one window, the oldest first; at least one block. */
  public static byte[] overlay(List<byte[]> versions) {
    return pairwise(versions, BlockMerger::overlay);
  }
}
