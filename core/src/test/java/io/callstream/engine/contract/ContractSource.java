package io.callstream.engine.contract;

import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.MemorySource.Addition;
import io.callstream.pipeline.MemorySource.Entry;
import io.callstream.pipeline.Source;
import java.util.List;
import java.util.Optional;

/** A source that an engine reads and the kit writes. */
public interface ContractSource {
  /** Returns the source, for pipelines. */
  Source source();

  /** Returns the name of the source in the origin of dead letters. */
  String topic();

  /**
   * Appends records, each at the next offset of its partition, from offset 0. Returns when an
   * engine that looks finds them. Without a checkpoint the kit relies on an engine that runs to
   * find all of them at once or none; where it did not, the kit tries again.
   *
   * <p>Values may be null, and up to a little over 1 MiB; the long ones compress well.
   */
  void send(List<SourceRecord> records);

  /**
   * Begins a transaction, or returns empty if the source has none. The kit has at most one open at
   * a time for a source.
   */
  default Optional<Transaction> begin() {
    return Optional.empty();
  }

  /**
   * Records that an engine must read if they are committed, and must not read before that or if
   * they are aborted. While it is open, an engine reads each of its partitions up to its first
   * record in it, and not the records that were sent later. Its end takes one more offset in each
   * of its partitions.
   */
  interface Transaction {
    /** Appends records, as {@link ContractSource#send} does. */
    void send(List<SourceRecord> records);

    /** Commits the records; returns when an engine that looks finds them. */
    void commit();

    /** Aborts the transaction; returns when an engine that looks finds the records after it. */
    void abort();
  }

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
        memory.addAll(additions(records));
      }

      private List<Addition> additions(List<SourceRecord> records) {
        return records.stream()
            .map(r -> new Addition(r.partition(), new Entry(r.timestamp(), r.value())))
            .toList();
      }

      @Override
      public Optional<Transaction> begin() {
        MemorySource.Transaction transaction = memory.begin();
        return Optional.of(
            new Transaction() {
              @Override
              public void send(List<SourceRecord> records) {
                transaction.addAll(additions(records));
              }

              @Override
              public void commit() {
                transaction.commit();
              }

              @Override
              public void abort() {
                transaction.abort();
              }
            });
      }
    };
  }
}
