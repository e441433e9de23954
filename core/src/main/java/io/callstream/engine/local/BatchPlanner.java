package io.callstream.engine.local;

import io.callstream.engine.RunOptions;
import io.callstream.internal.engine.BatchStart;
import io.callstream.internal.engine.LookupFeed;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.SpanReader.Span;
import io.callstream.internal.task.LookupTables;
import io.callstream.progress.Progress.PartitionOffsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Decides which records a batch has. Each batch starts where the last planned one ends. */
final class BatchPlanner {
  /** The default maximum number of records of a batch. It limits the memory that a batch uses. */
  private static final long DEFAULT_MAX_RECORDS = 500_000;

  private final OpenSource source;
  private final SourcePositions positions;
  private final Clock clock;
  private final LookupFeed lookups;
  private final long maxRecords;

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

  BatchPlanner(
      OpenSource source,
      SourcePositions positions,
      RunOptions options,
      Clock clock,
      LookupFeed lookups) {
    this.source = source;
    this.positions = positions;
    this.clock = clock;
    this.lookups = lookups;
    maxRecords = options.maxRecordsPerBatch().orElse(DEFAULT_MAX_RECORDS);
  }

  /** Returns the batch that an earlier run recorded and may not have finished. */
  PlannedBatch repeated(Ledger ledger) {
    long number = ledger.lastBatch() + 1;
    return batch(
        ledger.endsOfNext(),
        source.endOffsets(),
        number,
        ledger.nextWatermark(),
        lookups.ofBatch(number));
  }

  /** Returns a batch of the available records, up to the limit. */
  PlannedBatch next(long number, long watermark) {
    Map<Integer, Long> latest = source.endOffsets();
    positions.addPartitions(latest.keySet());
    Map<Integer, Long> backlog = new TreeMap<>(positions.next());
    backlog.replaceAll(
        (partition, position) ->
            Math.max(0, positions.end(partition, latest, position) - position));
    long total = backlog.values().stream().mapToLong(Long::longValue).sum();
    Map<Integer, Long> ends = new TreeMap<>(positions.next());
    backlog.forEach(
        (partition, records) -> ends.merge(partition, share(records, total), Long::sum));
    return batch(ends, latest, number, watermark, lookups.next());
  }

  private long share(long records, long total) {
    return total <= maxRecords
        ? records
        : Math.min(records, Math.max(1, (long) (maxRecords * ((double) records / total))));
  }

  private PlannedBatch batch(
      Map<Integer, Long> ends,
      Map<Integer, Long> latest,
      long number,
      long watermark,
      LookupTables tables) {
    List<Span> spans = new ArrayList<>();
    boolean more = false;
    for (Map.Entry<Integer, Long> position : positions.next().entrySet()) {
      int partition = position.getKey();
      long from = position.getValue();
      long to = ends.getOrDefault(partition, from);
      spans.add(new Span(partition, from, to));
      more |= positions.end(partition, latest, to) > to;
    }
    BatchStart start =
        new BatchStart(number, clock.instant(), System.nanoTime(), watermark, tables);
    PlannedBatch batch = new PlannedBatch(start, spans, latest, more);
    positions.moveTo(batch.ends());
    return batch;
  }
}
