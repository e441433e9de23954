package io.callstream.engine.contract;

import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.MemorySource.Addition;
import io.callstream.pipeline.MemorySource.Entry;
import io.callstream.pipeline.Source;
import java.util.List;
import java.util.Optional;

/** A source to which the kit writes and from which an engine reads. */
public interface ContractSource {
  /** Returns the source, for pipelines. */
  Source source();

  /** Returns the name of the source in the origin of dead letters. */
  String topic();

  /**
   * Appends records, each at the next offset of its partition, from offset 0. Returns when an
   * engine can read them. Without a checkpoint, the kit requires that a running engine finds either
   * all of them at once or none. If the engine finds only some of them, the kit tries again.
   *
   * <p>Values may be null, or a little over 1 MiB long; the long ones compress well.
   */
  void send(List<SourceRecord> records);

  /**
   * Begins a transaction, or returns empty if the source does not support transactions. The kit has
   * at most one open transaction per source.
   */
  default Optional<Transaction> begin() {
    return Optional.empty();
  }

  /**
   * Records that an engine must read after they are committed. It must not read them before that,
   * or if they are aborted. While the transaction is open, an engine reads each of its partitions
   * up to the first record in the transaction, and does not read records that were sent later. The
   * end of the transaction uses one more offset in each of its partitions.
   */
  interface Transaction {
    /** Appends records, as {@link ContractSource#send} does. */
    void send(List<SourceRecord> records);

    /** Commits the records. Returns when an engine can read them. */
    void commit();

    /** Aborts the transaction. Returns when an engine can read the records after it. */
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
            .map(
                r ->
                    new Addition(
                        r.partition(), new Entry(r.timestamp(), r.key(), r.headers(), r.value())))
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
