package io.callstream.engine.local;

import io.callstream.internal.engine.BatchStart;
import io.callstream.internal.source.SpanReader.Span;
import io.callstream.progress.Progress.PartitionOffsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The plan of a batch: the records to read.
 *
 * @param spans the offsets to read, one span for each partition
 * @param latest the end offsets of the partitions at the start of the batch
 * @param more whether records after the batch are known to exist
 */
record PlannedBatch(BatchStart start, List<Span> spans, Map<Integer, Long> latest, boolean more) {
  boolean isEmpty() {
    return spans.stream().allMatch(span -> span.from() == span.to());
  }

  Map<Integer, Long> ends() {
    Map<Integer, Long> ends = new TreeMap<>();
    spans.forEach(span -> ends.put(span.partition(), span.to()));
    return ends;
  }

  List<PartitionOffsets> offsets() {
    return spans.stream()
        .map(
            span ->
                new PartitionOffsets(
                    span.partition(),
                    span.from(),
                    span.to(),
                    latest.getOrDefault(span.partition(), span.to())))
        .toList();
  }
}
