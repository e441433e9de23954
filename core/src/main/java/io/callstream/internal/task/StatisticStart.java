package io.callstream.internal.task;

import java.io.Serializable;

/**
 * The place of a statistic in a checkpoint.
 *
 * @param slot a number that no other statistic of the checkpoint has or had
 * @param firstBatch the number of the first batch that the statistic counts
 */
public record StatisticStart(int slot, long firstBatch) implements Serializable {
  private static final long serialVersionUID = 1L;
}
