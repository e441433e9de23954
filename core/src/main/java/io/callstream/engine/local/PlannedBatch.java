package io.callstream.engine.local;

import io.callstream.internal.source.SpanReader.Span;
import io.callstream.progress.Progress.PartitionOffsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The plan of a batch: the records to read.
 *
 * @param begin the start time of the batch
 * @param beginNanos the same moment as {@link System#nanoTime} returns it
 * @param spans the offsets to read, one span for each partition
 * @param latest the end offsets of the partitions at the start of the batch
 * @param more whether records after the batch are known to exist
 * @param watermark the watermark that applies to the batch
 */
record PlannedBatch(
    Instant begin,
    long beginNanos,
    List<Span> spans,
    Map<Integer, Long> latest,
    boolean more,
    long watermark) {
  boolean isEmpty() {
    return spans.stream().allMatch(span -> span.from() == span.to());
  }

  /** Returns the end offset of each partition in the batch. */
  Map<Integer, Long> ends() {
    Map<Integer, Long> ends = new TreeMap<>();
    spans.forEach(span -> ends.put(span.partition(), span.to()));
    return ends;
  }

  /**
   * Returns the offsets of the partitions for a progress report.
   *
   * @param starts the start offsets by partition; other partitions start with this batch
   */
  List<PartitionOffsets> offsets(Map<Integer, Long> starts) {
    List<PartitionOffsets> offsets = new ArrayList<>(spans.size());
    for (Span span : spans) {
      int partition = span.partition();
      offsets.add(
          new PartitionOffsets(
              partition,
              starts.getOrDefault(partition, span.from()),
              span.to(),
              latest.getOrDefault(partition, span.to())));
    }
    return offsets;
  }
}
