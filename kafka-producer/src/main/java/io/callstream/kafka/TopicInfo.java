package io.callstream.kafka;

import java.util.List;

/**
 * A topic as it stands.
 *
 * @param replicas on how many brokers each partition is
 * @param partitions in the order of their numbers
 */
public record TopicInfo(String name, int replicas, List<PartitionInfo> partitions) {
  /**
   * The offsets of a partition: {@code [beginning, end)}.
   *
   * @param beginning the first offset that is still there
   * @param end the offset that the next record will have
   */
  public record PartitionInfo(int partition, long beginning, long end) {
    /** Returns the number of records, if none was compacted away or is a transaction's mark. */
    public long records() {
      return end - beginning;
    }
  }

  /** Copies the partitions. */
  public TopicInfo {
    partitions = List.copyOf(partitions);
  }

  /** Returns the number of records in all partitions. */
  public long records() {
    return partitions.stream().mapToLong(PartitionInfo::records).sum();
  }
}
