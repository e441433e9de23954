package io.callstream.pipeline;

import java.util.Map;

/**
 * Receives rejected records and late calls. The engine calls a sink from one thread at a time.
 * After a crash, the engine may deliver a batch again, with the same number and the same dead
 * letters.
 *
 * <p>The accounting contains the number of dead letters: the rejected records, and for each
 * statistic the windows that do not count a late call. {@code restored.total()} has those of all
 * batches before this run, and {@code batch.total()} those up to that batch. A sink that stores
 * dead letters can use these numbers to check that none are missing.
 */
public interface DeadLetterSink extends Sink {
  /**
   * Prepares for a run.
   *
   * @param restored the state after the last finished batch, without updates; its number is -1 for
   *     a pipeline that starts from the beginning
   * @param nextOffsets for each partition, the offset after the last record of a finished batch;
   *     empty for a pipeline that starts from the beginning. The run delivers the dead letters from
   *     these offsets on again
   */
  default void open(BatchResults restored, Map<Integer, Long> nextOffsets) {}

  /**
   * Stores the dead letters of a batch. They must be durable when this method returns. The engine
   * does not call it for a batch without dead letters.
   *
   * @param batch the batch with its accounting
   * @param letters the dead letters, at least one, ordered by partition and offset. They may not
   *     fit into memory. They can be iterated over several times until this method returns
   */
  void write(BatchResults batch, Iterable<DeadLetter> letters);
}
