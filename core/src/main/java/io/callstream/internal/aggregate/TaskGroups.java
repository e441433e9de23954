package io.callstream.internal.aggregate;

import io.callstream.call.Call;

/** The groups of one statistic in one task. */
abstract class TaskGroups {
  /**
   * Adds a call to its group.
   *
   * @param window the start of the window
   * @param values the dimensions
   */
  abstract void add(long window, String[] values, Call call);

  /** Removes a call from its group, which may have no other call in this task. */
  abstract void retract(long window, String[] values, Call call);

  /** Passes on the partial results, in ascending order of the keys of their blocks. */
  abstract void forEachBlock(StatisticCombiner.Partials blocks);
}
