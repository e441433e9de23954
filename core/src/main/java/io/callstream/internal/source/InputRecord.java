package io.callstream.internal.source;

import org.jspecify.annotations.Nullable;

/**
 * A record as the source delivers it.
 *
 * @param partition the partition, from 0
 * @param offset the offset in the partition
 * @param timestampMillis the timestamp of the record in milliseconds since the epoch. Negative if
 *     the record has none. Then no event time is too far in the future
 * @param value the bytes; null if the record has none
 */
public record InputRecord(
    int partition, long offset, long timestampMillis, byte @Nullable [] value) {
  /** Returns the record without its value, for a call that no statistic can find late. */
  public InputRecord withoutValue() {
    return new InputRecord(partition, offset, timestampMillis, null);
  }
}
