package io.callstream.internal.aggregate;

/**
 * All groups of a window, as pages. A page is a block with at least one group. The keys of a page
 * are less than those of the next page. Sessions are in one page.
 */
public interface Pages {
  /** Returns the number of pages. */
  int count();

  /** Returns the number of groups in all pages. */
  int groups();

  /** Returns the sum of the lengths of all keys. */
  long keyBytes();

  /** Returns a page. */
  byte[] page(int index);

  /** Compares the first key of a page with a key, as unsigned bytes. */
  int compareFirst(int index, byte[] key, int length);

  /** Returns the last page whose first key is not greater than a key, or the first page. */
  default int find(byte[] key, int length, int from) {
    int low = from;
    int high = count();
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
}
