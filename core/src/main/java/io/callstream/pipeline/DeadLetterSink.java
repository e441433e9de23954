package io.callstream.pipeline;

import java.util.Map;

/**
 * Receives rejected records and late calls. The engine calls it from one thread at a time. After a
 * crash, a batch may be delivered again, with the same number and the same letters.
 *
 * <p>The accounting states how many letters there are: {@link LetterCounts#of} of {@code
 * restored.total()} are the letters of all batches before this run, and of {@code batch.total()}
 * those up to that batch. A sink that stores letters can check with these that it lacks none.
 */
public interface DeadLetterSink extends Sink {
  /**
   * Prepares for a run.
   *
   * @param restored the state after the last finished batch, without updates; its number is -1 for
   *     a pipeline that starts from the beginning
   * @param nextOffsets for each partition the offset after the last record of a finished batch:
   *     letters from there on come again; empty for a pipeline that starts from the beginning
   */
  default void open(BatchResults restored, Map<Integer, Long> nextOffsets) {}

  /**
   * Stores the letters of a batch, durably when this returns. Not called for a batch without
   * letters.
   *
   * @param batch the batch, with its accounting
   * @param letters in the order of partitions and offsets, at least one; may not fit into memory;
   *     can be iterated over until this returns
   */
  void write(BatchResults batch, Iterable<DeadLetter> letters);
}
