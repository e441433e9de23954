package io.callstream.internal.runtime;

import org.jspecify.annotations.Nullable;

/**
 * A record as the source delivers it.
 *
 * @param partition the partition, from 0
 * @param offset the place in the partition
 * @param timestampMillis the record's timestamp in milliseconds since the epoch; negative if it has
 *     none, and then no event is too far in the future
 * @param value the bytes; null if the record has none
 */
public record Delivery(int partition, long offset, long timestampMillis, byte @Nullable [] value) {
  /** Returns the same without its bytes, for a call that no statistic can find late. */
  public Delivery withoutValue() {
    return new Delivery(partition, offset, timestampMillis, null);
  }
}
