package io.callstream.runtime;

import io.callstream.aggregate.StatisticCombiner;

/**
 * How far one partition has come.
 *
 * @param nextOffset the offset behind the last record read
 * @param maxEventMillis the greatest event time of a call seen there, in milliseconds since the
 *     epoch; {@link StatisticCombiner#NO_WATERMARK} if there was none
 */
public record PartitionProgress(long nextOffset, long maxEventMillis) {
  /** Returns the further of two. */
  public PartitionProgress plus(PartitionProgress that) {
    return new PartitionProgress(
        Math.max(nextOffset, that.nextOffset), Math.max(maxEventMillis, that.maxEventMillis));
  }
}
