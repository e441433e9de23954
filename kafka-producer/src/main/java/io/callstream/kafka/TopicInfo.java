package io.callstream.kafka;

import java.util.List;

/**
 * The replicas and offsets of a topic at one moment.
 *
 * @param replicas on how many brokers each partition is
 * @param partitions in the order of their numbers
 */
public record TopicInfo(String name, int replicas, List<PartitionInfo> partitions) {
  /**
   * The offsets of a partition. Those in {@code [beginning, end)} can be read.
   *
   * @param beginning the first offset that is still there
   * @param end the offset up to which records can be read. With {@code read_committed} this is the
   *     last stable offset: the first record of the oldest open transaction, or {@code written}
   * @param written the offset that the next record will have; at least {@code end}
   */
  public record PartitionInfo(int partition, long beginning, long end, long written) {
    /**
     * Returns the number of offsets that can be read. This is the most records that there can be:
     * the ends of transactions take offsets too, and records that were aborted or compacted away
     * leave theirs behind.
     */
    public long offsets() {
      return end - beginning;
    }

    /** Returns the number of offsets that an open transaction keeps from being read. */
    public long heldBack() {
      return written - end;
    }
  }

  /** Copies the partitions. */
  public TopicInfo {
    partitions = List.copyOf(partitions);
  }

  /**
   * Returns the number of offsets that can be read in all partitions, which is the most records
   * that there can be; see {@link PartitionInfo#offsets}.
   */
  public long offsets() {
    return partitions.stream().mapToLong(PartitionInfo::offsets).sum();
  }

  /** Returns the number of offsets that open transactions keep from being read. */
  public long heldBack() {
    return partitions.stream().mapToLong(PartitionInfo::heldBack).sum();
  }
}
