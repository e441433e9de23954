package io.callstream.internal.aggregate;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One walk over the groups that change and the pages that have them. A page that becomes too large
 * is split. No page becomes smaller, because groups are not removed one by one. Used once.
 */
final class PageMerge {
  /**
   * The length from which a page is split, unless it has one group. The change of one group costs
   * as much as writing a page. Much smaller pages take more memory, and large batches take longer.
   */
  static final int MAX_BYTES = 2 << 10;

  /** The greatest mean length of the pages after a split. */
  private static final int SPLIT_BYTES = MAX_BYTES * 2 / 3;

  private final Groups before;
  private final boolean addsEmpty;
  private final boolean splits;
  private final Combination combination;

  /** Receives the changed groups; null if nobody needs them. */
  private @Nullable BlockWriter updates;

  private final List<PageChanges.Replaced> replaced = new ArrayList<>();
  private int addedGroups;
  private long addedKeyBytes;

  /** Writes the new value of a group that exists and changes, also to updates unless null. */
  interface Combination {
    void write(
        BlockReader known, BlockReader change, BlockWriter all, @Nullable BlockWriter updates);
  }

  /**
   * Creates a walk.
   *
   * @param addsEmpty whether new groups without calls are added
   * @param splits whether pages that become too large are split
   */
  PageMerge(Groups before, boolean addsEmpty, boolean splits, Combination combination) {
    this.before = before;
    this.addsEmpty = addsEmpty;
    this.splits = splits;
    this.combination = combination;
  }

  PageChanges apply(byte[] delta) {
    if (before.count() == 0 && addsEmpty) {
      return first(delta);
    }
    BlockWriter collected =
        new BlockWriter(new BlockReader(delta).aggregates(), delta.length + MAX_BYTES / 4);
    updates = collected;
    walk(delta);
    return new PageChanges(replaced, addedGroups, addedKeyBytes, collected.toBlock());
  }

  /** Does the same as {@link #apply}, with {@code delta} as the updates. */
  PageChanges applyAbsolute(byte[] delta) {
    if (before.count() == 0) {
      return first(delta);
    }
    walk(delta);
    return new PageChanges(replaced, addedGroups, addedKeyBytes, delta);
  }

  private void walk(byte[] delta) {
    BlockReader change = new BlockReader(delta).advanced();
    int page = 0;
    while (change != null) {
      page = before.find(change.key(), change.keyLength(), page);
      change = replace(page, change);
    }
  }

  /** Returns the effect of the first batch, which needs no walk over pages. */
  private PageChanges first(byte[] delta) {
    BlockReader changes = new BlockReader(delta);
    while (changes.next()) {
      addedGroups++;
      addedKeyBytes += changes.keyLength();
    }
    if (addedGroups > 0) {
      replaced.add(new PageChanges.Replaced(0, pages(delta)));
    }
    return new PageChanges(replaced, addedGroups, addedKeyBytes, delta);
  }

  /** Replaces a page if it changes. Returns the first change after it, or null if there is none. */
  private @Nullable BlockReader replace(int index, BlockReader first) {
    boolean isLast = index + 1 >= before.count();
    byte[] page = index < before.count() ? before.page(index) : null;
    BlockWriter all =
        new BlockWriter(first.aggregates(), (page == null ? 0 : page.length) + MAX_BYTES / 4);
    BlockReader a = page == null ? null : new BlockReader(page).advanced();
    BlockReader b = first;
    boolean changes = false;
    while (b != null
        && (a != null || isLast || before.compareFirst(index + 1, b.key(), b.keyLength()) > 0)) {
      int order = BlockReader.compare(a, b);
      if (a != null && order < 0) {
        a.copyTo(all);
        a = a.advanced();
      } else if (a != null && order == 0) {
        combination.write(a, b, all, updates);
        changes = true;
        a = a.advanced();
        b = b.advanced();
      } else {
        if (b.count() != 0 || addsEmpty) {
          b.copyTo(all);
          if (updates != null) {
            b.copyTo(updates);
          }
          changes = true;
          addedGroups++;
          addedKeyBytes += b.keyLength();
        }
        b = b.advanced();
      }
    }
    while (a != null) {
      a.copyTo(all);
      a = a.advanced();
    }
    if (changes) {
      replaced.add(new PageChanges.Replaced(index, pages(all.toBlock())));
    }
    return b;
  }

  /** Returns a block as pages. */
  private List<byte[]> pages(byte[] block) {
    if (!splits || block.length <= MAX_BYTES) {
      return List.of(block);
    }
    // Pages that are not full take more groups before they are split again.
    int count = (block.length + SPLIT_BYTES - 1) / SPLIT_BYTES;
    int target = (block.length + count - 1) / count;
    List<byte[]> pages = new ArrayList<>(count);
    BlockReader groups = new BlockReader(block);
    BlockWriter page = new BlockWriter(groups.aggregates(), MAX_BYTES);
    while (groups.next()) {
      groups.copyTo(page);
      if (page.length() >= target) {
        pages.add(page.toBlock());
        page = new BlockWriter(groups.aggregates(), MAX_BYTES);
      }
    }
    if (page.groups() > 0) {
      pages.add(page.toBlock());
    }
    return pages;
  }
}
