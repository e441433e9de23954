package io.callstream.kafka;

import java.util.List;

/**
 * The replicas and offsets of a topic at one point in time.
 *
 * @param replicas the number of brokers that hold each partition
 * @param partitions in the order of their numbers
 */
public record TopicInfo(String name, int replicas, List<PartitionInfo> partitions) {
  /**
   * The offsets of a partition. Offsets in {@code [beginning, end)} can be read.
   *
   * @param beginning the first available offset
   * @param end the offset up to which records can be read. With {@code read_committed} this is the
   *     last stable offset: the first record of the oldest open transaction, or {@code written}
   * @param written the offset that the next record will have; at least {@code end}
   */
  public record PartitionInfo(int partition, long beginning, long end, long written) {
    /**
     * Returns the number of readable offsets. This is an upper bound for the number of records,
     * because some offsets have no record: transaction markers, aborted records and compacted
     * records.
     */
    public long offsets() {
      return end - beginning;
    }

    /** Returns the number of offsets that an open transaction hides from readers. */
    public long heldBack() {
      return written - end;
    }
  }

  /** Copies the partitions. */
  public TopicInfo {
    partitions = List.copyOf(partitions);
  }

  /**
   * Returns the number of readable offsets in all partitions. This is an upper bound for the number
   * of records; see {@link PartitionInfo#offsets}.
   */
  public long offsets() {
    return partitions.stream().mapToLong(PartitionInfo::offsets).sum();
  }

  /** Returns the number of offsets that open transactions hide from readers. */
  public long heldBack() {
    return partitions.stream().mapToLong(PartitionInfo::heldBack).sum();
  }
}
