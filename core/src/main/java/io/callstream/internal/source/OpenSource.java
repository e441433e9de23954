package io.callstream.internal.source;

import io.callstream.CallstreamException;
import java.util.Map;
import java.util.concurrent.CancellationException;

/**
 * A source as one run of the local engine reads it: partitions of records, each with an offset that
 * grows, not always by one. A run asks from one thread; only {@link #stop} may come from another.
 *
 * <p>What can't be read fails with a {@link CallstreamException} that says why.
 */
public interface OpenSource extends AutoCloseable {
  /**
   * Returns what tells this source from others of its name, such as the id of a topic: with the
   * same id the same offsets are the same records.
   */
  String id();

  /** Returns for each partition the offset of the first record that is still there. */
  Map<Integer, Long> firstOffsets();

  /**
   * Returns for each partition the offset up to which it can be read, as of now. Records in front
   * of it are final: none of them belongs to an open transaction.
   */
  Map<Integer, Long> endOffsets();

  /** Returns for each partition where a run begins that never read it. */
  Map<Integer, Long> startOffsets();

  /** Returns one more reader; the source closes it. */
  SpanReader newReader();

  /**
   * Ends all reading and waiting, of the readers too, soon: it throws {@link
   * CancellationException}. From any thread.
   */
  void stop();

  /** Closes the source and its readers, which nobody uses any more. */
  @Override
  void close();
}
