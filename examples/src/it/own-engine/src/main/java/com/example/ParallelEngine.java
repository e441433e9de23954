package com.example;

import io.callstream.engine.BatchRun;
import io.callstream.engine.BatchRun.Batch;
import io.callstream.engine.BatchRun.BatchReader;
import io.callstream.engine.BatchRun.Task;
import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Progress.PartitionOffsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** An engine for records in memory that reads the partitions of a batch in parallel. */
public final class ParallelEngine implements Engine {
  @Override
  public String name() {
    return "parallel";
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.of(
        Capability.MEMORY_SOURCE, Capability.DISTINCT, Capability.CORRECTIONS, Capability.LOOKUPS);
  }

  @Override
  public RunningPipeline start(Pipeline pipeline, RunOptions options) {
    requireSupport(pipeline, options);
    MemorySource source = (MemorySource) pipeline.source();
    return BatchRun.start(pipeline, options, new Reader(source, options));
  }

  /** Reads the batches of one run. */
  private static final class Reader implements BatchReader {
    private static final long DEFAULT_MAX_RECORDS = 100_000;

    private final MemorySource source;
    private final long maxRecords;

    /** The offset of each partition at which a bounded run ends. */
    private final Optional<long[]> bounds;

    /** The offset of each partition at which the next batch starts. */
    private long[] positions;

    Reader(MemorySource source, RunOptions options) {
      this.source = source;
      maxRecords = options.maxRecordsPerBatch().orElse(DEFAULT_MAX_RECORDS);
      bounds =
          options.mode() == RunOptions.Mode.BOUNDED ? Optional.of(source.ends()) : Optional.empty();
      positions = new long[source.partitions()];
    }

    @Override
    public List<PartitionOffsets> read(Batch batch) {
      long[] starts = positions;
      long[] latest = source.ends();
      long[] ends = endsOfBatch(bounds.orElse(latest));
      if (Arrays.equals(starts, ends)) {
        return List.of();
      }
      IntStream.range(0, starts.length)
          .parallel()
          .forEach(p -> readPartition(p, starts[p], ends[p], batch.newTask()));
      List<PartitionOffsets> offsets = new ArrayList<>();
      for (int p = 0; p < starts.length; p++) {
        offsets.add(new PartitionOffsets(p, starts[p], ends[p], latest[p]));
      }
      positions = ends;
      return offsets;
    }

    /**
     * Distributes the maximum number of records over the partitions, in proportion to the records
     * that they have. Each partition with records gets at least one.
     */
    private long[] endsOfBatch(long[] available) {
      long[] ends = positions.clone();
      long total = Arrays.stream(available).sum() - Arrays.stream(positions).sum();
      for (int p = 0; p < ends.length; p++) {
        long records = available[p] - positions[p];
        long share = total <= maxRecords ? records : maxRecords * records / total;
        ends[p] += Math.min(records, Math.max(1, share));
      }
      return ends;
    }

    private void readPartition(int partition, long start, long end, Task task) {
      long offset = start;
      for (MemorySource.Entry entry : source.read(partition, start, end)) {
        if (entry != null) { // an offset without a record: the end of a transaction, for example
          task.add(entry.at(partition, offset));
        }
        offset++;
      }
    }
  }
}
