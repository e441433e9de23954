package io.callstream.internal.task;

/**
 * A range of records of one partition that one task read. The segments of a partition in a batch do
 * not overlap, and their first offsets define their order.
 *
 * @param partition the partition
 * @param firstOffset the offset of the first record that was read
 * @param nextOffset the offset after the last record that was read
 * @param clock the clock of the calls among the records
 */
public record PartitionSegment(
    int partition, long firstOffset, long nextOffset, PartitionClock clock) {}
