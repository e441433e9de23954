package io.callstream.engine.contract;

import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.MemorySource.Addition;
import io.callstream.pipeline.MemorySource.Entry;
import io.callstream.pipeline.Source;
import java.util.List;

/** A source that an engine reads and the kit writes. */
public interface ContractSource {
  /** Returns the source, for pipelines. */
  Source source();

  /** Returns the name of the source in the origin of dead letters. */
  String topic();

  /**
   * Appends records, each behind those before it in its partition, from offset 0 without gaps.
   * Returns when an engine that looks finds them. Without a checkpoint the kit relies on an engine
   * that runs to find all of them at once or none; where it did not, the kit tries again.
   *
   * <p>Values may be null, and up to a little over 1 MiB; the long ones compress well.
   */
  void send(List<SourceRecord> records);

  /** Returns an empty source in memory, for engines that read {@link MemorySource}. */
  static ContractSource inMemory(int partitions) {
    MemorySource memory = MemorySource.withPartitions(partitions);
    return new ContractSource() {
      @Override
      public Source source() {
        return memory;
      }

      @Override
      public String topic() {
        return MemorySource.NAME;
      }

      @Override
      public void send(List<SourceRecord> records) {
        memory.addAll(
            records.stream()
                .map(r -> new Addition(r.partition(), new Entry(r.timestamp(), r.value())))
                .toList());
      }
    };
  }
}
