package io.callstream.internal.aggregate;

import java.util.List;

/**
 * All groups of a window, as pages. A page is a block with at least one group. The keys of a page
 * are less than those of the next page. The open sessions of a bucket are in one page.
 *
 * <p>A change copies the list of pages and the pages with changed groups, and shares all other
 * pages. So the cost of a change follows its size. Immutable.
 */
public final class Groups {
  /** No groups. */
  public static final Groups NONE = new Groups(new byte[0][], 0, 0, 0);

  private static final byte[] EMPTY_BLOCK = new BlockWriter(0, 2).toBlock();
  private static final long UNKNOWN = -1;

  private final byte[][] pages;
  private final int groups;
  private final long bytes;

  /** Computed when a merge needs it. Other threads do not use it. */
  private long keyBytes;

  private Groups(byte[][] pages, int groups, long bytes, long keyBytes) {
    this.pages = pages;
    this.groups = groups;
    this.bytes = bytes;
    this.keyBytes = keyBytes;
  }

  /** Returns the groups of a block. */
  public static Groups of(byte[] block) {
    int groups = BlockReader.groups(block);
    return groups == 0 ? NONE : new Groups(new byte[][] {block}, groups, block.length, UNKNOWN);
  }

  /** Returns the groups of pages in ascending order. */
  public static Groups of(List<byte[]> pages) {
    if (pages.isEmpty()) {
      return NONE;
    }
    return new Groups(
        pages.toArray(new byte[0][]),
        pages.stream().mapToInt(BlockReader::groups).reduce(0, Math::addExact),
        pages.stream().mapToLong(page -> page.length).sum(),
        UNKNOWN);
  }

  /** Returns the groups after a change of them. */
  public Groups with(PageChanges changes) {
    byte[][] next = new byte[pages.length + more(changes)][];
    long length = bytes;
    int from = 0;
    int to = 0;
    for (PageChanges.Replaced replaced : changes.replaced()) {
      int unchanged = replaced.index() - from;
      System.arraycopy(pages, from, next, to, unchanged);
      to += unchanged;
      for (byte[] page : replaced.pages()) {
        next[to++] = page;
        length += page.length;
      }
      from = replaced.index();
      if (from < pages.length) {
        length -= pages[from++].length;
      }
    }
    System.arraycopy(pages, from, next, to, pages.length - from);
    return new Groups(
        next,
        Math.addExact(groups, changes.addedGroups()),
        length,
        keyBytes == UNKNOWN ? UNKNOWN : keyBytes + changes.addedKeyBytes());
  }

  private int more(PageChanges changes) {
    int more = 0;
    for (PageChanges.Replaced replaced : changes.replaced()) {
      more += replaced.pages().size() - (pages.length == 0 ? 0 : 1);
    }
    return more;
  }

  /**
   * Returns the groups with the absolute values of a block, which win.
   *
   * @param updates groups that changed
   */
  public Groups overlaid(byte[] updates) {
    return with(
        new PageMerge(this, true, true, (known, change, all, none) -> change.copyTo(all))
            .applyAbsolute(updates));
  }

  /** Returns the pages, in ascending order. */
  public List<byte[]> pages() {
    return List.of(pages);
  }

  /** Returns all groups as one block. */
  public byte[] toBlock() {
    if (pages.length == 1) {
      return pages[0];
    }
    BlockReader all = reader();
    BlockWriter block = new BlockWriter(all.aggregates(), Math.toIntExact(bytes));
    while (all.next()) {
      all.copyTo(block);
    }
    return block.toBlock();
  }

  /** Returns an iterator over all groups. */
  public BlockReader reader() {
    return pages.length == 0 ? new BlockReader(EMPTY_BLOCK) : new BlockReader(pages);
  }

  /** Returns the number of pages. */
  public int count() {
    return pages.length;
  }

  /** Returns the number of groups in all pages. */
  public int groups() {
    return groups;
  }

  /** Returns the sum of the lengths of all pages. */
  public long bytes() {
    return bytes;
  }

  /** Returns the sum of the lengths of all keys. */
  long keyBytes() {
    if (keyBytes == UNKNOWN) {
      long sum = 0;
      BlockReader all = reader();
      while (all.next()) {
        sum += all.keyLength();
      }
      keyBytes = sum;
    }
    return keyBytes;
  }

  /** Returns a page. */
  public byte[] page(int index) {
    return pages[index];
  }

  /** Returns the last page whose first key is not greater than a key, or the first page. */
  int find(byte[] key, int length, int from) {
    int low = from;
    int high = pages.length;
    if (low + 1 >= high || compareFirst(low + 1, key, length) > 0) {
      return low; // Many changed groups are in the same page or in the next one.
    }
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (compareFirst(middle, key, length) <= 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Compares the first key of a page with a key, as unsigned bytes. */
  int compareFirst(int index, byte[] key, int length) {
    return BlockReader.compareFirst(pages[index], key, length);
  }
}
