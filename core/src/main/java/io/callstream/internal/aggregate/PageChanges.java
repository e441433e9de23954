package io.callstream.internal.aggregate;

import java.util.List;

/**
 * The effect of a batch on the groups of a window.
 *
 * @param replaced the pages that changed, in ascending order of their indexes
 * @param addedGroups the number of new groups; negative if sessions become one
 * @param addedKeyBytes the sum of the lengths of their keys; 0 for sessions, which have no limit
 * @param updates a block of the groups that changed, with their new values
 */
public record PageChanges(
    List<Replaced> replaced, int addedGroups, long addedKeyBytes, byte[] updates) {
  /**
   * The pages that replace a page.
   *
   * @param index the index of the page before the change; 0 if there were no pages
   * @param pages at least one page
   */
  public record Replaced(int index, List<byte[]> pages) {}

  /** Returns whether no group changed, because all its new calls were retracted again. */
  public boolean isUnchanged() {
    return BlockReader.groups(updates) == 0;
  }
}
