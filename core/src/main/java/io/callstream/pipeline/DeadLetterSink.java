package io.callstream.pipeline;

import java.util.Map;

/**
 * Takes records that were rejected, and calls that were late. The engine calls it from one thread
 * at a time. A batch may come again after a crash, with the same number and the same letters.
 */
public interface DeadLetterSink extends AutoCloseable {
  /**
   * Prepares for a run.
   *
   * @param nextOffsets for each partition the offset behind the last record of a finished batch:
   *     letters from there on come again; empty for a pipeline that starts anew
   */
  default void open(Pipeline pipeline, Map<Integer, Long> nextOffsets) {}

  /**
   * Takes the letters of a batch, which are safe when it returns.
   *
   * @param letters in the order of partitions and offsets, at least one; may be more than fit into
   *     memory, and can be iterated over until this returns
   */
  void write(long batch, Iterable<DeadLetter> letters);

  /** Ends the run. */
  @Override
  default void close() {}
}
